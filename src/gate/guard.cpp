// SPDX-License-Identifier: Apache-2.0
#include "gate/guard.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "execute/ledger.hpp"
#include "gate/record.hpp"
#include "pg/arrays.hpp"

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

/// A name that nobody has brought a release of would be refused nothing: it is mistyped, or its hook has not run. Where a
/// release has been brought of which nobody said whose it is, it may be its own.
std::optional<std::string> why_unknown(const SchemaDemands& demands, const std::string& app) {
  std::set<std::string> brought;
  for (const BroughtRelease& release : demands.brought) {
    if (release.may_be_of(app)) return std::nullopt;
    brought.insert(release.app);
  }
  if (brought.empty() || demands.expected.contains(app) || apps_of(demands.done).contains(app))
    return std::nullopt;
  const std::vector<std::string> names(brought.begin(), brought.end());
  return cat("no release of ", printable_line(app), " has been brought to this database yet, only of ",
             printable_line(enumerate(names, " and ")));
}

bool is_seen(const SchemaDemands& demands, std::string_view app, const std::string& release) {
  const std::vector<std::string> seen = releases_of(demands.brought, app, "");
  return std::ranges::count(seen, release) > 0;
}

/// What the step needs, with all that is known of releases. Where nobody says which application it is, a ledger that knows
/// only one means that one.
std::optional<AppNeed> need_of(const DoneContract& contract, const SchemaDemands& demands,
                               std::string_view app) {
  auto need = parse_app_need(contract.needs_app);
  if (!need || (!app.empty() && need->app != app)) return std::nullopt;
  if (need->comparison == "=") need->comparison = ">=";
  need->order = releases_of(demands.brought, need->app, "");
  place_unseen(*need, contract.first_with);
  need->unfit = contract.unfit;
  return need;
}

std::string_view state_of(const DoneContract& contract) {
  return contract.has_only_begun ? " has begun" : " is done";
}

/// And then it is its files that do not.
bool fits_by_name(const std::string& release, AppNeed need) {
  need.unfit.clear();
  return fits(release, need) == Verdict::open;
}

/// Whether it is older than a step that is done nobody can know of a commit that no hook has brought.
std::optional<std::string> why_unseen(const SchemaDemands& demands, std::string_view app,
                                      const std::string& release) {
  if (release.empty() || is_seen(demands, app, release)) return std::nullopt;
  for (const DoneContract& contract : demands.done) {
    const auto need = need_of(contract, demands, app);
    if (!need || fits(release, *need) != Verdict::unknown) continue;
    return cat("no hook has brought ", printable_line(need->app), " ", printable_line(release), " yet, and ",
               printable_line(contract.migration), ", which", state_of(contract), ", needs ",
               printable_line(contract.needs_app));
  }
  return std::nullopt;
}

/// Arrays of text: the files before the step, and the releases without them. $1: the digest of a folder, which may be that
/// of another application; $2 its application; $3 its files.
std::string done_sql(int version) {
  if (version < k_app_ledger_version)
    return "SELECT id, needs_app, '{}', '{}', state = 'held', ($1::text, $2::text, $3::text[]) IS NULL,"
           " false, state IN ('partial', 'running'), '' FROM pgsluice.migration WHERE needs_app IS NOT NULL"
           " AND state IN ('applied', 'baselined', 'partial', 'running', 'held') ORDER BY id";
  return cat(
      "SELECT m.id, n.need, coalesce(m.rests_on, '{}')::text, coalesce((SELECT array_agg(u.release) "
      "FROM (",
      unfit_sql("substring(n.need FROM '^[^<>=]+')", "m.rests_on", "coalesce(m.applied_at, 'infinity')"),
      ") AS u), '{}')::text, m.state = 'held',"
      " EXISTS (SELECT FROM pgsluice.bundle b JOIN pgsluice.bundle s ON s.files @> ARRAY[m.id]"
      " AND s.files && b.files WHERE b.digest = $1 AND b.brought_at < coalesce(m.applied_at, 'infinity')),"
      // Another application's folder says nothing about this one's, and a part that had been tidied nothing about what
      // lacks more.
      " EXISTS (SELECT FROM pgsluice.bundle b JOIN pgsluice.bundle s ON s.app = b.app"
      " AND s.files @> ARRAY[m.id] AND s.files && b.files WHERE b.app = $2"
      " AND b.files <@ $3::text[] AND NOT b.files @> ARRAY[m.id] AND b.brought_at > m.applied_at),"
      " m.state IN ('partial', 'running'),"
      " coalesce((",
      first_with_sql("substring(n.need FROM '^[^<>=]+')", "m.id"),
      "), '') FROM pgsluice.migration m"
      " CROSS JOIN LATERAL regexp_split_to_table(m.needs_app, ',') AS n (need) WHERE m.needs_app IS NOT NULL"
      " AND m.state IN ('applied', 'baselined', 'partial', 'running', 'held') ORDER BY m.id");
}

}  // namespace

SchemaDemands read_demands(Session& session, const AskedFolder& asked) {
  SchemaDemands demands;
  const int version = read_ledger_version(session);
  if (version < k_gate_ledger_version) return demands;
  const std::string files = pg::text_array(std::vector<std::string>(asked.files.begin(), asked.files.end()));
  const SqlResult rows = checked_read(session.query(done_sql(version), {asked.digest, asked.app, files}));
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    DoneContract contract{.migration = rows.text(row, 0),
                          .needs_app = rows.text(row, 1),
                          .rests_on = pg::parse_texts(rows.text(row, 2)),
                          .unfit = pg::parse_texts(rows.text(row, 3)),
                          .has_followed = rows.truth(row, 5),
                          .has_only_begun = rows.truth(row, 7),
                          .was_removed = rows.truth(row, 6),
                          .first_with = rows.text(row, 8)};
    if (!rows.truth(row, 4)) {
      demands.done.push_back(std::move(contract));
    } else if (const auto need = parse_app_need(contract.needs_app)) {
      demands.expected.insert(need->app);
    }
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
    const auto need = need_of(contract, demands, app);
    if (!need) continue;
    const Verdict verdict = fits(release, *need);
    if (verdict == Verdict::open) continue;
    if (fits_by_name(release, *need))
      return cat(printable_line(need->app), " ", printable_line(release),
                 " is too old for this schema: ", printable_line(contract.migration), state_of(contract),
                 ", and that release has come without all of what it rests on: ",
                 printable_line(enumerate(contract.rests_on, " and ")));
    return cat(printable_line(need->app), " ", printable_line(release),
               verdict == Verdict::closed ? " is too old for this schema: "
                                          : " is no version that compares with what this schema needs: ",
               printable_line(contract.migration), state_of(contract), ", and needs ",
               printable_line(contract.needs_app));
  }
  return std::nullopt;
}

std::optional<std::string> why_from_before(const SchemaDemands& demands, std::string_view app,
                                           const std::string& release, const std::set<std::string>& files) {
  if (release.empty() || is_seen(demands, app, release)) return std::nullopt;
  const auto is_there = [&files](const std::string& id) { return files.contains(id); };
  for (const DoneContract& contract : demands.done) {
    const auto need = need_of(contract, demands, app);
    const bool is_unclear = need && fits(release, *need) == Verdict::unknown;
    const bool is_old = contract.has_followed || std::ranges::any_of(contract.rests_on, is_there);
    if (!is_unclear || is_there(contract.migration) || !is_old || contract.was_removed) continue;
    return cat(printable_line(need->app), " ", printable_line(release), " comes without ",
               printable_line(contract.migration), ", which is done and needs ",
               printable_line(contract.needs_app), ": it seems to be from before");
  }
  return std::nullopt;
}

GuardAnswer look_at_ledger(Session& session, const GuardNeeds& needs) {
  const int version = read_ledger_version(session);
  if (version == 0 && needs.needs.empty())
    return {.state = GuardAnswer::State::missing, .words = "this database has no ledger yet"};
  const SchemaDemands demands = read_demands(session, {});
  for (auto unknown : {why_unknown(demands, needs.app), why_unseen(demands, needs.app, needs.release)}) {
    if (unknown) return {.state = GuardAnswer::State::missing, .words = *std::move(unknown)};
  }
  if (auto why = why_too_old(demands, needs.app, needs.release)) {
    return {.state = GuardAnswer::State::too_old, .words = *std::move(why)};
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
