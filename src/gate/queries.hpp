// SPDX-License-Identifier: Apache-2.0
#pragma once

// What queries have used since a moment that the ledger remembers, as pg_stat_statements counts them.

#include <string>
#include <vector>

#include "pgsluice/gate.hpp"

namespace pgsluice {

/// Queries that use what is taken away, or leave out what must be given from now on. A file is compared with its own
/// snapshot; where it has none yet, with what the last run left behind. Statements of `ignored_roles` do not count.
EvidenceSource query_source(Session& session, std::vector<std::string> ignored_roles);

/// Whether this database has pg_stat_statements at all. Without it, its evidence holds nothing back unless it is required.
bool has_query_statistics(Session& session);

/// Keeps what is counted now for these files. Does nothing where nothing can be read.
void keep_query_snapshots(Session& session, const std::vector<std::string>& files);
/// What a file has been compared with stays what it is compared with, however many runs come.
void pin_query_snapshot(Session& session, const std::string& file);
/// At the end of a run that has done something: what it did itself is no use of anything, what is counted now is where
/// files begin that come later, and of those that are applied nobody asks any more.
/// \param before  what own_statements() said when the run began: what our role had done until then was not the run's
void close_query_statistics(Session& session, const std::string& before);
/// What is counted of our own role at this moment: the application may connect as that, too. Empty: nothing can be read.
std::string own_statements(Session& session);

}  // namespace pgsluice
