// SPDX-License-Identifier: Apache-2.0
// Which releases of the application can live with a contract step.

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "gate/sources.hpp"

namespace pgsluice {
namespace {

/// Under any spelling: `v2.0.1` is 2.0.1, and a commit is its beginning.
bool is_among(const std::vector<std::string>& releases, std::string_view release) {
  return std::ranges::any_of(
      releases, [release](const std::string& one) { return compare_releases(one, release, {}) == 0; });
}

/// As their names or the ledger have it. A release without what the step goes with is older, whatever it is called, but for
/// the very one that is said to fit.
std::optional<int> compare(std::string_view release, const AppNeed& need) {
  const bool is_unfit = std::ranges::count(need.whole, release) == 0 && is_among(need.unfit, release);
  if (is_unfit && compare_releases(release, need.version, {}) != 0) return -1;
  return compare_releases(release, need.version, need.order);
}

ImpliedNeed unknown(std::string_view why) {
  return {.need = std::nullopt, .why_not = cat(why, ": write needs-app=APP>=RELEASE into the file")};
}

/// A file that has been changed while it waits comes with the release that has changed it.
BroughtBy bringer_of(const PlannedFile& file, const Ledger& ledger, const BroughtBy& by) {
  const auto row = ledger.migrations.find(file.analysis.migration.id);
  if (row == ledger.migrations.end() || row->second.fingerprint != file.fingerprint) return by;
  return {.app = row->second.app.empty() ? by.app : row->second.app, .release = row->second.release};
}

}  // namespace

std::optional<AppNeed> parse_app_need(std::string_view text) {
  const std::size_t at = text.find_first_of("<>=");
  if (at == 0 || at == std::string_view::npos) return std::nullopt;
  const std::size_t version_at = text.find_first_not_of("<>=", at);
  if (version_at == std::string_view::npos) return std::nullopt;
  const std::string_view comparison = text.substr(at, version_at - at);
  if (comparison != ">=" && comparison != ">" && comparison != "=") return std::nullopt;
  return AppNeed{.app = std::string(text.substr(0, at)),
                 .comparison = std::string(comparison),
                 .version = std::string(text.substr(version_at))};
}

std::vector<AppNeed> parse_app_needs(std::string_view text) {
  std::vector<AppNeed> needs;
  for (const std::string_view part : split(text, ',')) {
    auto need = parse_app_need(trim(part));
    if (!need) return {};
    needs.push_back(*std::move(need));
  }
  return needs;
}

void place_unseen(AppNeed& need, const std::string& first_with) {
  const auto is_it = [&need](const std::string& one) { return compare_releases(one, need.version, {}) == 0; };
  if (!is_commit(need.version) || std::ranges::any_of(need.order, is_it)) return;
  need.order.insert(std::ranges::find(need.order, first_with), need.version);
}

void tell_misfits(AppNeed& need, const BroughtWith& brought, const std::string& first_with) {
  need.unfit = brought.lacking;
  const auto end = std::ranges::find(need.order, first_with);
  const bool fits_without = std::any_of(need.order.begin(), end, [&need](const std::string& earlier) {
    return fits(earlier, need) == Verdict::open;
  });
  if (!fits_without) need.unfit.insert(need.unfit.end(), brought.reverts.begin(), brought.reverts.end());
  need.whole.clear();
  std::ranges::copy_if(brought.all, std::back_inserter(need.whole), [&need](const std::string& release) {
    return std::ranges::count(need.unfit, release) == 0;
  });
}

std::string to_string(const AppNeed& need) {
  return cat(need.app, need.comparison, need.version);
}

Verdict fits(std::string_view release, const AppNeed& need) {
  const auto order = compare(trim(release), need);
  if (!order) return Verdict::unknown;
  const bool ok = need.comparison == ">=" ? *order >= 0 : need.comparison == ">" ? *order > 0 : *order == 0;
  return ok ? Verdict::open : Verdict::closed;
}

bool is_misfit(std::string_view release, const AppNeed& need) {
  AppNeed by_name = need;
  by_name.unfit.clear();
  return fits(release, need) == Verdict::closed && fits(release, by_name) == Verdict::open;
}

ImpliedNeed implied_need(const PlannedFile& file, const Ledger& ledger, const BroughtBy& by,
                         const std::set<std::string>& apps) {
  const std::string id = printable_line(file.analysis.migration.id);
  std::set<std::string> all = apps;
  if (!by.app.empty()) all.insert(by.app);
  const BroughtBy own = bringer_of(file, ledger, by);
  if (!own.app.empty()) all.insert(own.app);
  if (all.empty()) return unknown("nobody says with --app whose releases these are");
  if (all.size() > 1) {
    const std::vector<std::string> names(all.begin(), all.end());
    return {.need = std::nullopt,
            .why_not = cat(printable_line(enumerate(names, " and ")), " have all brought what ", id,
                           " rests on: write needs-app=", printable_line(join(names, ">=RELEASE,")),
                           ">=RELEASE into the file, without those that do not use what it takes away")};
  }
  if (own.release.empty()) return unknown(cat("nobody has said which release has brought ", id));
  return {.need = AppNeed{.app = *all.begin(),
                          .comparison = ">=",
                          .version = own.release,
                          .order = releases_of(ledger.brought, *all.begin(), by.release),
                          .unfit = {},
                          .whole = {}},
          .why_not = {}};
}

EvidenceSource need_source(std::map<std::string, std::string> unknown_needs) {
  return {
      .provider = "needs-app",
      .look = [unknown_needs =
                   std::move(unknown_needs)](const GateQuestion& question) -> std::vector<Evidence> {
        const auto found = unknown_needs.find(question.file.analysis.migration.id);
        if (!question.needs.empty() || found == unknown_needs.end()) return {};
        return {
            {.provider = "needs-app", .subject = {}, .verdict = Verdict::unknown, .words = found->second}};
      }};
}

}  // namespace pgsluice
