// SPDX-License-Identifier: Apache-2.0
// The release that is being brought must itself be one that the step allows: after the step nothing older may start.

#include "base/text.hpp"
#include "gate/sources.hpp"

namespace pgsluice {

EvidenceSource release_source(const std::string& app, const std::string& release) {
  return {.provider = "release",
          .look = [app, release](const GateQuestion& question) -> std::vector<Evidence> {
            if (release.empty() || !question.needs_app) return {};
            if (!app.empty() && app != question.needs_app->app) return {};
            const std::string need = printable_line(to_string(*question.needs_app));
            const std::string brought =
                cat(printable_line(question.needs_app->app), " ", printable_line(release));
            const Verdict verdict = fits(release, *question.needs_app);
            const std::string words =
                verdict == Verdict::open ? cat(brought, ", which is being brought, is ", need)
                : verdict == Verdict::closed
                    ? cat(brought, " itself is being brought, and is not ", need,
                          ": a later release runs the step")
                    : cat(brought, " is being brought, and is no version that compares with ", need,
                          ": name releases as it does");
            return {{.provider = "release",
                     .subject = to_string(*question.needs_app),
                     .verdict = verdict,
                     .words = words}};
          }};
}

}  // namespace pgsluice
