// SPDX-License-Identifier: Apache-2.0
#pragma once

// Prediction beside observation.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "preview/observe.hpp"

namespace pgsluice {

/// Adds a difference unless both are the same; what is `allowed` may be predicted or not.
void compare_names(std::string_view what, const std::set<std::string>& predicted,
                   const std::set<std::string>& observed, const std::set<std::string>& allowed,
                   std::vector<Difference>& differences);

/// What was predicted and not seen. It may be so where nobody looked at every moment, and where the data decide what happens.
enum class Unseen { may_be, differs };

/// `held_before`: what the transaction held when the statement began, and pg_locks did not show again. `unforeseen`: what
/// earlier statements made by code that nobody can foresee; no prediction knows it. That such code does more than was said
/// is no difference either: this very thing is said of it.
std::vector<Difference> compare(const Effect& predicted, const Statement& statement,
                                const Observation& observed, const HeldLocks& held_before, Unseen unseen,
                                const std::set<std::string>& unforeseen = {});

/// Adds what the statement made and nobody foresaw, indexes on such tables too, to what compare() is to pass over.
void note_unforeseen(const Effect& predicted, const Observation& observed, std::set<std::string>& unforeseen);

}  // namespace pgsluice
