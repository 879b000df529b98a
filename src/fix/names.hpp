// SPDX-License-Identifier: Apache-2.0
#pragma once

// What new files are called: right behind the original, in the numbering of its folder.

#include <span>
#include <string>
#include <vector>

namespace pgsluice::fix {

/// `labels` say what each new file is about. The numbers that follow the original's are taken when no other file stands in
/// between; else the names go on with the original's.
std::vector<std::string> new_names(const std::string& original, std::span<const std::string> folder,
                                   const std::vector<std::string>& labels);

}  // namespace pgsluice::fix
