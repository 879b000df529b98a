// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fix/kind.hpp"

namespace pgsluice::fix {

/// ADD UNIQUE or PRIMARY KEY on a partitioned table: on each partition from an index that is built CONCURRENTLY, then ON
/// ONLY the table, and attached from the leaves up. `key` is what stands behind the table's name in CREATE INDEX.
Rewritten key_on_partitions(const Subject& subject, const std::string& key);

/// ADD FOREIGN KEY on a partitioned table: NOT VALID on each partition, validated there, and then on the table, which takes
/// those for its own and reads nothing. Empty: all of them have it.
Rewritten foreign_key_on_partitions(const Subject& subject);

}  // namespace pgsluice::fix
