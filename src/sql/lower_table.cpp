// SPDX-License-Identifier: Apache-2.0
// CREATE TABLE and ALTER TABLE: columns, constraints, partitions and sub-commands.
#include <algorithm>
#include <span>
#include <utility>

#include "lexer.hpp"
#include "lower.hpp"
#include "lower_text.hpp"
#include "walk.hpp"

namespace pgsluice::sql {

namespace {

/// ALTER TABLE has no positions for its sub-commands: the commas between them are found in the text.
std::vector<SourceRange> command_ranges(const Source& source, int count) {
  Lexer lexer(source.text);
  Token token = lexer.next();  // ALTER
  auto skip_word = [&](std::string_view word) {
    const std::size_t before = lexer.position();
    if (is_keyword(lexer.text(lexer.next()), word)) return true;
    lexer.seek(before);
    return false;
  };
  for (const std::string_view word : {"foreign", "materialized"}) skip_word(word);
  token = lexer.next();  // TABLE, INDEX, VIEW …
  if (skip_word("if")) skip_word("exists");
  skip_word("only");
  token = lexer.next();  // the name, with its dots
  std::size_t after = lexer.position();
  for (token = lexer.next(); token.kind == TokenKind::dot || lexer.text(token) == "*"; token = lexer.next()) {
    if (token.kind == TokenKind::dot) lexer.next();
    after = lexer.position();
  }
  lexer.seek(after);
  std::vector<SourceRange> ranges;
  for (int i = 0; i < count; ++i) {
    token = lexer.next();
    const std::size_t end = count == 1 ? source.text.size() : end_of_item(source.text, token.begin);
    ranges.push_back({source.offset + token.begin, source.offset + std::max(end, token.end)});
    lexer.seek(end);
    lexer.next();  // the comma
  }
  return ranges;
}

bool is_table_constraint(std::string_view contype) {
  return contype == "CONSTR_CHECK" || contype == "CONSTR_UNIQUE" || contype == "CONSTR_PRIMARY" ||
         contype == "CONSTR_EXCLUSION" || contype == "CONSTR_FOREIGN";
}

void add_constraint_command(Statement& statement, const RelationRef& target, Constraint constraint,
                            bool with_column) {
  Command& command = add_command(statement, "AT_AddConstraint", constraint.range);
  command.name = constraint.name;
  set_fact(command, "contype", constraint.contype);
  set_fact(command, "skip_validation", constraint.skip_validation);
  set_fact(command, "is_enforced", constraint.is_enforced);
  set_fact(command, "is_no_inherit", constraint.is_no_inherit);
  set_fact(command, "using_index", !constraint.index_name.empty());
  set_fact(command, "inline", with_column);
  set_fact(command, "only", target.only);
  command.relations.push_back(target);
  if (!constraint.referenced.empty()) add_relation(command, "referenced", constraint.referenced);
  if (!constraint.index_name.empty()) {
    add_relation(command, "index", {target.name.schemaname, constraint.index_name});
  }
  command.constraints.push_back(std::move(constraint));
}

/// One index does for both.
bool is_same_key(const Constraint& a, const Constraint& b) {
  return a.columns == b.columns && a.including == b.including && a.index_name.empty() &&
         b.index_name.empty() && a.nulls_not_distinct == b.nulls_not_distinct &&
         a.without_overlaps == b.without_overlaps && a.deferrable == b.deferrable &&
         a.initdeferred == b.initdeferred;
}

/// parse_utilcmd.c transformIndexConstraints(): the primary key comes first; a UNIQUE that says the same as a key before it
/// makes nothing, and gives it its name if that has none. Which those are.
std::vector<bool> repeated_keys(std::vector<Constraint>& constraints) {
  std::vector<bool> repeated(constraints.size());
  std::vector<Constraint*> keys;
  for (const std::string_view contype : {"CONSTR_PRIMARY", "CONSTR_UNIQUE"}) {
    for (std::size_t i = 0; i < constraints.size(); ++i) {
      Constraint& key = constraints[i];
      if (key.contype != contype) continue;
      const auto same = std::ranges::find_if(keys, [&](const Constraint* k) { return is_same_key(*k, key); });
      repeated[i] = same != keys.end();
      if (!repeated[i]) {
        keys.push_back(&key);
      } else if ((*same)->name.empty()) {
        (*same)->name = key.name;
      }
    }
  }
  return repeated;
}

/// Inline CHECK, UNIQUE, PRIMARY KEY and REFERENCES become commands of their own, as in
/// parse_utilcmd.c transformColumnDefinition.
void collect_inline_constraints(const ColumnDef& column, std::vector<Constraint>& constraints) {
  for (const Constraint& constraint : column.constraints) {
    if (!is_table_constraint(constraint.contype)) continue;
    Constraint& own = constraints.emplace_back(constraint);
    if (own.columns.empty()) own.columns = {column.name};
  }
}

/// So many, from the first on, are written with their columns.
void add_constraints(Statement& statement, const RelationRef& target, std::vector<Constraint> constraints,
                     std::size_t with_columns) {
  const std::vector<bool> repeated = repeated_keys(constraints);
  for (std::size_t i = 0; i < constraints.size(); ++i) {
    if (!repeated[i]) add_constraint_command(statement, target, std::move(constraints[i]), i < with_columns);
  }
}

void add_inline_constraints(Statement& statement, const RelationRef& target, const ColumnDef& column) {
  std::vector<Constraint> constraints;
  collect_inline_constraints(column, constraints);
  const std::size_t count = constraints.size();
  add_constraints(statement, target, std::move(constraints), count);
}

void set_column_facts(Command& command, const ColumnDef& column) {
  const Constraint* generated = column.constraint("CONSTR_GENERATED");
  set_fact(command, "generated", generated != nullptr ? generated->generated_kind : "none");
  set_fact(command, "identity", column.constraint("CONSTR_IDENTITY") != nullptr);
  set_fact(command, "not_null",
           column.constraint("CONSTR_NOTNULL") != nullptr || column.constraint("CONSTR_PRIMARY") != nullptr);
}

/// MINVALUE and MAXVALUE are column references for the raw parser.
std::vector<Value> bound_values(const ::List* datums) {
  std::vector<Value> values;
  for (::Node* datum : each(datums)) {
    Value value = value_of(datum);
    if (auto* column = as<::ColumnRef>(datum, T_ColumnRef)) {
      const std::string_view name = string_value(column->fields->elements[0].ptr_value);
      if (name == "minvalue") value.kind = Value::Kind::minimum;
      if (name == "maxvalue") value.kind = Value::Kind::maximum;
    }
    values.push_back(std::move(value));
  }
  return values;
}

PartitionBound partition_bound(const ::PartitionBoundSpec* bound) {
  if (bound == nullptr) return {};
  return {.is_default = bound->is_default,
          .values = bound_values(bound->listdatums),
          .lower = bound_values(bound->lowerdatums),
          .upper = bound_values(bound->upperdatums),
          .modulus = bound->modulus,
          .remainder = bound->remainder};
}

/// A cast that leaves the value as it is, as far as it is one of the types that PartitionKey::expressions are computed of.
bool keeps_value(const ::TypeCast* cast) {
  const TypeName type = type_name(cast->typeName);
  return !type.array && type.typmods.empty() && type.schemaname.empty() &&
         (type.name == "text" || type.name == "varchar" || type.name == "int4" || type.name == "int8");
}

/// The expression of a key as a value of the columns; unknown where a cast changes them.
Text key_expression(::Node* node) {
  bool plain = node != nullptr;
  walk(node, [&plain](::Node* part) {
    auto* cast = as<::TypeCast>(part, T_TypeCast);
    plain = plain && (cast == nullptr || keeps_value(cast));
    return plain;
  });
  return plain ? text_of(node) : Text{};
}

PartitionKey partition_key(const ::PartitionSpec* spec) {
  PartitionKey key{.strategy = spec->strategy == PARTITION_STRATEGY_LIST    ? "list"
                               : spec->strategy == PARTITION_STRATEGY_RANGE ? "range"
                                                                            : "hash",
                   .columns = {}};
  std::vector<Text> expressions;
  bool computed = false;
  for (auto* element : each<::PartitionElem>(spec->partParams)) {
    key.columns.emplace_back(view(element->name));
    expressions.push_back(key_expression(element->expr));
    computed = computed || element->expr != nullptr;
  }
  if (computed) key.expressions = std::move(expressions);
  return key;
}

std::string_view replica_identity(char type) {
  return type == 'n' ? "nothing" : type == 'f' ? "full" : type == 'i' ? "index" : "default";
}

/// ADD GENERATED and SET GENERATED: INSERT may give the column no value any more.
bool generated_always(::Node* def) {
  constexpr char k_always = 'a';  // pg_attribute.h ATTRIBUTE_IDENTITY_ALWAYS
  if (auto* added = as<::Constraint>(def, T_Constraint)) return added->generated_when == k_always;
  if (def == nullptr || def->type != T_List) return false;
  for (auto* option : each<::DefElem>(reinterpret_cast<::List*>(def))) {
    if (view(option->defname) == "generated")
      return reinterpret_cast<::Integer*>(option->arg)->ival == k_always;
  }
  return false;
}

void lower_partition_command(const ::AlterTableCmd* node, Command& command) {
  auto* partition = as<::PartitionCmd>(node->def, T_PartitionCmd);
  if (partition == nullptr) return;
  add_relation(command, "partition", relation_name(partition->name));
  set_fact(command, "concurrent", partition->concurrent);
  if (partition->bound != nullptr) command.bound = partition_bound(partition->bound);
}

/// `def` means another thing for each sub-command (parsenodes.h AlterTableCmd).
void lower_definition(const ::AlterTableCmd* node, const Source& source, Command& command) {
  switch (node->subtype) {
    case AT_AlterColumnType: {
      auto* column = as<::ColumnDef>(node->def, T_ColumnDef);
      command.type = type_name(column->typeName);
      command.columns.push_back(column_def(column, source));
      if (column->raw_default != nullptr) command.expression = expression(column->raw_default, source);
      set_fact(command, "using", column->raw_default != nullptr);
      break;
    }
    case AT_ColumnDefault: set_fact(command, "drop_default", node->def == nullptr); [[fallthrough]];
    case AT_SetExpression:
      if (node->def != nullptr) command.expression = expression(node->def, source);
      break;
    case AT_AddIdentity:
    case AT_SetIdentity: set_fact(command, "generated_always", generated_always(node->def)); break;
    case AT_AddInherit:
    case AT_DropInherit:
      add_relation(command, "parent", relation_name(as<::RangeVar>(node->def, T_RangeVar)));
      break;
    case AT_AttachPartition:
    case AT_DetachPartition:
    case AT_DetachPartitionFinalize: lower_partition_command(node, command); break;
    case AT_ChangeOwner:
      if (node->newowner != nullptr) command.new_name = view(node->newowner->rolename);
      break;
    case AT_AddOf: command.type = type_name(as<::TypeName>(node->def, T_TypeName)); break;
    case AT_ReplicaIdentity:
      if (auto* identity = as<::ReplicaIdentityStmt>(node->def, T_ReplicaIdentityStmt)) {
        command.new_name = view(identity->name);
        set_fact(command, "replica_identity", replica_identity(identity->identity_type));
      }
      break;
#if PG_VERSION_NUM >= 180000
    case AT_AlterConstraint:
      if (auto* alter = as<::ATAlterConstraint>(node->def, T_ATAlterConstraint)) {
        command.name = view(alter->conname);
        set_fact(command, "alter_enforceability", alter->alterEnforceability);
        set_fact(command, "is_enforced", alter->is_enforced);
        set_fact(command, "alter_inheritability", alter->alterInheritability);
        set_fact(command, "is_no_inherit", alter->noinherit);
        set_fact(command, "alter_deferrability", alter->alterDeferrability);
        set_fact(command, "deferrable", alter->deferrable);
        set_fact(command, "initdeferred", alter->initdeferred);
      }
      break;
#else
    case AT_AlterConstraint:
      if (auto* alter = as<::Constraint>(node->def, T_Constraint)) {
        command.name = view(alter->conname);
        set_fact(command, "alter_deferrability", true);
        set_fact(command, "deferrable", alter->deferrable);
        set_fact(command, "initdeferred", alter->initdeferred);
      }
      break;
#endif
    case AT_SetRelOptions:
    case AT_ResetRelOptions:
      for (auto* option : each<::DefElem>(reinterpret_cast<::List*>(node->def))) {
        command.names.emplace_back(view(option->defname));
      }
      break;
    default: break;
  }
}

void lower_sub_command(const ::AlterTableCmd* node, const ::AlterTableStmt* alter, const SourceRange& range,
                       const Source& source, Statement& statement) {
  const RelationRef target{
      .role = "target", .name = relation_name(alter->relation), .only = !alter->relation->inh};
  if (node->subtype == AT_AddConstraint) {
    Constraint added = constraint(as<::Constraint>(node->def, T_Constraint), source);
    added.range = range;
    return add_constraint_command(statement, target, std::move(added), false);
  }
  Command& command = add_command(statement, alter_table_type_name(node->subtype), range);
  command.name = view(node->name);
  command.relations.push_back(target);
  set_fact(command, "objtype", object_type_name(alter->objtype));
  set_fact(command, "only", target.only);
  set_fact(command, "missing_ok", node->missing_ok);
  set_fact(command, "behavior", behavior_name(node->behavior));
  if (node->subtype == AT_AddColumn || node->subtype == AT_AddColumnToView) {
    ColumnDef column = column_def(as<::ColumnDef>(node->def, T_ColumnDef), source);
    command.name = column.name;
    set_column_facts(command, column);
    command.columns.push_back(column);
    add_inline_constraints(statement, target, column);
    return;
  }
  lower_definition(node, source, command);
}

bool is_filled(const ColumnDef& column) {
  return column.constraint("CONSTR_DEFAULT") != nullptr || column.constraint("CONSTR_GENERATED") != nullptr ||
         column.type.name.find("serial") != std::string::npos;
}

/// parse_utilcmd.c transformAlterTableStmt: a new column is all null, unless it has a default. In 12 a default of any of
/// them, or a foreign key that is added beside them, makes all keys of the statement be validated.
void mark_null_columns(std::span<Command> commands) {
  bool all_null = true;
  bool column_null = true;  // of the column to which the inline constraints that follow belong
  for (Command& command : commands) {
    if (command.text("contype") == "CONSTR_FOREIGN" && !command.is("inline")) all_null = false;
    if (command.tag == "AT_AddColumn" && !command.columns.empty()) {
      column_null = !is_filled(command.columns.front());
      all_null = all_null && column_null;
    }
    if (command.is("inline")) set_fact(command, "column_null", column_null);
  }
  for (Command& command : commands) {
    if (command.is("inline")) set_fact(command, "all_null", all_null);
  }
}

KeyActions key_actions(const ::Constraint* node) {
  const auto letter = [](char given, char usual) { return given != '\0' ? given : usual; };
  return {.on_delete = letter(node->fk_del_action, 'a'),
          .on_update = letter(node->fk_upd_action, 'a'),
          .match = letter(node->fk_matchtype, 's'),
          .delete_columns = strings(node->fk_del_set_cols)};
}

/// parse_utilcmd.c transformConstraintAttrs: what the grammar gives as constraints of their own belongs to the one before.
bool add_attribute(const Constraint& attribute, std::vector<Constraint>& constraints) {
  if (!attribute.contype.starts_with("CONSTR_ATTR_") || constraints.empty()) return false;
  Constraint& attributed = constraints.back();
  if (attribute.contype == "CONSTR_ATTR_DEFERRABLE") attributed.deferrable = true;
  if (attribute.contype == "CONSTR_ATTR_DEFERRED") attributed.deferrable = attributed.initdeferred = true;
  if (attribute.contype == "CONSTR_ATTR_NOT_ENFORCED") {
    attributed.is_enforced = false;
    attributed.skip_validation = true;
  }
  return true;
}

}  // namespace

Constraint constraint(const ::Constraint* node, const Source& source) {
  Constraint result{.contype = constraint_type_name(node->contype),
                    .name = view(node->conname),
                    .range = source.item(node->location),
                    .columns = strings(node->contype == CONSTR_FOREIGN ? node->fk_attrs : node->keys),
                    .including = strings(node->including),
                    .referenced = relation_name(node->pktable),
                    .referenced_columns = strings(node->pk_attrs),
                    .index_name = view(node->indexname)};
  if (node->raw_expr != nullptr) {
    Expression written = expression(node->raw_expr, source);
    if (node->contype == CONSTR_CHECK) {
      if (Predicate said = predicate(node->raw_expr); is_known(said)) written.said = std::move(said);
    }
    result.expression = std::move(written);
  }
  if (node->contype == CONSTR_GENERATED) result.generated_kind = "stored";
  for (auto* pair : each<::List>(node->exclusions)) {
    auto* element = as<::IndexElem>(pair->elements[0].ptr_value, T_IndexElem);
    if (element != nullptr) result.columns.emplace_back(view(element->name));
  }
#if PG_VERSION_NUM >= 180000
  if (node->contype == CONSTR_GENERATED && node->generated_kind == 'v') result.generated_kind = "virtual";
  result.is_enforced =
      node->is_enforced || (node->contype != CONSTR_CHECK && node->contype != CONSTR_FOREIGN);
  result.without_overlaps = node->without_overlaps;
#endif
  result.skip_validation = node->skip_validation;
  result.is_no_inherit = node->is_no_inherit;
  result.deferrable = node->deferrable;
  result.initdeferred = node->initdeferred;
  if (node->contype == CONSTR_FOREIGN) result.actions = key_actions(node);
  result.nulls_not_distinct = node->nulls_not_distinct;
  return result;
}

ColumnDef column_def(const ::ColumnDef* node, const Source& source) {
  ColumnDef result{
      .name = view(node->colname),
      .type = type_name(node->typeName),
      .range = source.item(node->location),
      .constraints = {},
      .collation = node->collClause != nullptr ? relation_name(node->collClause->collname).relname : ""};
  for (auto* item : each<::Constraint>(node->constraints)) {
    if (item->type != T_Constraint) continue;
    Constraint added = constraint(item, source);
    if (!add_attribute(added, result.constraints)) result.constraints.push_back(std::move(added));
  }
  // A constraint ends where the next one begins.
  for (std::size_t i = 0; i + 1 < result.constraints.size(); ++i) {
    SourceRange& range = result.constraints[i].range;
    const std::size_t next = result.constraints[i + 1].range.begin;
    if (next > range.begin && next < range.end) {
      range.end = next;
      while (range.end > range.begin + 1 &&
             std::string_view(" \t\r\n").find(source.text[range.end - 1 - source.offset]) !=
                 std::string_view::npos) {
        --range.end;
      }
    }
  }
  return result;
}

namespace {

/// LIKE with what it includes beyond the columns.
void add_like(Command& command, const ::TableLikeClause* like) {
  const RelationName name = relation_name(like->relation);
  add_relation(command, "like", name);
  const auto included = [&](unsigned option, std::string_view role) {
    if ((like->options & option) != 0) add_relation(command, role, name);
  };
  included(CREATE_TABLE_LIKE_CONSTRAINTS, "like_constraints");
  included(CREATE_TABLE_LIKE_DEFAULTS, "like_defaults");
  included(CREATE_TABLE_LIKE_GENERATED, "like_generated");
  included(CREATE_TABLE_LIKE_IDENTITY, "like_identity");
  included(CREATE_TABLE_LIKE_INDEXES, "like_indexes");
}

}  // namespace

void lower_create_table(::CreateStmt* node, const Source& source, Statement& statement, bool foreign) {
  const RelationRef target{.role = "target", .name = relation_name(node->relation)};
  const std::size_t first = statement.commands.size();
  std::vector<ColumnDef> columns;
  columns.reserve(static_cast<std::size_t>(length(node->tableElts)));
  std::vector<Constraint> constraints;
  std::vector<const ::TableLikeClause*> like;
  for (::Node* element : each(node->tableElts)) {
    if (auto* column = as<::ColumnDef>(element, T_ColumnDef)) {
      columns.push_back(column_def(column, source));
    } else if (auto* table_constraint = as<::Constraint>(element, T_Constraint)) {
      constraints.push_back(constraint(table_constraint, source));
    } else if (auto* copied = as<::TableLikeClause>(element, T_TableLikeClause)) {
      like.push_back(copied);
    }
  }
  {
    Command& command =
        add_command(statement, foreign ? "CreateForeignTableStmt" : "CreateStmt", source.whole());
    command.relations.push_back(target);
    for (const ::TableLikeClause* copied : like) add_like(command, copied);
    for (auto* parent : each<::RangeVar>(node->inhRelations)) {
      add_relation(command, node->partbound != nullptr ? "parent" : "inherited", relation_name(parent));
    }
    if (node->partbound != nullptr) command.bound = partition_bound(node->partbound);
    if (node->partspec != nullptr) command.partition_key = partition_key(node->partspec);
    if (node->ofTypename != nullptr) command.type = type_name(node->ofTypename);
    command.tablespace = view(node->tablespacename);
    command.access_method = view(node->accessMethod);
    set_fact(command, "partition_of", node->partbound != nullptr);
    set_fact(command, "if_not_exists", node->if_not_exists);
    set_fact(command, "relpersistence",
             node->relation->relpersistence == 't'   ? "temporary"
             : node->relation->relpersistence == 'u' ? "unlogged"
                                                     : "permanent");
  }
  std::vector<Constraint> all;
  for (const ColumnDef& column : columns) collect_inline_constraints(column, all);
  const std::size_t with_columns = all.size();
  for (Constraint& table_constraint : constraints) {
    // parse_utilcmd.c transformCheckConstraints(): there are no rows that could be wrong.
    if (!foreign) table_constraint.skip_validation = false;
    all.push_back(std::move(table_constraint));
  }
  add_constraints(statement, target, std::move(all), with_columns);
  for (Command& added : std::span(statement.commands).subspan(first + 1)) set_fact(added, "new_table", true);
  statement.commands[first].columns = std::move(columns);
}

void lower_alter_table(::AlterTableStmt* node, const Source& source, Statement& statement) {
  const std::vector<SourceRange> ranges = command_ranges(source, length(node->cmds));
  const std::size_t first = statement.commands.size();
  std::size_t i = 0;
  for (auto* command : each<::AlterTableCmd>(node->cmds)) {
    lower_sub_command(command, node, ranges[i++], source, statement);
  }
  const auto added = std::span(statement.commands).subspan(first);
  for (Command& command : added) set_fact(command, "if_exists", node->missing_ok);
  mark_null_columns(added);
}

}  // namespace pgsluice::sql
