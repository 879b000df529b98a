// SPDX-License-Identifier: Apache-2.0
#pragma once

// The key by which a statement is cut: found in the server's catalog, and written into conditions.

#include <optional>
#include <string>
#include <vector>

#include "pgsluice/execute.hpp"

namespace pgsluice {

struct KeyColumn {
  std::string name;
  std::string type;
  bool is_date = false;  ///< its text depends on settings of the session: then ISO's is taken
};

struct BackfillKey {
  std::string relation;  ///< regclass
  std::string oid;
  std::optional<long long> estimate;
  std::vector<KeyColumn> columns;
  std::string problem;  ///< why there is none; then nothing else counts
  std::string hint;
};

/// Asks with the session's search_path. `result` is how the asking went.
SqlResult find_key(Session& session, const Backfill& backfill, BackfillKey& key);

/// Reads the greatest key, as texts; none: the table is empty.
std::string greatest_key_sql(const Backfill& backfill, const BackfillKey& key);
/// Number and greatest key of the next rows. Parameters: the cursor if there is one, the end, how many.
std::string next_rows_sql(const Backfill& backfill, const BackfillKey& key, bool has_cursor);
/// The statement for one range. Parameters: the cursor if there is one, the end.
std::string batch_sql(const Backfill& backfill, const BackfillKey& key, bool has_cursor);

/// What the live server says about the keys of pending backfills; those of tables that do not exist yet are looked at
/// when it is their turn.
std::vector<PlanProblem> check_backfills(const Plan& plan, Session& session);

}  // namespace pgsluice
