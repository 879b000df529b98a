// SPDX-License-Identifier: Apache-2.0
// Beside stage 5: what migrations really do on a server that nobody else uses, beside what was predicted of them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/load.hpp"
#include "pgsluice/plan.hpp"
#include "pgsluice/session.hpp"

namespace pgsluice {

/// Of a pg_class.relkind.
constexpr bool is_index(char kind) {
  return kind == relkind::index || kind == relkind::partitioned_index;
}

/// When a lock was seen to be held or waited for.
struct LockSpan {
  LockMode mode = LockMode::AccessExclusive;
  double from_ms = 0;  ///< since the statement began
  double until_ms = 0;
};

struct ObservedLock {
  char relkind = relkind::table;
  LockMode mode = LockMode::AccessShare;
  bool is_new = false;   ///< on what the same transaction made
  bool touched = false;  ///< an index that was made, dropped or built, so that a prediction must name it
  /// An earlier statement of the transaction has taken it, and the server does not show it anew: where that one begins in
  /// the file.
  std::optional<std::size_t> held_since = {};
  /// Where it was given back before the transaction ended: by a statement that ran alone, or by ROLLBACK TO. Empty: held until
  /// then.
  std::vector<LockSpan> spans = {};
};

using RelationsByMode =
    std::map<LockMode, std::vector<std::string>, std::greater<>>;  ///< quoted; strongest first

/// Relations that a transaction holds in one mode. There may be very many, at each of very many statements.
struct HeldRelations {
  LockMode mode = LockMode::AccessExclusive;
  std::vector<std::string> some;  ///< a few of them
  std::size_t count = 0;          ///< all of them
};

/// What one statement did, by quoted names.
struct Observation {
  std::optional<SqlError> error;
  std::map<std::string, ObservedLock> locks;
  std::set<std::string> rewrites;
  std::set<std::string> scans;
  std::set<std::string> may_scan;  ///< the other table of a foreign key: the planner chooses how to read it
  std::set<std::string> index_builds;
  std::set<std::string> indexed;  ///< the tables of those
  bool sampled = false;  ///< it ran alone, and was looked at while it did: locks may have been missed
  double ms = 0;
  long long wal_bytes = 0;
  long long temp_bytes = 0;  ///< all that it wrote to temporary files
  long long peak_bytes = 0;  ///< disk that it takes until its transaction ends: a rewrite needs both copies
  long long net_bytes = 0;   ///< what stays taken of that; less than 0: it gives back
};

/// One thing that a prediction and a server do not agree on.
struct Difference {
  std::string what;  ///< "lock of public.t", "rewrites" …
  std::string predicted;
  std::string observed;
  bool under = false;  ///< the server does more than was said
};

/// What a statement would take with more rows, if that grows with them: n log n where indexes are built.
struct Extrapolation {
  double rows = 0;           ///< of all relations that it worked through
  double measured_rows = 0;  ///< that they had here
  std::optional<double> ms;  ///< none: they had too few to tell
  double peak_bytes = 0;
  /// Of rewrites and index builds; what changed rows write depends on checkpoints, too.
  double wal_bytes = 0;
};

/// One statement, and where its locks stand on the time line of the whole preview.
struct PreviewedStatement {
  const PlannedStatement* planned = nullptr;
  const Effect* predicted = nullptr;
  Observation observed;
  bool is_foreseeable = true;  ///< false: code that nobody can foresee; what it does contradicts nothing
  std::vector<Difference> differences;
  std::vector<HeldRelations> still_held;       ///< what others wait for besides: earlier statements took it
  RelationsByMode unseen;                      ///< predicted, and not seen to be taken
  std::optional<Extrapolation> in_production;  ///< none: not known, or not more
  std::vector<std::string> rows_unknown;  ///< it works through these; how many they have there is not known
  double begin_ms = 0;                    ///< since the first statement, without the time for looking
  double released_ms = 0;                 ///< when its transaction ended

  [[nodiscard]] bool agrees() const { return differences.empty(); }
};

struct PreviewedFile {
  const FileAnalysis* analysis = nullptr;
  bool history = false;                        ///< ran only so that the others find what they need
  std::vector<PreviewedStatement> statements;  ///< those that ran
};

struct FilledTable {
  std::string name;    ///< quoted, with its schema
  long long rows = 0;  ///< that it has now
};

/// Rows that were made before the first file that is looked at.
struct Filled {
  std::vector<FilledTable> tables;
  std::vector<std::string> notes;  ///< which tables have fewer rows than they should, and why
};

/// Points into the plan that was run.
struct Preview {
  std::string server;        ///< "PostgreSQL 18.1"
  bool rolled_back = false;  ///< it is another one's, and stays as it is
  std::vector<PreviewedFile> files;
  std::vector<std::string> roles;          ///< made because the files name them
  std::vector<std::string> left_out;       ///< files that cannot run: which, and why
  std::vector<std::string> apply_refuses;  ///< beside a release that is still running: which files, and why
  std::vector<std::string> not_recreated;  ///< of the catalog: what, and why
  std::optional<Filled> filled;            ///< none: tables have the rows that the files give them
  std::optional<Load> load;                ///< the same beside an application, if that was asked for

  /// The statement that the server refused, always the last one.
  [[nodiscard]] const PreviewedStatement* failed() const;
  [[nodiscard]] std::size_t disagreements() const;  ///< in what is no history
};

}  // namespace pgsluice
