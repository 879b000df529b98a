// SPDX-License-Identifier: Apache-2.0
// Which of two releases of an application is the older one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgsluice {

/// Less than, equal to or greater than 0, as semantic versions, with leniency: `v2.4` is `2.4.0`, `2.4.0-rc1` comes before
/// `2.4.0`, what follows `+` does not count. None: one of the two is no such version, such as `latest`, a commit, or
/// `2.4.0-3-g4f3c2b1`.
std::optional<int> compare_versions(std::string_view a, std::string_view b);

/// Seven hexadecimal digits or more, with the `g` of `git describe` or without.
bool is_commit(std::string_view text);

/// As versions, or where one of them is none or both are builds of one, by their places in `order`, oldest first, as the
/// ledger knows them. A commit and its beginning are one. None: it does not know both.
std::optional<int> compare_releases(std::string_view a, std::string_view b,
                                    const std::vector<std::string>& order);

}  // namespace pgsluice
