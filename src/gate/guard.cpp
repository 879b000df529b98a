// SPDX-License-Identifier: Apache-2.0
#include "gate/guard.hpp"

#include <set>

#include "base/text.hpp"
#include "execute/ledger.hpp"
#include "gate/record.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_digest = "sha256:";

/// A folder whose hook has come to its end, or one file that is applied.
bool has(Session& session, int version, const std::string& need) {
  if (version == 0) return false;
  if (!need.starts_with(k_digest)) {
    return checked_read(session.query("SELECT EXISTS (SELECT FROM pgsluice.migration WHERE id = $1"
                                      " AND state IN ('applied', 'baselined'))",
                                      {need}))
        .truth(0, 0);
  }
  return version >= k_gate_ledger_version &&
         checked_read(session.query("SELECT EXISTS (SELECT FROM pgsluice.bundle WHERE digest = $1)", {need}))
             .truth(0, 0);
}

std::set<std::string> apps_of(const std::vector<DoneContract>& done) {
  std::set<std::string> apps;
  for (const DoneContract& contract : done) {
    if (const auto need = parse_app_need(contract.needs_app)) apps.insert(need->app);
  }
  return apps;
}

/// A name that nobody has brought a release of would be refused nothing: it is mistyped, or its hook has not run.
std::optional<std::string> why_unknown(const SchemaDemands& demands, const std::string& app) {
  std::set<std::string> brought;
  for (const BroughtRelease& release : demands.brought) {
    if (!release.app.empty()) brought.insert(release.app);
  }
  if (app.empty() || brought.empty() || brought.contains(app) || apps_of(demands.done).contains(app))
    return std::nullopt;
  const std::vector<std::string> names(brought.begin(), brought.end());
  return cat("no release of ", printable_line(app), " has been brought to this database yet, only of ",
             printable_line(enumerate(names, " and ")));
}

}  // namespace

SchemaDemands read_demands(Session& session) {
  SchemaDemands demands;
  const int version = read_ledger_version(session);
  if (version < k_gate_ledger_version) return demands;
  const SqlResult rows =
      checked_read(session.query("SELECT id, needs_app FROM pgsluice.migration WHERE needs_app IS NOT NULL"
                                 " AND state IN ('applied', 'baselined', 'partial', 'running') ORDER BY id",
                                 {}));
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    demands.done.push_back({.migration = rows.text(row, 0), .needs_app = rows.text(row, 1)});
  }
  demands.brought = brought_of(checked_read(session.query(brought_sql(version), {})));
  return demands;
}

std::optional<std::string> why_too_old(const SchemaDemands& demands, std::string_view app,
                                       const std::string& release) {
  if (release.empty()) return std::nullopt;
  const std::set<std::string> apps = apps_of(demands.done);
  if (app.empty() && apps.size() > 1) {
    const std::vector<std::string> names(apps.begin(), apps.end());
    throw Error(ExitCode::usage,
                cat("this schema knows several applications (", printable_line(join(names, ", ")),
                    "), and nobody says which of them ", printable_line(release), " is a release of"),
                "Name it with --app, or PGSLUICE_APP.");
  }
  for (const DoneContract& contract : demands.done) {
    auto need = parse_app_need(contract.needs_app);
    // Where nobody says which application it is, a ledger that knows only one means that one.
    if (!need || (!app.empty() && need->app != app)) continue;
    if (need->comparison == "=") need->comparison = ">=";
    need->order = releases_of(demands.brought, need->app, release);
    const Verdict verdict = fits(release, *need);
    if (verdict == Verdict::open) continue;
    return cat(printable_line(need->app), " ", printable_line(release),
               verdict == Verdict::closed ? " is too old for this schema: "
                                          : " is no version that compares with what this schema needs: ",
               printable_line(contract.migration), " is done, and needs ",
               printable_line(contract.needs_app));
  }
  return std::nullopt;
}

GuardAnswer look_at_ledger(Session& session, const GuardNeeds& needs) {
  const int version = read_ledger_version(session);
  if (version == 0 && needs.needs.empty())
    return {.state = GuardAnswer::State::missing, .words = "this database has no ledger yet"};
  const SchemaDemands demands = read_demands(session);
  if (auto why = why_too_old(demands, needs.app, needs.release)) {
    return {.state = GuardAnswer::State::too_old, .words = *std::move(why)};
  }
  if (auto others = why_unknown(demands, needs.app)) {
    return {.state = GuardAnswer::State::missing, .words = *std::move(others)};
  }
  std::vector<std::string> missing;
  for (const std::string& need : needs.needs) {
    if (!has(session, version, need)) missing.push_back(printable_line(need));
  }
  if (missing.empty()) return {.state = GuardAnswer::State::fits, .words = "the schema has what is needed"};
  return {.state = GuardAnswer::State::missing,
          .words = cat("the ledger does not have ", enumerate(missing, " and "), " yet")};
}

}  // namespace pgsluice
