// SPDX-License-Identifier: Apache-2.0
// Time as evidence: how long it has been so, and whether this is the time for it at all.

#include <algorithm>
#include <array>
#include <charconv>

#include "base/calendar.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "gate/sources.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

constexpr long long k_day = 86'400;
constexpr long long k_week = 7 * k_day;

milliseconds whole_seconds(milliseconds duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration);
}

/// A window of today is no matter of time that has passed.
bool can_soak(const Evidence& seen) {
  return seen.provider != "freeze" && seen.provider != "approval" && seen.provider != "recoverability";
}

// ---- freeze windows --------------------------------------------------------------------------------------------

struct Window {
  long long from = 0;
  long long to = 0;
  bool weekly = false;
};

/// "16:00" in seconds.
std::optional<long long> read_time(std::string_view text) {
  constexpr std::size_t length = 5;
  if (text.size() != length || text[2] != ':') return std::nullopt;
  int hours = -1;
  int minutes = -1;
  const bool numbers = std::from_chars(text.data(), text.data() + 2, hours).ptr == text.data() + 2 &&
                       std::from_chars(text.data() + 3, text.data() + 5, minutes).ptr == text.data() + 5;
  const bool valid =
      numbers && hours >= 0 && minutes >= 0 && minutes < 60 && (hours < 24 || (hours == 24 && minutes == 0));
  return valid ? std::optional(hours * 3'600LL + minutes * 60LL) : std::nullopt;
}

/// "Fri 16:00" in seconds since Monday.
std::optional<long long> read_moment(std::string_view text) {
  constexpr std::array<std::string_view, 7> days = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto* day = std::find(days.begin(), days.end(), to_lower(text.substr(0, space)));
  const auto time = read_time(trim(text.substr(space)));
  if (day == days.end() || !time) return std::nullopt;
  return (day - days.begin()) * k_day + *time;
}

std::optional<Window> read_weekly(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto from = read_moment(trim(text.substr(0, dash)));
  const auto to = read_moment(trim(text.substr(dash + 1)));
  return from && to && *from != *to ? std::optional(Window{.from = *from, .to = *to, .weekly = true})
                                    : std::nullopt;
}

std::optional<Window> read_dates(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto from = read_iso_date(trim(text.substr(0, slash)));
  const auto to = read_iso_date(trim(text.substr(slash + 1)));
  if (!from || !to || days_of(*from) > days_of(*to)) return std::nullopt;
  return Window{.from = days_of(*from) * k_day, .to = (days_of(*to) + 1) * k_day};
}

std::optional<Window> read_window(std::string_view text) {
  const auto dates = read_dates(text);
  return dates ? dates : read_weekly(text);
}

}  // namespace

void expect_freeze(std::string_view text) {
  if (read_window(text)) return;
  throw Error(ExitCode::usage, cat("--freeze: \"", printable_line(text), "\" is no window of time"),
              "Write \"Fri 16:00-Mon 08:00\" for each week or \"2026-12-20/2027-01-03\" for once, in UTC.");
}

bool is_frozen(std::string_view freeze, long long now) {
  const auto window = read_window(freeze);
  if (!window) return true;
  if (!window->weekly) return now >= window->from && now < window->to;
  constexpr long long first_monday = 4 * k_day;  // 1970-01-05
  const long long moment = ((now - first_monday) % k_week + k_week) % k_week;
  return window->from <= window->to ? moment >= window->from && moment < window->to
                                    : moment >= window->from || moment < window->to;
}

EvidenceSource freeze_source(std::vector<std::string> freezes, long long now) {
  return {.provider = "freeze",
          .look = [freezes = std::move(freezes), now](const GateQuestion&) -> std::vector<Evidence> {
            if (freezes.empty()) return {};
            Evidence evidence{
                .provider = "freeze", .verdict = Verdict::open, .words = "no freeze window is open"};
            for (const std::string& freeze : freezes) {
              if (!is_frozen(freeze, now)) continue;
              evidence.verdict = Verdict::closed;
              evidence.words = cat("the freeze window ", printable_line(freeze), " (UTC) is open");
            }
            return {evidence};
          }};
}

EvidenceSource approval_source(const GateMemory& memory, const GatePolicy& policy) {
  const bool required = policy.requirement("approval") == Requirement::required;
  return {
      .provider = "approval",
      .look = [&memory, required](const GateQuestion& question) -> std::vector<Evidence> {
        const std::string& id = question.file.analysis.migration.id;
        const auto found = memory.approvals.find({id, question.file.analysis.migration.sha256});
        if (found != memory.approvals.end()) {
          return {{.provider = "approval",
                   .subject = {},
                   .verdict = Verdict::open,
                   .words = cat("approved by ", printable_line(found->second))}};
        }
        if (!required) return {};
        return {{.provider = "approval",
                 .subject = {},
                 .verdict = Verdict::closed,
                 .words = cat("nobody has approved this text of it yet: --approve ", printable_line(id))}};
      }};
}

std::optional<Evidence> soak_evidence(const GateQuestion& question, const std::vector<Evidence>& evidence,
                                      const GateMemory& memory, const GatePolicy& policy) {
  const milliseconds wanted = question.file.analysis.directives.soak.value_or(policy.soak);
  if (wanted <= milliseconds(0) || policy.requirement("soak") == Requirement::ignored) return std::nullopt;
  const std::string& id = question.file.analysis.migration.id;
  milliseconds shortest = wanted;
  std::string since;
  const auto shorten = [&](milliseconds lasts, std::string what) {
    if (lasts >= shortest) return;
    shortest = lasts;
    since = std::move(what);
  };
  for (const std::string& earlier : question.file.rests_on) {
    const auto found = memory.applied_for.find(earlier);
    shorten(found == memory.applied_for.end() ? milliseconds(0) : found->second,
            cat(printable_line(earlier), " was applied"));
  }
  for (const Evidence& seen : evidence) {
    if (!can_soak(seen) || policy.requirement(seen.provider) == Requirement::optional) continue;
    const auto row = memory.rows.find({id, seen.provider, seen.subject});
    const bool lasts =
        seen.verdict == Verdict::open && row != memory.rows.end() && row->second.verdict == Verdict::open;
    shorten(lasts ? row->second.lasts : milliseconds(0), cat(seen.provider, " was first open"));
  }
  Evidence soak{.provider = "soak",
                .subject = {},
                .verdict = shortest < wanted ? Verdict::closed : Verdict::open,
                .words = cat("soaked for ", format_duration(wanted))};
  soak.detail = dump({{"wanted_ms", wanted.count()}, {"soaked_ms", shortest.count()}, {"since", since}});
  if (soak.verdict == Verdict::closed) {
    soak.words = cat("of ", format_duration(wanted), ", ", format_duration(whole_seconds(shortest)),
                     " have passed since ", since);
  }
  return soak;
}

}  // namespace pgsluice
