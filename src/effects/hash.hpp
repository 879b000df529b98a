// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's hash functions, which decide in which hash partition a row is.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "datum.hpp"

namespace pgsluice::effects {

/// partbounds.c compute_partition_hash_value(): of the key's values, in order, null as nullopt in the list. Empty when
/// the hash of a value is not known here.
std::optional<std::uint64_t> partition_hash(const std::vector<std::optional<Datum>>& key);

}  // namespace pgsluice::effects
