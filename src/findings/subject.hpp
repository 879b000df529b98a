// SPDX-License-Identifier: Apache-2.0
#pragma once

// What rules judge. A subject is one thing in one file that a finding could be about; facts are what rules may ask
// of it, placeholders what their messages may say of it.

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "effects/unique.hpp"
#include "pgsluice/findings.hpp"

namespace pgsluice::findings {

inline bool is_within(const std::vector<SourceRange>& stretches, std::size_t place) {
  return std::ranges::any_of(stretches, [place](const SourceRange& stretch) {
    return stretch.begin <= place && place < stretch.end;
  });
}

/// A lock of an earlier statement that the transaction still holds.
struct HeldLock {
  RelationLock lock;
  std::size_t statement = 0;
  std::size_t begin = 0;  ///< of the statement, in the text
};

/// What the statements before it mean for the statement that is judged.
struct History {
  /// The locks that keep out readers or writers while this statement works, as far as no earlier statement of the
  /// transaction was to blame for the same.
  std::vector<HeldLock> held;
  SourceRange transaction_end;         ///< the last statement of its transaction
  bool first_wait = false;             ///< first of the file that waits without a lock_timeout
  std::string_view lock_timeout = {};  ///< unset, zero, long or set
  std::optional<long long> lock_timeout_ms;
  /// Relations of which an earlier statement of the transaction holds a weaker lock, or has changed rows.
  std::vector<RelationName> upgraded;
  bool dropped_index = false;  ///< CREATE INDEX: the file drops one of that name before
  const OrderConflict* order_conflict = nullptr;
};

struct File {
  const Script& script;
  const Directives& directives;
  const CheckOptions options;
  History history = {};  ///< of the statement that is judged
  mutable std::optional<LineIndex> line_index = {};

  /// See FileAnalysis.
  [[nodiscard]] bool is_unreported(const SourceRange& range) const {
    return is_within(options.unreported, range.begin);
  }
  [[nodiscard]] const LineIndex& lines() const {
    if (!line_index) line_index.emplace(script.source);
    return *line_index;
  }
};

/// Walks the statements of a file once: which locks are still held, and which waits have no end.
class HistoryWalk {
 public:
  explicit HistoryWalk(File& file) : file_(file) {}
  /// Writes the file's history as of this statement.
  void step(const Effect& effect);

 private:
  void begin(const Effect& effect);
  std::vector<HeldLock> held_during(const Effect& effect);
  void take(const Effect& effect);
  [[nodiscard]] std::vector<RelationName> upgraded_by(const Effect& effect) const;
  void note_rows(const Effect& effect);
  bool note_index(const Statement& statement);
  [[nodiscard]] std::string_view lock_timeout(const Effect& effect) const;
  bool waits_first(const Effect& effect, std::string_view timeout);

  File& file_;
  std::optional<int> transaction_;
  std::vector<HeldLock> held_;
  effects::RelationPlaces places_;     ///< of the held locks, by relation
  std::vector<std::size_t> untold_;    ///< of the held locks
  std::vector<RelationName> changed_;  ///< by UPDATE, DELETE or MERGE in the transaction
  std::set<Name> dropped_indexes_;     ///< of the file
  bool waited_ = false;
};

/// What is wrong with a piece of text.
struct Problem {
  std::string_view kind;
  std::string detail = {};  ///< in words
  std::string hint = {};
};

struct Subject {
  const File* file = nullptr;
  Scope scope = Scope::statement;
  SourceRange range = {};
  // scopes relation, statement and transaction
  const Effect* effect = nullptr;
  const CommandEffect* command = nullptr;  ///< the one to blame, may be nullptr
  /// Scope relation: the lock that is judged; transaction: one that is still held; statement: the target's, if any.
  const RelationLock* lock = nullptr;
  // scopes syntax, directive and file
  const Problem* problem = nullptr;

  [[nodiscard]] const Statement& statement() const { return file->script.statements[effect->statement]; }
  [[nodiscard]] const History& history() const { return file->history; }
  /// The command as it was written; nullptr when no command is to blame.
  [[nodiscard]] const Command* written() const {
    if (command == nullptr) return nullptr;
    return &(command->inner != nullptr ? *command->inner : statement()).commands[command->command];
  }
};

struct FactRow {
  std::string_view name;
  Scope scope;
  std::string_view sentence;
  FactValue (*value)(const Subject&);
};
std::span<const FactRow> facts();
const FactRow* find_fact(Scope scope, std::string_view name);

/// All subjects that one statement gives, by scope: itself, its locks, and locks that are still held when it runs.
struct Subjects {
  std::vector<Subject> statement;
  std::vector<Subject> relation;
  std::vector<Subject> transaction;
};
/// In the place of those that were there.
void find_subjects(const File& file, const Effect& effect, Subjects& subjects);

/// What holds rows, or is queried as if it did.
bool is_table_like(char relkind);
/// Who uses what the statement takes away; nullptr: nobody has been asked.
const ObjectUse* use_of(const Subject& subject);
/// Whether anybody who is not part of the file can know the relation.
bool is_in_use(const RelationLock& lock);
/// What a lock keeps out: reads, writes, ddl or nothing. Nobody can wait for a new relation, and nobody writes to a
/// materialized view.
std::string_view blocks(const RelationLock& lock);
/// The strongest work on existing relations: rewrite, scan, index_build or none. A concurrent command works without
/// the strong locks that it takes for a moment.
std::string_view work(const Effect& effect, const Statement& statement, const CommandEffect& command);
/// Whether the statement takes time that depends on how much data there is.
bool is_slow(const Effect& effect, const Statement& statement);
/// select, insert, insert_from_query, update, delete, merge, copy or other.
std::string_view kind(const Statement& statement);

/// Subjects of one rule that are told as one finding: same statement, same command.
struct Match {
  const FindingRule* rule = nullptr;
  std::vector<const Subject*> subjects;
};
Finding to_finding(const Match& match);
/// Whether messages may use `{name}`.
bool is_placeholder(std::string_view name);

/// The same for all layouts of the statement, and at any place in the file.
std::string fingerprint(std::string_view finding, const RelationName& relation, std::string_view sql);

}  // namespace pgsluice::findings
