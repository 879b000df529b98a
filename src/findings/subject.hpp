// SPDX-License-Identifier: Apache-2.0
#pragma once

// What rules judge. A subject is one thing in one file that a finding could be about; facts are what rules may ask
// of it, placeholders what their messages may say of it.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/findings.hpp"

namespace pgsluice::findings {

/// A lock of an earlier statement that the transaction still holds.
struct HeldLock {
  const RelationLock* lock = nullptr;
  std::size_t statement = 0;
};

/// What the statements before it mean for a statement.
struct History {
  /// The locks that keep out readers or writers while this statement works, as far as no earlier statement of the
  /// transaction was to blame for the same.
  std::vector<HeldLock> held;
  std::size_t transaction_end = 0;  ///< the last statement of its transaction
  bool first_wait = false;          ///< first of the file that waits without a lock_timeout
  std::string_view lock_timeout;    ///< unset, zero or set
};

struct File {
  const Script& script;
  const Directives& directives;
  const std::vector<Effect>& effects;
  const CheckOptions& options;
  LineIndex lines;
  std::vector<History> history;  ///< one per effect
};

/// File with the history of each statement.
File make_file(const Script& script, const Directives& directives, const std::vector<Effect>& effects,
               const CheckOptions& options);

struct Subject {
  const File* file = nullptr;
  std::string_view scope = {};  ///< relation, statement, transaction, syntax or directive
  SourceRange range = {};
  // scopes relation, statement and transaction
  const Effect* effect = nullptr;
  const CommandEffect* command = nullptr;  ///< the one to blame, may be nullptr
  /// Scope relation: the lock that is judged; transaction: one that is still held; statement: the target's, if any.
  const RelationLock* lock = nullptr;
  // scopes syntax and directive
  std::string_view problem = {};
  std::string detail = {};  ///< in words
  std::string hint = {};

  [[nodiscard]] const Statement& statement() const { return file->script.statements[effect->statement]; }
  [[nodiscard]] const History& history() const {
    return file->history[static_cast<std::size_t>(effect - file->effects.data())];
  }
  /// The command as it was written; nullptr when no command is to blame.
  [[nodiscard]] const Command* written() const {
    return command == nullptr ? nullptr : &statement().commands[command->command];
  }
};

struct FactRow {
  std::string_view name;
  std::string_view scope;
  std::string_view sentence;
  FactValue (*value)(const Subject&);
};
std::span<const FactRow> facts();
const FactRow* find_fact(std::string_view scope, std::string_view name);
bool is_scope(std::string_view scope);

/// All subjects that one statement gives: itself, its locks, and locks that are still held when it runs.
std::vector<Subject> subjects_of(const File& file, const Effect& effect);

/// What holds rows, or is queried as if it did.
bool is_table_like(char relkind);
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
