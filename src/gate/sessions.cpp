// SPDX-License-Identifier: Apache-2.0
// Who is connected, and with which version.

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "gate/sources.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_provider = "sessions";

// A role without pg_read_all_stats sees neither the application_name nor the type of other roles' sessions.
constexpr std::string_view k_sessions =
    "SELECT coalesce(application_name, ''), backend_type IS NULL, count(*), min(pid)"
    " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND (backend_type IS NULL OR backend_type = 'client backend') GROUP BY 1, 2 ORDER BY 1, 2";

/// The version in `checkout/2.4.0`; "" in `checkout`; none: it is another application.
std::optional<std::string> version_in(std::string_view name, std::string_view app) {
  if (!name.starts_with(app)) return std::nullopt;
  std::string_view rest = name.substr(app.size());
  if (rest.empty()) return "";
  const char separator = rest.front();
  rest.remove_prefix(1);
  if (separator == '/' || separator == '@') return std::string(rest.substr(0, rest.find(' ')));
  // checkout-worker-2.4.0 is the application checkout-worker.
  const std::size_t digit = rest.starts_with('v') ? 1 : 0;
  const bool version = separator == '-' && rest.size() > digit && rest[digit] >= '0' && rest[digit] <= '9';
  return version ? std::optional(std::string(rest)) : std::nullopt;
}

struct Seen {
  long long fitting = 0;
  long long hidden = 0;
  std::string against;  ///< the first session that does not fit
  std::string unclear;  ///< the first one that does not say
  OrderedJson versions = OrderedJson::object();
};

std::string who(const std::string& name, const SqlResult& result, std::size_t row) {
  const long long count = result.number(row, 2).value_or(0);
  return cat(count_of(static_cast<std::size_t>(count), "session"), " of ", printable_line(name), " (pid ",
             result.text(row, 3), ")");
}

void look_at(const SqlResult& result, std::size_t row, const AppNeed& need, Seen& seen) {
  const std::string name = result.text(row, 0);
  const long long count = result.number(row, 2).value_or(0);
  if (result.truth(row, 1)) {
    seen.hidden += count;
    return;
  }
  const auto version = version_in(name, need.app);
  if (!version) return;
  seen.versions[name] = count;
  const Verdict verdict = version->empty() ? Verdict::unknown : fits(*version, need);
  if (verdict == Verdict::open) seen.fitting += count;
  std::string& first = verdict == Verdict::closed ? seen.against : seen.unclear;
  if (verdict != Verdict::open && first.empty()) first = who(name, result, row);
}

Evidence judge(const Seen& seen, const AppNeed& need) {
  Evidence evidence{.provider = std::string(k_provider), .subject = to_string(need)};
  evidence.detail = dump({{"application_names", seen.versions}, {"hidden", seen.hidden}});
  const std::string wanted = printable_line(to_string(need));
  if (!seen.against.empty()) {
    evidence.verdict = Verdict::closed;
    evidence.words = cat("still connected: ", seen.against, "; ", wanted, " is needed");
  } else if (!seen.unclear.empty()) {
    evidence.words = cat("connected without a version that compares: ", seen.unclear,
                         "; application_name should be ", printable_line(need.app), "/<version>");
  } else if (seen.hidden > 0) {
    evidence.words =
        cat("this role may not see what ", count_of(static_cast<std::size_t>(seen.hidden), "session"),
            " of other roles is: GRANT pg_read_all_stats");
  } else {
    evidence.verdict = Verdict::open;
    evidence.words = seen.fitting == 0
                         ? cat("no session of ", printable_line(need.app), " is connected")
                         : cat("each of ", count_of(static_cast<std::size_t>(seen.fitting), "session"),
                               " of ", printable_line(need.app), " fits ", wanted);
  }
  return evidence;
}

}  // namespace

EvidenceSource session_source(Session& session) {
  return {.provider = std::string(k_provider),
          .look = [&session](const GateQuestion& question) -> std::vector<Evidence> {
            if (!question.needs_app) return {};
            const SqlResult result = session.query(k_sessions, {});
            if (!result.ok) {
              return {{.provider = std::string(k_provider),
                       .subject = to_string(*question.needs_app),
                       .verdict = Verdict::unknown,
                       .words = cat("cannot read pg_stat_activity: ", printable_line(result.error.message))}};
            }
            Seen seen;
            for (std::size_t row = 0; row < result.rows.size(); ++row) {
              look_at(result, row, *question.needs_app, seen);
            }
            return {judge(seen, *question.needs_app)};
          }};
}

}  // namespace pgsluice
