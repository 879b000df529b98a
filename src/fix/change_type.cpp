// SPDX-License-Identifier: Apache-2.0
// A type change that writes the table anew → a new column beside the old one: a trigger keeps it in step, old rows are
// filled in batches, and in the contract phase it takes the old one's place.
#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "fix/words.hpp"
#include "sql/lexer.hpp"

namespace pgsluice::fix {
namespace {

using sql::Lexer;
using sql::Token;
using sql::TokenKind;

// ---- whether it can be done without a hand ---------------------------------------------------------------------------

bool has(const Few<Name>& columns, Name column) {
  return std::ranges::find(columns, column) != columns.end();
}

bool indexes(const Relation& index, Name column) {
  if (!index.index) return true;
  const IndexDef& def = *index.index;
  return def.predicate || has(def.including, column) ||
         std::ranges::any_of(def.elements, [&](const IndexElement& element) {
           return element.column == column || element.expression;
         });
}

/// What else of the database is made of the column, in words; empty: nothing.
std::string user_of(const Catalog& catalog, const Relation& table, Name column) {
  for (const CatalogConstraint& constraint : table.constraints) {
    if (constraint.contype == "CONSTR_NOTNULL") continue;
    if (has(constraint.columns, column) || has(constraint.expression_columns, column))
      return cat("constraint ", quote_ident(constraint.name));
  }
  for (const Relation* index : catalog.indexes(table.name)) {
    if (indexes(*index, column)) return cat("index ", index->name.quoted());
  }
  for (const Relation* other : catalog.referencing(table.name)) {
    if (other->name != table.name) return cat("a foreign key of ", other->name.quoted());
  }
  if (!catalog.readers(table.name).empty())
    return cat("view ", catalog.readers(table.name).front()->name.quoted());
  if (!table.policies.empty()) return "a policy";
  if (!table.rules.empty()) return "a rule";
  if (!table.triggers.empty()) return cat("trigger ", quote_ident(table.triggers.front().name));
  return {};
}

/// Whether a statement behind it has to do with the table, for all that can be told.
bool is_used_later(const Subject& subject, const RelationName& table) {
  const auto& effects = subject.file.effects;
  return std::any_of(effects.begin() + static_cast<std::ptrdiff_t>(subject.effect.statement) + 1,
                     effects.end(), [&](const Effect& effect) {
                       if (effect.unmodeled || !effect.unseen.empty()) return true;
                       return std::ranges::find(effect.locks, table, &RelationLock::relation) !=
                              effect.locks.end();
                     });
}

std::string refusal(const Subject& subject) {
  const Relation* table = subject.relation();
  const CatalogColumn* column = table == nullptr ? nullptr : table->column(subject.command().name);
  if (column == nullptr)
    return "what belongs to the column is not known: name the migrations before it, too, or --catalog";
  if (table->relkind != relkind::table || !table->parents.empty() ||
      !subject.before.children(table->name).empty())
    return "the table is a partition, has some, or is inherited: do it by hand, table by table";
  if (column->generated != '\0' || column->identity || !column->owned_sequence.empty())
    return "the column is generated or has a sequence: do it by hand";
  if (column->default_expression) return "the column has a default: drop it before, and set it behind it";
  if (const std::string user = user_of(subject.before, *table, column->name); !user.empty())
    return cat(user, " may use the column, and must be made anew on the new one: do it by hand");
  if (is_used_later(subject, table->name))
    return "what stands behind it uses the same table: give it a file of its own";
  return {};
}

// ---- the new column --------------------------------------------------------------------------------------------------

/// ALTER [COLUMN] name [SET DATA] TYPE type [COLLATE …] [USING …] in its parts.
struct TypeChange {
  std::string type;   ///< with its COLLATE
  std::string value;  ///< the USING expression; empty: the column as it is
};

TypeChange read_change(std::string_view text) {
  Lexer lexer(text);
  lexer.next();  // ALTER
  Token token = lexer.next();
  if (sql::is_keyword(lexer.text(token), "column")) token = lexer.next();  // the name
  token = lexer.next();
  if (sql::is_keyword(lexer.text(token), "set")) {
    lexer.next();  // DATA
    token = lexer.next();
  }
  const std::string_view rest = text.substr(token.end);
  const auto value = find_keyword(rest, {"using"});
  return {.type = tidy(rest.substr(0, value ? value->begin : rest.size())),
          .value = value ? tidy(rest.substr(value->end)) : std::string()};
}

/// The name that a token writes; none: it is no name.
std::optional<std::string> name_of(const Lexer& lexer, const Token& token) {
  const std::string_view text = lexer.text(token);
  if (token.kind == TokenKind::word) return to_lower(text);
  if (token.kind == TokenKind::quoted_name && text.starts_with('"'))
    return replace_all(text.substr(1, text.size() - 2), "\"\"", "\"");
  return std::nullopt;
}

/// The expression as the trigger must write it; none: it reads something else than the column.
std::optional<std::string> of_new_row(const Subject& subject, const std::string& value) {
  const Name column = subject.command().name;
  std::string own = cat("NEW.", quote_ident(column));
  if (value.empty()) return own;
  const Expression& expression = *subject.command().expression;
  if (expression.subquery || expression.columns.size() != 1 || expression.columns.front() != column)
    return std::nullopt;
  std::string out;
  std::size_t end = 0;
  std::size_t found = 0;
  char before = ' ';
  Lexer lexer(value);
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    out += value.substr(end, token.begin - end);
    const std::string_view text = lexer.text(token);
    const bool names_it = before != '.' && before != ':' && name_of(lexer, token) == column.str();
    found += names_it ? 1 : 0;
    out += names_it ? own : std::string(text);
    before = text.back();
    end = token.end;
  }
  return found == 1 ? std::optional(out) : std::nullopt;
}

/// The name that PostgreSQL 18 gives to the NOT NULL of a column.
std::string not_null_name(const Subject& subject, Name column) {
  return quote_ident(make_object_name(subject.target()->name.relname, column, "not_null"));
}

/// A string that no text of ours ends.
std::string dollar_quoted(const std::string& body) {
  std::string name = "sync";
  while (body.find(cat("$", name, "$")) != std::string::npos) name += '_';
  return cat("$", name, "$", body, "$", name, "$");
}

}  // namespace

Rewritten change_type(const Subject& subject) {
  if (std::string reason = refusal(subject); !reason.empty()) return Refusal{reason};
  const TypeChange change = read_change(subject.text(subject.command().range));
  const auto value = of_new_row(subject, change.value);
  if (!value) return Refusal{"USING reads more than the column: do it by hand"};
  const RelationRef& target = *subject.target();
  const Name plain = subject.command().name;
  const std::string table = table_name(subject);
  const std::string column = quote_ident(plain);
  const Name new_plain = make_object_name(plain, {}, "new");
  if (subject.relation()->column(new_plain) != nullptr)
    return Refusal{cat("there is a column ", quote_ident(new_plain), " already")};
  const std::string new_column = quote_ident(new_plain);
  const std::string sync = free_name(subject, plain, "sync");
  const std::string function = RelationName{.schemaname = target.name.schemaname, .relname = sync}.quoted();
  const std::string trigger = quote_ident(sync);
  const std::string prefix = alter_prefix(subject);
  const std::string old_value = change.value.empty() ? column : cat("(", change.value, ")");

  Replacement steps{cat(prefix, " ADD COLUMN ", new_column, " ", change.type),
                    cat("CREATE FUNCTION ", function, "() RETURNS trigger LANGUAGE plpgsql AS ",
                        dollar_quoted(cat("BEGIN NEW.", new_column, " := ", *value, "; RETURN NEW; END"))),
                    cat("CREATE TRIGGER ", trigger, " BEFORE INSERT OR UPDATE ON ", table,
                        " FOR EACH ROW EXECUTE FUNCTION ", function, "()"),
                    {cat("-- pgsluice: batch\nUPDATE ", table, " SET ", new_column, " = ", old_value,
                         " WHERE ", new_column, " IS NULL AND ", column, " IS NOT NULL"),
                     Phase::backfill}};
  if (subject.relation()->column(plain)->not_null)
    steps.emplace_back(cat(prefix, " ALTER COLUMN ", new_column, " SET NOT NULL"));
  const bool named = subject.relation()->column(plain)->not_null && subject.pg_version >= 18;
  for (const std::string& last :
       {cat("DROP TRIGGER ", trigger, " ON ", table), cat("DROP FUNCTION ", function, "()"),
        cat(prefix, " DROP COLUMN ", column), cat(prefix, " RENAME COLUMN ", new_column, " TO ", column)})
    steps.emplace_back(last, Phase::contract);
  if (named) {  // from 18 on NOT NULL has a name
    steps.emplace_back(cat(prefix, " RENAME CONSTRAINT ", not_null_name(subject, new_plain), " TO ",
                           not_null_name(subject, plain)),
                       Phase::contract);
  }
  return steps;
}

}  // namespace pgsluice::fix
