// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an application would do with the tables of a database that it knows nothing else of.

#include <string>
#include <vector>

#include "pgsluice/load.hpp"

namespace pgsluice {

/// Of the quoted names: the tables that are there, without partitions whose table is among them.
std::vector<std::string> tables_that_are_there(Session& session, const std::vector<std::string>& names);

/// Reads, an UPDATE that changes nothing, an INSERT that is taken back: those that work. All name their columns, as what
/// applications send does.
std::vector<LoadQuery> queries_on(Session& session, const std::string& table);

/// Gives the number of parameters of a statement; none: it works neither with NULLs for them nor without.
bool make_sendable(Session& session, LoadQuery& query, std::string& why_not);

}  // namespace pgsluice
