// SPDX-License-Identifier: Apache-2.0
#pragma once

// The JSON documents of apply and status, and their text for people. Described by rules/schema/.

#include <string>

#include "base/json.hpp"
#include "base/terminal.hpp"
#include "pgsluice/execute.hpp"

namespace pgsluice {

OrderedJson to_json(const Blocker& blocker);
OrderedJson to_json(const std::vector<Blocker>& blockers);
OrderedJson predicted_locks_json(const Step& step);
OrderedJson to_json(const StepReport& step);
OrderedJson problems_json(const Plan& plan);
/// Files that are pending and do not run now, each with the reasons.
OrderedJson held_json(const Plan& plan);
/// null: no run is active.
OrderedJson active_run_json(const Ledger& ledger);

/// "applied 2 migrations in 3 steps"
std::string summary(const RunReport& report);
OrderedJson apply_document(const Plan& plan, const RunReport& report);
OrderedJson status_document(const Plan& plan, const Ledger& ledger);

/// "0002_orders.sql:3:1", or the path alone.
std::string place_of(const PlanProblem& problem);
/// What is wrong and what to do. A hint of several lines is SQL to copy: it stays as it is.
std::string with_hint(const PlanProblem& problem);

std::string status_text(const Plan& plan, const Ledger& ledger, const Painter& paint);

/// One line per event on standard error.
std::string event_text(const Event& event, const Painter& paint);
std::string event_json(const Event& event, std::string_view timestamp);

}  // namespace pgsluice
