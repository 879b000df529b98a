// SPDX-License-Identifier: Apache-2.0
// Which partitions can hold rows of which a predicate is true: what the planner proves with constants, and where an
// INSERT puts a row (partprune.c prune_append_rel_partitions, execPartition.c ExecFindPartition).
#pragma once

#include <vector>

#include "pgsluice/catalog.hpp"

namespace pgsluice::effects {

/// The partitions, all the way down, that are not ruled out. `alias` is the name by which the predicate calls the table;
/// what it says of other relations says nothing. What cannot be judged rules nothing out.
std::vector<const Relation*> live_partitions(const Catalog& catalog, const Relation& table,
                                             const Predicate& where, Name alias);

/// The partitioned tables above a partition, all the way up.
std::vector<const Relation*> partitioned_above(const Catalog& catalog, const Relation& relation);

}  // namespace pgsluice::effects
