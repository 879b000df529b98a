// SPDX-License-Identifier: Apache-2.0
#pragma once

// How rows come into a table whose column must have a value.

#include <string>
#include <string_view>

#include "gate/query_target.hpp"

namespace pgsluice {

/// Partitioned tables and views through which rows are inserted become parts of the target, as far as an INSERT into them may
/// leave the column out. Empty, or why the catalogs did not answer.
std::string add_ways_in(Session& session, const GateSubject& subject, QueryTarget& target);
/// Whether code inserts rows into one of the parts without the column, as far as a text tells: without a list of columns, in a
/// MERGE, or in text that is put together, it may.
bool may_leave_out(std::string_view lower_code, const QueryTarget& target);

}  // namespace pgsluice
