// SPDX-License-Identifier: Apache-2.0
// Is a server fit for runs, as this role sees it, and what would mend what is not? Changes nothing.
#pragma once

#include <string>
#include <vector>

#include "pgsluice/cluster.hpp"
#include "pgsluice/execute.hpp"

namespace pgsluice {

/// One thing that a run needs or is better off with.
struct Check {
  enum class Verdict {
    good,
    advice,   ///< a run works without it, and knows or can do less
    missing,  ///< no run without it
  };
  std::string name;  ///< "ledger"
  Verdict verdict = Verdict::good;
  std::string message;
  std::string mend;  ///< what to do; of several lines: SQL to copy
};
std::string_view to_string(Check::Verdict verdict);

struct DoctorOptions {
  bool kill_policy = false;  ///< runs are to cancel or terminate blockers
  long long local_time = 0;  ///< of this machine, seconds since 1970
};

/// Everything that can be asked through one or two sessions. Throws Error(unreachable).
std::vector<Check> examine(const World& world, const DoctorOptions& options);
/// May our service account see what evidence is made of, and annotate its Job?
Check examine_access(Cluster& cluster, const AccessNeeds& needs);
[[nodiscard]] bool is_fit(const std::vector<Check>& checks);

/// The statements that make `role` one that may run migrations and nothing else, for this database as it is now. To be
/// run by a superuser, or by whoever owns what is granted.
std::string least_privileges(Session& session, const std::string& role, const DoctorOptions& options);

/// rules/schema/doctor.schema.json.
std::string to_json(const std::vector<Check>& checks, const std::string& target);

}  // namespace pgsluice
