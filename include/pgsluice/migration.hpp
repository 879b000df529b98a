// SPDX-License-Identifier: Apache-2.0
// Migrations on disk: which files there are, in which order, in which phase, with which directives.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/effects.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice {

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
  FileTransaction transaction = FileTransaction::one;
  std::string needs_app;                ///< as written: checkout>=2.4.0
  std::vector<std::string> depends_on;  ///< ids of files, beside those that the analysis finds
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
  std::string id;    ///< path relative to the folder, with '/' as separator
  std::string tool;  ///< "plain"
  Phase phase = Phase::expand;
  std::filesystem::path path;
  std::string sha256;  ///< of the file's bytes, hex; only discover() computes it
  SourceFile source;
};

/// The migrations of a folder, in the order in which they run; the files are not read yet. Throws Error(usage) when
/// the folder cannot be read.
std::vector<Migration> list_migrations(const std::filesystem::path& directory);
/// One file that is named directly, or `-` for standard input; not read yet.
Migration name_migration(const std::filesystem::path& file);
/// Throws Error(usage) when read() would, as far as that shows without reading.
void expect_readable(const Migration& migration);
/// Reads the text of a migration. Throws Error(usage) when that fails.
void read(Migration& migration);

/// depends-on: adds a problem for each name that is no file of the same folder, and where it means nothing.
void check_dependencies(const Migration& migration, Directives& directives);

/// All migrations of a folder, read and with their checksums.
std::vector<Migration> discover(const std::filesystem::path& directory);

/// The phase of a file: its directive, else a folder or suffix of that name, else expand.
Phase phase_of(std::string_view relative, const Directives& directives);

/// "200ms", "5s", "10m", "24h" → milliseconds; none when it is no duration.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The shortest of those forms that is exact.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace pgsluice
