// SPDX-License-Identifier: Apache-2.0
#include "cli/database.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <random>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "cli/events.hpp"
#include "execute/stop.hpp"

namespace pgsluice::cli {
namespace {

/// A random UUID (version 4).
std::string new_run_id() {
  std::random_device entropy;
  std::string id;
  for (int digit = 0; digit < 32; ++digit) {
    unsigned value = entropy() & 15U;
    value = digit == 12 ? 4U : digit == 16 ? (value & 3U) | 8U : value;
    id += digit == 8 || digit == 12 || digit == 16 || digit == 20 ? "-" : "";
    id += "0123456789abcdef"[value];
  }
  return id;
}

/// "host:process", for those who wait for us.
std::string new_owner() {
  std::array<char, 256> host{};
  const bool known = gethostname(host.data(), host.size() - 1) == 0;
  return cat(known ? host.data() : "?", ":", std::to_string(getpid()));
}

std::function<double()> new_random() {
  const auto engine = std::make_shared<std::mt19937>(std::random_device{}());
  return [engine] { return std::uniform_real_distribution<double>(0.0, 1.0)(*engine); };
}

Connector new_connector(pg::Conninfo conninfo, std::string application_name, pg::Access access,
                        const Interrupt& interrupt) {
  return [conninfo = std::move(conninfo), application_name = std::move(application_name), access,
          &interrupt]() -> std::variant<std::unique_ptr<Session>, NoSession> {
    pg::ConnectResult result = pg::connect(conninfo, application_name, access, interrupt);
    if (auto* session = std::get_if<std::unique_ptr<Session>>(&result)) {
      return std::move(*session);
    }
    auto& failure = std::get<pg::ConnectFailure>(result);
    return NoSession{.message = std::move(failure.message), .permanent = failure.permanent};
  };
}

}  // namespace

void add_database_url(CLI::App& app, std::string& url) {
  app.add_option("--database-url", url,
                 "where to connect, as URI or key=value; without it, libpq's own environment")
      ->type_name("CONNINFO");
}

World make_world(const std::string& url, pg::Access access, EventSink emit, Clock& clock,
                 const Interrupt& interrupt) {
  pg::Conninfo conninfo = pg::read_conninfo(url);
  const std::string run_id = new_run_id();
  std::string target = conninfo.description;
  return {.connect = new_connector(std::move(conninfo), cat("pgsluice/", run_id), access, interrupt),
          .clock = clock,
          .interrupt = interrupt,
          .emit = std::move(emit),
          .random = new_random(),
          .run_id = run_id,
          .target = std::move(target),
          .owner = new_owner()};
}

RealWorld::RealWorld(const std::string& url, pg::Access access, const GlobalOptions& options)
    : guard_(interrupt_),
      clock_(interrupt_),
      world_(make_world(url, access, event_sink(options), clock_, interrupt_)) {}

std::unique_ptr<Session> connect_once(const World& world) {
  auto result = world.connect();
  if (auto* session = std::get_if<std::unique_ptr<Session>>(&result)) {
    return std::move(*session);
  }
  stop_if_interrupted(world);
  throw Error(ExitCode::unreachable, cat("cannot use ", printable_line(world.target), ": ",
                                         printable_line(std::get<NoSession>(result).message)));
}

namespace {

struct Rules {
  EffectTable effects;
  RuleBook findings;
};

/// Loaded once, and there until the program ends: what comes out of an analysis points into them.
const Rules& rules_of(const std::filesystem::path& folder) {
  static std::mutex mutex;
  static std::map<std::filesystem::path, Rules> loaded;
  const std::scoped_lock lock(mutex);
  const auto found = loaded.find(folder);
  if (found != loaded.end()) return found->second;
  return loaded.try_emplace(folder, Rules{EffectTable::load(folder), RuleBook::load(folder)}).first->second;
}

/// Those changesets of a changelog that are pending run one behind the other: what the first makes no release knows. What
/// those have made that have run is in use.
void take_pending_as_one(Script& script, const LedgerMigration* row) {
  if (script.source.reading == nullptr) return;
  const auto reading = std::make_shared<Reading>(*script.source.reading);
  std::size_t statement = 0;
  bool is_behind_pending = false;
  for (Reading::Block& block : reading->blocks) {
    const std::size_t first = statement;
    bool has_run = false;
    for (; statement < script.statements.size() && script.statements[statement].range.begin < block.range.end;
         ++statement)
      has_run = has_run || (row != nullptr && row->is_done(statement));
    block.is_migration = block.is_migration && !is_behind_pending;
    is_behind_pending = is_behind_pending || (block.is_migration && !has_run && statement != first);
  }
  script.source.reading = reading;
}

/// An earlier run has done some of its statements. A changelog has runs of which releases know by now.
bool has_begun(const Migration& migration, const Ledger& ledger) {
  const auto row = ledger.migrations.find(migration.id);
  return row != ledger.migrations.end() && !ledger.is_applied(migration.id) &&
         migration.tool != tool::liquibase &&
         std::ranges::any_of(row->second.statements, [](const auto& entry) { return entry.second.done; });
}

}  // namespace

std::vector<FileAnalysis> analyse_folder(std::vector<Migration> migrations, Basis basis,
                                         const std::filesystem::path& rules) {
  const Rules& known = rules_of(rules);
  Catalog replayed;
  if (!basis.schemas.empty()) {
    replayed.search_path.assign(basis.schemas.begin(), basis.schemas.end());
  }
  std::vector<FileAnalysis> files;
  for (Migration& migration : migrations) {
    const CheckOptions judging{.pg_version = basis.pg_version,
                               .phase = migration.phase,
                               .runner_sets_lock_timeout = true,
                               .today = utc_now("%Y-%m-%d")};
    Catalog& catalog = basis.live && !basis.ledger.is_applied(migration.id) ? *basis.live : replayed;
    const PredictOptions prediction{.pg_version = basis.pg_version,
                                    .has_begun = has_begun(migration, basis.ledger)};
    const auto row = basis.ledger.migrations.find(migration.id);
    FileAnalysis& file = files.emplace_back(parse(std::move(migration)));
    take_pending_as_one(file.script, row == basis.ledger.migrations.end() ? nullptr : &row->second);
    check_dependencies(file.migration, file.directives);
    predict(file, catalog, known.effects, prediction);
    check(file, known.findings, judging);
  }
  return files;
}

}  // namespace pgsluice::cli
