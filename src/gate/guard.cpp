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
  return std::ranges::any_of(demands.brought, [&](const BroughtRelease& brought) {
    return brought.may_be_of(app) && compare_releases(brought.release, release, {}) == 0;
  });
}

/// What the step needs, with all that is known of releases. Where nobody says which application it is, a ledger that knows
/// only one means that one.
std::optional<AppNeed> need_of(const DoneContract& contract, const SchemaDemands& demands,
                               std::string_view app) {
  auto need = parse_app_need(contract.needs_app);
  if (!need || (!app.empty() && need->app != app)) return std::nullopt;
  if (need->comparison == "=") need->comparison = ">=";
  need->order = releases_of(demands.brought, need->app, "");
  tell_misfits(*need, contract.brought, contract.first_with);
  place_unseen(*need, contract.first_with);
  return need;
}

/// Of a release that is new by its name.
std::string what_it_lacks(const std::string& release, const DoneContract& contract) {
  const bool lacks = std::ranges::any_of(contract.brought.lacking, [&release](const std::string& one) {
    return compare_releases(one, release, {}) == 0;
  });
  return lacks ? cat("all of what it rests on: ", printable_line(enumerate(contract.rests_on, " and ")))
               : "it, when others had come with it: it goes back before it";
}

std::string_view state_of(const DoneContract& contract) {
  return contract.has_only_begun ? " has begun" : " is done";
}

bool has_some_of(const DoneContract& contract, const std::set<std::string>& files) {
  return std::ranges::any_of(contract.rests_on, [&files](const auto& id) { return files.contains(id); });
}

/// A folder whose release's name says nothing.
bool may_be_from_before(const DoneContract& contract, const std::set<std::string>& files) {
  return contract.has_followed || has_some_of(contract, files);
}

/// The folder of a release whose name says that it is new: it has come before as others that do not fit, or it has lost a
/// part of what the step rests on.
bool goes_back_before(const DoneContract& contract, const AppNeed& need, const std::set<std::string>& files) {
  const auto fits_it = [&need](const std::string& release) { return fits(release, need) == Verdict::open; };
  if (std::ranges::any_of(contract.asked_as, fits_it)) return false;
  const auto is_there = [&files](const std::string& id) { return files.contains(id); };
  const bool has_lost = contract.was_rested_on && has_some_of(contract, files) &&
                        !std::ranges::all_of(contract.rests_on, is_there);
  return !contract.asked_as.empty() || has_lost;
}

/// What a folder that has been brought consists of.
AskedFolder asked_folder(Session& session, int version, const GuardNeeds& needs) {
  AskedFolder asked{.digest = {}, .app = needs.app, .files = {}};
  const auto digest =
      std::ranges::find_if(needs.needs, [](const std::string& need) { return need.starts_with(k_digest); });
  if (digest == needs.needs.end() || version < k_app_ledger_version) return asked;
  asked.digest = *digest;
  const SqlResult files = checked_read(
      session.query("SELECT DISTINCT unnest(files) FROM pgsluice.bundle WHERE digest = $1", {asked.digest}));
  for (std::size_t row = 0; row < files.rows.size(); ++row) asked.files.insert(files.text(row, 0));
  return asked;
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
    return "SELECT id, needs_app, '{}', state = 'held', ($1::text, $2::text, $3::text[]) IS NULL,"
           " false, state IN ('partial', 'running'), '', '{}', false, '{}', '{}', '{}' FROM "
           "pgsluice.migration WHERE needs_app IS NOT NULL"
           " AND state IN ('applied', 'baselined', 'partial', 'running', 'held') ORDER BY id";
  const std::string_view app = "substring(n.need FROM '^[^<>=]+')";
  return cat(
      "SELECT m.id, n.need, coalesce(m.rests_on, '{}')::text, m.state IN ('held', 'failed'),"
      " EXISTS (SELECT FROM pgsluice.bundle b JOIN pgsluice.bundle s ON s.files @> ARRAY[m.id]"
      " AND s.files && b.files WHERE b.digest = $1 AND b.brought_at < coalesce(m.applied_at, 'infinity')),"
      // Another application's folder says nothing about this one's, and a part that had been tidied nothing about what
      // lacks more.
      " EXISTS (SELECT FROM pgsluice.bundle b JOIN pgsluice.bundle s ON s.app = b.app"
      " AND s.files @> ARRAY[m.id] AND s.files && b.files WHERE b.app = $2"
      " AND b.files <@ $3::text[] AND NOT b.files @> ARRAY[m.id] AND b.brought_at > m.applied_at"
      " AND b.brought_at < 'infinity'),"
      " m.state IN ('partial', 'running'), coalesce((",
      first_with_sql(app, "m.id"),
      "), ''), coalesce((SELECT array_agg(b.release) FROM pgsluice.bundle b WHERE b.digest = $1 AND b.app IN "
      "('', ",
      app, ") AND b.brought_at < coalesce(m.applied_at, 'infinity') AND ",
      is_of_line_sql("$3::text[]", "m.id", "coalesce(m.applied_at, 'infinity')"),
      "), '{}')::text,"
      " EXISTS (SELECT FROM pgsluice.bundle b WHERE b.app = $2 AND b.files @> m.rests_on), w.*"
      " FROM pgsluice.migration m CROSS JOIN LATERAL regexp_split_to_table(m.needs_app, ',') AS n (need)"
      " CROSS JOIN LATERAL (SELECT coalesce(array_agg(r), '{}') AS needed FROM unnest(m.rests_on) AS r"
      " WHERE NOT EXISTS (SELECT FROM pgsluice.migration f WHERE f.id = r AND f.state = 'baselined')) AS x"
      " CROSS JOIN LATERAL (",
      brought_with_sql(app, "x.needed", "m.id", "coalesce(m.applied_at, 'infinity')"),
      ") AS w WHERE m.needs_app IS NOT NULL"
      " AND m.state IN ('applied', 'baselined', 'partial', 'running', 'held', 'failed') ORDER BY m.id");
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
                          .brought = brought_with(rows, row, 10),
                          .has_followed = rows.truth(row, 4),
                          .has_only_begun = rows.truth(row, 6),
                          .was_removed = rows.truth(row, 5),
                          .first_with = rows.text(row, 7),
                          .asked_as = pg::parse_texts(rows.text(row, 8)),
                          .was_rested_on = rows.truth(row, 9)};
    if (!rows.truth(row, 3)) {
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
    if (is_misfit(release, *need)) {
      return cat(printable_line(need->app), " ", printable_line(release),
                 " is too old for this schema: ", printable_line(contract.migration), state_of(contract),
                 ", and that release has come without ", what_it_lacks(release, contract));
    }
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
  for (const DoneContract& contract : demands.done) {
    const auto need = need_of(contract, demands, app);
    if (!need || files.contains(contract.migration) || contract.was_removed) continue;
    const Verdict by_name = fits(release, *need);
    const bool is_old = by_name == Verdict::unknown ? may_be_from_before(contract, files)
                                                    : goes_back_before(contract, *need, files);
    if (by_name == Verdict::closed || !is_old) continue;
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
  const AskedFolder asked = asked_folder(session, version, needs);
  const SchemaDemands demands = read_demands(session, asked);
  for (auto unknown : {why_unknown(demands, needs.app), why_unseen(demands, needs.app, needs.release)}) {
    if (unknown) return {.state = GuardAnswer::State::missing, .words = *std::move(unknown)};
  }
  auto why = why_too_old(demands, needs.app, needs.release);
  if (!why && !asked.files.empty()) why = why_from_before(demands, needs.app, needs.release, asked.files);
  if (why) return {.state = GuardAnswer::State::too_old, .words = *std::move(why)};
  std::vector<std::string> missing;
  for (const std::string& need : needs.needs) {
    if (!has(session, version, need)) missing.push_back(printable_line(need));
  }
  if (missing.empty()) return {.state = GuardAnswer::State::fits, .words = "the schema has what is needed"};
  return {.state = GuardAnswer::State::missing,
          .words = cat("the ledger does not have ", enumerate(missing, " and "), " yet")};
}

}  // namespace pgsluice
