// SPDX-License-Identifier: Apache-2.0
#pragma once

// Keys that queries use without a name of their own: ON CONFLICT fails where no key is on just its columns.

#include <string>

#include "gate/query_target.hpp"

namespace pgsluice {

/// Of a subject that is a key. Empty, or why the catalogs did not answer.
std::string add_keys(Session& session, const GateSubject& subject, QueryTarget& target);
bool uses_keys(const QueryUse& use, const QueryTarget& target);

}  // namespace pgsluice
