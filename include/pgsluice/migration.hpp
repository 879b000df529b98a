// SPDX-License-Identifier: Apache-2.0
// Migrations on disk: which files there are, in which order, in which phase, with which directives.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/effects.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice {

/// Tools that make migrations or remember them: as in --tool, in reports, and in `baseline --from`.
namespace tool {
// NOLINTBEGIN(readability-identifier-naming): they read as tool::goose.
inline constexpr std::string_view alembic = "alembic";
inline constexpr std::string_view atlas = "atlas";
inline constexpr std::string_view dbmate = "dbmate";
inline constexpr std::string_view diesel = "diesel";
inline constexpr std::string_view django = "django";
inline constexpr std::string_view drizzle = "drizzle";
inline constexpr std::string_view flyway = "flyway";
inline constexpr std::string_view golang_migrate = "golang-migrate";
inline constexpr std::string_view goose = "goose";
inline constexpr std::string_view liquibase = "liquibase";
inline constexpr std::string_view plain = "plain";
inline constexpr std::string_view prisma = "prisma";
inline constexpr std::string_view rails = "rails";
inline constexpr std::string_view refinery = "refinery";
inline constexpr std::string_view sqitch = "sqitch";
inline constexpr std::string_view sqlx = "sqlx";
// NOLINTEND(readability-identifier-naming)
}  // namespace tool

/// What people say about how migrations are to be read.
struct Conventions {
  std::string tool;  ///< NAME or NAME:SETTING; empty: layout and content say
  std::map<std::string, std::string, std::less<>> placeholders;  ///< their values
};
/// All that `tool` may be, for messages.
std::vector<std::string> tool_words();

/// `-- pgsluice: allow <finding>… until=… because "…"`.
struct Allow {
  std::vector<std::string> findings;
  std::string because;
  std::string until;  ///< ISO date, may be empty
  SourceRange range;
  std::optional<std::size_t> statement;  ///< none: the whole file
};

/// A directive that cannot be understood: an error finding, never ignored.
struct DirectiveProblem {
  SourceRange range;
  std::string message;
  std::string hint;
};

/// Timeouts of a file or of one statement. Absent: not set by a directive.
struct Limits {
  std::optional<std::chrono::milliseconds> lock_timeout;
  std::optional<std::chrono::milliseconds> lock_budget;
  std::optional<std::chrono::milliseconds> statement_timeout;
};
struct StatementLimits {
  std::size_t statement = 0;
  Limits limits;
};

/// `-- pgsluice: batch key=id size=1000 max-lag=5s`: the statement is run in ranges of a key.
struct Batch {
  std::size_t statement = 0;
  std::vector<std::string> key;  ///< columns; empty: those of the primary key
  long long size = 1000;
  std::optional<std::chrono::milliseconds> max_lag;
  SourceRange range;
};

struct Directives {
  std::optional<Phase> phase;
  std::optional<FileTransaction> transaction;  ///< none: no directive says
  std::string needs_app;                       ///< as written: checkout>=2.4.0
  std::vector<std::string> depends_on;         ///< ids of files, beside those that the analysis finds
  SourceRange depends_on_range;
  std::optional<std::chrono::milliseconds> soak;
  Limits limits;
  std::vector<StatementLimits> statement_limits;
  std::vector<Batch> batches;
  std::vector<Allow> allows;
  std::vector<DirectiveProblem> problems;
};

/// Reads the `-- pgsluice:` comments of a script.
Directives read_directives(const Script& script);

/// One migration file.
struct Migration {
  std::string id;                               ///< path relative to the folder, with '/' as separator
  std::string tool = std::string(tool::plain);  ///< whose conventions it is read in
  Phase phase = Phase::expand;
  std::filesystem::path path;
  std::string folder;  ///< of which it is a part; empty: it was named by itself
  std::string sha256;  ///< of the file's bytes, hex; only discover() computes it
  SourceFile source;
  bool repeatable = false;   ///< runs again whenever it has changed
  std::size_t left_out = 0;  ///< files of SQL beside it that its tool would not run
  std::string doubt;         ///< what else its folder could be, and what to type; nothing: no doubt
  std::shared_ptr<const Conventions> options = {};
};

/// The migrations of a folder, in the order in which they run; the files are not read yet. Throws Error(usage) when
/// the folder cannot be read.
std::vector<Migration> list_migrations(const std::filesystem::path& directory,
                                       const Conventions& options = {});
/// One file that is named directly, or `-` for standard input; not read yet.
Migration name_migration(const std::filesystem::path& file, const Conventions& options = {});
/// The same for many: what has been learnt of a folder is kept.
class FileNamer {
 public:
  explicit FileNamer(const Conventions& options);
  ~FileNamer();
  FileNamer(const FileNamer&) = delete;
  FileNamer& operator=(const FileNamer&) = delete;
  Migration name(const std::filesystem::path& file);

 private:
  struct Folders;
  std::unique_ptr<Folders> folders_;
};
/// Throws Error(usage) when read() would, as far as that shows without reading.
void expect_readable(const Migration& migration);
/// Reads the text of a migration. Throws Error(usage) when that fails.
void read(Migration& migration);

/// depends-on: adds a problem for each name that is no file of the same folder, and where it means nothing.
void check_dependencies(const Migration& migration, Directives& directives);

/// All migrations of a folder, read and with their checksums.
std::vector<Migration> discover(const std::filesystem::path& directory, const Conventions& options = {});

/// The phase of a file: its directive, else a folder or suffix of that name, else expand.
Phase phase_of(std::string_view relative, const Directives& directives);

/// "200ms", "5s", "10m", "24h" → milliseconds; none when it is no duration.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The shortest of those forms that is exact.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace pgsluice
