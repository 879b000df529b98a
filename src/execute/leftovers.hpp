// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a statement that cannot run in a transaction may leave behind when its run dies, and what the catalog says
// about it. Decisions rest on the catalog, never on memory.

#include <string>
#include <vector>

#include "execute/step.hpp"

namespace pgsluice {

struct Inspection {
  enum class Outcome {
    run,     ///< not done, and nothing in the way: run it
    done,    ///< the catalog shows its result
    refuse,  ///< something else is there, or nobody can tell
    failed,  ///< the server could not be asked, or a leftover could not be removed
  };
  Outcome outcome = Outcome::run;
  std::string sql;      ///< what to run instead of the statement; empty: the statement
  std::string message;  ///< refuse
  SqlResult result;     ///< failed
};

/// Before the statement runs. `intent` is what the ledger knows of an earlier try. Removes invalid indexes.
Inspection inspect_before(StepContext& context, const Intent& intent);
/// After the server has said that it is done.
Inspection inspect_after(StepContext& context);
/// After it has failed: removes what it left. ok when there is nothing left.
SqlResult remove_leftovers(StepContext& context, const std::vector<long long>& oids_before);

/// OIDs of the indexes that could be taken for its result or its leftover.
SqlResult list_oids(StepContext& context, std::vector<long long>& oids);

}  // namespace pgsluice
