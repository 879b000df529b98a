// SPDX-License-Identifier: Apache-2.0
// What a command runs besides itself: bodies of DO, functions and procedures, triggers, rules, prepared statements. Their
// statements are predicted like any other and count for the one that started them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "effects/evaluate.hpp"
#include "effects/rows.hpp"
#include "effects/subject.hpp"
#include "pgsluice/code.hpp"

namespace pgsluice::effects {

/// A statement that code runs.
struct InnerStatement {
  std::shared_ptr<const Statement> statement;
  /// What a finding about it points at; none: its commands stand in the file where they say.
  std::optional<SourceRange> range;
  bool partly_known = false;  ///< parts of it that are not known are marked: see k_unknown_part
  std::string place;          ///< of the EXECUTE, in words
};

/// What following asks of the one who predicts.
struct Host {
  /// Predicts the statement, does to the catalog what it does, and follows what it runs in turn.
  std::function<void(const InnerStatement&)> run;
  /// Says what is not known, once.
  std::function<void(std::string)> assume;
  /// Says what nobody can foresee.
  std::function<void(const std::string&)> unseen;
  /// The code ends the transaction in which it runs.
  std::function<void()> ends_transaction;
  /// The relation is opened without being named in a statement, as when the type of its rows is looked up.
  std::function<void(const RelationName&, LockMode)> open;
  /// Whether a constraint that is deferrable waits; the other one is INITIALLY DEFERRED.
  std::function<bool(Name, bool)> is_deferred;
  bool in_transaction = false;
};

/// What the command itself has been found to do.
struct Done {
  std::vector<RelationLock> locks;
  std::vector<RelationName> index_builds;
  std::shared_ptr<const RowEffects> rows;  ///< nullptr: it writes none
};

class Follower {
 public:
  explicit Follower(Catalog& catalog) : catalog_(catalog) {}

  /// For the next statement of a script: nothing of it has been followed.
  void start(const Host* host, const SourceRange& range, bool check_function_bodies);
  /// All that the command runs, when its own work is done.
  void follow(const Command& command, const Done& done);
  /// What event triggers run for a statement. `rewrites`: it writes a table anew.
  void follow_event_triggers(const Statement& statement, bool rewrites, int pg_version);
  /// What a variable of the code that is running holds, or a parameter of a prepared statement, as far as a plan is made
  /// for it alone.
  [[nodiscard]] Value value_of_variable(const std::string& name) const;
  /// Before a command changes the catalog: whoever may have to go back keeps a copy.
  void before_change();

 private:
  struct Scope;
  struct Frame;
  enum class Flow { goes_on, leaves_loop, leaves_code };
  /// A trigger that has fired.
  struct WaitingTrigger {
    RelationName relation;
    CatalogTrigger trigger;
    std::string event;
  };

  // ---- follow.cpp: what there is to follow
  void follow_calls(std::span<const FunctionCall> calls);
  void follow_call(const FunctionCall& call);
  void follow_row_calls(FunctionCall call);
  [[nodiscard]] Variables arguments_of(const FunctionCall& call, const CatalogFunction& function,
                                       const std::vector<Text>& values) const;
  void follow_function(const CatalogFunction& function, Variables variables, const std::string& key);
  void follow_views(const std::vector<RelationLock>& locks);
  void follow_expressions(const Command& command);
  void follow_expression(const Box<Expression>& expression);
  void follow_rechecked(const Command& command);
  void follow_index(const IndexDef& index);
  void follow_analyzed(const std::vector<RelationLock>& locks);
  void follow_check(const Command& command);
  void follow_fetch(const Command& command);
  void follow_prepared(const Command& command, std::string_view tag);
  void follow_explained(const Command& command);
  void end_of_transaction(std::string_view kind);
  void follow_creation(const Box<CodeBlock>& code);
  void follow_setting(const FunctionCall& call);
  void open_types(const CodeBlock& code, const Body& body, bool with_result);
  void run(std::shared_ptr<const Statement> statement);
  bool spend();
  void run_all(std::vector<Statement> statements);
  void run_as(std::string_view tag, const std::vector<Statement>& statements);

  // ---- follow_builtins.cpp: what PostgreSQL itself opens and runs
  void follow_builtin(const FunctionCall& call);
  [[nodiscard]] static bool opens_relations(Name function);
  void open_rules(const Relation& relation);
  void open_policies(const Relation& relation);
  void run_query(const std::string& sql);
  void open_row_type(const TypeName& type);
  void open_row_types(const Command& command);
  void open_rows_of_view(const Relation& view);
  void open_columns(const RelationName& table, std::span<const Name> names);
  void open_indexed(const RelationName& table, const IndexDef& index);
  void open_read_columns(const Command& command, const Done& done);
  void follow_planned(std::span<const FunctionCall> calls);
  void follow_inlined(const CatalogFunction& function);

  // ---- follow_writes.cpp: triggers, rules and defaults
  void follow_writes(const Command& command, const RowEffects& rows);
  void follow_truncate(const std::vector<RelationLock>& locks);
  void follow_triggers(const Relation& relation, const RowEvent& event);
  void follow_trigger(const WaitingTrigger& fired);
  void follow_waiting();
  void follow_rules(const Relation& relation, std::string_view event, std::string_view tag);

  // ---- follow_body.cpp: one body
  void run_body(const Box<CodeBlock>& code, Variables variables, std::string where);
  Flow run_steps(const std::vector<CodeStep>& steps);
  Flow run_step(const CodeStep& step);
  Flow run_branch(const CodeStep& step);
  Flow run_loop(const CodeStep& step);
  Flow run_rounds(const CodeStep& step, const Text& rows);
  Flow run_scope(const CodeStep& step);
  Flow run_block(const CodeStep& step);
  Flow run_alternatives(std::size_t count, bool one_runs, const std::function<Flow(std::size_t)>& run);
  void run_statement(const CodeStep& step);
  void run_dynamic(const CodeStep& step);
  void run_text(const CodeStep& step, const std::string& sql);
  [[nodiscard]] Text value_of(const Text& text) const;
  void assign(const Names& targets, const Text& value);
  void forget(const std::vector<CodeStep>& steps);

  /// What is not known: it may have done anything to the catalog.
  void opaque(const std::string& what);
  /// What is not followed, and may lock anything.
  void unseen(const std::string& what);
  [[nodiscard]] std::string place_of(const CodeStep& step) const;
  [[nodiscard]] std::shared_ptr<const Body> body_of(const Box<CodeBlock>& code);

  Catalog& catalog_;
  const Host* host_ = nullptr;
  SourceRange range_;  ///< of the statement of the script
  bool check_function_bodies_ = true;
  std::vector<Frame*> frames_;  ///< of the code that is running, innermost last
  std::vector<Scope*> scopes_;
  std::vector<std::string> active_;          ///< what is being followed, to see recursion
  std::set<std::string, std::less<>> done_;  ///< what has been followed for this statement
  std::map<std::string, std::shared_ptr<const std::vector<Statement>>, std::less<>> prepared_;
  std::map<std::string, int, std::less<>> executions_;  ///< of prepared statements
  Variables parameters_;                                ///< of the one that is running
  bool generic_plans_ = false;                          ///< SET plan_cache_mode
  int long_loops_ = 0;                                  ///< that are running, inside each other
  /// Cursors that have been declared: the functions that they call, and their locks.
  std::map<std::string, std::pair<std::vector<FunctionCall>, std::vector<RelationLock>>, std::less<>>
      cursors_;
  std::vector<WaitingTrigger> waiting_;  ///< deferred
  Names transition_tables_;              ///< of the trigger that is running
  std::map<const CodeBlock*, std::pair<Box<CodeBlock>, std::shared_ptr<const Body>>> bodies_;
  int budget_ = 20'000;  ///< steps of code that are still followed in this script
};

}  // namespace pgsluice::effects
