// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who is kept out of which relation, and when: what the time lines of a preview have in common.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "pgsluice/effects.hpp"
#include "report/document.hpp"

namespace pgsluice {

inline constexpr int k_widest_statement = 72;

/// "9.6 ms", "12 ms".
std::string milliseconds_words(double ms);

/// How bad it is for others.
Style style_of_lock(LockMode mode);

/// Where a statement stands on the page: numbers of the file and of the statement in it.
std::string anchor_of(std::size_t file, std::size_t statement);

struct RelationRows {
  std::vector<TimeLine::Row> rows;  ///< longest first
  std::size_t left_out = 0;         ///< relations that are too many for a time line
};

/// By quoted names; the segments of each in the order in which they began. Labels and notes come here.
RelationRows rows_of_relations(std::map<std::string, TimeLine::Row> relations);

/// The line, and how many are not in it.
void add(TimeLine line, std::size_t left_out, Document& document);

}  // namespace pgsluice
