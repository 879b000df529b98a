// SPDX-License-Identifier: Apache-2.0
#include "execute/evict.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace pgsluice {
namespace {

bool lists(const std::vector<std::string>& names, const std::string& name) {
  return !name.empty() && std::ranges::find(names, name) != names.end();
}

std::string_view verb(Eviction eviction) {
  return eviction == Eviction::cancel ? "cancelling the query of" : "terminating";
}

}  // namespace

std::string_view to_string(Eviction eviction) {
  switch (eviction) {
    case Eviction::none: return "none";
    case Eviction::cancel: return "cancel";
    case Eviction::terminate: return "terminate";
  }
  return "none";
}

Eviction eviction_of(const BlockerPolicy& policy, const Blocker& blocker) {
  const std::string_view kind = kind_of(blocker);
  const bool is_session = kind == "session" || kind == "idle in transaction";
  const bool is_listed =
      lists(policy.roles, blocker.user) || lists(policy.applications, blocker.application_name);
  if (!is_session || !is_listed || !blocker.age) return Eviction::none;
  if (policy.terminate_after && *blocker.age >= *policy.terminate_after) return Eviction::terminate;
  // There is no query to cancel in a session that is idle.
  const bool is_active = kind == "session";
  return is_active && policy.cancel_after && *blocker.age >= *policy.cancel_after ? Eviction::cancel
                                                                                  : Eviction::none;
}

void Evictor::act(Observer& observer, const std::string& subject, const std::vector<Blocker>& blockers) {
  for (const Blocker& blocker : blockers) {
    const Eviction eviction = eviction_of(policy_, blocker);
    if (eviction == Eviction::none || !done_.emplace(blocker.transaction, eviction).second) continue;
    const bool cancels = eviction == Eviction::cancel;
    world_.emit({.severity = Severity::warning,
                 .name = cancels ? "blocker-cancelled" : "blocker-terminated",
                 .subject = subject,
                 .message = cat(verb(eviction), " ", describe(blocker)),
                 .fields = {{"pid", static_cast<long long>(blocker.pid)}}});
    const std::string refusal = observer.evict(blocker, cancels);
    if (refusal.empty()) continue;
    world_.emit({.severity = Severity::warning,
                 .name = "blocker-stays",
                 .subject = subject,
                 .message = cat("pid ", std::to_string(blocker.pid), " stays: ", printable_line(refusal))});
  }
}

}  // namespace pgsluice
