// SPDX-License-Identifier: Apache-2.0
// The facts about a subject: one table, a sentence each. Rules compare them and do nothing else.
#include <algorithm>
#include <array>

#include "findings/subject.hpp"

namespace pgsluice::findings {
namespace {

bool is_existing(const Effect& effect, const RelationName& relation) {
  return std::none_of(effect.locks.begin(), effect.locks.end(), [&](const RelationLock& lock) {
    return !is_in_use(lock) && lock.relation == relation;
  });
}

bool any_existing(const Effect& effect, const std::vector<RelationName>& relations) {
  return std::any_of(relations.begin(), relations.end(),
                     [&](const RelationName& relation) { return is_existing(effect, relation); });
}

/// Of an index: the table is what counts, and an index that is being built is always new itself.
bool builds_on_existing(const CommandEffect& command) {
  return !command.index_builds.empty() &&
         std::any_of(command.locks.begin(), command.locks.end(),
                     [](const RelationLock& lock) { return is_in_use(lock); });
}

/// A table that nobody has described may have indexes that nobody can name.
bool builds_on_unknown(const CommandEffect& command) {
  return command.row != nullptr && !command.row->index_builds.empty() && command.row->on == "ReindexStmt" &&
         std::any_of(command.locks.begin(), command.locks.end(),
                     [](const RelationLock& lock) { return !lock.is_known; });
}

bool is_concurrent(const Statement& statement) {
  return std::any_of(statement.commands.begin(), statement.commands.end(),
                     [](const Command& command) { return command.is("concurrent"); });
}

bool touches_existing(const Effect& effect) {
  return std::any_of(effect.locks.begin(), effect.locks.end(), [](const RelationLock& lock) {
    return is_in_use(lock) && lock.size != TableSize::small && is_table_like(lock.relkind);
  });
}

std::string_view relkind_word(char relkind) {
  switch (relkind) {
    case relkind::table: return "table";
    case relkind::partitioned_table: return "partitioned_table";
    case relkind::index: return "index";
    case relkind::partitioned_index: return "partitioned_index";
    case relkind::sequence: return "sequence";
    case relkind::view: return "view";
    case relkind::materialized_view: return "materialized_view";
    case relkind::foreign_table: return "foreign_table";
    case relkind::composite_type: return "composite_type";
    default: return "other";
  }
}

std::string_view target_of(const Subject& subject) {
  if (subject.lock == nullptr) return "none";
  return is_in_use(*subject.lock) ? "existing" : "new";
}

std::string_view size_word(TableSize size) {
  switch (size) {
    case TableSize::small: return "small";
    case TableSize::large: return "large";
    case TableSize::unknown: break;
  }
  return "unknown";
}

/// The largest of the relations that the command works on; of the lock's own, when it works on none.
TableSize size_of_work(const Subject& subject) {
  if (subject.command == nullptr) return subject.lock == nullptr ? TableSize::unknown : subject.lock->size;
  std::vector<RelationName> worked = subject.command->rewrites;
  worked.insert(worked.end(), subject.command->scans.begin(), subject.command->scans.end());
  TableSize size = TableSize::small;
  bool any = false;
  for (const RelationLock& lock : subject.command->locks) {
    const bool counts = worked.empty()
                            ? is_table_like(lock.relkind)
                            : std::find(worked.begin(), worked.end(), lock.relation) != worked.end();
    if (!counts || !is_in_use(lock)) continue;
    any = true;
    if (lock.size == TableSize::large) return TableSize::large;
    if (lock.size == TableSize::unknown) size = TableSize::unknown;
  }
  return any ? size : TableSize::unknown;
}

/// What somebody says by a condition is meant; what is emptied altogether may be a mistake.
bool destroys_data(const Subject& subject) {
  const Command* command = subject.written();
  const bool chosen = command != nullptr && command->tag == "DeleteStmt" && command->is("has_where");
  return subject.effect->destroys_data && target_of(subject) != "new" && !chosen;
}

bool keeps_invalid_index(const Subject& subject) {
  const Command* command = subject.written();
  return command != nullptr && command->tag == "IndexStmt" && command->is("concurrent") &&
         command->is("if_not_exists") && !subject.history().dropped_index;
}

bool is_local_without_transaction(const Subject& subject) {
  const Command* command = subject.written();
  return command != nullptr && command->tag == "VariableSetStmt" && command->is("is_local") &&
         !subject.effect->in_transaction_block;
}

std::string_view used_word(const Subject& subject) {
  const ObjectUse* use = use_of(subject);
  if (use == nullptr || !use->known) return "unknown";
  return use->queries.empty() ? "no" : "yes";
}

bool is_upgrade(const Subject& subject) {
  const std::vector<RelationName>& upgraded = subject.history().upgraded;
  return std::find(upgraded.begin(), upgraded.end(), subject.lock->relation) != upgraded.end();
}

FactValue has_where(const Subject& subject) {
  const Command* command = subject.written();
  const FactValue* fact = command == nullptr ? nullptr : command->fact("has_where");
  return fact == nullptr ? FactValue(false) : *fact;
}

bool is_batched(const Subject& subject) {
  const std::vector<Batch>& batches = subject.file->directives.batches;
  return std::any_of(batches.begin(), batches.end(),
                     [&](const Batch& batch) { return batch.statement == subject.effect->statement; });
}

/// Nobody uses what is made in the same transaction.
std::string_view broken(const Subject& subject) {
  const bool in_use = subject.lock == nullptr || is_in_use(*subject.lock);
  return in_use ? to_string(subject.effect->breaks) : to_string(Breaks::nobody);
}

constexpr std::array<FactRow, 30> k_facts{{
    {"blocks", Scope::relation, "what the lock keeps out while it is held: reads, writes, ddl or nothing",
     [](const Subject& s) { return FactValue(blocks(*s.lock)); }},
    {"work", Scope::relation,
     "what the command does to existing relations under that lock: rewrite, scan, index_build or none",
     [](const Subject& s) {
       return FactValue(s.command == nullptr ? "none" : work(*s.effect, s.statement(), *s.command));
     }},
    {"relkind", Scope::relation,
     "what is locked: table, partitioned_table, index, sequence, view, materialized_view …",
     [](const Subject& s) { return FactValue(relkind_word(s.lock->relkind)); }},
    {"role", Scope::relation, "the part that the relation plays in the command, as in rules/effects",
     [](const Subject& s) { return FactValue(s.lock->role); }},
    {"size", Scope::relation,
     "what the catalog says of what the command works on: small, large or unknown; see --small-size",
     [](const Subject& s) { return FactValue(size_word(size_of_work(s))); }},
    {"upgrades", Scope::relation,
     "an earlier statement of the transaction holds a weaker lock on it, or has changed its rows",
     [](const Subject& s) { return FactValue(is_upgrade(s)); }},

    {"needs_no_transaction", Scope::statement, "it fails inside a transaction block",
     [](const Subject& s) { return FactValue(s.effect->needs_no_transaction); }},
    {"in_transaction_block", Scope::statement, "it runs in one transaction with other statements",
     [](const Subject& s) { return FactValue(s.effect->in_transaction_block); }},
    {"breaks", Scope::statement, "whom of the running release it breaks: nobody, writers or readers",
     [](const Subject& s) { return FactValue(broken(s)); }},
    {"declared_phase", Scope::statement, "the file's phase: expand, backfill or contract",
     [](const Subject& s) { return FactValue(to_string(s.file->options.phase)); }},
    {"destroys_data", Scope::statement, "rows or columns are gone afterwards",
     [](const Subject& s) { return FactValue(destroys_data(s)); }},
    {"fails", Scope::statement, "the catalog proves that PostgreSQL refuses it",
     [](const Subject& s) { return FactValue(!s.effect->refusal.empty()); }},
    {"keeps_invalid_index", Scope::statement,
     "CREATE INDEX CONCURRENTLY IF NOT EXISTS, and nothing before it drops what an earlier attempt left",
     [](const Subject& s) { return FactValue(keeps_invalid_index(s)); }},
    {"local_without_transaction", Scope::statement, "SET LOCAL outside a transaction",
     [](const Subject& s) { return FactValue(is_local_without_transaction(s)); }},
    {"opposite_order", Scope::statement,
     "another folder of migrations takes its lock and one that is held in the opposite order",
     [](const Subject& s) { return FactValue(s.history().order_conflict != nullptr); }},
    {"needs_app", Scope::statement, "the file says which releases can live with it",
     [](const Subject& s) { return FactValue(!s.file->directives.needs_app.empty()); }},
    {"used", Scope::statement,
     "whether a query of lint --queries uses what it takes away: yes, no or unknown",
     [](const Subject& s) { return FactValue(used_word(s)); }},
    {"few_rows", Scope::statement, "an UPDATE or DELETE names its rows by a unique key",
     [](const Subject& s) { return FactValue(s.command != nullptr && s.command->few_rows); }},
    {"target_size", Scope::statement, "what the catalog says of the target: small, large or unknown",
     [](const Subject& s) { return FactValue(s.lock == nullptr ? "unknown" : size_word(s.lock->size)); }},
    {"unmodeled", Scope::statement, "no effects row knows it, or it runs code that nobody can foresee",
     [](const Subject& s) { return FactValue(s.effect->unmodeled); }},
    {"kind", Scope::statement, "select, insert, insert_from_query, update, delete, merge, copy or other",
     [](const Subject& s) { return FactValue(kind(s.statement())); }},
    {"target", Scope::statement,
     "the relation that it is about: existing, new (made by the same file) or none",
     [](const Subject& s) { return FactValue(target_of(s)); }},
    {"has_where", Scope::statement, "an UPDATE or DELETE is limited by WHERE", has_where},
    {"batched", Scope::statement, "a `batch` directive stands before it",
     [](const Subject& s) { return FactValue(is_batched(s)); }},
    {"lock_timeout", Scope::statement,
     "the lock_timeout in force: unset, zero (waits for ever), long (for more than 30s) or set",
     [](const Subject& s) { return FactValue(s.history().lock_timeout); }},
    {"first_wait", Scope::statement,
     "the file's first statement that waits for a strong lock without a lock_timeout",
     [](const Subject& s) { return FactValue(s.history().first_wait); }},
    {"holds", Scope::transaction,
     "what the lock of an earlier statement keeps out while this one works: reads or writes",
     [](const Subject& s) { return FactValue(blocks(*s.lock)); }},

    {"problem", Scope::syntax, "syntax_error, meta_command or copy_data",
     [](const Subject& s) { return FactValue(s.problem->kind); }},
    {"problem", Scope::directive, "not_understood, no_reason, expired or unused",
     [](const Subject& s) { return FactValue(s.problem->kind); }},
    {"problem", Scope::file, "changed: since it was applied, says the database's ledger",
     [](const Subject& s) { return FactValue(s.problem->kind); }},
}};

/// The relation that a command is about.
const RelationLock* target_lock(const CommandEffect* command, const Effect& effect) {
  const std::vector<RelationLock>& locks = command == nullptr ? effect.locks : command->locks;
  const auto target = std::find_if(locks.begin(), locks.end(),
                                   [](const RelationLock& lock) { return lock.role == "target"; });
  if (target != locks.end()) return &*target;
  return locks.empty() ? nullptr : &locks.front();
}

/// The command that a finding about the whole statement should point at.
const CommandEffect* to_blame(const Effect& effect) {
  const auto is_worse = [&effect](const CommandEffect& command) {
    const EffectRow* row = command.row;
    return row == nullptr || (effect.breaks != Breaks::nobody && row->breaks == effect.breaks) ||
           (effect.breaks == Breaks::nobody && effect.destroys_data && row->destroys_data);
  };
  const auto found = std::find_if(effect.commands.begin(), effect.commands.end(), is_worse);
  if (found != effect.commands.end()) return &*found;
  return effect.commands.empty() ? nullptr : &effect.commands.front();
}

SourceRange range_of(const Subject& subject) {
  const Command* command = subject.written();
  if (command == nullptr) return subject.statement().range;
  const SourceRange& range = subject.command->inner != nullptr ? subject.command->range : command->range;
  return range.end <= range.begin ? subject.statement().range : range;
}

void add_relation_subjects(const Subject& statement, const CommandEffect* command,
                           std::vector<Subject>& subjects) {
  Subject subject = statement;
  subject.scope = Scope::relation;
  subject.command = command;
  subject.range = range_of(subject);
  for (const RelationLock& lock : statement.effect->locks) {
    if (!is_in_use(lock)) continue;
    subject.lock = &lock;
    subjects.push_back(subject);
  }
}

}  // namespace

bool is_table_like(char relkind) {
  return relkind == relkind::table || relkind == relkind::partitioned_table ||
         relkind == relkind::foreign_table || relkind == relkind::materialized_view ||
         relkind == relkind::view;
}

const ObjectUse* use_of(const Subject& subject) {
  const std::vector<ObjectUse>* uses = subject.file->options.uses;
  if (uses == nullptr || subject.effect == nullptr) return nullptr;
  const auto found = std::find_if(uses->begin(), uses->end(), [&](const ObjectUse& use) {
    return use.statement == subject.effect->statement;
  });
  return found == uses->end() ? nullptr : &*found;
}

bool is_in_use(const RelationLock& lock) {
  return !lock.is_new && !lock.is_fresh;
}

std::string_view blocks(const RelationLock& lock) {
  if (!is_in_use(lock)) return "nothing";
  if (blocks_reads(lock.mode)) return "reads";
  if (lock.relkind == relkind::materialized_view) return "ddl";
  if (blocks_writes(lock.mode)) return "writes";
  return conflicts(lock.mode, lock.mode) ? "ddl" : "nothing";
}

std::string_view work(const Effect& effect, const Statement& statement, const CommandEffect& command) {
  const bool idle = command.rewrites.empty() && command.scans.empty() && command.index_builds.empty();
  // In this order: a statement of thousands of commands asks for each of them, and most are idle.
  const bool on_unknown = builds_on_unknown(command);
  if (idle && !on_unknown) return "none";
  if (command.inner == nullptr && is_concurrent(statement)) return "none";
  if (idle) return "index_build";
  if (any_existing(effect, command.rewrites)) return "rewrite";
  if (any_existing(effect, command.scans)) return "scan";
  return builds_on_existing(command) ? "index_build" : "none";
}

std::string_view kind(const Statement& statement) {
  if (statement.tag == "SelectStmt") return "select";
  if (statement.tag == "InsertStmt") {
    const bool from_query = std::any_of(statement.commands.begin(), statement.commands.end(),
                                        [](const Command& command) { return command.is("from_query"); });
    return from_query ? "insert_from_query" : "insert";
  }
  if (statement.tag == "UpdateStmt") return "update";
  if (statement.tag == "DeleteStmt") return "delete";
  if (statement.tag == "MergeStmt") return "merge";
  if (statement.tag == "CopyStmt") return "copy";
  return "other";
}

bool is_slow(const Effect& effect, const Statement& statement) {
  const std::string_view what = kind(statement);
  if (what != "other") return what != "insert" && touches_existing(effect);
  if (statement.tag == "CreateTableAsStmt") return touches_existing(effect);
  return std::any_of(effect.commands.begin(), effect.commands.end(), [&](const CommandEffect& command) {
    return work(effect, statement, command) != "none";
  });
}

std::span<const FactRow> facts() {
  return k_facts;
}

const FactRow* find_fact(Scope scope, std::string_view name) {
  const auto found = std::find_if(k_facts.begin(), k_facts.end(),
                                  [&](const FactRow& row) { return row.scope == scope && row.name == name; });
  return found == k_facts.end() ? nullptr : &*found;
}

void find_subjects(const File& file, const Effect& effect, Subjects& subjects) {
  for (std::vector<Subject>* list : {&subjects.statement, &subjects.relation, &subjects.transaction}) {
    list->clear();
  }
  Subject statement{.file = &file, .effect = &effect, .command = to_blame(effect)};
  statement.lock = target_lock(statement.command, effect);
  statement.range = range_of(statement);
  subjects.statement.push_back(statement);
  bool works = false;
  for (const CommandEffect& command : effect.commands) {
    if (work(effect, statement.statement(), command) == "none") continue;
    add_relation_subjects(statement, &command, subjects.relation);
    works = true;
  }
  if (!works) add_relation_subjects(statement, statement.command, subjects.relation);
  for (const HeldLock& held : statement.history().held) {
    Subject& subject = subjects.transaction.emplace_back(statement);
    subject.scope = Scope::transaction;
    subject.lock = &held.lock;
  }
}

}  // namespace pgsluice::findings

namespace pgsluice {

const std::vector<Vocabulary>& known_finding_facts() {
  static const std::vector<Vocabulary> k_vocabulary = [] {
    std::vector<Vocabulary> vocabulary;
    for (const findings::FactRow& row : findings::facts()) vocabulary.push_back({row.name, row.sentence});
    return vocabulary;
  }();
  return k_vocabulary;
}

}  // namespace pgsluice
