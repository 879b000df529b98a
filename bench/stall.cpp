// SPDX-License-Identifier: Apache-2.0
// Measures what a migration costs the application that runs beside it: pgsluice, psql as it is, and the retry loops that
// other tools are known for, each in each situation, one after the other on the same server. Prints a table.
//   stall [--scenario NAME]… [--strategy NAME]… [--rounds N] [--blocker SECONDS] [--limit SECONDS] PGSLUICE
// PGSLUICE_TEST_SERVERS says where the server is (scripts/with-servers).
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iomanip>
#include <iostream>
#include <mutex>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/signals.hpp"
#include "base/text.hpp"
#include "pg/connection.hpp"

namespace {

using namespace std::chrono_literals;
using pgsluice::cat;
using pgsluice::Session;
using pgsluice::SqlResult;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int k_rows = 200'000;

struct Options {
  std::string program;
  std::string socket;
  std::vector<std::string> scenarios;
  std::vector<std::string> strategies;
  int rounds = 1;
  double blocker = 10;  ///< seconds that a long transaction lasts
  double limit = 8;     ///< seconds until a strategy has failed, after the blocker's end
};

pgsluice::Interrupt& nobody() {
  static pgsluice::Interrupt interrupt;
  return interrupt;
}

std::unique_ptr<Session> connect(const Options& options, const std::string& name) {
  pgsluice::pg::Conninfo conninfo;
  conninfo.parameters = {{"host", options.socket}, {"user", "postgres"}, {"dbname", "stall"}};
  auto result = pgsluice::pg::connect(conninfo, name, pgsluice::pg::Access::any, nobody());
  if (auto* failure = std::get_if<pgsluice::pg::ConnectFailure>(&result)) {
    throw std::runtime_error(failure->message);
  }
  return std::move(std::get<std::unique_ptr<Session>>(result));
}

SqlResult must(SqlResult result) {
  if (!result.ok) throw std::runtime_error(cat(result.error.sqlstate, " ", result.error.message));
  return result;
}

double since(Clock::time_point begin) {
  return Milliseconds(Clock::now() - begin).count();
}

// ---- the application --------------------------------------------------------------------------------------------

struct Latency {
  Clock::time_point end;
  double ms = 0;
};

/// Clients that read and write all the time. Each transaction has its time in a plan, and its latency counts from then:
/// one that could not begin because the one before it was stalled has waited, too.
class Application {
 public:
  Application(const Options& options, int clients, double rate, std::vector<std::string> tables)
      : tables_(std::move(tables)), latencies_(static_cast<std::size_t>(clients)) {
    for (int i = 0; i < clients; ++i) {
      threads_.emplace_back([this, &options, i, clients, rate] { client(options, i, rate / clients); });
    }
  }
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;
  ~Application() { stop(); }

  std::vector<Latency> stop() {
    stopped_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    std::vector<Latency> all;
    for (const auto& own : latencies_) all.insert(all.end(), own.begin(), own.end());
    return all;
  }

 private:
  void client(const Options& options, int index, double rate) {
    const auto session = connect(options, "application");
    std::mt19937 random(static_cast<unsigned>(index));
    std::exponential_distribution<double> gap(rate > 0 ? rate : 1);
    Clock::time_point due = Clock::now();
    while (!stopped_) {
      due =
          rate > 0
              ? due + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(gap(random)))
              : Clock::now();
      std::this_thread::sleep_until(due);
      must(session->script(transaction(random)));
      latencies_[static_cast<std::size_t>(index)].push_back({Clock::now(), since(due)});
    }
  }

  std::string transaction(std::mt19937& random) {
    const std::string& table = tables_[random() % tables_.size()];
    const std::string id = std::to_string(random() % k_rows + 1);
    constexpr unsigned writes = 30;
    if (random() % 100 >= writes) return cat("SELECT note FROM ", table, " WHERE id = ", id);
    return cat("BEGIN; UPDATE ", table, " SET n = n + 1 WHERE id = ", id, "; SELECT count(*) FROM ", table,
               " WHERE id BETWEEN ", id, " AND ", id, " + 20; COMMIT");
  }

  std::vector<std::string> tables_;
  std::vector<std::vector<Latency>> latencies_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopped_ = false;
};

// ---- who is in the way ------------------------------------------------------------------------------------------

/// Transactions that hold a lock on the table, in threads of their own.
class Blockers {
 public:
  explicit Blockers(const Options& options) : options_(options) {}
  Blockers(const Blockers&) = delete;
  Blockers& operator=(const Blockers&) = delete;
  ~Blockers() { stop(); }

  void stop() {
    stopped_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  /// One transaction that lasts `seconds`; `end` is when it was over.
  void once(const std::string& sql, double seconds) {
    threads_.emplace_back([this, sql, seconds] {
      const auto session = connect(options_, "nightly-report");
      must(session->script(cat("BEGIN; ", sql)));
      holding_ = true;
      const auto until = Clock::now() + std::chrono::duration<double>(seconds);
      while (!stopped_ && Clock::now() < until) std::this_thread::sleep_for(1ms);
      must(session->script("COMMIT"));
      end_ = Clock::now();
    });
    while (!holding_) std::this_thread::sleep_for(1ms);
  }
  /// Transactions one after the other, each as long as `lasts` says.
  void stream(const std::string& sql, std::chrono::milliseconds offset, std::function<double()> lasts) {
    threads_.emplace_back([this, sql, offset, lasts = std::move(lasts)] {
      const auto session = connect(options_, "stream");
      std::this_thread::sleep_for(offset);
      while (!stopped_) {
        const std::string seconds = std::to_string(lasts() / 1000);
        must(session->script(cat("BEGIN; ", sql, "; SELECT pg_sleep(", seconds, "); COMMIT")));
      }
    });
  }
  [[nodiscard]] Clock::time_point end() const { return end_; }

 private:
  const Options& options_;
  std::atomic<bool> stopped_ = false;
  std::atomic<bool> holding_ = false;
  Clock::time_point end_;
  std::vector<std::thread> threads_;
};

/// A situation: which load, who is in the way, and what is to be changed.
struct Scenario {
  std::string_view name;
  std::string_view what;
  int clients = 8;
  double rate = 400;  ///< transactions a second; 0: as many as there is room for
  bool long_blocker = false;
  void (*prepare)(Session& session) = nullptr;
  void (*block)(Blockers& blockers, const Options& options) = nullptr;
  std::vector<std::string> tables = {"orders"};
  std::string_view migration = "ALTER TABLE orders ADD COLUMN {} int";
  std::string_view undo = "ALTER TABLE orders DROP COLUMN IF EXISTS {}";
};

double random_length() {
  thread_local std::mt19937 random(7);
  return std::uniform_real_distribution<double>(50, 600)(random);
}

void wait_for_autovacuum(Session& session) {
  must(
      session.script("ALTER TABLE orders SET (autovacuum_enabled = true, autovacuum_vacuum_threshold = 1,"
                     " autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 20, "
                     "autovacuum_vacuum_cost_limit = 1);"
                     " UPDATE orders SET n = n + 1 WHERE id <= 20000"));
  for (int i = 0; i < 6'000; ++i) {
    const SqlResult found = session.query(
        "SELECT 1 FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid AND a.backend_type = 'autovacuum "
        "worker'"
        " WHERE l.relation = 'orders'::regclass AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted",
        {});
    if (!found.rows.empty()) return;
    std::this_thread::sleep_for(20ms);
  }
  throw std::runtime_error("no autovacuum worker came");
}

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = {
      {.name = "quiet", .what = "nobody is in the way"},
      {.name = "report",
       .what = "a long transaction has read the table",
       .long_blocker = true,
       .block =
           [](Blockers& blockers, const Options& options) {
             blockers.once("SELECT count(*) FROM orders", options.blocker);
           }},
      {.name = "idle",
       .what = "a session has written, and is idle in its transaction for long",
       .long_blocker = true,
       .block =
           [](Blockers& blockers, const Options& options) {
             blockers.once("UPDATE orders SET n = n WHERE id = 0", options.blocker);
           }},
      {.name = "overlapping",
       .what = "always a transaction of 300 ms",
       .block =
           [](Blockers& blockers, const Options&) {
             const auto lasts = [] { return 300.0; };
             blockers.stream("SELECT 1 FROM orders LIMIT 1", 0ms, lasts);
             blockers.stream("SELECT 1 FROM orders LIMIT 1", 150ms, lasts);
           }},
      {.name = "random",
       .what = "three streams of 50 to 600 ms",
       .block =
           [](Blockers& blockers, const Options&) {
             for (int i = 0; i < 3; ++i)
               blockers.stream("SELECT 1 FROM orders LIMIT 1", 70ms * i, random_length);
           }},
      {.name = "busy", .what = "32 clients as fast as they can", .clients = 32, .rate = 0},
      {.name = "autovacuum", .what = "an autovacuum worker is on the table", .prepare = wait_for_autovacuum},
      {.name = "foreign-key",
       .what = "a foreign key over two busy tables",
       .tables = {"orders", "customers"},
       .migration =
           "ALTER TABLE orders ADD CONSTRAINT {} FOREIGN KEY (customer_id) REFERENCES customers NOT VALID",
       .undo = "ALTER TABLE orders DROP CONSTRAINT IF EXISTS {}"},
      {.name = "partitions",
       .what = "a table of 50 partitions",
       .tables = {"events"},
       .migration = "ALTER TABLE events ADD COLUMN {} int",
       .undo = "ALTER TABLE events DROP COLUMN IF EXISTS {}"},
  };
  return all;
}

void make_database(Options& options) {
  pgsluice::pg::Conninfo conninfo;
  conninfo.parameters = {{"host", options.socket}, {"user", "postgres"}, {"dbname", "postgres"}};
  auto result = pgsluice::pg::connect(conninfo, "stall", pgsluice::pg::Access::any, nobody());
  if (auto* failure = std::get_if<pgsluice::pg::ConnectFailure>(&result))
    throw std::runtime_error(failure->message);
  Session& session = *std::get<std::unique_ptr<Session>>(result);
  must(session.query("DROP DATABASE IF EXISTS stall", {}));
  must(session.query("CREATE DATABASE stall", {}));
  const auto here = connect(options, "stall");
  const std::string rows = std::to_string(k_rows);
  for (const std::string table : {"customers", "orders"}) {
    must(here->script(cat("CREATE TABLE ", table,
                          " (id bigint PRIMARY KEY, customer_id bigint, n int, note text)",
                          " WITH (fillfactor = 80, autovacuum_enabled = false); INSERT INTO ", table,
                          " SELECT i, i, 0, repeat('x', 40) FROM generate_series(1, ", rows, ") i")));
  }
  std::string parts =
      "CREATE TABLE events (id bigint PRIMARY KEY, n int, note text) PARTITION BY RANGE (id);";
  constexpr int partitions = 50;
  for (int i = 0; i < partitions; ++i) {
    parts += cat("CREATE TABLE events_", std::to_string(i), " PARTITION OF events FOR VALUES FROM (",
                 std::to_string(k_rows / partitions * i + 1), ") TO (",
                 std::to_string(k_rows / partitions * (i + 1) + 1), ");");
  }
  must(here->script(cat(parts, "INSERT INTO events SELECT i, 0, 'x' FROM generate_series(1, ", rows, ") i")));
  must(here->query("VACUUM ANALYZE", {}));
}

// ---- how a migration is run -------------------------------------------------------------------------------------

/// A loop of attempts as other tools make them.
struct Ladder {
  std::chrono::milliseconds (*lock_timeout)(int attempt);
  std::chrono::milliseconds (*pause)(int attempt, double random);
};

struct Strategy {
  std::string_view name;
  std::string_view what;
  const Ladder* ladder = nullptr;  ///< none: pgsluice itself, or nothing at all
};

constexpr std::chrono::milliseconds k_never{0};
constexpr Ladder k_psql{[](int) { return k_never; }, [](int, double) { return 0ms; }};
constexpr Ladder k_two_seconds{[](int) { return 2'000ms; }, [](int, double) { return 1'000ms; }};
constexpr Ladder k_fifty{
    [](int) { return 50ms; },
    [](int, double random) { return std::chrono::milliseconds(100 + int(300 * random)); }};
// 10 ms growing to a minute, full jitter, rounded up to whole seconds.
constexpr Ladder k_online_migrations{
    [](int) { return 200ms; },
    [](int attempt, double random) {
      const double cap = std::min(60.0, 0.01 * std::pow(2, attempt));
      return std::chrono::milliseconds(1000 * static_cast<int>(std::ceil(cap * random)));
    }};
constexpr Ladder k_pgroll{[](int) { return 500ms; },
                          [](int attempt, double random) {
                            return std::chrono::milliseconds(
                                static_cast<int>(1000 * std::min(60.0, std::pow(2, attempt)) * random));
                          }};
constexpr Ladder k_reshape{
    [](int) { return 1'000ms; },
    [](int attempt, double random) {
      const double pause = std::min(3.2, 0.1 * std::pow(2, attempt));
      return std::chrono::milliseconds(static_cast<int>(1000 * pause * (1 + random / 2)));
    }};

const std::vector<Strategy>& strategies() {
  static const std::vector<Strategy> all = {
      {"control", "no migration"},
      {"psql", "psql, as it is", &k_psql},
      {"2s", "lock_timeout 2 s, pause 1 s", &k_two_seconds},
      {"50ms", "lock_timeout 50 ms, pause 100 to 400 ms", &k_fifty},
      {"online_migrations", "200 ms, pauses of whole seconds", &k_online_migrations},
      {"pgroll", "500 ms, pauses from 1 s", &k_pgroll},
      {"reshape", "1 s, pauses from 0.1 s", &k_reshape},
      {"pgsluice", "pgsluice apply"},
  };
  return all;
}

bool run_ladder(const Options& options, const Ladder& ladder, const std::string& sql,
                Clock::time_point deadline) {
  const auto session = connect(options, "migration");
  std::mt19937 random(11);
  std::uniform_real_distribution<double> part(0, 1);
  for (int attempt = 0; Clock::now() < deadline; ++attempt) {
    must(session->script(cat("SET lock_timeout = ", std::to_string(ladder.lock_timeout(attempt).count()))));
    if (session->query(sql, {}).ok) return true;
    std::this_thread::sleep_for(ladder.pause(attempt, part(random)));
  }
  return false;
}

bool run_pgsluice(const Options& options, const std::string& sql, const std::string& name, double budget) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / cat("pgsluice-stall.", std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const std::filesystem::path file = folder / (name + ".sql");
  std::ofstream(file) << sql << ";\n";
  const std::string url = cat("host=", options.socket, " user=postgres dbname=stall");
  const std::string lock_budget = cat(std::to_string(static_cast<int>(budget)), "ms");
  const pid_t child = fork();
  if (child == 0) {
    const int log = open((folder / "log").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    execl(options.program.c_str(), "pgsluice", "apply", folder.c_str(), "--database-url", url.c_str(),
          "--lock-budget", lock_budget.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  const bool done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (std::getenv("STALL_LOG") != nullptr) std::cerr << std::ifstream(folder / "log").rdbuf();
  std::filesystem::remove_all(folder);
  return done;
}

// ---- measuring --------------------------------------------------------------------------------------------------

struct Measured {
  bool done = false;
  double done_ms = 0;  ///< after the blocker's end, where there is one
  double stall = 0;    ///< longest latency
  int over_50 = 0;
  int over_200 = 0;
  int over_1000 = 0;
  double waited = 0;  ///< seconds of all clients together, beyond 20 ms each
};

Measured judge(const std::vector<Latency>& latencies, Clock::time_point begin) {
  Measured measured;
  for (const Latency& latency : latencies) {
    if (latency.end < begin) continue;
    measured.stall = std::max(measured.stall, latency.ms);
    measured.over_50 += latency.ms > 50 ? 1 : 0;
    measured.over_200 += latency.ms > 200 ? 1 : 0;
    measured.over_1000 += latency.ms > 1000 ? 1 : 0;
    measured.waited += std::max(0.0, latency.ms - 20) / 1000;
  }
  return measured;
}

std::string filled(std::string_view text, const std::string& name) {
  return pgsluice::replace_all(std::string(text), "{}", name);
}

Measured measure(const Options& options, const Scenario& scenario, const Strategy& strategy, int number) {
  const std::string name = cat("c_", std::to_string(number));
  const auto session = connect(options, "stall");
  if (scenario.prepare != nullptr) scenario.prepare(*session);
  Application application(options, scenario.clients, scenario.rate, scenario.tables);
  std::this_thread::sleep_for(500ms);  // warm
  Blockers blockers(options);
  if (scenario.block != nullptr) scenario.block(blockers, options);
  std::this_thread::sleep_for(500ms);
  const auto begin = Clock::now();
  const double longest = 1000 * ((scenario.long_blocker ? options.blocker : 0) + options.limit);
  const auto deadline = begin + std::chrono::milliseconds(static_cast<int>(longest));
  bool done = false;
  if (strategy.name == "control") {
    std::this_thread::sleep_for(2s);
  } else if (strategy.ladder != nullptr) {
    done = run_ladder(options, *strategy.ladder, filled(scenario.migration, name), deadline);
  } else {
    done = run_pgsluice(options, filled(scenario.migration, name), name, longest);
  }
  const auto end = Clock::now();
  std::this_thread::sleep_for(300ms);
  blockers.stop();
  Measured measured = judge(application.stop(), begin);
  measured.done = done;
  measured.done_ms = Milliseconds(end - (scenario.long_blocker ? blockers.end() : begin)).count();
  must(session->query(filled(scenario.undo, name), {}));
  if (scenario.prepare != nullptr)
    must(session->script("ALTER TABLE orders SET (autovacuum_enabled = false)"));
  return measured;
}

template <typename Get>
double median(std::vector<Measured> all, Get get) {
  std::ranges::sort(all, {}, get);
  return static_cast<double>(get(all[all.size() / 2]));
}

void print(const Strategy& strategy, const std::vector<Measured>& all) {
  const bool done = std::ranges::all_of(all, &Measured::done);
  double worst = 0;
  for (const Measured& one : all) worst = std::max(worst, one.stall);
  const auto number = [&](auto get) { return median(all, get); };
  std::cout << std::left << std::setw(20) << strategy.name << std::right << std::fixed << std::setprecision(0)
            << std::setw(10) << number([](const Measured& m) { return m.stall; }) << std::setw(9) << worst
            << std::setw(8) << number([](const Measured& m) { return m.over_50; }) << std::setw(8)
            << number([](const Measured& m) { return m.over_200; }) << std::setw(8)
            << number([](const Measured& m) { return m.over_1000; }) << std::setprecision(2) << std::setw(11)
            << number([](const Measured& m) { return m.waited; }) << std::setprecision(0);
  if (strategy.name == "control") {
    std::cout << std::setw(10) << "-";
  } else if (!done) {
    std::cout << std::setw(10) << "never";
  } else {
    std::cout << std::setw(10) << number([](const Measured& m) { return m.done_ms; });
  }
  std::cout << "   " << strategy.what << std::endl;
}

bool wanted(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::ranges::find(names, name) != names.end();
}

void run(Options options) {
  make_database(options);
  int number = 0;
  for (const Scenario& scenario : scenarios()) {
    if (!wanted(options.scenarios, scenario.name)) continue;
    std::cout << '\n'
              << scenario.name << ": " << scenario.what << "\n"
              << "                      stall ms    worst   >50ms  >200ms    >1s   waited s   done ms\n";
    std::vector<std::vector<Measured>> all(strategies().size());
    for (int round = 0; round < options.rounds; ++round) {
      for (std::size_t i = 0; i < strategies().size(); ++i) {
        if (wanted(options.strategies, strategies()[i].name)) {
          all[i].push_back(measure(options, scenario, strategies()[i], ++number));
        }
      }
    }
    for (std::size_t i = 0; i < strategies().size(); ++i) {
      if (!all[i].empty()) print(strategies()[i], all[i]);
    }
  }
}

Options read(int argc, char** argv) {
  Options options;
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!argument.starts_with("--")) {
      options.program = argument;
      continue;
    }
    if (++i == arguments.size()) throw std::runtime_error(argument + " needs a value");
    if (argument == "--scenario")
      options.scenarios.push_back(arguments[i]);
    else if (argument == "--strategy")
      options.strategies.push_back(arguments[i]);
    else if (argument == "--rounds")
      options.rounds = std::stoi(arguments[i]);
    else if (argument == "--blocker")
      options.blocker = std::stod(arguments[i]);
    else if (argument == "--limit")
      options.limit = std::stod(arguments[i]);
    else
      throw std::runtime_error("unknown option " + argument);
  }
  const char* servers = std::getenv("PGSLUICE_TEST_SERVERS");
  if (servers == nullptr || options.program.empty())
    throw std::runtime_error("run it through scripts/bench-stall");
  const std::string first = std::string(servers).substr(0, std::string(servers).find(' '));
  options.socket = first.substr(first.find('=') + 1);
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(read(argc, argv));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "stall: " << error.what() << '\n';
    return 1;
  }
}
