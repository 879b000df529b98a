// SPDX-License-Identifier: Apache-2.0
#pragma once

// Queries as applications have them, made by chance that is the same each time, with what each of them uses.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace pgsluice::test {

/// Four tables of five columns, all of text; views; a function; and a table of the same name in another schema.
extern const char* const k_workload_schema;
/// "orders.total"
extern const std::vector<std::string> k_workload_columns;

struct WorkloadQuery {
  std::string sql;
  bool archive = false;        ///< runs with the search_path of the other schema
  std::set<std::string> uses;  ///< columns that it needs: without one of them, no server takes it any more
  /// Columns that it uses by what we call use: behind a star, a row, a function, or by their place.
  std::set<std::string> too;
  /// Of those, columns behind AS t (a, b): without one of them, the names mean others, which there may be or not.
  std::set<std::string> shifting;
};

/// `major`: of the server that shall take them.
std::vector<WorkloadQuery> make_workload(std::size_t count, std::uint32_t seed, int major);

}  // namespace pgsluice::test
