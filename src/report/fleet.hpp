// SPDX-License-Identifier: Apache-2.0
#pragma once

// Many databases beside each other: which version each of them is at, what is held back there, and what has drifted.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "pgsluice/error.hpp"
#include "pgsluice/ledger.hpp"
#include "pgsluice/plan.hpp"
#include "report/document.hpp"

namespace pgsluice {

struct HeldFile {
  std::string migration;
  std::vector<Held> holds;
};

/// One database, as far as it was to be seen.
struct TargetReport {
  std::string name;
  std::map<std::string, std::string> labels;
  std::string where;  ///< "database shop at db.example:5432 as reader"; empty: not known
  ExitCode code = ExitCode::ok;
  std::string message;  ///< why the code is not 0
  std::string hint;
  bool seen = false;  ///< false: what follows is not known
  int server_version_num = 0;
  bool ledger = false;
  std::string release;         ///< that was brought last; empty: nobody has said
  std::string last_migration;  ///< that was applied last; empty: none
  std::size_t applied = 0;
  std::size_t pending = 0;
  std::vector<HeldFile> held;
  std::vector<std::string> changed;  ///< files that differ from what was applied
  std::vector<std::string> missing;  ///< applied, and not in the folder
  OrderedJson document;              ///< what the command says of this database alone; null: nothing
};

/// Fills in what follows from a plan and a ledger.
void describe(TargetReport& report, const Plan& plan, const Ledger& ledger, int server_version_num);

/// Whose exit code counts for all: what no retry mends comes before what one may. None: all are 0.
const TargetReport* worst_of(const std::vector<TargetReport>& targets);

Document to_document(const std::vector<TargetReport>& targets);
/// rules/schema/fleet.schema.json. `command`: "status" or "plan".
std::string to_json(const std::vector<TargetReport>& targets, const std::string& command);

}  // namespace pgsluice
