// SPDX-License-Identifier: Apache-2.0
#include "effects/follow.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "catalog/builtins.hpp"
#include "effects/domains.hpp"
#include "effects/follow_scope.hpp"
#include "effects/policing.hpp"

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
  return is_query(tag) || tag == "CallStmt" || tag == "ExecuteStmt" || tag == "CopyStmt";
}

/// Rows that are there already are run through the expressions of these.
bool computes_rows(const Command& command) {
  const std::string_view tag = command.tag;
  return tag == "AT_AddColumn" || tag == "AT_AlterColumnType" || tag == "AT_SetExpression" ||
         (tag == "AT_AddConstraint" && !command.is("skip_validation") && !command.is("new_table"));
}

/// A STRICT function is not called with a null.
bool is_spared(const CatalogFunction& function, const std::vector<Text>& values) {
  return function.code && function.code->strict &&
         std::ranges::any_of(values, [](const Text& value) { return value.kind == Text::Kind::null; });
}

bool is_operator(const FunctionCall& call) {
  return !call.name.empty() &&
         std::string_view("+-*/<>=~!@#%^&|`?").find(call.name.str().front()) != std::string_view::npos;
}

/// Languages whose functions do what the server does by itself.
bool is_native(const Name language) {
  return language == "c" || language == "internal";
}

/// Statements that are only planned, or only rewritten, as the one of that tag is.
std::vector<Statement> as_inner(const std::vector<Statement>& statements, std::string_view tag) {
  std::vector<Statement> result = statements;
  if (tag != "PrepareStmt" && tag != "ExplainStmt") return result;
  for (Statement& statement : result) {
    statement.tag = tag;
    for (Command& command : statement.commands) {
      command.tag = tag;
      for (RelationRef& ref : command.relations) {
        if (ref.role == "target") ref.role = "written";
      }
    }
  }
  return result;
}

/// Without the tables that a trigger's function knows by REFERENCING; nullptr: there are none.
std::shared_ptr<const Statement> without(const Statement& statement, const Names& hidden) {
  const auto is_hidden = [&](const RelationRef& ref) {
    return ref.name.schemaname.empty() && std::ranges::find(hidden, ref.name.relname) != hidden.end();
  };
  const bool any = std::ranges::any_of(statement.commands, [&](const Command& command) {
    return std::ranges::any_of(command.relations, is_hidden);
  });
  if (!any) return nullptr;
  auto result = std::make_shared<Statement>(statement);
  for (Command& command : result->commands) std::erase_if(command.relations, is_hidden);
  return result;
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

void Follower::follow(const Command& command, const Done& done) {
  const std::string_view tag = command.tag;
  if (tag == "DoStmt" && command.code) return run_body(command.code, {}, "DO");
  open_row_types(command);
  open_read_columns(command, done);
  if (tag == "VariableSetStmt" && command.name == "plan_cache_mode")
    generic_plans_ = command.new_name == "force_generic_plan";
  if (tag == "PrepareStmt" && command.inner) {
    executions_.erase(command.name.str());
    prepared_[command.name.str()] = std::make_shared<const std::vector<Statement>>(*command.inner);
  }
  if (tag == "ExplainStmt") follow_explained(command);
  if (tag == "CreateTableAsStmt" && command.inner) run_all(*command.inner);
  if (tag == "CreateFunctionStmt" && command.code) follow_creation(command.code);
  if (tag == "CallStmt" && !command.functions.empty()) {
    const FunctionCall& call = command.functions.front();
    if (catalog_.functions(call).empty())
      unseen(cat("what ", RelationName{call.schemaname, call.name}.quoted(), "() does is not known"));
  }
  if (runs_its_query(command)) {
    follow_calls(command.functions);
    follow_views(done.locks);
    for (const CatalogPolicy& policy : policies_for(catalog_, command)) follow_calls(policy.functions);
  }
  if (done.rows != nullptr) follow_writes(command, *done.rows);
  if (tag == "TruncateStmt") follow_truncate(done.locks);
  if (tag == "RefreshMatViewStmt") follow_views(done.locks);
  if (tag == "ExecuteStmt") follow_prepared(command, tag);
  if (tag == "DeclareCursorStmt") follow_planned(command.functions);
  if (tag == "DeclareCursorStmt") cursors_[command.name.str()] = {command.functions, done.locks};
  if (tag == "FetchStmt") follow_fetch(command);
  if (computes_rows(command)) follow_expressions(command);
  if (tag == "AT_AlterColumnType") follow_rechecked(command);
  if (tag == "IndexStmt" && command.index) follow_index(*command.index);
  if (tag == "AT_ValidateConstraint" || tag == "AlterDomainStmt") follow_check(command);
  for (const RelationName& name : std::vector<RelationName>(done.index_builds)) {
    const Relation* built = catalog_.find(name);
    if (built == nullptr || !built->index) continue;
    const IndexDef index = *built->index;
    open_indexed(RelationName(built->table), index);
    follow_index(index);
  }
  if (tag == "VacuumStmt" && command.is("analyze")) follow_analyzed(done.locks);
  if (tag == "ConstraintsSetStmt") follow_waiting();
  if (tag == "TransactionStmt") end_of_transaction(command.text("kind"));
}

/// Deferred triggers fire at COMMIT, or never.
void Follower::end_of_transaction(std::string_view kind) {
  if (kind == "COMMIT" || kind == "PREPARE TRANSACTION") follow_waiting();
  if (kind == "COMMIT" || kind == "PREPARE TRANSACTION" || kind == "ROLLBACK") waiting_.clear();
}

void Follower::run(std::shared_ptr<const Statement> statement) {
  if (!spend()) return;
  if (!transition_tables_.empty()) {
    if (auto reduced = without(*statement, transition_tables_)) statement = std::move(reduced);
  }
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

void Follower::run_all(std::vector<Statement> statements) {
  const auto owner = std::make_shared<const std::vector<Statement>>(std::move(statements));
  for (const Statement& statement : *owner) run(std::shared_ptr<const Statement>(owner, &statement));
}

/// The statements run, are explained or prepared: as the one of that tag is.
void Follower::run_as(std::string_view tag, const std::vector<Statement>& statements) {
  run_all(as_inner(statements, tag));
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

void Follower::follow_calls(std::span<const FunctionCall> calls) {
  for (const FunctionCall& call : calls) follow_call(call);
}

/// A function of a SELECT list is called for each row; where the rows are not known, with what is written.
void Follower::follow_row_calls(FunctionCall call) {
  const std::vector<Text> parts = call.texts->front().parts;
  const Text rows = value_of(parts.front());
  const bool known =
      (rows.kind == Text::Kind::array || rows.kind == Text::Kind::choice) &&
      std::ranges::all_of(rows.parts, [](const Text& row) { return row.kind == Text::Kind::row; });
  for (const Text& row : known ? rows.parts : std::vector<Text>{parts.back()}) {
    call.texts = {};
    if (!row.parts.empty()) call.texts = std::vector<Text>(row.parts);
    follow_call(call);
  }
}

void Follower::follow_call(const FunctionCall& call) {
  const bool has_rows = call.texts && call.texts->size() == 1 &&
                        call.texts->front().kind == Text::Kind::call &&
                        call.texts->front().value == "each row";
  if (has_rows) return follow_row_calls(call);
  if (call.schemaname.empty() && call.name == "set_config") return follow_setting(call);
  const std::vector<const CatalogFunction*> found = catalog_.functions(call);
  if (found.empty()) {
    const bool builtin =
        call.schemaname.empty() && (is_builtin_function(call.name) || opens_relations(call.name));
    if (builtin) return follow_builtin(call);
    if (is_operator(call)) return;  // of an extension, as most that nobody makes here
    opaque(cat("what ", RelationName{call.schemaname, call.name}.quoted(), "() does is not known"));
    return;
  }
  std::string key = cat("function ", found.front()->name.quoted());
  static const Variables k_none;
  const Variables& outer = frames_.empty() ? k_none : frames_.back()->variables;
  std::vector<Text> values;
  if (call.texts) {
    for (const Text& text : *call.texts) values.push_back(evaluate(text, outer, catalog_));
    for (const Text& value : values) append_key(key, value);
  }
  const std::vector<CatalogFunction> functions = [&] {  // copies: code may drop what it is
    std::vector<CatalogFunction> copies;
    for (const CatalogFunction* function : found) copies.push_back(*function);
    return copies;
  }();
  for (const CatalogFunction& function : functions) {
    if (is_spared(function, values)) continue;
    follow_function(function, arguments_of(call, function, values),
                    key + std::to_string(&function - functions.data()));
  }
}

/// What a call passes, under the names and places of the parameters.
Variables Follower::arguments_of(const FunctionCall& call, const CatalogFunction& function,
                                 const std::vector<Text>& values) const {
  Variables arguments;
  const auto give = [&](std::size_t place, const Text& value) {
    arguments["$" + std::to_string(place + 1)] = value;
    const bool named = function.code && place < function.code->parameters.size();
    if (named && !function.code->parameters[place].empty())
      arguments[function.code->parameters[place].str()] = value;
  };
  const std::size_t unknown = values.empty() ? static_cast<std::size_t>(call.arguments) : 0;
  for (std::size_t i = unknown; function.code && i < function.code->defaults.size(); ++i)
    give(i, value_of(function.code->defaults[i]));
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Text& text = (*call.texts)[i];
    if (text.kind != Text::Kind::call || !text.value.starts_with("=>")) {
      give(i, values[i]);
      continue;
    }
    const Name name = text.value.substr(2);
    const Names none;
    const Names& parameters = function.code ? function.code->parameters : none;
    const auto place = std::ranges::find(parameters, name);
    if (place != parameters.end())
      give(static_cast<std::size_t>(place - parameters.begin()), value_of(text.parts.front()));
  }
  return arguments;
}

/// set_config(name, value, is_local) is SET.
void Follower::follow_setting(const FunctionCall& call) {
  if (!call.texts || call.texts->size() != 3) return;
  std::vector<Text> values;
  for (const Text& text : *call.texts) {
    values.push_back(value_of(text));
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
  const std::string_view language = function.code->language.str();
  if (language == "sql" || language == "plpgsql")
    open_types(*function.code, *body_of(function.code), language == "sql" || function.code->result.setof);
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
    if (view == nullptr || filled) continue;
    const std::vector<FunctionCall> calls(view->query().calls);
    open_rows_of_view(*view);
    follow_calls(calls);
  }
}

void Follower::follow_expressions(const Command& command) {
  follow_expression(command.expression);
  for (const Constraint& constraint : command.constraints) follow_expression(constraint.expression);
  for (const ColumnDef& column : command.columns) {
    follow_calls(domain_checks(catalog_, column.type));
    for (const Constraint& constraint : column.constraints) follow_expression(constraint.expression);
  }
  if (command.tag == "AT_AlterColumnType" && command.type)
    follow_calls(domain_checks(catalog_, *command.type));
}

/// The calls that it holds, and those of the domains that it casts to.
void Follower::follow_expression(const Box<Expression>& expression) {
  if (!expression) return;
  follow_calls(expression->functions);
  for (const TypeName& type : expression->casts) follow_calls(domain_checks(catalog_, type));
}

/// tablecmds.c ATPostAlterTypeCleanup() adds the CHECKs of the column again, which tests all rows.
void Follower::follow_rechecked(const Command& command) {
  const RelationRef* target = command.relation("target");
  const Relation* table = target != nullptr ? catalog_.find(target->name) : nullptr;
  if (table == nullptr) return;
  std::vector<FunctionCall> calls;
  for (const CatalogConstraint& check : table->constraints) {
    const auto& columns = check.expression_columns;
    if (check.contype != "CONSTR_CHECK" || !check.validated) continue;
    if (std::find(columns.begin(), columns.end(), command.name) == columns.end()) continue;
    calls.insert(calls.end(), check.functions.begin(), check.functions.end());
  }
  follow_calls(calls);
}

/// Building an index computes its expressions.
void Follower::follow_index(const IndexDef& index) {
  for (const IndexElement& element : index.elements) follow_expression(element.expression);
  follow_expression(index.predicate);
}

/// pg: analyze.c compute_index_stats() computes the expressions of the indexes for the rows that it takes as a sample.
void Follower::follow_analyzed(const std::vector<RelationLock>& locks) {
  std::vector<IndexDef> indexes;
  for (const RelationLock& lock : locks) {
    if (lock.mode < LockMode::ShareUpdateExclusive || lock.relkind == relkind::partitioned_table) continue;
    for (const Relation* index : catalog_.indexes(lock.relation)) {
      if (index->index) indexes.push_back(*index->index);
    }
  }
  for (const IndexDef& index : indexes) follow_index(index);
}

/// VALIDATE CONSTRAINT, of a table or a domain, tests what is there.
void Follower::follow_check(const Command& command) {
  if (command.tag == "AlterDomainStmt") {
    for (const Constraint& constraint : command.constraints) {
      if (constraint.expression && !constraint.skip_validation)
        follow_calls(constraint.expression->functions);
    }
    const CatalogType* domain = command.type ? catalog_.find_type(*command.type) : nullptr;
    if (domain != nullptr && command.text("subtype") == "V")
      follow_calls(std::vector<FunctionCall>(domain->functions));
    return;
  }
  const RelationRef* target = command.relation("target");
  const Relation* table = target != nullptr ? catalog_.find(target->name) : nullptr;
  const CatalogConstraint* check = table != nullptr ? table->find_constraint(command.name) : nullptr;
  if (check != nullptr) follow_calls(std::vector<FunctionCall>(check->functions));
}

// ---- statements that hold others ----------------------------------------------------------------------------------

void Follower::follow_prepared(const Command& command, std::string_view tag) {
  const auto found = prepared_.find(command.name.str());
  if (found == prepared_.end()) {
    return unseen(cat("what the prepared statement ", quote_ident(command.name.str()), " does is not known"));
  }
  // pg: plancache.c choose_custom_plan()
  constexpr int custom_plans = 5;
  if (command.arguments && ++executions_[command.name.str()] <= custom_plans) {
    for (std::size_t i = 0; i < command.arguments->size(); ++i)
      parameters_["$" + std::to_string(i + 1)] = value_of((*command.arguments)[i]);
  }
  run_as(tag, std::vector<Statement>(*found->second));
  parameters_.clear();
}

/// A function may be called for many rows, and a loop may run often: then one plan serves all values.
Value Follower::value_of_variable(const std::string& name) const {
  const bool in_do = frames_.size() == 1 && frames_.front()->where == "DO";
  if (generic_plans_ || long_loops_ > 0 || (!in_do && !frames_.empty())) return {};
  const Variables& variables = in_do ? frames_.front()->variables : parameters_;
  const auto found = variables.find(name);
  if (found == variables.end()) return {};
  if (found->second.kind == Text::Kind::null) return {.kind = Value::Kind::null, .type = {}, .text = {}};
  if (found->second.kind != Text::Kind::constant) return {};
  return {.kind = Value::Kind::constant, .type = {}, .text = found->second.value};
}

/// EXPLAIN ANALYZE runs its statement. Without, only what a prepared statement asks is not planned yet.
void Follower::follow_explained(const Command& command) {
  if (!command.inner) return;
  if (command.is("analyze")) return run_all(*command.inner);
  follow_planned(command.functions);
  for (const Statement& statement : std::vector<Statement>(*command.inner)) {
    if (statement.tag == "ExecuteStmt") follow_prepared(statement.commands.front(), command.tag);
  }
}

/// The functions of a cursor's query are called when rows are fetched.
void Follower::follow_fetch(const Command& command) {
  const auto found = cursors_.find(command.name.str());
  if (found == cursors_.end()) return;
  const auto [calls, locks] = found->second;
  follow_calls(calls);
  follow_views(locks);
}

/// What is looked at when a function is made: pg_proc.c fmgr_sql_validator has the queries of one in SQL analysed and
/// rewritten, pl_handler.c plpgsql_validator compiles.
void Follower::follow_creation(const Box<CodeBlock>& code) {
  if (!check_function_bodies_ || (code->language != "sql" && code->language != "plpgsql")) return;
  // pg: pg_proc.c ProcedureCreate() makes the function's settings first.
  const Names session_path = catalog_.search_path;
  if (!code->search_path.empty()) catalog_.search_path = code->search_path;
  const std::shared_ptr<const Body> body = body_of(code);
  open_types(*code, *body, code->language == "sql");
  for (const CodeStep& step : body->steps) {
    if (code->language == "sql" && !step.statement.commands.empty() && is_query(step.statement.tag))
      run_as("PrepareStmt", {step.statement});
  }
  catalog_.search_path = session_path;
}

/// typcache.c load_typcache_tupdesc() opens the relation whose rows a parameter, a result or a variable holds.
void Follower::open_types(const CodeBlock& code, const Body& body, bool with_result) {
  // A query looks up only what it takes apart.
  const std::string text = code.language == "sql" && !code.body ? to_lower(code.text) : std::string();
  for (std::size_t i = 0; i < code.types.size(); ++i) {
    const bool is_used =
        text.empty() || text.find('$') != std::string::npos ||
        (i < code.parameters.size() && text.find(code.parameters[i].str()) != std::string::npos);
    if (is_used) open_row_type(code.types[i]);
  }
  if (with_result) open_row_type(code.result);
  for (const VariableType& type : body.types) {
    if (type.column.empty()) {
      open_row_type({.schemaname = type.name.schemaname, .name = type.name.relname});
      continue;
    }
    const Relation* relation = catalog_.find(type.name);
    const CatalogColumn* column = relation != nullptr ? relation->column(type.column) : nullptr;
    if (column != nullptr) open_row_type(column->type);
  }
}

}  // namespace pgsluice::effects
