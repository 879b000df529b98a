// SPDX-License-Identifier: Apache-2.0
#include "effects/follow.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "catalog/builtins.hpp"
#include "effects/follow_scope.hpp"

namespace pgsluice::effects {

namespace {

constexpr std::size_t k_max_depth = 20;    // of calls in calls
constexpr int k_steps_per_statement = 50;  // more than the script has left

bool is_query(std::string_view tag) {
  return tag == "SelectStmt" || tag == "InsertStmt" || tag == "UpdateStmt" || tag == "DeleteStmt" ||
         tag == "MergeStmt";
}

bool runs_its_query(const Command& command) {
  const std::string_view tag = command.tag;
  if (tag == "CreateTableAsStmt") return !command.is("skipData");
  return is_query(tag) || tag == "CallStmt" || tag == "ExecuteStmt" || tag == "DeclareCursorStmt" ||
         tag == "CopyStmt";
}

/// Rows that are there already are run through the expressions of these.
bool computes_rows(const Command& command) {
  const std::string_view tag = command.tag;
  return tag == "AT_AddColumn" || tag == "AT_AlterColumnType" || tag == "IndexStmt" ||
         (tag == "AT_AddConstraint" && !command.is("skip_validation"));
}

/// Languages whose functions do what the server does by itself.
bool is_native(const Name language) {
  return language == "c" || language == "internal";
}

void append_key(std::string& key, const Text& text) {
  key += static_cast<char>('a' + static_cast<int>(text.kind));
  key += text.value;
  for (const Text& part : text.parts) append_key(key, part);
  key += '\n';
}

}  // namespace

void Follower::start(const Host* host, const SourceRange& range, bool check_function_bodies) {
  budget_ += k_steps_per_statement;
  host_ = host;
  range_ = range;
  check_function_bodies_ = check_function_bodies;
  done_.clear();
}

void Follower::follow(const Command& command, const std::vector<RelationLock>& locks) {
  if (command.tag == "DoStmt" && command.code) return run_body(command.code, {}, "DO");
  if (command.tag == "PrepareStmt" && command.inner) {
    prepared_[command.name.str()] = std::make_shared<const std::vector<Statement>>(*command.inner);
  }
  if (command.tag == "ExplainStmt" && command.is("analyze")) run_all(command.inner);
  if (command.tag == "CreateFunctionStmt" && command.code) follow_creation(command.code);
  if (command.tag == "CallStmt" && !command.functions.empty()) {
    const FunctionCall& call = command.functions.front();
    if (catalog_.functions(call).empty())
      unseen(cat("what ", RelationName{call.schemaname, call.name}.quoted(), "() does is not known"));
  }
  if (runs_its_query(command)) {
    follow_calls(command.functions);
    follow_views(locks);
    follow_writes(command);
  }
  if (command.tag == "TruncateStmt") follow_writes(command);
  if (command.tag == "RefreshMatViewStmt") follow_views(locks);
  if (command.tag == "ExecuteStmt") follow_prepared(command);
  if (computes_rows(command)) follow_expressions(command);
}

void Follower::run(const std::shared_ptr<const Statement>& statement) {
  if (!spend()) return;
  InnerStatement inner{.statement = statement, .range = range_};
  if (!frames_.empty() && frames_.back()->dynamic) {
    inner.partly_known = frames_.back()->partly_known;
    inner.place = frames_.back()->place;
  }
  if (!frames_.empty() && frames_.front()->in_place) {
    inner.range = frames_.front()->step;
    if (frames_.size() == 1 && !frames_.front()->dynamic) inner.range.reset();
  }
  host_->run(inner);
}

/// One step more; false: there have been too many.
bool Follower::spend() {
  if (budget_ == 0) {
    unseen("there is more code than is followed");
    return false;
  }
  --budget_;
  return true;
}

void Follower::run_all(const Box<std::vector<Statement>>& statements) {
  if (!statements) return;
  const auto owner = std::make_shared<const Box<std::vector<Statement>>>(statements);
  for (const Statement& statement : **owner) run(std::shared_ptr<const Statement>(owner, &statement));
}

void Follower::opaque(const std::string& what) {
  host_->assume(what);
  catalog_.lose_track();
}

void Follower::unseen(const std::string& what) {
  host_->unseen(what);
  opaque(what);
}

// ---- calls --------------------------------------------------------------------------------------------------------

void Follower::follow_calls(const std::vector<FunctionCall>& calls) {
  for (const FunctionCall& call : calls) follow_call(call);
}

void Follower::follow_call(const FunctionCall& call) {
  const std::vector<const CatalogFunction*> found = catalog_.functions(call);
  if (found.empty()) {
    const bool builtin = call.schemaname.empty() && is_builtin_function(call.name);
    if (!builtin)
      opaque(cat("what ", RelationName{call.schemaname, call.name}.quoted(), "() does is not known"));
    return;
  }
  Variables variables;
  std::string key = cat("function ", found.front()->name.quoted());
  static const Variables k_none;
  const Variables& outer = frames_.empty() ? k_none : frames_.back()->variables;
  std::vector<Text> values;
  if (call.texts) {
    for (const Text& text : *call.texts) values.push_back(evaluate(text, outer));
    for (const Text& value : values) append_key(key, value);
  }
  const std::vector<CatalogFunction> functions = [&] {  // copies: code may drop what it is
    std::vector<CatalogFunction> copies;
    for (const CatalogFunction* function : found) copies.push_back(*function);
    return copies;
  }();
  for (const CatalogFunction& function : functions) {
    Variables arguments;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Text& text = (*call.texts)[i];
      if (text.kind == Text::Kind::call && text.value.starts_with("=>")) {
        arguments[text.value.substr(2)] = evaluate(text.parts.front(), outer);
        continue;
      }
      arguments["$" + std::to_string(i + 1)] = values[i];
      const bool named = function.code && i < function.code->parameters.size();
      if (named && !function.code->parameters[i].empty())
        arguments[function.code->parameters[i].str()] = values[i];
    }
    follow_function(function, std::move(arguments), key + std::to_string(&function - functions.data()));
  }
}

/// set_config(name, value, is_local) is SET.
void Follower::follow_setting(const FunctionCall& call) {
  if (!call.texts || call.texts->size() != 3) return;
  std::vector<Text> values;
  for (const Text& text : *call.texts) {
    values.push_back(evaluate(text, frames_.empty() ? Variables() : frames_.back()->variables));
    if (values.back().kind != Text::Kind::constant) return;
  }
  Command command{.tag = "VariableSetStmt", .range = range_, .facts = {}, .relations = {}};
  command.facts = {{.name = "kind", .value = std::string_view("VAR_SET_VALUE")},
                   {.name = "is_local", .value = truth(values[2]) == true}};
  command.name = to_lower(values[0].value);
  command.new_name = values[1].value;
  run(std::make_shared<const Statement>(
      Statement{.tag = "VariableSetStmt", .range = range_, .commands = {std::move(command)}}));
}

void Follower::follow_function(const CatalogFunction& function, Variables variables, const std::string& key) {
  if (!function.code || is_native(function.code->language)) return;
  const std::string name = cat(function.name.quoted(), "()");
  if (!done_.insert(key).second || std::ranges::find(active_, name) != active_.end()) return;
  if (active_.size() >= k_max_depth)
    return unseen(cat(name, " is called too deep inside other code to be followed"));
  active_.push_back(name);
  run_body(function.code, std::move(variables), name);
  active_.pop_back();
}

void Follower::follow_views(const std::vector<RelationLock>& locks) {
  for (const RelationLock& lock : std::vector<RelationLock>(locks)) {
    if (lock.relkind != relkind::view && lock.relkind != relkind::materialized_view) continue;
    const bool read =
        lock.role == "sources" || lock.role == "locked" || lock.role == "target" || lock.role == "viewed";
    const Relation* view = read ? catalog_.find(lock.relation) : nullptr;
    const bool filled = lock.relkind == relkind::materialized_view && lock.role != "target";
    if (view == nullptr || filled || view->calls.empty()) continue;
    follow_calls(std::vector<FunctionCall>(view->calls));
  }
}

void Follower::follow_expressions(const Command& command) {
  const auto follow = [this](const Box<Expression>& expression) {
    if (expression) follow_calls(expression->functions);
  };
  follow(command.expression);
  for (const Constraint& constraint : command.constraints) follow(constraint.expression);
  for (const ColumnDef& column : command.columns) {
    for (const Constraint& constraint : column.constraints) follow(constraint.expression);
  }
  if (!command.index) return;
  for (const IndexElement& element : command.index->elements) follow(element.expression);
  follow(command.index->predicate);
}

// ---- statements that hold others ----------------------------------------------------------------------------------

void Follower::follow_prepared(const Command& command) {
  const auto found = prepared_.find(command.name.str());
  if (found == prepared_.end()) {
    return unseen(cat("what the prepared statement ", quote_ident(command.name.str()), " does is not known"));
  }
  const std::shared_ptr<const std::vector<Statement>> statements = found->second;
  for (const Statement& statement : *statements)
    run(std::shared_ptr<const Statement>(statements, &statement));
}

/// pg_proc.c fmgr_sql_validator: the queries of a function in SQL are analysed when it is made, which opens what they
/// name.
void Follower::follow_creation(const Box<CodeBlock>& code) {
  if (code->language != "sql" || code->body || !check_function_bodies_) return;
  const std::shared_ptr<const Body> body = body_of(code);
  for (const CodeStep& step : body->steps) {
    if (step.statement.commands.empty() || !is_query(step.statement.tag)) continue;
    auto analysed = std::make_shared<Statement>(
        Statement{.tag = "PrepareStmt", .range = range_, .commands = {step.statement.commands.front()}});
    Command& command = analysed->commands.front();
    command.tag = "PrepareStmt";
    for (RelationRef& ref : command.relations) {
      if (ref.role == "target") ref.role = "written";
    }
    run(std::move(analysed));
  }
}

}  // namespace pgsluice::effects
