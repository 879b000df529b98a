// SPDX-License-Identifier: Apache-2.0
#pragma once

// The files once more, beside an application: as psql would send them, and as apply runs them.

#include <functional>
#include <set>
#include <string>

#include "pgsluice/execute.hpp"
#include "pgsluice/load.hpp"
#include "pgsluice/preview.hpp"

namespace pgsluice {

struct ServerPrograms;

struct LoadOptions {
  std::optional<milliseconds> blocker;  ///< how long a transaction stays that has read the first table
  std::vector<LoadQuery> queries;       ///< of the application; none: what fits the tables
  std::function<long long(const std::string& table)> rows;  ///< that the tables shall have at least
  std::vector<std::string> notes = {};                      ///< what of the queries is left out, and why
};

struct LoadStage {
  const ServerPrograms& programs;
  const Interrupt& interrupt;
  std::function<World(const std::string& conninfo, EventSink emit)> world;
  std::function<void(std::string_view what)> began;  ///< for whoever watches
  std::function<void(Session& session)> prepare;     ///< makes what is there before the history
};

/// Two servers one after the other, each with the history and a few rows. `plan` is the one that was rehearsed, whole. Ends
/// early, with what there is, when it is interrupted. Throws Error when a server does not start, or has no history.
Load play(const Plan& plan, const std::set<std::size_t>& history, const Preview& rehearsed,
          const LoadOptions& options, const LoadStage& stage);

}  // namespace pgsluice
