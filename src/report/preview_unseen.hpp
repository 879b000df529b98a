// SPDX-License-Identifier: Apache-2.0
#pragma once

// What was predicted of statements, and not seen.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "pgsluice/preview.hpp"

namespace pgsluice {

using RelationsByMode =
    std::map<LockMode, std::vector<std::string>, std::greater<>>;  ///< quoted; strongest first

/// Of each statement of the file that ran. No lock of rows that are not there is taken, nor that of a branch of code that went
/// another way; and who runs alone is only looked at now and then.
std::vector<RelationsByMode> unseen_locks(const PreviewedFile& file);

}  // namespace pgsluice
