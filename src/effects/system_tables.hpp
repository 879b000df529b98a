// SPDX-License-Identifier: Apache-2.0
// System catalogs and the information schema, as far as our own catalog can fill them: for code that asks them what
// there is before it does something.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgsluice/catalog.hpp"
#include "pgsluice/code.hpp"

namespace pgsluice::effects {

struct SystemTable {
  using Row = std::vector<std::pair<std::string_view, Text>>;
  std::vector<Row> rows;
  std::string_view
      schema;  ///< the column with the schema of the relation that a row is about; empty: `relation` has it
  std::string_view relation;  ///< the column with its name, or its OID
};

/// Nothing: a table that is not filled here.
std::optional<SystemTable> system_table(const Catalog& catalog, const RelationName& name);

/// How the OID of a relation is written here: its full name.
std::string oid_text(const RelationName& name);
/// The relation that `regclass` means; nullptr: not known.
const Relation* relation_of(const Catalog& catalog, std::string_view regclass);
RelationName parse_regclass(std::string_view text);

}  // namespace pgsluice::effects
