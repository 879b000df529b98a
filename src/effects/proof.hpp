// SPDX-License-Identifier: Apache-2.0
// What is certain of the rows of a table without reading them (tablecmds.c ConstraintImpliedByRelConstraint and
// predtest.c): NOT NULL and valid CHECKs prove conditions on columns and constants. Where this cannot tell, PostgreSQL is
// said to read the rows.
#pragma once

#include "pgsluice/catalog.hpp"

namespace pgsluice::effects {

/// The condition is false for no row of the table.
bool is_implied(const Catalog& catalog, const Relation& relation, const Predicate& condition);

/// The column is NOT NULL, or a valid CHECK proves it.
bool is_not_null(const Catalog& catalog, const Relation& relation, Name column);

/// What is true of all rows of a new partition: its own bound, and those of the tables above.
Predicate partition_condition(const Catalog& catalog, const Relation& parent, const PartitionBound& bound);

/// What is true of all rows of the default partition beside a new one.
Predicate outside_condition(const Relation& parent, const PartitionBound& bound);

}  // namespace pgsluice::effects
