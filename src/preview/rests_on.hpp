// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pending files that are rolled back one by one: which of them needs what those before it do.

#include <optional>
#include <string>
#include <vector>

#include "pgsluice/findings.hpp"
#include "pgsluice/session.hpp"

namespace pgsluice {

using FilesBefore = std::vector<const FileAnalysis*>;  ///< that are pending, too, in their order

/// The first statement that does not do the same when the file is `alone`: without the pending files before it.
const Effect* first_that_rests(const FileAnalysis& file, const FileAnalysis& alone);

/// What the statement finds otherwise without them: "public.t, which 0001_t.sql makes". None: they have nothing to do with it.
std::optional<std::string> rests_on(const Effect& effect, const FilesBefore& before);

/// The same of a statement that the server has refused, which may be for want of what no prediction knows.
std::optional<std::string> may_rest_on(const Effect& effect, const SqlError& error,
                                       const FilesBefore& before);

}  // namespace pgsluice
