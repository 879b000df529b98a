// SPDX-License-Identifier: Apache-2.0
// Walks a script with the state of its transactions: each command picks its row, roles become
// relations, and the catalog moves on.
#include <algorithm>
#include <array>
#include <functional>
#include <unordered_set>
#include <utility>

#include "base/text.hpp"
#include "bind.hpp"
#include "catalog/builtins.hpp"
#include "code_scans.hpp"
#include "deferral.hpp"
#include "few_rows.hpp"
#include "follow.hpp"
#include "foreseeable.hpp"
#include "grammar.hpp"
#include "made_here.hpp"
#include "merge.hpp"
#include "parts.hpp"
#include "refusal.hpp"
#include "select_row.hpp"
#include "settings.hpp"
#include "subject.hpp"
#include "unique.hpp"

namespace pgsluice {

namespace {

using effects::Member;
using effects::Part;
using effects::Parts;
using effects::Subject;

template <typename T>
void add_unique(std::vector<T>& list, const T& value) {
  if (std::ranges::find(list, value) == list.end()) list.push_back(value);
}

bool starts_transaction(const Statement& statement) {
  if (statement.tag != "TransactionStmt") return false;
  const std::string_view kind = statement.commands.front().text("kind");
  return kind == "BEGIN" || kind == "START";
}

/// Whether statements run that we do not see: of a command that no row knows, or of an extension's script. Functions are
/// followed: see follow.hpp.
bool runs_unseen_code(const Command& command, const EffectRow* row) {
  return row == nullptr ||
         (command.tag == "CreateExtensionStmt" && bundled_extension(command.name) == nullptr);
}

/// Commands of which following must know before the catalog changes.
bool changes_catalog(std::string_view tag) {
  return !effects::is_neutral(tag) && !effects::is_dml(tag);
}

/// Where the first thing stands in the file that psql would do; npos: there is none.
std::size_t first_meta_command(const Script& script) {
  const auto meta = std::ranges::find(script.client_commands, "meta-command", &ClientCommand::kind);
  return meta == script.client_commands.end() ? std::string::npos : meta->range.begin;
}

/// Where the catalog must be marked, because a ROLLBACK that follows goes back to it.
struct Keeps {
  bool at_start = false;  ///< of the file
  std::vector<bool> at;   ///< by statement

  explicit Keeps(const Statements& statements) : at(statements.size()) {
    bool transaction = false;  // is rolled back
    bool savepoint = false;    // may be gone back to
    for (std::size_t i = statements.size(); i-- > 0;) {
      if (statements[i].tag != "TransactionStmt") continue;
      const Command& command = statements[i].commands.front();
      const std::string_view kind = command.text("kind");
      if (kind == "BEGIN" || kind == "START") at[i] = transaction;
      if (kind == "SAVEPOINT") at[i] = savepoint;
      if (kind == "ROLLBACK TO") transaction = savepoint = true;
      if (kind == "COMMIT" || kind == "ROLLBACK" || kind == "PREPARE TRANSACTION") {
        at[i] = command.is("chain") && transaction;
        transaction = kind == "ROLLBACK";
        savepoint = false;
      }
    }
    at_start = transaction;
  }
};

/// tablecmds.c AlterTablePass: what is dropped goes first, then types change, then columns and constraints come.
int pass(const Command& command) {
  const std::string_view tag = command.tag;
  if (tag.starts_with("AT_Drop") || command.is("drop_default")) return 0;
  if (tag == "AT_AlterColumnType") return 1;
  if (tag == "AT_SetExpression") return 2;
  if (tag == "AT_AddColumn") return 3;
  if (tag == "AT_SetNotNull") return 5;
  if (tag != "AT_AddConstraint") return tag == "AT_AddIdentity" || tag == "AT_ColumnDefault" ? 7 : 8;
  const std::string_view contype = command.text("contype");
  if (contype == "CONSTR_CHECK" || contype == "CONSTR_NOTNULL") return 4;
  return contype == "CONSTR_FOREIGN" ? 7 : 6;
}

}  // namespace

class Prediction::Walk {
 public:
  Walk(const Script& script, Catalog& catalog, const EffectTable& table, const PredictOptions& options)
      : script_(script),
        catalog_(catalog),
        table_(table),
        options_(options),
        meta_command_(first_meta_command(script)),
        keeps_(script.statements),
        follower_(catalog) {
    settings_.start(catalog);
    catalog_.begin_file(options.has_begun);
    constexpr int releases = 10'000;
    if (options.pg_version != 0 && catalog_.server_version_num / releases != options.pg_version)
      catalog_.server_version_num = options.pg_version * releases;
    for (const Statement& statement : script.statements) {
      if (starts_transaction(statement)) starts_.push_back(statement.range.begin);
    }
    blocks_ = blocks_of(script, options.transaction);
    enter(blocks_.front());
  }

  std::optional<Effect> next() {
    const bool at_end = next_ == script_.statements.size();
    lose_track_before(at_end ? script_.source.text.size() : script_.statements[next_].range.begin);
    if (at_end) {
      end(false);
      return std::nullopt;
    }
    turn_to(script_.statements[next_].range.begin);
    return statement(next_++);
  }

 private:
  /// How the file's statements are grouped, from its first byte on.
  static std::vector<Reading::Block> blocks_of(const Script& script,
                                               const std::optional<FileTransaction>& directive) {
    const bool by_tool = !directive && script.source.reading && !script.source.reading->blocks.empty();
    std::vector<Reading::Block> blocks;
    if (by_tool) blocks = script.source.reading->blocks;
    if (!by_tool)
      blocks.push_back(
          {.range = {0, script.source.text.size()}, .transaction = directive.value_or(FileTransaction::one)});
    const auto pieces_before = [&script](std::size_t place) {
      return std::ranges::lower_bound(script.pieces, place, {}, &SourceRange::begin);
    };
    for (Reading::Block& block : blocks) {
      if (block.transaction != FileTransaction::message) continue;
      const auto pieces = pieces_before(block.range.end) - pieces_before(block.range.begin);
      block.transaction = pieces > 1 ? FileTransaction::one : FileTransaction::none;
    }
    return blocks;
  }

  /// A block that starts transactions itself gets none around it.
  void enter(const Reading::Block& block) {
    if (block.transaction != FileTransaction::one) return;
    const auto own = std::ranges::lower_bound(starts_, block.range.begin);
    if (own == starts_.end() || *own >= block.range.end) begin(keeps_.at_start);
  }

  void turn_to(std::size_t place) {
    if (place < blocks_[block_].range.end || block_ + 1 == blocks_.size()) return;
    if (transaction_) end(false);
    while (block_ + 1 < blocks_.size() && blocks_[block_].range.end <= place) ++block_;
    if (blocks_[block_].is_migration) {
      catalog_.begin_file();
      made_here_ = {};
    }
    enter(blocks_[block_]);
  }

  struct Savepoint {
    std::string name;  ///< empty: the start of the transaction
    Catalog::Mark mark;
    effects::Settings settings;
  };

  /// What we could not read may have done anything to what comes after it.
  void lose_track_before(std::size_t place) {
    const bool error = !script_.errors.empty() && script_.errors.front().statement.begin < place;
    if (lost_track_ || (!error && meta_command_ >= place)) return;
    lost_track_ = true;
    catalog_.lose_track();
  }

  void begin(bool keep) {
    if (transaction_) return;
    transaction_ = next_transaction_++;
    if (keep) savepoints_.push_back({.name = {}, .mark = catalog_.mark(), .settings = settings_});
  }

  void end(bool roll_back) {
    if (roll_back && !savepoints_.empty()) catalog_.roll_back(savepoints_.front().mark);
    transaction_.reset();
    savepoints_.clear();
    new_values_.clear();
    deferral_.clear();
    catalog_.end_transaction();
    settings_.end_transaction(roll_back);
    use_settings();
  }

  /// BEGIN belongs to the transaction that it starts, COMMIT to the one that it ends.
  void transaction_statement(const Command& command, Effect& effect) {
    const std::string_view kind = command.text("kind");
    const bool keep = keeps_.at[effect.statement];
    if (kind == "BEGIN" || kind == "START") begin(keep);
    effect.transaction = transaction_;
    if (kind == "COMMIT" || kind == "ROLLBACK" || kind == "PREPARE TRANSACTION") {
      if (kind != "ROLLBACK") due_ = deferral_.take();
      end(kind == "ROLLBACK");
      if (command.is("chain")) begin(keep);
    }
    if (!transaction_) return;
    if (kind == "SAVEPOINT" && keep)
      savepoints_.push_back({.name = command.name, .mark = catalog_.mark(), .settings = settings_});
    if (kind == "ROLLBACK TO") {
      while (savepoints_.size() > 1 && savepoints_.back().name != command.name) savepoints_.pop_back();
      if (savepoints_.empty()) return;
      catalog_.roll_back(savepoints_.back().mark);
      settings_ = savepoints_.back().settings;
      use_settings();
    }
  }

  void use_settings() {
    catalog_.search_path = settings_.search_path();
    catalog_.timezone = settings_.timezone();
    catalog_.role = settings_.role();
    catalog_.new_tablespace = settings_.tablespace();
    catalog_.default_access_method = settings_.access_method();
    catalog_.is_replica = settings_.is_replica();
  }

  /// The order in which PostgreSQL runs the sub-commands of an ALTER TABLE, without those that it leaves out.
  [[nodiscard]] std::vector<std::size_t> order(const Statement& statement) const {
    if (statement.commands.size() == 1) return {0};
    std::vector<std::size_t> indexes;
    indexes.reserve(statement.commands.size());
    const std::unordered_set<Name> present = columns_already_there(statement);
    for (std::size_t i = 0; i < statement.commands.size(); ++i) {
      if (!is_left_out(statement.commands[i], present)) indexes.push_back(i);
    }
    if (statement.tag == "AlterTableStmt") {
      std::ranges::stable_sort(indexes, {}, [&](std::size_t i) { return pass(statement.commands[i]); });
    }
    return indexes;
  }

  /// What ADD COLUMN IF NOT EXISTS finds in its table.
  [[nodiscard]] std::unordered_set<Name> columns_already_there(const Statement& statement) const {
    std::unordered_set<Name> present;
    for (const Command& added : statement.commands) {
      if (added.tag != "AT_AddColumn" || !added.is("missing_ok")) continue;
      const Subject subject(added, catalog_, options_.pg_version);
      if (subject.target != nullptr && subject.target->column(added.name) != nullptr)
        present.insert(added.name);
    }
    return present;
  }

  /// Constraints of a column that is there already. Up to 12 they were added all the same.
  [[nodiscard]] bool is_left_out(const Command& constraint, const std::unordered_set<Name>& present) const {
    if (present.empty() || options_.pg_version < 13) return false;
    if (!constraint.is("inline") || constraint.constraints.empty()) return false;
    return std::ranges::any_of(constraint.constraints.front().columns,
                               [&](Name column) { return present.contains(column); });
  }

  Effect statement(std::size_t index) {
    const Statement& statement = script_.statements[index];
    Effect effect{
        .statement = index, .transaction = transaction_, .lock_timeout_ms = settings_.lock_timeout()};
    if (statement.tag == "TransactionStmt") transaction_statement(statement.commands.front(), effect);
    effect.in_transaction_block = transaction_.has_value();
    assumed_ = {};
    effect.commands.reserve(statement.commands.size());
    // The elements of CREATE SCHEMA are looked for and made in that schema first.
    const bool in_schema = statement.tag == "CreateSchemaStmt";
    if (in_schema) catalog_.search_path.insert(catalog_.search_path.begin(), statement.commands.front().name);
    effect.refusal = new_values_.refusal(script_.text(statement.range), statement, catalog_);
    effects::Host host = make_host(effect);
    follower_.start(&host, statement.range, settings_.check_function_bodies());
    commands(statement, effect);
    // A type has its full name when it is there.
    if (transaction_) new_values_.note(statement, catalog_, options_.pg_version);
    note_placeholders(statement, effect);
    std::ranges::stable_sort(effect.commands, {}, [](const CommandEffect& command) {
      return std::pair(command.inner != nullptr, command.inner != nullptr ? 0 : command.command);
    });
    effects::merge(effect);
    if (in_schema) use_settings();
    if (!transaction_) {
      catalog_.end_transaction();
      settings_.end_transaction(false);
      use_settings();
    }
    if (!effect.refusal.empty()) effect.outcome = Outcome::error;
    effects::classify(statement, effect);
    return effect;
  }

  /// What a tool would fill in, and nobody has told us.
  void note_placeholders(const Statement& statement, Effect& effect) {
    for (const Reading::Placeholder& one : script_.source.placeholders(statement.range)) {
      if (one.in_string) continue;
      assume(effect, cat("what ", one.name, " stands for is not known"));
      if (!one.is_clause) continue;
      effect.unmodeled = true;
      if (effect.unseen.empty()) effect.unseen = cat("what ", one.name, " stands for");
    }
  }

  /// The commands of a statement of the script, or of one inside code, in the order in which they run.
  void commands(const Statement& statement, Effect& effect) {
    if (statement.tag == "CreateSchemaStmt" || !outcome_is_certain(statement, effect)) {
      for (const std::size_t i : order(statement)) command(statement, i, effect);
      effects::raise_alter_table(statement, effect);
      const bool rewrites = std::ranges::any_of(
          effect.commands, [](const CommandEffect& command) { return !command.rewrites.empty(); });
      follower_.follow_event_triggers(statement, rewrites, options_.pg_version);
    } else if (statement.tag == "CreateTableAsStmt" && effect.outcome == Outcome::skipped) {
      analyse_only(statement.commands.front(), effect);
    }
    if (statement.tag == "VariableSetStmt" || statement.tag == "DiscardStmt") {
      settings_.set(statement.commands.front(), transaction_.has_value() || inside_ > 0);
      use_settings();
    }
  }

  /// pg: createas.c ExecCreateTableAs() finds that the relation is there when the query has been analysed.
  void analyse_only(const Command& command, Effect& effect) {
    Subject subject(command, catalog_, options_.pg_version);
    std::vector<std::string> assumed;
    CommandEffect result{.row = effects::select_row(table_, subject, assumed), .command = 0};
    Parts parts;
    for (const Member& member : effects::find_role("direct_sources")->members(subject))
      parts.locks.push_back({.member = member, .mode = LockMode::AccessShare, .role = "direct_sources"});
    effects::note_new(parts, catalog_);
    finish(parts, result, effect);
    effect.commands.push_back(std::move(result));
  }

  effects::Host make_host(Effect& effect) {
    return {
        .run = [this, &effect](const effects::InnerStatement& inner) { run_inner(inner, effect); },
        .assume = [this, &effect](std::string text) { assume(effect, std::move(text)); },
        .unseen =
            [&effect](const std::string& what) {
              effect.unmodeled = true;
              if (effect.unseen.empty()) effect.unseen = what;
            },
        .ends_transaction = [&effect] { effect.needs_no_transaction = true; },
        .open = [this, &effect](const RelationName& name, LockMode mode) { open(name, mode, effect); },
        .is_deferred = [this](Name constraint,
                              bool initdeferred) { return deferral_.is_deferred(constraint, initdeferred); },
        .in_transaction = transaction_.has_value()};
  }

  /// Code that the first command runs has the relation opened, without naming it in a statement.
  void open(const RelationName& name, LockMode mode, Effect& effect) {
    const Relation* relation = catalog_.find(name);
    if (relation == nullptr || effect.commands.empty()) return;
    effects::RelationPlaces places;
    effects::add_lock(effect.commands.front().locks, places,
                      {.relation = name,
                       .relkind = relation->relkind,
                       .mode = mode,
                       .role = "row_type",
                       .is_new = relation->is_new});
  }

  /// A statement that code runs counts for the statement `outer` of the script.
  void run_inner(const effects::InnerStatement& inner, Effect& outer) {
    Effect effect{.statement = outer.statement, .transaction = outer.transaction};
    std::swap(effect.assumed, outer.assumed);
    ++inside_;
    const bool partly_known = std::exchange(partly_known_, inner.partly_known);
    commands(*inner.statement, effect);
    if (effects::counts_code_scans(script_.statements[outer.statement].tag))
      effects::add_code_scans(*inner.statement, catalog_, effect.commands);
    partly_known_ = partly_known;
    --inside_;
    std::swap(effect.assumed, outer.assumed);
    if (std::exchange(left_out_, false)) {
      assume(outer, cat(inner.place, ": ", effects::k_unknown_relation));
    }
    for (CommandEffect& result : effect.commands) {
      if (result.inner == nullptr) {
        result.inner = inner.statement;
        result.range = inner.range.value_or(inner.statement->commands[result.command].range);
      }
      outer.commands.push_back(std::move(result));
    }
    outer.needs_no_transaction = outer.needs_no_transaction || effect.needs_no_transaction;
    outer.unmodeled = outer.unmodeled || effect.unmodeled;
    if (effect.unmodeled && outer.unseen.empty()) {
      outer.unseen = cat("no row describes ", inner.statement->tag, ", which it runs");
    }
    outer.destroys_data = outer.destroys_data || effect.destroys_data;
    outer.breaks = std::max(outer.breaks, effect.breaks);
  }

  /// Of a statement whose shape alone is known: nobody can say what the relation is.
  bool is_left_out(const RelationName& name) {
    const bool left_out = partly_known_ && is_unknown(name);
    left_out_ = left_out_ || left_out;
    return left_out;
  }

  static bool is_unknown(const RelationName& name) {
    return name.relname.find(effects::k_unknown_part) != std::string::npos ||
           name.schemaname.find(effects::k_unknown_part) != std::string::npos;
  }

  /// Does to the catalog what the command does to the database.
  void apply(const Command& command, const EffectRow* row) {
    if (changes_catalog(command.tag)) follower_.before_change();
    const bool unknown = partly_known_ && std::ranges::any_of(command.relations, [](const RelationRef& ref) {
                           return is_unknown(ref.name);
                         });
    if (!unknown) catalog_.apply(command);
    if (unknown || runs_unseen_code(command, row)) catalog_.lose_track();
  }

  /// PostgreSQL refuses tables of more columns (htup_details.h MaxHeapAttributeNumber) and indexes of more keys
  /// (pg_config_manual.h INDEX_MAX_KEYS). A statement of hundreds of thousands need not be followed.
  static bool exceeds_limits(const Statement& statement) {
    constexpr std::size_t most_columns = 1600;
    constexpr std::size_t most_keys = 32;
    const Command& first = statement.commands.front();
    if (first.columns.size() > most_columns) return true;
    if (first.index && first.index->elements.size() > most_keys) return true;
    if (statement.tag != "AlterTableStmt" || statement.commands.size() <= most_columns) return false;
    const auto adds = std::ranges::count_if(statement.commands, [](const Command& command) {
      return command.tag == "AT_AddColumn" && !command.is("missing_ok");
    });
    return static_cast<std::size_t>(adds) > most_columns;
  }

  /// IF [NOT] EXISTS and plain errors, where the catalog proves what happens.
  bool outcome_is_certain(const Statement& statement, Effect& effect) const {
    if (statement.commands.empty()) return true;
    const auto is_too_new = [this](const Command& command) {
      return effects::is_too_new(command, options_.pg_version);
    };
    if (exceeds_limits(statement) || std::ranges::any_of(statement.commands, is_too_new)) {
      const std::string version = std::to_string(options_.pg_version);
      refuse(effect, exceeds_limits(statement) ? "a table has at most 1600 columns, an index at most 32"
                                               : cat("PostgreSQL ", version, " does not know it"));
      return true;
    }
    const Command& first = statement.commands.front();
    const RelationRef* target = first.relation("target");
    if (target == nullptr) return false;
    if (makes_target(statement)) {
      if (first.is("replace") || catalog_.find(creation_name(target->name)) == nullptr) return false;
      if (first.is("if_not_exists")) {  // who says so may have found it, too
        skip(effect, statement);
      } else {
        const RelationName made = catalog_.resolve(creation_name(target->name));
        catalog_.note_made_before(made);
        refuse(effect, cat(made.quoted(), " exists already"));
      }
      return true;
    }
    const auto missing = [this](const Command& command) { return is_target_missing(command); };
    const auto absent = std::ranges::find_if(statement.commands, [&](const Command& command) {
      return missing(command) && !effects::takes_absence(command);
    });
    if (absent != statement.commands.end()) {
      refuse(effect, cat(catalog_.resolve(absent->relation("target")->name).quoted(), " does not exist"));
    } else if (std::ranges::all_of(statement.commands, missing)) {
      skip(effect, statement);
    }
    return effect.outcome != Outcome::runs;
  }

  /// CONCURRENTLY is refused in a transaction block before the server looks whether there is something to do.
  static void skip(Effect& effect, const Statement& statement) {
    effect.outcome = Outcome::skipped;
    effect.needs_no_transaction = std::ranges::any_of(statement.commands, [](const Command& command) {
      return command.is("concurrent") && command.tag != "RefreshMatViewStmt";
    });
  }

  static void refuse(Effect& effect, std::string why) {
    effect.outcome = Outcome::error;
    if (effect.refusal.empty()) effect.refusal = std::move(why);
  }

  /// Its target is what it makes.
  static bool makes_target(const Statement& statement) {
    static constexpr std::array<std::string_view, 7> k_makers = {
        "CreateStmt", "CreateForeignTableStmt", "CreateTableAsStmt", "CreateSeqStmt",
        "ViewStmt",   "CompositeTypeStmt",      "SelectStmt"};
    return std::ranges::find(k_makers, statement.tag) != k_makers.end();
  }

  [[nodiscard]] bool is_target_missing(const Command& command) const {
    const RelationRef* target = command.relation("target");
    return target != nullptr && catalog_.is_missing(target->name);
  }

  /// CREATE makes its relation in the first schema of search_path, wherever else the name occurs.
  [[nodiscard]] RelationName creation_name(const RelationName& name) const {
    if (!name.schemaname.empty() || catalog_.search_path.empty()) return name;
    return {.schemaname = catalog_.search_path.front(), .relname = name.relname};
  }

  /// What is made is not what the name would find, when that stands in another schema of search_path.
  void command(const Statement& statement, std::size_t index, Effect& effect) {
    const Command& written = statement.commands[index];
    const RelationRef* target = written.relation("target");
    const bool makes = target != nullptr && makes_target(statement);
    const Relation* found = makes ? catalog_.find(target->name) : nullptr;
    if (found == nullptr || found->name == catalog_.resolve(creation_name(target->name))) {
      return run(written, index, effect);
    }
    Command qualified = written;
    for (RelationRef& ref : qualified.relations) {
      if (ref.role == "target") ref.name = creation_name(ref.name);
    }
    run(qualified, index, effect);
  }

  void run(const Command& written, std::size_t index, Effect& effect) {
    const std::optional<Command> bound = effects::bound_command(
        written, [this](const std::string& name) { return follower_.value_of_variable(name); });
    const Command& command = bound ? *bound : written;
    CommandEffect result{.row = nullptr, .command = index};
    Subject subject(command, catalog_, options_.pg_version);
    subject.key_queries = &key_queries_;
    if (is_target_missing(command) && effects::takes_absence(command))
      return;  // others of the list are there
    std::vector<std::string> assumed;
    result.row = effects::select_row(table_, subject, assumed);
    if (effects::is_skipped(subject)) {
      assumed = {subject.target_name().quoted() + " does not exist: no file before creates it"};
    }
    for (std::string& text : assumed) assume(effect, std::move(text));
    if (const std::string_view text = effects::type_change_assumption(subject); !text.empty()) {
      assume(effect, std::string(text));
    }
    Parts parts =
        result.row != nullptr ? effects::parts_of(*result.row, subject) : effects::worst_parts(subject);
    add_deferrable(subject, parts);
    const bool on_new =
        (subject.target != nullptr && subject.target->is_new) || made_here_.has(command, catalog_);
    // Code may go round it, or find it made.
    if (inside_ == 0) made_here_.note(command, catalog_);
    if (inside_ == 0 && result.row != nullptr) {
      if (effect.refusal.empty()) effect.refusal = effects::refusal(subject);
      result.few_rows = effects::has_few_rows(subject);
    }
    effects::note_new(parts, catalog_);
    static_cast<void>(catalog_.take_created());
    apply(command, result.row);
    effects::remember_rows(subject, catalog_, key_queries_);
    effects::remember_rewrites(parts, command, catalog_);
    effects::add_created(parts, result.row, catalog_);
    effects::note_new(parts, catalog_, true);
    if (std::ranges::any_of(parts.locks, [](const Part& part) { return !part.member.known; })) {
      catalog_.note_gap();
    }
    finish(parts, result, effect);
    if (result.row == nullptr) {
      effect.unmodeled = true;
    } else {
      if (result.row->transaction == TransactionNeed::forbidden) effect.needs_no_transaction = true;
      if (!on_new) effect.breaks = std::max(effect.breaks, result.row->breaks);
      if (!on_new && result.row->destroys_data) effect.destroys_data = true;
    }
    const effects::Done done{
        .locks = result.locks, .index_builds = result.index_builds, .rows = subject.rows};
    effect.commands.push_back(std::move(result));
    follower_.follow(command, done);
  }

  /// Checks that a constraint allows to wait, and those that have waited and are due.
  void add_deferrable(const Subject& subject, Parts& parts) {
    std::vector<effects::DeferrableLock> due;
    if (subject.rows != nullptr) {
      for (const effects::DeferrableLock& lock : subject.rows->deferrable) {
        if (transaction_ && deferral_.is_deferred(lock.constraint, lock.initdeferred)) {
          deferral_.keep(lock);
        } else {
          due.push_back(lock);
        }
      }
    }
    if (subject.command.tag == "ConstraintsSetStmt") due = deferral_.set(subject.command);
    if (subject.command.tag == "TransactionStmt") due = std::exchange(due_, {});
    for (const effects::DeferrableLock& lock : due) {
      parts.locks.push_back({.member = lock.member, .mode = lock.mode, .role = "looked_up"});
    }
  }

  void assume(Effect& effect, std::string text) {
    if (assumed_.find(effect.assumed, text, std::identity()) == effect.assumed.size()) {
      effect.assumed.push_back(std::move(text));
    }
  }

  void finish(const Parts& parts, CommandEffect& result, Effect& effect) {
    effects::RelationPlaces places;
    result.locks.reserve(parts.locks.size());
    for (const Part& part : parts.locks) {
      const Member& member = part.member;
      if (is_left_out(member.name)) continue;
      if (!member.known && member.relkind == relkind::table) {
        assume(effect, member.name.quoted() + " is an ordinary table");
      }
      effects::add_lock(result.locks, places,
                        {.relation = member.name,
                         .relkind = member.relkind,
                         .mode = part.mode,
                         .role = part.role,
                         .is_new = part.is_new || part.role == "new_index",
                         .is_fresh = part.is_fresh,
                         .is_known = member.known,
                         .size = size_of(part)});
    }
    for (const Part& part : parts.rewrites) {
      if (!part.is_new && !is_left_out(part.member.name)) add_unique(result.rewrites, part.member.name);
    }
    for (const Part& part : parts.scans) {
      if (!part.is_new && !is_left_out(part.member.name)) add_unique(result.scans, part.member.name);
    }
    for (const Part& part : parts.index_builds) {
      if (!part.table_is_new && !is_left_out(part.member.name))
        add_unique(result.index_builds, part.member.name);
    }
  }

  [[nodiscard]] TableSize size_of(const Part& part) const {
    const auto& [rows, bytes] = part.size;
    if (!bytes) return TableSize::unknown;
    // A table that nobody has analysed yet has no number of rows.
    const bool few = !rows || *rows < 0 || *rows <= options_.small_rows;
    return few && *bytes <= options_.small_bytes ? TableSize::small : TableSize::large;
  }

  const Script& script_;
  Catalog& catalog_;
  const EffectTable& table_;
  const PredictOptions options_;
  std::size_t next_ = 0;
  std::size_t meta_command_;  ///< where the first one stands
  Keeps keeps_;
  std::vector<std::size_t> starts_;  ///< where a BEGIN stands
  std::vector<Reading::Block> blocks_;
  std::size_t block_ = 0;    ///< the one that the next statement is in
  bool lost_track_ = false;  ///< something of the file could not be read
  std::optional<int> transaction_;
  int next_transaction_ = 0;
  effects::Places<std::string, std::hash<std::string>> assumed_;  ///< of the statement's effect
  std::vector<Savepoint> savepoints_;
  effects::Settings settings_;
  effects::Deferral deferral_;
  effects::KeyQueries key_queries_;
  effects::NewEnumValues new_values_;
  std::vector<effects::DeferrableLock> due_;  ///< at the COMMIT at hand
  effects::MadeHere made_here_;
  effects::Follower follower_;
  int inside_ = 0;             ///< so many statements of code
  bool left_out_ = false;      ///< a relation that is not known
  bool partly_known_ = false;  ///< of the statement that EXECUTE runs only the shape is known
};

Prediction::Prediction(const Script& script, Catalog& catalog, const EffectTable& table,
                       const PredictOptions& options)
    : walk_(std::make_unique<Walk>(script, catalog, table, options)) {}
Prediction::Prediction(Prediction&&) noexcept = default;
Prediction& Prediction::operator=(Prediction&&) noexcept = default;
Prediction::~Prediction() = default;

std::optional<Effect> Prediction::next() {
  return walk_->next();
}

std::vector<Effect> predict(const Script& script, Catalog& catalog, const EffectTable& table,
                            const PredictOptions& options) {
  std::vector<Effect> effects;
  effects.reserve(script.statements.size());
  Prediction prediction(script, catalog, table, options);
  while (std::optional<Effect> effect = prediction.next()) effects.push_back(std::move(*effect));
  return effects;
}

}  // namespace pgsluice
