// SPDX-License-Identifier: Apache-2.0
// Which releases of the application can live with a contract step.

#include <algorithm>

#include "base/text.hpp"
#include "gate/sources.hpp"

namespace pgsluice {
namespace {

bool is_version(std::string_view release) {
  return compare_versions(release, release).has_value();
}

/// Releases that are no versions, such as commits, have the order in which the ledger has seen them.
std::optional<int> compare(std::string_view release, const AppNeed& need) {
  if (is_version(release) != is_version(need.version)) return std::nullopt;
  return compare_releases(trim(release), need.version, need.order);
}

/// What is known of an implied need while the files that it comes from are gone through.
struct Search {
  std::string app;
  std::vector<std::string> releases;
  std::string nameless;  ///< a file of which nobody has said the release
  std::string foreign;   ///< a file of another application
  std::string foreign_app;

  void add(const std::string& id, const LedgerMigration& row) {
    if (app.empty()) app = row.app;
    if (!row.app.empty() && row.app != app && foreign.empty()) {
      foreign = id;
      foreign_app = row.app;
    }
    if (row.release.empty()) {
      nameless = id;
    } else {
      releases.push_back(row.release);
    }
  }
};

ImpliedNeed unknown(std::string_view why) {
  return {.need = std::nullopt, .why_not = cat(why, ": write needs-app=APP>=RELEASE into the file")};
}

ImpliedNeed newest_of(const Search& search, std::vector<std::string> order) {
  const std::string* newest = &search.releases.front();
  for (const std::string& release : search.releases) {
    const auto compared = compare_releases(release, *newest, order);
    if (!compared) {
      return unknown(cat("nobody knows which of the releases ", printable_line(release), " and ",
                         printable_line(*newest), " is the newer one"));
    }
    if (*compared > 0) newest = &release;
  }
  return {
      .need = AppNeed{.app = search.app, .comparison = ">=", .version = *newest, .order = std::move(order)},
      .why_not = {}};
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

std::string to_string(const AppNeed& need) {
  return cat(need.app, need.comparison, need.version);
}

Verdict fits(std::string_view release, const AppNeed& need) {
  const auto order = compare(release, need);
  if (!order) return Verdict::unknown;
  const bool ok = need.comparison == ">=" ? *order >= 0 : need.comparison == ">" ? *order > 0 : *order == 0;
  return ok ? Verdict::open : Verdict::closed;
}

ImpliedNeed implied_need(const PlannedFile& file, const Ledger& ledger, const std::string& app,
                         const std::string& release) {
  Search search{.app = app, .releases = {}, .nameless = {}, .foreign = {}, .foreign_app = {}};
  for (const std::string& id : file.rests_on) {
    const auto row = ledger.migrations.find(id);
    if (row != ledger.migrations.end()) search.add(id, row->second);
  }
  if (search.releases.empty() || !search.nameless.empty()) {
    const std::string& id = file.analysis.migration.id;
    const auto row = ledger.migrations.find(id);
    const LedgerMigration own =
        row == ledger.migrations.end() ? LedgerMigration{.release = release, .app = app} : row->second;
    search.add(id, own);
    if (own.release.empty()) {
      return unknown(cat("nobody has said which release has brought ", printable_line(search.nameless)));
    }
  }
  if (search.app.empty()) return unknown("nobody says with --app whose releases these are");
  if (!search.foreign.empty()) {
    return unknown(cat(printable_line(search.foreign), " has come with ", printable_line(search.foreign_app),
                       ", and not with ", printable_line(search.app)));
  }
  return newest_of(search, releases_of(ledger.brought, search.app, release));
}

EvidenceSource need_source(const Ledger& ledger, const std::string& app, const std::string& release) {
  return {.provider = "needs-app",
          .look = [&ledger, app, release](const GateQuestion& question) -> std::vector<Evidence> {
            if (question.needs_app) return {};
            return {{.provider = "needs-app",
                     .subject = {},
                     .verdict = Verdict::unknown,
                     .words = implied_need(question.file, ledger, app, release).why_not}};
          }};
}

}  // namespace pgsluice
