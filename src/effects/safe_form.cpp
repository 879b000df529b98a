// SPDX-License-Identifier: Apache-2.0
#include "effects/safe_form.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "sql/lexer.hpp"
#include "sql/words.hpp"

namespace pgsluice::effects {
namespace {

using sql::tidy;

constexpr int k_width = 96;  // a report indents it by four

/// What a safe form is made from.
struct Original {
  const Statement& statement;
  const Command& command;
  std::string_view source;

  [[nodiscard]] std::string_view text(const SourceRange& range) const {
    return source.substr(range.begin, range.end - range.begin);
  }
};

/// What follows the first token.
std::string_view after_token(std::string_view sql) {
  sql::Lexer lexer(sql);
  return sql.substr(lexer.next().end);
}

bool begins_with(std::string_view sql, std::string_view keyword) {
  sql::Lexer lexer(sql);
  const sql::Token token = lexer.next();
  return token.kind == sql::TokenKind::word && sql::is_keyword(lexer.text(token), keyword);
}

std::string_view after_keyword(std::string_view sql, std::string_view keyword) {
  return begins_with(sql, keyword) ? after_token(sql) : sql;
}

/// Up to the first of the keywords; all of it when there is none.
std::string_view before_keyword(std::string_view text, std::initializer_list<std::string_view> keywords) {
  const auto found = sql::find_keyword(text, keywords);
  return text.substr(0, found ? found->begin : text.size());
}

std::string name_in(const Original& original, std::string_view role) {
  const RelationRef* ref = original.command.relation(role);
  return ref == nullptr ? std::string() : ref->name.quoted();
}

/// After which PostgreSQL names what belongs to it.
Name target_relname(const Original& original) {
  if (original.command.tag == "AlterDomainStmt" && original.command.type) return original.command.type->name;
  const RelationRef* ref = original.command.relation("target");
  return ref == nullptr ? Name() : ref->name.relname;
}

std::string relation(const Original& original) {
  return name_in(original, "target");
}

// ---- columns ---------------------------------------------------------------------------------------------------------

std::string column(const Original& original) {
  return original.command.name.empty() ? std::string() : quote_ident(original.command.name);
}

std::string new_column(const Original& original) {
  return original.command.name.empty() ? std::string() : quote_ident(original.command.name + "_new");
}

/// The name that PostgreSQL would give something of the column.
std::string object_name(const Original& original, std::string_view label) {
  if (original.command.name.empty() || target_relname(original).empty()) return {};
  return quote_ident(make_object_name(target_relname(original), original.command.name, label));
}

/// serial is no type: PostgreSQL's parser makes an integer and a sequence of it.
std::string without_serial(const std::string& type) {
  const std::string lower = to_lower(type);
  if (lower == "smallserial" || lower == "serial2") return "smallint";
  if (lower == "serial" || lower == "serial4") return "integer";
  return lower == "bigserial" || lower == "serial8" ? "bigint" : type;
}

std::string type_of(const Original& original, const ColumnDef& column) {
  SourceRange range = column.range;
  if (!column.constraints.empty()) range.end = column.constraints.front().range.begin;
  if (range.end <= range.begin) return {};
  const std::string_view text = after_token(original.text(range));
  return without_serial(tidy(before_keyword(text, {"collate"})));
}

/// ALTER [COLUMN] name [SET DATA] TYPE type [COLLATE …] [USING …]
std::string new_type(const Original& original) {
  std::string_view text = after_keyword(original.text(original.command.range), "alter");
  text = after_token(after_keyword(text, "column"));
  text = after_keyword(after_keyword(after_keyword(text, "set"), "data"), "type");
  return tidy(before_keyword(text, {"collate", "using"}));
}

std::string type(const Original& original) {
  if (original.command.tag == "AT_AlterColumnType") return new_type(original);
  if (original.command.columns.empty()) return {};
  return type_of(original, original.command.columns.front());
}

std::string column_default(const Original& original) {
  if (original.command.columns.empty()) return {};
  const Constraint* constraint = original.command.columns.front().constraint("CONSTR_DEFAULT");
  return constraint == nullptr ? std::string()
                               : tidy(after_keyword(original.text(constraint->range), "default"));
}

// ---- constraints -----------------------------------------------------------------------------------------------------

std::string columns(const Names& names) {
  std::vector<std::string> quoted;
  for (const Name name : names) quoted.push_back(quote_ident(name));
  return cat("(", join(quoted, ", "), ")");
}

std::string_view label_of(std::string_view contype) {
  if (contype == "CONSTR_PRIMARY") return "pkey";
  if (contype == "CONSTR_UNIQUE") return "key";
  if (contype == "CONSTR_EXCLUSION") return "excl";
  if (contype == "CONSTR_CHECK") return "check";
  return contype == "CONSTR_NOTNULL" ? "not_null" : "fkey";
}

/// The one that is written, or what PostgreSQL would choose.
std::string constraint_name(const Original& original) {
  if (original.command.constraints.empty()) return {};
  const Constraint& constraint = original.command.constraints.front();
  if (!constraint.name.empty()) return quote_ident(constraint.name);
  if (!constraint.index_name.empty()) return quote_ident(constraint.index_name);
  if (target_relname(original).empty()) return {};
  std::vector<std::string> names(constraint.columns.begin(), constraint.columns.end());
  const bool about_one = constraint.expression && constraint.expression->columns.size() == 1;
  if (names.empty() && about_one) names.emplace_back(constraint.expression->columns.front());
  if (constraint.contype == "CONSTR_PRIMARY") names.clear();
  return quote_ident(
      make_object_name(target_relname(original), join(names, "_"), label_of(constraint.contype)));
}

/// As it stands behind ADD CONSTRAINT name.
std::string definition(const Original& original) {
  if (original.command.constraints.empty()) return {};
  const Constraint& constraint = original.command.constraints.front();
  std::string_view text = after_keyword(original.text(constraint.range), "add");
  if (begins_with(text, "constraint")) text = after_token(after_token(text));
  const bool of_column = original.command.is("inline") && constraint.contype == "CONSTR_FOREIGN";
  return (of_column ? cat("FOREIGN KEY ", columns(constraint.columns), " ") : "") + tidy(text);
}

/// What stands behind the table's name in the CREATE UNIQUE INDEX that backs the constraint.
std::string key(const Original& original) {
  if (original.command.constraints.empty()) return {};
  const Constraint& constraint = original.command.constraints.front();
  if (constraint.columns.empty() || constraint.without_overlaps) return {};
  return cat(columns(constraint.columns),
             constraint.including.empty() ? "" : " INCLUDE " + columns(constraint.including),
             constraint.nulls_not_distinct ? " NULLS NOT DISTINCT" : "");
}

std::string index(const Original& original) {
  if (original.command.constraints.empty()) return {};
  const Name name = original.command.constraints.front().index_name;
  return name.empty() ? std::string() : quote_ident(name);
}

std::string domain(const Original& original) {
  if (!original.command.type) return {};
  const TypeName& type = *original.command.type;
  return RelationName{.schemaname = type.schemaname, .relname = type.name}.quoted();
}

// ---- partitions ------------------------------------------------------------------------------------------------------

std::string bounds(const Original& original) {
  const std::string_view text = original.text(original.command.range);
  const std::string_view from = text.substr(before_keyword(text, {"for", "default"}).size());
  return tidy(before_keyword(from, {"partition", "using", "with", "tablespace"}));
}

/// A constraint of the relation that becomes a partition.
std::string bound_name(const Original& original) {
  const RelationRef* partition = original.command.relation("partition");
  const Name name = partition != nullptr ? partition->name.relname : target_relname(original);
  return name.empty() ? std::string() : quote_ident(make_object_name(name, {}, "bound"));
}

// ---- statements ------------------------------------------------------------------------------------------------------

std::string new_name(const Original& original) {
  return original.command.new_name.empty() ? std::string() : quote_ident(original.command.new_name);
}

/// In the schema where it was.
std::string renamed(const Original& original) {
  const RelationRef* target = original.command.relation("target");
  if (target == nullptr || original.command.new_name.empty()) return {};
  return RelationName{.schemaname = target->name.schemaname, .relname = original.command.new_name}.quoted();
}

/// The statement with CONCURRENTLY, which stands behind what kind of thing it is about.
std::string concurrently(const Original& original) {
  const std::string_view text = original.text(original.statement.range);
  const auto kind = sql::find_keyword(text, {"index", "table", "schema", "database", "view"});
  if (!kind) return {};
  return tidy(cat(text.substr(0, kind->end), " CONCURRENTLY ", text.substr(kind->end)));
}

struct Word {
  std::string_view name;
  std::string (*text)(const Original&);
};
constexpr std::array k_words = {
    Word{"relation", relation},
    Word{"column", column},
    Word{"new_column", new_column},
    Word{"type", type},
    Word{"default", column_default},
    Word{"sequence", [](const Original& o) { return object_name(o, "seq"); }},
    Word{"check", [](const Original& o) { return object_name(o, "check"); }},
    Word{"not_null", [](const Original& o) { return object_name(o, "not_null"); }},
    Word{"constraint", constraint_name},
    Word{"definition", definition},
    Word{"key", key},
    Word{"index", index},
    Word{"domain", domain},
    Word{"partition", [](const Original& o) { return name_in(o, "partition"); }},
    Word{"parent", [](const Original& o) { return name_in(o, "parent"); }},
    Word{"bounds", bounds},
    Word{"bound_check", bound_name},
    Word{"new_name", new_name},
    Word{"renamed", renamed},
    Word{"concurrently", concurrently},
};

const Word* find_word(std::string_view name) {
  const auto found = std::ranges::find(k_words, name, &Word::name);
  return found == k_words.end() ? nullptr : &*found;
}

/// Whoever loads rows has made sure that every word is known.
std::string fill(std::string_view form, const Original& original) {
  std::string out;
  out.reserve(2 * form.size());
  for (std::size_t open = form.find('{'); open != std::string_view::npos; open = form.find('{')) {
    const std::size_t close = form.find('}', open);
    const std::string text = find_word(form.substr(open + 1, close - open - 1))->text(original);
    out += form.substr(0, open);
    out += text.empty() ? "…" : text;
    form.remove_prefix(close + 1);
  }
  return out.append(form);
}

/// A comment behind a long line goes before it.
std::string folded(std::string_view text) {
  constexpr std::string_view mark = "   -- ";
  std::vector<std::string> result;
  for (const std::string_view line : lines(text)) {
    const std::size_t comment = line.rfind(mark);
    if (comment == std::string_view::npos || display_width(line) <= k_width) {
      result.emplace_back(line);
    } else {
      result.emplace_back(trim(line.substr(comment)));
      result.emplace_back(line.substr(0, comment));
    }
  }
  return join(result, "\n");
}

}  // namespace

bool is_safe_form_word(std::string_view name) {
  return find_word(name) != nullptr;
}

std::string safe_form(const EffectRow& row, const Statement& statement, const Command& command,
                      std::string_view source) {
  return folded(fill(row.instead, {.statement = statement, .command = command, .source = source}));
}

std::string safe_form(const EffectRow& row) {
  const Script script = parse({.path = {}, .text = row.example});
  for (const Statement& statement : script.statements) {
    const auto command = std::ranges::find(statement.commands, row.on, &Command::tag);
    if (command != statement.commands.end()) {
      return safe_form(row, statement, *command, script.source.text);
    }
  }
  return row.instead;
}

}  // namespace pgsluice::effects
