// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the values of new rows come from. Asks no server.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "preview/fillable.hpp"

namespace pgsluice {

inline constexpr std::string_view k_row_number = "numbers.n";  ///< in SQL; of the row, from 0

/// Where the values of some columns come from; `count` of them are different, one for each number of the row below that.
struct RowSource {
  enum class Kind { series, pool, reference, nothing };
  Kind kind = Kind::nothing;
  std::vector<const FillColumn*> columns;
  std::optional<long long> count;  ///< none: as many as there are rows
  long long stride = 1;            ///< rows that get the same value one after the other
  std::size_t series = 0;          ///< of series_of()
  bool default_first = false;      ///< so does series_of()
  std::string pool;                ///< a temporary table
  const FillReference* reference = nullptr;
  bool own = false;  ///< it refers to its own table
};

/// nullptr: it is generated.
const FillColumn* column_of(const FillTable& table, int attnum);
/// Those that an expression names.
std::vector<const FillColumn*> columns_in(const FillTable& table, const std::string& expression);
/// Of the table and of its columns' domains.
std::vector<std::string> all_checks(const FillTable& table);
/// In SQL: whether no check is against it.
std::string passing(const std::vector<std::string>& checks);

/// Whether one of the sources is for the column.
bool is_given(const std::vector<RowSource>& sources, const FillColumn* one);

/// A domain's own checks are asked for before: a cast to it would end the statement.
const ValueType& base_of(const ValueType& type);
/// To the base of a domain.
std::string cast_to(const ValueType& type, std::string_view expression);

/// A value that others in the same column do not have: of a sequence, or made up.
bool makes_unique_values(const std::string& expression);
/// The ways to make values for a column.
std::vector<ValueSeries> series_of(const FillColumn& one, bool default_first, std::string_view number);

}  // namespace pgsluice
