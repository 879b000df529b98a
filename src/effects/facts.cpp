// SPDX-License-Identifier: Apache-2.0
// Derived facts: what rows may ask that the syntax alone does not say. A new one is a function and a
// line in the table at the end.
#include <algorithm>
#include <array>

#include "catalog/builtins.hpp"
#include "catalog/dependencies.hpp"
#include "members.hpp"
#include "proof.hpp"
#include "subject.hpp"
#include "syntactic_facts.hpp"

namespace pgsluice {

namespace effects {

namespace {

FactValue text(std::string_view value) {
  return value;
}

const ColumnDef* new_column(const Subject& subject) {
  return subject.command.columns.empty() ? nullptr : &subject.command.columns.front();
}

FactValue default_volatility(const Subject& subject) {
  const ColumnDef* column = new_column(subject);
  if (column == nullptr) return text("none");
  if (column->type.name.find("serial") != std::string::npos) return text("volatile");
  const Constraint* written = column->constraint("CONSTR_DEFAULT");
  const CatalogType* domain = subject.catalog.find_type(column->type);
  // tablecmds.c ATExecAddColumn of 12 looks only at a default that is written.
  const bool from_13 = subject.pg_version == 0 || subject.pg_version >= 13;
  const Box<Expression> none;
  const Box<Expression>& value = written != nullptr             ? written->expression
                                 : domain != nullptr && from_13 ? domain->default_expression
                                                                : none;
  if (!value || value->null_literal) return text("none");
  return expression_volatility(subject, *value);
}

FactValue column_type(const Subject& subject) {
  const ColumnDef* column = new_column(subject);
  if (column == nullptr || column->type.array) return text("ordinary");
  if (const CatalogType* type = subject.catalog.find_type(column->type)) {
    return text(type->constrained ? "constrained_domain" : "ordinary");
  }
  if (is_builtin_type(column->type) || is_extension_type(column->type) || subject.catalog.complete)
    return text("ordinary");
  if (subject.catalog.find({column->type.schemaname, column->type.name}) != nullptr) return text("ordinary");
  return Unknown{};
}

FactValue column_exists(const Subject& subject) {
  if (subject.target == nullptr) return Unknown{};
  if (subject.target->column(subject.command.name) != nullptr) return true;
  if (!subject.target->columns_open) return false;
  // Without IF [NOT] EXISTS the command would fail otherwise.
  if (subject.command.is("missing_ok")) return Unknown{};
  return subject.command.tag != "AT_AddColumn";
}

/// tablecmds.c ATExecSetNotNull: where the column is NOT NULL already, nobody looks further down; up to 17 that is so for
/// partitioned tables only (ATPrepSetNotNull).
FactValue not_null_proven(const Subject& subject) {
  const CatalogColumn* column =
      subject.target != nullptr ? subject.target->column(subject.command.name) : nullptr;
  if (column == nullptr) {
    if (subject.target == nullptr &&
        subject.catalog.is_said_not_null(subject.target_name(), subject.command.name))
      return true;
    return Unknown{};
  }
  const bool looks_at_children =
      subject.pg_version <= 17 && subject.target->relkind != relkind::partitioned_table;
  return (column->not_null && !looks_at_children) || nullable(subject).empty();
}

FactValue column_not_null(const Subject& subject) {
  const CatalogColumn* column =
      subject.target != nullptr ? subject.target->column(subject.command.name) : nullptr;
  if (column == nullptr) return Unknown{};
  return column->not_null;
}

FactValue column_generated(const Subject& subject) {
  const CatalogColumn* column =
      subject.target != nullptr ? subject.target->column(subject.command.name) : nullptr;
  if (column == nullptr) return Unknown{};
  return text(column->generated == 's' ? "stored" : column->generated == 'v' ? "virtual" : "none");
}

/// The constraint that DROP, VALIDATE, ALTER or RENAME CONSTRAINT names; none when it is not there.
const CatalogConstraint* named_constraint(const Subject& subject) {
  return subject.target != nullptr ? subject.target->find_constraint(subject.command.name) : nullptr;
}

/// A table that was created here is known with all its constraints, but a name that PostgreSQL chose may be
/// another than we think.
bool is_unnamed_not_null(const Subject& subject) {
  const bool may_be = subject.target != nullptr && (subject.pg_version == 0 || subject.pg_version >= 18);
  if (!may_be || column_of_not_null(*subject.target, subject.command.name) != nullptr) return may_be;
  // One that came with LIKE, or before the table got another name.
  return subject.command.name.str().ends_with("_not_null") &&
         std::ranges::any_of(subject.target->columns, &CatalogColumn::not_null);
}

FactValue constraint_kind(const Subject& subject) {
  if (const CatalogConstraint* constraint = named_constraint(subject)) return constraint->contype;
  if (is_unnamed_not_null(subject)) return text("CONSTR_NOTNULL");
  if (subject.target == nullptr || !subject.command.is("missing_ok")) return Unknown{};
  return text("none");
}

FactValue constraint_validated(const Subject& subject) {
  const CatalogConstraint* constraint = named_constraint(subject);
  if (constraint == nullptr) return is_unnamed_not_null(subject) ? FactValue(true) : FactValue(Unknown{});
  return constraint->validated;
}

FactValue constraint_no_inherit(const Subject& subject) {
  const CatalogConstraint* constraint = named_constraint(subject);
  if (constraint == nullptr) return is_unnamed_not_null(subject) ? FactValue(false) : FactValue(Unknown{});
  return constraint->no_inherit;
}

/// parse_utilcmd.c transformAlterTableStmt: keys over new columns need no validation when these have no default, for then
/// all their values are null. In 12 no column of the statement may have one.
FactValue checks_rows(const Subject& subject) {
  const Command& command = subject.command;
  if (command.constraints.empty() || command.is("skip_validation")) return false;
  if (command.fact("is_enforced") != nullptr && !command.is("is_enforced")) return false;
  const bool each_alone = subject.pg_version >= 13;
  const bool is_null = each_alone ? command.is("column_null") : command.is("all_null");
  return !(command.text("contype") == "CONSTR_FOREIGN" && is_null);
}

FactValue index_renamed(const Subject& subject) {
  if (subject.command.constraints.empty()) return false;
  const Constraint& constraint = subject.command.constraints.front();
  return !constraint.name.empty() && constraint.name != constraint.index_name;
}

/// CREATE INDEX IF NOT EXISTS on a name that is taken: the table is locked before anybody looks.
FactValue index_exists(const Subject& subject) {
  if (!subject.command.is("if_not_exists") || subject.command.name.empty()) return false;
  const RelationName name{.schemaname = subject.target_name().schemaname, .relname = subject.command.name};
  if (subject.catalog.find(name) != nullptr) return true;
  return subject.catalog.complete ? FactValue(false) : FactValue(Unknown{});
}

FactValue part_exists(const Subject& subject) {
  if (!subject.command.is("missing_ok")) return true;
  if (subject.target == nullptr) return Unknown{};
  const Name name = subject.command.name;
  const std::string_view type = subject.command.text("removeType");
  if (type == "OBJECT_RULE") {
    return std::ranges::find(subject.target->rules, name, &CatalogRule::name) != subject.target->rules.end();
  }
  if (type == "OBJECT_POLICY") {
    return std::ranges::find(subject.target->policies, name, &CatalogPolicy::name) !=
           subject.target->policies.end();
  }
  return Unknown{};
}

bool same_columns(const Few<IndexElement>& elements, Names columns) {
  Names own;
  for (const IndexElement& element : elements) own.push_back(element.column);
  std::ranges::sort(own);
  std::ranges::sort(columns);
  return own == columns;
}

/// Another unique index over the same columns stays: ON CONFLICT infers that one (plancat.c infer_arbiter_indexes()).
bool has_another_key(const Catalog& catalog, const RelationName& table, const Names& columns, Name index) {
  const Relation* owner = catalog.find(table);
  return std::ranges::any_of(catalog.indexes(table), [&](const Relation* other) {
    if (other->name.relname == index || !other->index || !other->index->unique) return false;
    const CatalogConstraint* of = owner != nullptr ? owner->find_constraint(other->constraint) : nullptr;
    const bool is_inferred = of == nullptr || (!of->deferrable && of->contype != "CONSTR_EXCLUSION");
    return is_inferred && !other->index->predicate && same_columns(other->index->elements, columns);
  });
}

/// No release relies on what the file itself has made.
bool is_unknown_yet(const Catalog& catalog, const Relation& index) {
  return index.is_new || catalog.is_of_this_file(index);
}

FactValue key_of_index(const Subject& subject) {
  if (subject.target == nullptr || !subject.target->index) return Unknown{};
  const IndexDef& index = *subject.target->index;
  // That of a constraint the server does not drop.
  if (!index.unique || !subject.target->constraint.empty() ||
      is_unknown_yet(subject.catalog, *subject.target))
    return text("none");
  Names columns;
  for (const IndexElement& element : index.elements) columns.push_back(element.column);
  const bool plain = !index.predicate && std::ranges::none_of(columns, &Name::empty);
  const bool stays =
      plain && has_another_key(subject.catalog, subject.target->table, columns, subject.target->name.relname);
  return text(stays ? "none" : "unique");
}

FactValue lost_key(const Subject& subject) {
  if (subject.command.tag == "DropStmt") return key_of_index(subject);
  const CatalogConstraint* constraint = named_constraint(subject);
  if (constraint == nullptr) return Unknown{};
  const bool is_key = constraint->contype == "CONSTR_PRIMARY" || constraint->contype == "CONSTR_UNIQUE";
  if (!is_key) return text(constraint->contype == "CONSTR_EXCLUSION" ? "exclusion" : "none");
  const RelationName name{.schemaname = subject.target->name.schemaname, .relname = constraint->index};
  const Relation* index = subject.catalog.find(name);
  if (index != nullptr && is_unknown_yet(subject.catalog, *index)) return text("none");
  const Names columns(constraint->columns.begin(), constraint->columns.end());
  if (has_another_key(subject.catalog, subject.target->name, columns, constraint->index)) return text("none");
  if (constraint->contype == "CONSTR_PRIMARY") return text("primary");
  return text(constraint->deferrable ? "none" : "unique");
}

FactValue names_index(const Subject& subject) {
  return !subject.command.new_name.empty();
}

/// reloptions.c AlterTableGetRelOptionsLockLevel: these options alone need ACCESS EXCLUSIVE.
FactValue storage_options(const Subject& subject) {
  constexpr std::array<std::string_view, 10> k_locking = {
      "user_catalog_table", "autosummarize", "buffering",        "fastupdate",       "gin_pending_list_limit",
      "pages_per_range",    "check_option",  "security_barrier", "security_invoker", "length"};
  const bool locking = std::ranges::any_of(subject.command.names, [&](const Name name) {
    return std::ranges::find(k_locking, std::string_view(name)) != k_locking.end();
  });
  return text(locking ? "access_exclusive" : "share_update_exclusive");
}

FactValue persistence(const Subject& subject) {
  if (subject.target == nullptr) return Unknown{};
  const char kind = subject.target->relpersistence;
  return text(kind == 'u' ? "unlogged" : kind == 't' ? "temporary" : "permanent");
}

FactValue tablespace_change(const Subject& subject) {
  if (subject.target == nullptr) return Unknown{};
  const Name old = subject.target->tablespace;
  return (old.empty() ? subject.catalog.default_tablespace : old) != subject.command.name;
}

FactValue access_method_change(const Subject& subject) {
  if (subject.target == nullptr) return Unknown{};
  if (subject.target->relkind == relkind::partitioned_table) return false;
  const Name old = subject.target->access_method;
  const Name written = subject.command.name;  // empty: DEFAULT
  return (old.empty() ? Name("heap") : old) !=
         (written.empty() ? subject.catalog.default_access_method : written);
}

FactValue owner_change(const Subject& subject) {
  if (subject.target == nullptr || subject.target->owner.empty()) return Unknown{};
  const Name owner = subject.command.new_name;
  return subject.target->owner != (owner.empty() ? subject.catalog.role : owner);  // empty: CURRENT_USER
}

/// Whoever runs the files is nobody's application: of a replay it is only known that it made the table.
FactValue owner_loses(const Subject& subject) {
  if (subject.target == nullptr || subject.target->owner.empty()) return false;
  const bool is_told = subject.catalog.complete || subject.target->owner != subject.catalog.session_role;
  return is_told && owner_change(subject) == FactValue(true);
}

/// Of the trigger that the command names, or the widest of all of them.
FactValue trigger_level(const Subject& subject) {
  if (subject.target == nullptr) return Unknown{};
  const std::string_view tag = subject.command.tag;
  const bool all = tag.ends_with("TrigAll") || tag.ends_with("TrigUser");
  std::string_view level = "none";
  for (const CatalogTrigger& trigger : subject.target->triggers) {
    if (!all && trigger.name != subject.command.name) continue;
    if (level != "row") level = trigger.row ? "row" : "statement";
  }
  // Foreign keys are row triggers, too, from either side; up to 14 not of a partitioned table itself.
  const bool may_have_keys = subject.target->relkind != relkind::partitioned_table ||
                             subject.pg_version == 0 || subject.pg_version >= 15;
  const bool has_keys =
      may_have_keys &&
      (std::ranges::any_of(subject.target->constraints,
                           [](const CatalogConstraint& c) { return !c.referenced.empty(); }) ||
       !subject.catalog.referencing(subject.target->name).empty());
  if (subject.command.tag.ends_with("TrigAll") && has_keys) return text("row");
  if (level == "none" && !all && !subject.command.is("missing_ok")) return Unknown{};
  return text(level);
}

FactValue nullable_key(const Subject& subject) {
  const Names columns = key_columns(subject);
  if (subject.target == nullptr || columns.empty()) return Unknown{};
  return std::ranges::any_of(columns, [&subject](const Name name) {
    const CatalogColumn* column = subject.target->column(name);
    return column == nullptr || !is_not_null(subject.catalog, *subject.target, name);
  });
}

/// What the command says that an unknown target is; ALTER TABLE takes every kind. What REINDEX and CLUSTER name is most
/// likely no partitioned table: those can do it in no transaction.
FactValue kind_as_written(const Command& command) {
  if (command.tag == "ClusterStmt") return text("table");
  if (command.tag == "ReindexStmt")
    return text(command.text("kind") == "REINDEX_OBJECT_INDEX" ? "index" : "table");
  constexpr std::array<FactName, 3> k_object_types = {"objtype", "renameType", "objectType"};
  for (const FactName fact : k_object_types) {
    const std::string_view type = command.text(fact);
    if (type == "OBJECT_INDEX") return text("index");
    if (type == "OBJECT_SEQUENCE") return text("sequence");
    if (type == "OBJECT_VIEW") return text("view");
    if (type == "OBJECT_MATVIEW") return text("materialized_view");
  }
  return Unknown{};
}

FactValue relation_kind(const Subject& subject) {
  if (subject.target == nullptr) return kind_as_written(subject.command);
  switch (subject.target->relkind) {
    case relkind::partitioned_table: return text("partitioned");
    case relkind::materialized_view: return text("materialized_view");
    case relkind::view: return text("view");
    case relkind::foreign_table: return text("foreign_table");
    case relkind::sequence: return text("sequence");
    case relkind::index: return text("index");
    case relkind::partitioned_index: return text("partitioned_index");
    case relkind::composite_type: return text("composite_type");
    default: return text("table");
  }
}

FactValue domain_not_null(const Subject& subject) {
  const CatalogType* domain =
      subject.command.type ? subject.catalog.find_type(*subject.command.type) : nullptr;
  return domain != nullptr ? FactValue(domain->not_null) : Unknown{};
}

FactValue relation_exists(const Subject& subject) {
  if (subject.target != nullptr) return true;
  if (!subject.has_target()) return false;
  if (subject.catalog.is_missing(subject.command.relation("target")->name)) return false;
  return Unknown{};
}

/// pg: execReplication.c CheckCmdReplicaIdentity(): UPDATE and DELETE of what is published need to name the old row.
bool lacks_identity(const Relation* relation) {
  if (relation->relkind != relkind::table || relation->relpersistence != 'p') return false;
  if (relation->replica_identity == 'f' || relation->replica_identity == 'i') return false;
  return relation->replica_identity == 'n' ||
         std::ranges::none_of(relation->constraints, [](const CatalogConstraint& constraint) {
           return constraint.contype == "CONSTR_PRIMARY" && !constraint.deferrable;
         });
}

/// Of the tables that the publication gets.
FactValue unidentified_rows(const Subject& subject) {
  const Command& command = subject.command;
  if (!command.is("publishes_changes") || command.text("action") == "AP_DropObjects") return false;
  if (subject.has_target()) {
    if (subject.target == nullptr) return Unknown{};
    return lacks_identity(subject.target) ||
           (!subject.only() &&
            std::ranges::any_of(subject.catalog.descendants(subject.target->name), lacks_identity));
  }
  return std::ranges::any_of(subject.catalog.all(), [&](const Relation* relation) {
    const bool listed = std::ranges::find(command.names, relation->name.schemaname) != command.names.end();
    return (command.is("for_all_tables") || listed) && lacks_identity(relation);
  });
}

FactValue is_published(const Subject& subject) {
  if (subject.target == nullptr) return Unknown{};
  return subject.catalog.is_published(subject.target->name);
}

FactValue row_security(const Subject& subject) {
  if (subject.target == nullptr) return Unknown{};
  return subject.target->row_security;
}

FactValue is_unpopulated(const Subject& subject) {
  if (subject.target == nullptr) return Unknown{};
  return subject.target->unpopulated;
}

constexpr std::array k_facts = {
    DerivedFact{"default", "volatility of the new column's default: none, constant, stable or volatile",
                default_volatility},
    DerivedFact{"column_type",
                "type of the new column: ordinary, or constrained_domain, whose values must be tested",
                column_type},
    DerivedFact{"unpopulated", "the target is a materialized view that is WITH NO DATA", is_unpopulated},
    DerivedFact{"column_exists", "the column that the command names is there already", column_exists},
    DerivedFact{"not_null_proven",
                "the column is NOT NULL in the target and its children, or a valid CHECK proves it",
                not_null_proven},
    DerivedFact{"constraint_kind",
                "kind of the constraint that the command names: CONSTR_CHECK, CONSTR_FOREIGN …",
                constraint_kind},
    DerivedFact{"constraint_validated", "the constraint that the command names is validated",
                constraint_validated},
    DerivedFact{"nullable_key", "a column of the new key may hold nulls, so the key must be checked for them",
                nullable_key},
    DerivedFact{
        "relation",
        "kind of the target: table, partitioned, view, materialized_view, foreign_table, sequence, index, "
        "partitioned_index or composite_type",
        relation_kind},
    DerivedFact{"relation_exists", "the target exists", relation_exists},
    DerivedFact{"column_not_null", "the column is NOT NULL", column_not_null},
    DerivedFact{"column_generated", "the column that is there: none, stored or virtual", column_generated},
    DerivedFact{"domain_not_null", "the domain that the command names is NOT NULL", domain_not_null},
    DerivedFact{"constraint_no_inherit", "the constraint that the command names is NO INHERIT",
                constraint_no_inherit},
    DerivedFact{"checks_rows", "rows that are there must satisfy the new constraint", checks_rows},
    DerivedFact{"index_exists", "CREATE INDEX IF NOT EXISTS finds its name taken", index_exists},
    DerivedFact{"part_exists", "the rule or policy that DROP … IF EXISTS names is there", part_exists},
    DerivedFact{
        "lost_key",
        "the key of the running release that goes with the index or constraint, and that no other unique "
        "index has: primary, unique, exclusion or none",
        lost_key},
    DerivedFact{"index_renamed", "USING INDEX gives the index the constraint's name", index_renamed},
    DerivedFact{"names_index", "REPLICA IDENTITY USING INDEX", names_index},
    DerivedFact{"published", "a publication names the target", is_published},
    DerivedFact{
        "unidentified_rows",
        "the publication gets a table without a replica identity: no primary key, and none that is set",
        unidentified_rows},
    DerivedFact{"row_security", "row level security of the target is enabled", row_security},
    DerivedFact{"storage_options",
                "lock that the strictest option needs: access_exclusive or share_update_exclusive",
                storage_options},
    DerivedFact{"persistence", "of the target: permanent, unlogged or temporary", persistence},
    DerivedFact{"tablespace_change", "the table is in another tablespace", tablespace_change},
    DerivedFact{"access_method_change", "the table has another access method", access_method_change},
    DerivedFact{"owner_change", "the relation has another owner", owner_change},
    DerivedFact{"owner_loses", "a role that is known to own the relation does so no more", owner_loses},
    DerivedFact{"trigger_level", "of the triggers that the command names: row, statement or none",
                trigger_level},
    DerivedFact{"type_change", "what the new type does to stored values: none, binary_coercible or rewrite",
                type_change},
};

}  // namespace

std::span<const DerivedFact> derived_facts() {
  return k_facts;
}

Names key_columns(const Subject& subject) {
  if (subject.command.constraints.empty()) return {};
  const Constraint& constraint = subject.command.constraints.front();
  if (constraint.index_name.empty()) return constraint.columns;
  const Relation* index = subject.catalog.find({subject.target_name().schemaname, constraint.index_name});
  Names columns;
  if (index == nullptr || !index->index) return columns;
  for (const IndexElement& element : index->index->elements) columns.push_back(element.column);
  return columns;
}

FactValue fact_of(const Subject& subject, const EffectRow::Condition& condition) {
  if (const FactValue* value = subject.command.fact(condition.fact)) return *value;
  return condition.derived != nullptr ? condition.derived->compute(subject) : FactValue(false);
}

Subject::Subject(const Command& c, const Catalog& k, int version)
    : command(c), catalog(k), pg_version(version) {
  if (const RelationRef* ref = command.relation("target")) target = catalog.find(ref->name);
}

bool takes_absence(const Command& command) {
  if (command.is("if_exists")) return true;
  return (command.tag == "DropStmt" || command.tag == "RenameStmt") && command.is("missing_ok");
}

bool is_skipped(const Subject& subject) {
  const RelationRef* ref = subject.command.relation("target");
  return ref != nullptr && takes_absence(subject.command) && subject.catalog.is_unheard_of(ref->name);
}

RelationName Subject::target_name() const {
  const RelationRef* ref = command.relation("target");
  return ref != nullptr ? catalog.resolve(ref->name) : RelationName{};
}

bool Subject::only() const {
  const RelationRef* ref = command.relation("target");
  return ref != nullptr && ref->only;
}

}  // namespace effects

const std::vector<Vocabulary>& known_facts() {
  static const std::vector<Vocabulary> k_all = [] {
    std::vector<Vocabulary> result(effects::k_syntactic_facts.begin(), effects::k_syntactic_facts.end());
    for (const effects::DerivedFact& fact : effects::k_facts) result.push_back({fact.name, fact.sentence});
    return result;
  }();
  return k_all;
}

}  // namespace pgsluice
