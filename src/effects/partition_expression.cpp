// SPDX-License-Identifier: Apache-2.0
#include "partition_expression.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "evaluate.hpp"

namespace pgsluice::effects {

namespace {

using Kind = Text::Kind;

struct Monotonic {
  std::string_view name;
  Domain of;  ///< its columns are all of this domain
  Domain yields;
};

/// What effects/evaluate.cpp computes as PostgreSQL does, of values of such columns.
constexpr std::array<Monotonic, 15> k_monotonic = {{{"lower", Domain::text, Domain::text},
                                                    {"upper", Domain::text, Domain::text},
                                                    {"left", Domain::text, Domain::text},
                                                    {"right", Domain::text, Domain::text},
                                                    {"substr", Domain::text, Domain::text},
                                                    {"substring", Domain::text, Domain::text},
                                                    {"btrim", Domain::text, Domain::text},
                                                    {"ltrim", Domain::text, Domain::text},
                                                    {"rtrim", Domain::text, Domain::text},
                                                    {"||", Domain::text, Domain::text},
                                                    {"length", Domain::text, Domain::integer},
                                                    {"+", Domain::integer, Domain::integer},
                                                    {"-", Domain::integer, Domain::integer},
                                                    {"*", Domain::integer, Domain::integer},
                                                    {"%", Domain::integer, Domain::integer}}};

bool is_whole(std::string_view text) {
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  return text.size() > sign && text.find_first_not_of("0123456789", sign) == std::string_view::npos;
}

/// other: not known.
Domain domain_of(const Text& expression, const Relation& table) {
  if (expression.kind == Kind::variable) {
    const CatalogColumn* column = table.column(expression.value);
    const Domain domain = column != nullptr ? effects::domain_of(column->type) : Domain::other;
    return domain == Domain::text || domain == Domain::integer ? domain : Domain::other;
  }
  if (expression.kind != Kind::call) return Domain::other;
  const auto function = std::ranges::find(k_monotonic, std::string_view(expression.value), &Monotonic::name);
  if (function == k_monotonic.end()) return Domain::other;
  // Of constants a text function takes numbers, too: substr(a, 1, 2).
  const bool fits = std::ranges::all_of(expression.parts, [&](const Text& part) {
    if (part.kind == Kind::constant) return function->of == Domain::text || is_whole(part.value);
    return domain_of(part, table) == function->of;
  });
  return fits ? function->yields : Domain::other;
}

/// Letters beyond ASCII are the business of a collation.
std::optional<Text> as_text(const Datum& value) {
  if (value.domain == Domain::integer)
    return constant_text(std::to_string(static_cast<long long>(value.number)));
  const bool plain =
      std::ranges::all_of(value.text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return value.domain == Domain::text && plain ? std::optional(constant_text(value.text)) : std::nullopt;
}

}  // namespace

std::optional<TypeName> expression_type(const Text& expression, const Relation& table) {
  const Domain domain = domain_of(expression, table);
  if (domain == Domain::other) return std::nullopt;
  return TypeName{.schemaname = {}, .name = domain == Domain::text ? "text" : "int8"};
}

bool add_columns(const Text& expression, Names& columns) {
  if (expression.kind == Kind::variable) {
    if (std::ranges::find(columns, Name(expression.value)) == columns.end())
      columns.emplace_back(expression.value);
    return true;
  }
  if (expression.kind == Kind::constant) return true;
  return expression.kind == Kind::call && std::ranges::all_of(expression.parts, [&columns](const Text& part) {
           return add_columns(part, columns);
         });
}

std::optional<Datum> expression_value(const Text& expression, const Relation& table, const Catalog& catalog,
                                      const std::map<Name, Datum>& columns) {
  const std::optional<TypeName> type = expression_type(expression, table);
  if (!type) return std::nullopt;
  Variables variables;
  for (const auto& [name, value] : columns) {
    std::optional<Text> text = as_text(value);
    if (!text) return std::nullopt;
    variables.emplace(name.str(), *std::move(text));
  }
  const Text value = evaluate(expression, variables, catalog);
  if (value.kind != Kind::constant) return std::nullopt;
  return datum(*type, {.kind = Value::Kind::constant, .type = {}, .text = value.value}, {},
               Meeting::compared);
}

}  // namespace pgsluice::effects
