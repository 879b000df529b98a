// SPDX-License-Identifier: Apache-2.0
#pragma once

// Values of every type by their number, as SQL expressions. Knows no table and asks no server.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgsluice {

/// A type as the catalogs describe it, with what it is made of.
struct ValueType {
  std::string name;     ///< format_type(), with the modifier
  std::string typname;  ///< of a domain: that of its base
  char typtype = 'b';   ///< as in pg_type; A: an array
  int typmod = -1;
  long long labels = 0;  ///< of an enum
  std::vector<ValueType>
      parts;  ///< a domain's base, an array's element, a range's subtype, a composite's columns
};

/// One way to make values: `expression` gives a value for each number from 0, and another one for each below `count`.
struct ValueSeries {
  std::string expression;
  std::optional<long long> count;  ///< none: as many as there are numbers
};

/// The most natural one first; the others are there for what CHECK constraints ask. `number` is an expression of type bigint.
std::vector<ValueSeries> value_series(const ValueType& type, std::string_view number);

/// What an expression as pg_get_expr() prints it speaks of.
struct ExpressionParts {
  std::vector<std::string> constants;  ///< numbers and strings, as SQL writes them
  std::vector<std::string> names;      ///< words, and what is quoted as it is quoted
};
ExpressionParts parts_of_expression(std::string_view expression);

/// The expression about a domain's VALUE as one about `column`.
std::string about_column(std::string_view domain_check, std::string_view column);

}  // namespace pgsluice
