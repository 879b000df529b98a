// SPDX-License-Identifier: Apache-2.0
// Stage 3: what each command does to which relations. Facts about PostgreSQL: rows of rules/effects
// say which lock each role takes; C++ computes the derived facts and who plays which role.
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/catalog.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice {

/// PostgreSQL's table-level lock modes, weakest first, with the numbers of lockdefs.h.
enum class LockMode {
  AccessShare = 1,
  RowShare,
  RowExclusive,
  ShareUpdateExclusive,
  Share,
  ShareRowExclusive,
  Exclusive,
  AccessExclusive,
};

std::string_view lock_name(LockMode mode);  ///< as in pg_locks: "AccessExclusiveLock"
std::string_view lock_sql(LockMode mode);   ///< as in LOCK TABLE: "ACCESS EXCLUSIVE"
std::optional<LockMode> parse_lock_name(std::string_view name);
/// PostgreSQL's conflict table (lock.c LockConflicts).
bool conflicts(LockMode a, LockMode b);
inline bool blocks_reads(LockMode mode) {
  return conflicts(mode, LockMode::AccessShare);
}
inline bool blocks_writes(LockMode mode) {
  return conflicts(mode, LockMode::RowExclusive);
}

/// Whom a command breaks while the running release is still in use.
enum class Breaks { nobody, writers, readers };
std::string_view to_string(Breaks breaks);

/// Where in expand → backfill → contract a statement or file belongs.
enum class Phase { expand, backfill, contract };
std::string_view to_string(Phase phase);
std::optional<Phase> parse_phase(std::string_view text);

enum class TransactionNeed { any, forbidden };

// What rows are made of, once their words are understood: src/effects/subject.hpp.
namespace effects {
struct DerivedFact;
struct Role;
}  // namespace effects

/// One row of rules/effects: a sentence of PostgreSQL's manual as data.
struct EffectRow {
  struct Condition {
    FactName fact;
    std::vector<std::variant<bool, std::string>> any_of;
    const effects::DerivedFact* derived = nullptr;  ///< how to find out when the command does not say
  };
  struct RoleLock {
    const effects::Role* role = nullptr;
    LockMode mode = LockMode::AccessExclusive;
  };
  using Roles = std::vector<const effects::Role*>;
  std::string id;
  std::string on;
  std::vector<Condition> when;
  int pg_min = 0;
  int pg_max = 999;
  std::vector<RoleLock> locks;
  Roles rewrites;
  Roles scans;
  Roles index_builds;
  TransactionNeed transaction = TransactionNeed::any;
  Breaks breaks = Breaks::nobody;
  bool destroys_data = false;
  std::string instead;  ///< the safe form, for people
  std::string note;
  std::string source;  ///< where in PostgreSQL this is decided
  std::string setup;   ///< SQL that makes the example's relations
  std::string example;
  std::string broken;  ///< what the running release does before the example, and not, or otherwise, after it
  std::string unproven;  ///< why no ordinary server runs the example; it refuses, and that much is proved
};

/// All rows, in match order. Loading is strict: an unknown key, role or fact is an Error that names
/// file and JSON pointer. The built-in rows are read when a command first asks for them: a hook that looks at one file
/// must not wait for three hundred rows. Safe to ask from several threads.
class EffectTable {
 public:
  EffectTable();
  // The index points into the rows: a table is moved, never copied.
  EffectTable(const EffectTable&) = delete;
  EffectTable& operator=(const EffectTable&) = delete;
  EffectTable(EffectTable&&) noexcept;
  EffectTable& operator=(EffectTable&&) noexcept;
  ~EffectTable();

  /// The built-in rows, plus those of `directory`/effects when it is not empty.
  static EffectTable load(const std::filesystem::path& directory);
  static EffectTable parse(std::string_view json, std::string_view file_name);
  [[nodiscard]] const std::deque<EffectRow>& rows() const;
  [[nodiscard]] const std::vector<const EffectRow*>& rows_for(std::string_view tag) const;
  void append(EffectTable other);

 private:
  struct Unread;
  void add(EffectRow row) const;
  void read_rows(std::string_view tag) const;

  std::unique_ptr<Unread> unread_;
  // Behind a const interface rows appear when they are asked for, under the lock of `unread_`.
  mutable std::deque<EffectRow> rows_;  // where a row is, it stays
  mutable std::map<std::string, std::vector<const EffectRow*>, std::less<>> by_tag_;
};

/// What the catalog says of how much there is in a relation.
enum class TableSize : unsigned char { unknown, small, large };

struct RelationLock {
  RelationName relation;
  char relkind = relkind::table;
  LockMode mode = LockMode::AccessShare;
  std::string_view role;
  bool is_new = false;    ///< made in this transaction: nobody can wait for it
  bool is_fresh = false;  ///< made by this file, if in another transaction: nobody knows it yet
  bool is_known = false;  ///< the catalog has it
  TableSize size = TableSize::unknown;
};

enum class Outcome { runs, skipped, error };

/// What one command of a statement does; keeps the row, so that findings and `explain` can say why.
struct CommandEffect {
  const EffectRow* row = nullptr;  ///< nullptr: no row knows this command
  std::size_t command = 0;         ///< index into the commands of the statement, or of `inner`
  /// Code that the statement runs does it: a body, a trigger, a rule.
  std::shared_ptr<const Statement> inner;
  SourceRange range;      ///< of an inner one: where in the file
  bool few_rows = false;  ///< an UPDATE or DELETE of rows that a unique key names one by one
  std::vector<RelationLock> locks;
  std::vector<RelationName> rewrites;
  std::vector<RelationName> scans;
  std::vector<RelationName> index_builds;
};

/// The effects of one statement, each relation once with the strongest lock.
struct Effect {
  std::size_t statement = 0;       ///< index into Script::statements
  std::optional<int> transaction;  ///< ordinal within the file; none when it runs alone
  std::vector<RelationLock> locks;
  std::vector<RelationName> rewrites;
  std::vector<RelationName> scans;
  std::vector<RelationName> index_builds;
  std::vector<CommandEffect> commands;
  bool needs_no_transaction = false;
  bool in_transaction_block = false;  ///< it runs inside a transaction with others
  bool unmodeled = false;
  bool destroys_data = false;
  Breaks breaks = Breaks::nobody;
  std::optional<Phase> phase;  ///< none: neutral (transaction control, settings, reads)
  Outcome outcome = Outcome::runs;
  std::string refusal;  ///< of an error: why PostgreSQL refuses it
  std::vector<std::string> assumed;
  std::string unseen;  ///< code that it runs and that nobody can foresee: what and where, the first one of it
  /// lock_timeout in force when it runs, in ms; 0: none, waits for ever; absent: never set in the file.
  std::optional<long long> lock_timeout_ms;
};

struct PredictOptions {
  int pg_version = 0;                               ///< major; 0: unknown, every range matches
  std::optional<FileTransaction> transaction = {};  ///< none: as the file's tool does it, else one
  bool has_begun = false;  ///< it has been run in part: what it makes and is there, it has made
  /// A table of no more than both is small.
  double small_rows = 10'000;
  double small_bytes = 8.0 * 1024 * 1024;
};

/// Predicts the statements of a script one by one, so that none of the effects need be kept. What it is made of must
/// outlive it; commands of statements that are behind it may go.
class Prediction {
 public:
  Prediction(const Script& script, Catalog& catalog, const EffectTable& table, const PredictOptions& options);
  Prediction(Prediction&&) noexcept;
  Prediction& operator=(Prediction&&) noexcept;
  ~Prediction();
  /// Of the next statement. None after the last one: `catalog` is then in the state after the script.
  std::optional<Effect> next();

 private:
  class Walk;
  std::unique_ptr<Walk> walk_;
};

/// All of them in order.
std::vector<Effect> predict(const Script& script, Catalog& catalog, const EffectTable& table,
                            const PredictOptions& options);

/// The roles and derived facts that rows may name, with one sentence each (for validation and docs).
struct Vocabulary {
  std::string_view name;
  std::string_view sentence;
};
const std::vector<Vocabulary>& known_roles();
const std::vector<Vocabulary>& known_facts();

}  // namespace pgsluice
