// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rows for tables that have too few of them, of the right types, which constraints and foreign keys allow.

#include <functional>
#include <string>
#include <vector>

#include "pgsluice/preview.hpp"

namespace pgsluice {

struct Filling {
  std::function<long long(const std::string& table)>
      rows;                         ///< how many a table shall have; 0: leave it alone
  std::vector<std::string> tables;  ///< quoted, with what they refer to; empty: all
};

/// Fills parents before children and analyzes them. What cannot be filled is said in the notes. Triggers do not fire. Throws
/// Error when the server goes away.
Filled fill(Session& session, const Filling& filling);

}  // namespace pgsluice
