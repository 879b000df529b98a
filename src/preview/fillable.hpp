// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a server's catalogs say of tables that are to get rows: their columns, and what keeps rows out of them.

#include <string>
#include <vector>

#include "pgsluice/session.hpp"
#include "preview/row_values.hpp"

namespace pgsluice {

struct FillColumn {
  int attnum = 0;
  std::string name;  ///< quoted
  ValueType type;
  bool not_null = false;
  std::string fallback;  ///< the expression of its default, or the next value of an identity; empty: none
  bool always_identity = false;
  std::vector<std::string> checks;  ///< of its domains, about the column
};

/// A unique index or an exclusion constraint.
struct FillKey {
  std::vector<int> columns;  ///< attnums; 0: an expression
  bool immediate = true;
};

struct FillReference {
  std::vector<int> columns;
  std::string table;                    ///< quoted, with its schema; may be a partition
  std::string root;                     ///< oid of what is filled
  std::vector<std::string> referenced;  ///< quoted columns, one each
};

/// A table that is none of another one's partitions.
struct FillTable {
  std::string oid;
  std::string name;  ///< quoted, with its schema
  bool partitioned = false;
  std::vector<FillColumn> columns;  ///< but for generated ones
  std::vector<FillKey> keys;        ///< the primary key first
  std::vector<FillReference> references;
  std::vector<std::string> checks;  ///< expressions about its columns, what the partitions take among them
};

/// All tables of the database, each behind those that it refers to where that can be.
std::vector<FillTable> fillable_tables(Session& session);

}  // namespace pgsluice
