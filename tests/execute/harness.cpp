// SPDX-License-Identifier: Apache-2.0
#include "execute/harness.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/signals.hpp"
#include "base/text.hpp"
#include "pg/connection.hpp"
#include "pgsluice/doctor.hpp"

namespace pgsluice::test {
namespace {

using namespace std::chrono_literals;

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Interrupt& nobody() {
  static Interrupt interrupt;
  return interrupt;
}

/// Under another name the gate would take the tests for the application.
constexpr const char* k_tool = "psql";

std::unique_ptr<Session> connect_to(const Server& server, const std::string& database,
                                    const std::string& application_name, std::string_view user) {
  pg::Conninfo conninfo;
  conninfo.parameters = {{"host", server.socket}, {"user", std::string(user)}, {"dbname", database}};
  auto result = pg::connect(conninfo, application_name, pg::Access::any, nobody());
  if (auto* failure = std::get_if<pg::ConnectFailure>(&result)) {
    throw std::runtime_error(failure->message);
  }
  return std::move(std::get<std::unique_ptr<Session>>(result));
}

SqlResult must(SqlResult result) {
  if (!result.ok) {
    throw std::runtime_error(result.error.sqlstate + " " + result.error.message);
  }
  return result;
}

std::string key_value(const std::string& value) {
  return "'" + replace_all(replace_all(value, "\\", "\\\\"), "'", "\\'") + "'";
}

void redirect(const std::filesystem::path& path, int descriptor) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  dup2(file, descriptor);
}

}  // namespace

std::vector<Server> servers(const std::vector<int>& majors) {
  std::vector<Server> found;
  const char* listed = std::getenv("PGSLUICE_TEST_SERVERS");
  std::istringstream words(listed == nullptr ? "" : listed);
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    const Server server{.major = std::stoi(word.substr(0, equals)), .socket = word.substr(equals + 1)};
    if (majors.empty() || std::find(majors.begin(), majors.end(), server.major) != majors.end()) {
      found.push_back(server);
    }
  }
  return found;
}

void PrintTo(const Server& server, std::ostream* out) {
  *out << "PostgreSQL " << server.major;
}

bool wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

// ---- Database ---------------------------------------------------------------------------------------------------

Database::Database(const Server& server, std::string name, std::string_view user)
    : server_(server), name_(std::move(name)), user_(user) {
  const auto maintenance = connect_to(server_, "postgres", k_tool, k_superuser);
  must(maintenance->query(cat("CREATE DATABASE ", quote_ident(name_), " TEMPLATE template0"), {}));
  admin_ = connect_to(server_, name_, k_tool, k_superuser);
  if (user_ != k_superuser) must(admin_->script(least_privileges(*admin_, user_, {.kill_policy = true})));
  session_ = connect_to(server_, name_, k_tool, user_);
}

Database::~Database() {
  // A database with a subscription cannot be dropped.
  if (admin_ != nullptr) {
    admin_->query(R"(DO $$ DECLARE s name; BEGIN
      FOR s IN SELECT subname FROM pg_subscription JOIN pg_database d ON d.oid = subdbid WHERE datname = current_database() LOOP
        EXECUTE format('ALTER SUBSCRIPTION %I DISABLE', s);
        EXECUTE format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', s);
        EXECUTE format('DROP SUBSCRIPTION %I', s);
      END LOOP; END $$)",
                  {});
  }
  session_.reset();
  admin_.reset();
  const auto maintenance = connect_to(server_, "postgres", k_tool, k_superuser);
  const auto gone = [&] {
    maintenance->query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", {name_});
    return maintenance->query(cat("DROP DATABASE IF EXISTS ", quote_ident(name_)), {}).ok;
  };
  wait_until(gone);
}

std::string Database::url() const {
  return url(user_);
}

std::string Database::url(std::string_view user) const {
  return cat("host=", key_value(server_.socket), " user=", key_value(std::string(user)),
             " dbname=", key_value(name_));
}

std::unique_ptr<Session> Database::connect(const std::string& application_name) const {
  return connect(application_name, user_);
}

std::unique_ptr<Session> Database::connect(const std::string& application_name, std::string_view user) const {
  return connect_to(server_, name_, application_name, user);
}

std::string Database::sql(std::string_view script) {
  return must(session_->script(script)).text(0, 0);
}

std::string Database::admin(std::string_view script) {
  return must(admin_->script(script)).text(0, 0);
}

int Database::busy(std::string_view what) {
  return static_cast<int>(
      must(session_->query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                           " AND application_name LIKE 'pgsluice/%' AND state = 'active'"
                           " AND query LIKE $1",
                           {std::string(what)}))
          .number(0, 0)
          .value_or(0));
}

int Database::pgsluice_sessions() {
  return static_cast<int>(
      must(session_->query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                           " AND application_name LIKE 'pgsluice/%'",
                           {}))
          .number(0, 0)
          .value_or(0));
}

std::string Database::schema_dump() {
  return sql(R"(
    SELECT string_agg(line, E'\n' ORDER BY line) FROM (
      SELECT format('relation %s %s', c.oid::regclass, c.relkind) AS line FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace
      UNION ALL SELECT format('column %s.%s %s %s', a.attrelid::regclass, a.attname,
          format_type(a.atttypid, a.atttypmod), a.attnotnull) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
      UNION ALL SELECT format('index %s valid %s', pg_get_indexdef(i.indexrelid), i.indisvalid) FROM pg_index i
        JOIN pg_class c ON c.oid = i.indrelid WHERE c.relnamespace = 'public'::regnamespace
      UNION ALL SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
      UNION ALL SELECT format('ledger %s %s', id, state) FROM pgsluice.migration
      UNION ALL SELECT format('statement %s %s %s', migration_id, n, done_at IS NOT NULL) FROM pgsluice.statement) x)");
}

// ---- Folder -----------------------------------------------------------------------------------------------------

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "pgsluice-test.XXXXXX").string();
  path_ = mkdtemp(name.data());
}

Folder::~Folder() {
  std::filesystem::remove_all(path_);
}

Folder& Folder::write(const std::string& name, std::string_view sql) {
  std::filesystem::create_directories((path_ / name).parent_path());
  std::ofstream(path_ / name, std::ios::binary) << sql;
  return *this;
}

// ---- Program ----------------------------------------------------------------------------------------------------

Program::Program(const std::vector<std::string>& arguments,
                 const std::map<std::string, std::string>& environment) {
  const char* program = std::getenv("PGSLUICE");
  if (program == nullptr) {
    throw std::runtime_error("PGSLUICE is not set: the path of the built program");
  }
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  pid_ = fork();
  if (pid_ == 0) {
    redirect(files_.path() / "out", STDOUT_FILENO);
    redirect(files_.path() / "err", STDERR_FILENO);
    for (const auto& [name, value] : environment) {
      setenv(name.c_str(), value.c_str(), 1);
    }
    std::vector<char*> argv;
    for (std::string& word : words) {
      argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
}

Program::~Program() {
  if (pid_ > 0) {
    kill(SIGKILL);
    wait();
  }
}

void Program::kill(int signal) const {
  if (pid_ > 0) {
    ::kill(pid_, signal);
  }
}

std::string Program::err() const {
  return slurp(files_.path() / "err");
}

bool Program::says(std::string_view text) const {
  return wait_until([&] { return err().find(text) != std::string::npos; });
}

Finished Program::wait() {
  if (pid_ > 0) {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    finished_.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    finished_.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    finished_.out = slurp(files_.path() / "out");
    finished_.err = err();
  }
  return finished_;
}

Finished run(const std::vector<std::string>& arguments) {
  return Program(arguments).wait();
}

Finished apply(const Folder& folder, const Database& database, const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"apply", folder.path().string(), "--database-url", database.url()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run(arguments);
}

}  // namespace pgsluice::test
