// SPDX-License-Identifier: Apache-2.0
// The release that is being brought must itself be one that the step allows: after the step nothing older may start.

#include "base/text.hpp"
#include "gate/sources.hpp"

namespace pgsluice {

namespace {

Evidence judge(const std::string& release, const AppNeed& app_need) {
  const std::string need = printable_line(to_string(app_need));
  const std::string brought = cat(printable_line(app_need.app), " ", printable_line(release));
  const Verdict verdict = fits(release, app_need);
  return {.provider = "release",
          .subject = to_string(app_need),
          .verdict = verdict,
          .words =
              verdict == Verdict::open ? cat(brought, ", which is being brought, is ", need)
              : verdict == Verdict::closed
                  ? cat(brought, " itself is being brought, and is not ", need,
                        is_misfit(release, app_need) ? " (it has come without files that this step goes with)"
                                                     : "",
                        app_need.comparison == "=" ? ": only that one runs the step, in a postsync; "
                                                     "write >= if later ones can do without, too"
                                                   : ": a later release runs the step")
                  : cat(brought, " is being brought, and is no version that compares with ", need,
                        ": name releases as it does")};
}

}  // namespace

EvidenceSource release_source(const std::string& app, const std::string& release) {
  return {.provider = "release",
          .look = [app, release](const GateQuestion& question) -> std::vector<Evidence> {
            std::vector<Evidence> all;
            for (const AppNeed& need : question.needs) {
              if (!release.empty() && (app.empty() || app == need.app)) all.push_back(judge(release, need));
            }
            return all;
          }};
}

}  // namespace pgsluice
