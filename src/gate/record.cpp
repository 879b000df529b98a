// SPDX-License-Identifier: Apache-2.0
#include "gate/record.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "execute/ledger.hpp"
#include "pg/arrays.hpp"
#include "pg/sqlstate.hpp"

namespace pgsluice {
namespace {

SqlResult checked(SqlResult result, std::string_view doing) {
  if (result.ok) return result;
  throw Error(result.connection_lost              ? ExitCode::unreachable
              : result.error.sqlstate == k_fenced ? ExitCode::other_run
                                                  : ExitCode::precondition,
              cat("cannot ", doing, ": ", result.error.message));
}

milliseconds lasting(const SqlResult& rows, std::size_t row, std::size_t column) {
  return milliseconds(std::max(0LL, rows.number(row, column).value_or(0)));
}

Verdict parse_verdict(std::string_view text) {
  return text == "open" ? Verdict::open : text == "closed" ? Verdict::closed : Verdict::unknown;
}

constexpr std::string_view k_read_gate =
    "SELECT migration_id, provider, subject, verdict,"
    " (extract(epoch FROM clock_timestamp() - since) * 1000)::bigint FROM pgsluice.gate";

constexpr std::string_view k_read_applied =
    "SELECT id, (extract(epoch FROM clock_timestamp() - applied_at) * 1000)::bigint FROM pgsluice.migration"
    " WHERE applied_at IS NOT NULL";

constexpr std::string_view k_read_approvals =
    "SELECT migration_id, sha256, approved_by, coalesce(reason, '') FROM pgsluice.approval"
    " ORDER BY approved_at";

// What has come since another folder was brought: applied, or held back for the first time. A folder that has been brought
// before is still as old as it was then, and one that has nothing in common with it is another application's.
std::string read_same_release_sql(int version) {
  return cat(
      "SELECT m.id FROM pgsluice.migration m WHERE m.state <> 'baselined'"
      " AND coalesce(m.applied_at, m.started_at) > coalesce((SELECT max(brought_at) FROM pgsluice.bundle"
      " WHERE digest <> $1 AND ",
      version < k_app_ledger_version ? "$2::text[] IS NOT NULL" : "coalesce(files && $2::text[], true)",
      " AND brought_at < coalesce((SELECT min(brought_at) FROM pgsluice.bundle WHERE digest = $1), "
      "'infinity')),"
      " '-infinity')",
      version < k_passed_ledger_version
          ? ""
          : " AND NOT (m.applied_at IS NULL AND EXISTS (SELECT FROM pgsluice.bundle b"
            " WHERE b.digest = ANY (m.passed) AND b.digest <> $1 AND b.brought_at < coalesce("
            "(SELECT min(brought_at) FROM pgsluice.bundle WHERE digest = $1), 'infinity')))");
}

/// The gate has been asked, or the text is another one.
constexpr std::string_view k_is_anew = "$12::boolean OR m.fingerprint <> excluded.fingerprint";

const std::string& record_contract_sql() {
  static const std::string sql = cat(
      "WITH ", lease_query("$9"),
      ", file AS (INSERT INTO pgsluice.migration AS m (id, phase, tool, sha256, fingerprint, state, release,"
      " needs_app, app, rests_on) SELECT $1, 'contract', $2, $3, $4, 'held', nullif($5, ''), nullif($6, ''),"
      " nullif($10, ''), $11::text[]"
      " WHERE EXISTS (SELECT FROM lease) ON CONFLICT (id) DO UPDATE SET sha256 = excluded.sha256,"
      " needs_app = CASE WHEN ",
      k_is_anew,
      " THEN excluded.needs_app ELSE coalesce(excluded.needs_app, m.needs_app) END,"
      " rests_on = CASE WHEN ",
      k_is_anew,
      " THEN excluded.rests_on ELSE coalesce(m.rests_on, excluded.rests_on) END,"
      " fingerprint = excluded.fingerprint,"
      // Another text is another step, and comes with this release.
      " release = CASE WHEN m.fingerprint = excluded.fingerprint THEN m.release ELSE excluded.release END,"
      " app = CASE WHEN m.fingerprint = excluded.fingerprint THEN m.app ELSE excluded.app END,"
      " passed = CASE WHEN m.fingerprint = excluded.fingerprint THEN m.passed ELSE excluded.passed END,"
      " left_out_by = CASE WHEN m.fingerprint = excluded.fingerprint THEN m.left_out_by END,"
      " started_at = CASE WHEN m.fingerprint = excluded.fingerprint THEN m.started_at"
      " ELSE excluded.started_at END WHERE m.applied_at IS NULL),"
      " seen AS (SELECT DISTINCT ON (e.provider, e.subject) e.* FROM jsonb_to_recordset($8::jsonb)"
      " AS e (provider text, subject text, verdict text, words text, detail jsonb)),"
      " gone AS (DELETE FROM pgsluice.gate g WHERE g.migration_id = $1 AND EXISTS (SELECT FROM lease)"
      " AND ($12::boolean OR EXISTS (SELECT FROM pgsluice.migration m WHERE m.id = $1 AND m.fingerprint <> "
      "$4))"
      " AND NOT EXISTS (SELECT FROM seen s WHERE s.provider = g.provider AND s.subject = g.subject)),"
      " evidence AS (INSERT INTO pgsluice.gate AS g (migration_id, provider, subject, verdict, words, detail,"
      " run_id) SELECT $1, s.provider, s.subject, s.verdict, s.words, s.detail, $7::uuid FROM seen s"
      " WHERE EXISTS (SELECT FROM lease) ON CONFLICT (migration_id, provider, subject) DO UPDATE SET"
      " since = CASE WHEN g.verdict = excluded.verdict THEN g.since ELSE excluded.since END,"
      " verdict = excluded.verdict, words = excluded.words, detail = excluded.detail,"
      " observed_at = excluded.observed_at, observed_by = excluded.observed_by, run_id = excluded.run_id)"
      " SELECT EXISTS (SELECT FROM lease)");
  return sql;
}

std::string ids_of(const std::vector<Migration>& migrations) {
  std::vector<std::string> ids;
  for (const Migration& migration : migrations) ids.push_back(migration.id);
  return pg::text_array(ids);
}

/// The decision itself is a row, too.
std::string evidence_json(const GateDecision& decision) {
  OrderedJson rows = OrderedJson::array();
  const auto add = [&rows](const Evidence& seen) {
    rows.push_back({{"provider", seen.provider},
                    {"subject", seen.subject},
                    {"verdict", to_string(seen.verdict)},
                    {"words", seen.words},
                    {"detail", OrderedJson::parse(seen.detail, nullptr, false)}});
  };
  add({.provider = "gate",
       .subject = {},
       .verdict = decision.verdict,
       .words = decision.words,
       .detail = cat("{\"policy\": ", decision.policy, "}")});
  for (const Evidence& seen : decision.evidence) add(seen);
  return dump(rows);
}

}  // namespace

SqlResult checked_read(SqlResult result) {
  if (result.ok) return result;
  const bool denied = result.error.sqlstate == pg::sqlstate::insufficient_privilege;
  throw Error(
      denied ? ExitCode::precondition : ExitCode::unreachable,
      cat("cannot read the ledger: ", result.error.message),
      denied ? "GRANT USAGE ON SCHEMA pgsluice TO this role, and SELECT ON ALL TABLES IN SCHEMA pgsluice."
             : "");
}

int read_ledger_version(Session& session) {
  if (!checked_read(session.query("SELECT to_regclass('pgsluice.meta') IS NOT NULL", {})).truth(0, 0))
    return 0;
  return static_cast<int>(
      checked_read(session.query("SELECT ledger_version FROM pgsluice.meta", {})).number(0, 0).value_or(0));
}

GateMemory read_gate_memory(Session& session, const Ledger& ledger) {
  GateMemory memory;
  if (!ledger.exists || ledger.version < k_gate_ledger_version) return memory;
  const SqlResult gate = checked_read(session.query(k_read_gate, {}));
  for (std::size_t row = 0; row < gate.rows.size(); ++row) {
    memory.rows[{gate.text(row, 0), gate.text(row, 1), gate.text(row, 2)}] = {
        .verdict = parse_verdict(gate.text(row, 3)), .lasts = lasting(gate, row, 4)};
  }
  const SqlResult applied = checked_read(session.query(k_read_applied, {}));
  for (std::size_t row = 0; row < applied.rows.size(); ++row) {
    memory.applied_for[applied.text(row, 0)] = lasting(applied, row, 1);
  }
  if (ledger.version < k_app_ledger_version) return memory;  // what was approved then was less than the file
  const SqlResult approvals = checked_read(session.query(k_read_approvals, {}));
  for (std::size_t row = 0; row < approvals.rows.size(); ++row) {
    const std::string reason = approvals.text(row, 3);
    memory.approvals[{approvals.text(row, 0), approvals.text(row, 1)}] =
        cat(approvals.text(row, 2), reason.empty() ? "" : ": ", reason);
  }
  return memory;
}

void write_together(Session& session, long long token, const std::function<void()>& write) {
  const auto expect = [](SqlResult result) { checked(std::move(result), "write the ledger"); };
  expect(session.script("BEGIN"));
  try {
    const std::string is_ours = cat("WITH ", lease_query("$1"), " SELECT EXISTS (SELECT FROM lease)");
    if (token != 0) expect(fenced(session.query(is_ours, {std::to_string(token)})));
    write();
    expect(committed(session.script("COMMIT")));
  } catch (const Error&) {
    session.script("ROLLBACK");
    throw;
  }
}

void record_contract(Session& session, const PlannedFile& file, const GateDecision& decision,
                     const GateRecord& record) {
  const Migration& migration = file.analysis.migration;
  checked(fenced(session.query(record_contract_sql(),
                               {migration.id, migration.tool, migration.sha256, file.fingerprint,
                                record.release, file.analysis.directives.needs_app, record.run_id,
                                evidence_json(decision), std::to_string(record.token), record.app,
                                pg::text_array(file.rests_on), record.asked ? "true" : "false"})),
          cat("record the gate of ", printable_line(migration.id)));
}

void record_approval(Session& session, const Migration& migration, const std::string& why) {
  checked(session.query("INSERT INTO pgsluice.approval (migration_id, sha256, reason)"
                        " VALUES ($1, $2, nullif($3, '')) ON CONFLICT DO NOTHING",
                        {migration.id, migration.sha256, why}),
          cat("record the approval of ", printable_line(migration.id)));
}

std::optional<SameRelease> read_same_release(Session& session, const Ledger& ledger,
                                             const std::vector<Migration>& migrations) {
  if (!ledger.exists || ledger.version < k_gate_ledger_version) return std::nullopt;
  const std::string digest = bundle_digest(migrations);
  const SqlResult files =
      checked_read(session.query(read_same_release_sql(ledger.version), {digest, ids_of(migrations)}));
  SameRelease same;
  for (std::size_t row = 0; row < files.rows.size(); ++row) same.files.insert(files.text(row, 0));
  same.brought =
      checked_read(session.query("SELECT EXISTS (SELECT FROM pgsluice.bundle WHERE digest = $1)", {digest}))
          .truth(0, 0);
  return same;
}

std::string bundle_digest(const std::vector<Migration>& migrations) {
  std::string text;
  for (const Migration& migration : migrations) text += cat(migration.sha256, "  ", migration.id, "\n");
  return cat("sha256:", sha256_hex(text));
}

void record_bundle(Session& session, const std::vector<Migration>& migrations, const BroughtBy& by,
                   bool let_through) {
  checked(
      session.query(
          "INSERT INTO pgsluice.bundle AS b (digest, app, release, files, brought_at)"
          " SELECT $1, $2, $3, $4::text[], CASE WHEN $5::boolean THEN clock_timestamp() ELSE 'infinity' END"
          " ON CONFLICT (digest, app, release) DO UPDATE SET last_n = excluded.n, brought_at ="
          " CASE WHEN b.brought_at = 'infinity' THEN excluded.brought_at ELSE b.brought_at END"
          " WHERE $5::boolean",
          {bundle_digest(migrations), by.app, by.release, ids_of(migrations),
           let_through ? "true" : "false"}),
      "write the ledger");
}

void record_passing(Session& session, const std::vector<Migration>& migrations, const BroughtBy& by) {
  checked(session.query(
              "UPDATE pgsluice.migration m SET passed = m.passed || $1::text"
              " WHERE m.phase = 'contract' AND m.applied_at IS NULL AND m.state IN ('held', 'failed')"
              " AND m.id = ANY ($2::text[]) AND coalesce(m.app, '') IN ('', $3) AND $1 <> ALL (m.passed)",
              {by.release.empty() ? bundle_digest(migrations) : by.release, ids_of(migrations), by.app}),
          "write the ledger");
}

namespace {

/// Of the queries that lines_sql() gives.
struct LineNames {
  std::string_view with;
  std::string_view before;
};

/// The folders that have come with these files, the first and the last of each application, as `with`; and those from before
/// that they have grown from, as `before`: a folder that has all of one of these is of the same line. So is another one that
/// began with files that both have: nothing tells it from a hotfix that was never merged, which the step would harm.
std::string lines_sql(const LineNames& line, std::string_view is_its, std::string_view files) {
  return cat(line.with,
             " AS MATERIALIZED (SELECT * FROM (SELECT b.app, b.files, b.n,"
             " row_number() OVER (PARTITION BY b.app ORDER BY b.n) AS first,"
             " row_number() OVER (PARTITION BY b.app ORDER BY b.n DESC) AS last"
             " FROM pgsluice.bundle b WHERE ",
             is_its, " AND b.files @> ", files, ") AS o WHERE 1 IN (o.first, o.last)), ", line.before,
             " AS MATERIALIZED (SELECT b.files, o.app, min(o.n) AS n"
             " FROM (SELECT DISTINCT b.files FROM pgsluice.bundle b WHERE ",
             is_its, " AND NOT b.files @> ", files, ") AS b JOIN ", line.with,
             " o ON b.files <@ o.files GROUP BY b.files, o.app)");
}

/// Whether a folder is of a line that has come with these files. Where nothing is known from before them, what shares a file
/// with them is.
std::string is_of_line_sql(const LineNames& line, std::string_view files, std::string_view app,
                           std::string_view when) {
  return cat("(EXISTS (SELECT FROM ", line.before, " o WHERE o.files <@ ", files, " AND (", app,
             " = '' OR o.app = ", app, ")", when, ") OR EXISTS (SELECT FROM ", line.with,
             " o WHERE o.files && ", files, " AND (", app, " = '' OR o.app = ", app, ")", when,
             " AND NOT EXISTS (SELECT FROM ", line.before, " p WHERE p.app = o.app)))");
}

/// Which folders tell lines apart: also the one that a database was adopted with, which nobody has brought.
std::string counts_for_lines(std::string_view until, std::string_view more) {
  return cat("(b.brought_at <= ", until, " OR b.release = '' AND b.brought_at = 'infinity')", more);
}

constexpr LineNames k_rests{.with = "with_rests", .before = "before_rests"};
constexpr LineNames k_step{.with = "with_step", .before = "before_step"};

}  // namespace

std::string brought_with_sql(std::string_view app, std::string_view rests_on, std::string_view id,
                             std::string_view until) {
  const std::string is_its = cat("b.app IN ('', ", app, ") AND b.brought_at <= ", until);
  const std::string is_known = counts_for_lines(until, cat(" AND b.app IN ('', ", app, ")"));
  const std::string step = cat("ARRAY[", id, "]");
  // All bundles of the release lack the files; those do not count whose folder is another one, which has not grown from
  // what these have.
  const auto lacks = [](std::string_view files, const LineNames& line, std::string_view when) {
    return cat("coalesce(bool_and(NOT b.files @> ", files, ") FILTER (WHERE b.files @> ", files,
               " AND EXISTS (SELECT FROM ", line.with, " o WHERE true", when, ") OR ",
               is_of_line_sql(line, "b.files", "b.app", when), "), false)");
  };
  return cat(
      "WITH ", lines_sql(k_rests, is_known, rests_on), ", ", lines_sql(k_step, is_known, step),
      " SELECT coalesce(array_agg(r.release), '{}')::text,"
      " coalesce(array_agg(r.release) FILTER (WHERE r.lacks), '{}')::text,"
      " coalesce(array_agg(r.release) FILTER (WHERE r.goes_back), '{}')::text FROM (SELECT b.release, ",
      lacks(rests_on, k_rests, ""), " AS lacks, ", lacks(step, k_step, " AND o.n < b.n"),
      " AS goes_back FROM pgsluice.bundle b WHERE b.release <> '' AND ", is_its, " GROUP BY b.release) AS r");
}

std::string is_of_line_sql(std::string_view files, std::string_view id, std::string_view until) {
  return cat("(WITH ", lines_sql(k_step, counts_for_lines(until, ""), cat("ARRAY[", id, "]")), " SELECT ",
             is_of_line_sql(k_step, files, "''", ""), ")");
}

BroughtWith brought_with(const SqlResult& rows, std::size_t row, std::size_t column) {
  return {.all = pg::parse_texts(rows.text(row, column)),
          .lacking = pg::parse_texts(rows.text(row, column + 1)),
          .reverts = pg::parse_texts(rows.text(row, column + 2))};
}

std::string first_with_sql(std::string_view app, std::string_view id) {
  return cat("SELECT w.release FROM pgsluice.bundle w WHERE w.release <> '' AND w.app IN ('', ", app,
             ") AND w.files @> ARRAY[", id, "] AND w.brought_at < 'infinity' ORDER BY w.n LIMIT 1");
}

std::string read_first_with(Session& session, const Ledger& ledger, const std::string& app,
                            const std::string& id) {
  if (!ledger.exists || ledger.version < k_app_ledger_version) return "";
  return checked_read(session.query(first_with_sql("$1", "$2"), {app, id})).text(0, 0);
}

BroughtWith read_brought_with(Session& session, const Ledger& ledger, const std::string& app,
                              const std::vector<std::string>& rests_on, const std::string& id) {
  if (!ledger.exists || ledger.version < k_app_ledger_version) return {};
  return brought_with(checked_read(session.query(brought_with_sql("$1", "$2::text[]", "$3", "'infinity'"),
                                                 {app, pg::text_array(rests_on), id})),
                      0, 0);
}

namespace {

/// What the ledger knows of releases that the step needs.
void tell_ledger(Session& session, const Ledger& ledger, const BroughtBy& by, const std::string& id,
                 const std::vector<std::string>& rests_on, AppNeed& need) {
  need.order = releases_of(ledger.brought, need.app, by.release);
  tell_misfits(need, read_brought_with(session, ledger, need.app, rests_on, id),
               read_first_with(session, ledger, need.app, id));
}

/// Somebody says of the release that it can live with the step, though its folder is from before it.
bool fits_by_itself(Session& session, const Ledger& ledger, const BroughtBy& by, const std::string& id,
                    const std::string& needs_app, const std::vector<std::string>& rests_on) {
  for (AppNeed& need : parse_app_needs(needs_app)) {
    if (by.release.empty() || (!by.app.empty() && need.app != by.app)) continue;
    tell_ledger(session, ledger, by, id, rests_on, need);
    if (fits(by.release, need) == Verdict::open) return true;
  }
  return false;
}

/// Whether a release ($4) comes with the very folder ($3) that was brought before any came with the step: the line's files may
/// have been put together or renamed since. It is of the line where the release is the same, too, and at least half of the
/// files are still there, or where one is and somebody has said both times that it is of the same application ($2).
std::string has_come_before_sql() {
  return cat("$4 <> '' AND EXISTS (SELECT FROM pgsluice.bundle x JOIN ", k_step.with,
             " w ON x.release = $4 AND x.app IN ('', $2)"
             " AND 2 * (SELECT count(*) FROM unnest(x.files) AS f (id) WHERE f.id = ANY (w.files))"
             " >= cardinality(x.files) OR x.app = $2 AND $2 <> '' AND x.files && w.files"
             " WHERE x.digest = $3 AND x.release <> '' AND x.brought_at < 'infinity'"
             " AND x.n < (SELECT min(o.n) FROM ",
             k_step.with, " o))");
}

bool is_older(const BroughtBy& by, const std::string& release, const Ledger& ledger) {
  const std::vector<std::string> order = releases_of(ledger.brought, by.app, by.release);
  return compare_releases(by.release, release, order).value_or(0) < 0;
}

}  // namespace

void let_steps_come_anew(Session& session, const Ledger& ledger, const std::vector<Migration>& migrations,
                         const BroughtBy& by) {
  const SqlResult steps = checked(
      session.query(
          cat("SELECT m.id, coalesce(m.needs_app, ''), coalesce(m.rests_on, '{}')::text,"
              " coalesce(m.release, ''), l.is_of_it FROM pgsluice.migration m CROSS JOIN LATERAL (WITH ",
              lines_sql(k_step, "b.app IN ('', $2)", "ARRAY[m.id]"), " SELECT ",
              is_of_line_sql(k_step, "$1::text[]", "''", ""), " AS is_of_it, ", has_come_before_sql(),
              " AS has_come_before) AS l WHERE m.phase = 'contract' AND m.applied_at IS NULL"
              " AND m.state IN ('held', 'failed') AND m.id <> ALL ($1::text[])"
              " AND (l.is_of_it OR l.has_come_before)"),
          {ids_of(migrations), by.app, bundle_digest(migrations), by.release}),
      "read the ledger");
  std::vector<std::string> anew;
  for (std::size_t row = 0; row < steps.rows.size(); ++row) {
    const std::string id = steps.text(row, 0);
    if (!steps.truth(row, 4) && !is_older(by, steps.text(row, 3), ledger)) continue;
    if (!fits_by_itself(session, ledger, by, id, steps.text(row, 1), pg::parse_texts(steps.text(row, 2))))
      anew.push_back(id);
  }
  if (anew.empty()) return;
  checked(
      session.query(
          "WITH back AS (UPDATE pgsluice.migration SET started_at = clock_timestamp(),"
          " passed = '{}', left_out_by = $2 WHERE id = ANY ($1::text[]) AND applied_at IS NULL RETURNING id)"
          ", approved AS (DELETE FROM pgsluice.approval a USING back b WHERE a.migration_id = b.id)"
          " DELETE FROM pgsluice.gate g USING back b WHERE g.migration_id = b.id",
          {pg::text_array(anew), by.release}),
      "write the ledger");
}

void forget_approvals(Session& session, const Ledger& ledger, const BroughtBy& by,
                      const std::vector<std::string>& just_now) {
  if (by.release.empty()) return;
  const SqlResult steps = checked(
      session.query("SELECT m.id, m.needs_app, coalesce(m.rests_on, '{}')::text FROM pgsluice.migration m"
                    " WHERE m.phase = 'contract' AND m.applied_at IS NULL AND m.needs_app IS NOT NULL"
                    " AND m.id <> ALL ($1::text[])"
                    " AND EXISTS (SELECT FROM pgsluice.approval a WHERE a.migration_id = m.id)",
                    {pg::text_array(just_now)}),
      "read the ledger");
  std::vector<std::string> old;
  for (std::size_t row = 0; row < steps.rows.size(); ++row) {
    const std::string id = steps.text(row, 0);
    for (AppNeed& need : parse_app_needs(steps.text(row, 1))) {
      if (!by.app.empty() && need.app != by.app) continue;
      tell_ledger(session, ledger, by, id, pg::parse_texts(steps.text(row, 2)), need);
      if (fits(by.release, need) != Verdict::open) old.push_back(id);
    }
  }
  if (old.empty()) return;
  checked(session.query("DELETE FROM pgsluice.approval WHERE migration_id = ANY ($1::text[])",
                        {pg::text_array(old)}),
          "write the ledger");
}

std::set<std::string> read_once_brought(Session& session, const Ledger& ledger,
                                        const std::vector<Migration>& migrations, const std::string& app) {
  std::set<std::string> files;
  if (!ledger.exists || ledger.version < k_app_ledger_version) return files;
  const SqlResult rows = checked_read(session.query(
      "SELECT DISTINCT f.id FROM pgsluice.bundle b CROSS JOIN LATERAL unnest(b.files) AS f (id)"
      " WHERE b.app IN ('', $2) OR f.id <> ALL ($1::text[]) AND b.files && $1::text[]"
      // What another application has brought is that one's, where this one has been brought without it.
      " AND NOT (EXISTS (SELECT FROM pgsluice.bundle own WHERE own.app = $2)"
      " AND EXISTS (SELECT FROM pgsluice.bundle n WHERE n.app NOT IN ('', $2) AND n.files @> ARRAY[f.id]))",
      {ids_of(migrations), app}));
  for (std::size_t row = 0; row < rows.rows.size(); ++row) files.insert(rows.text(row, 0));
  return files;
}

std::map<std::string, std::string> read_brought_last(Session& session, const Ledger& ledger,
                                                     const std::string& own) {
  std::map<std::string, std::string> last;
  if (!ledger.exists || ledger.version < k_app_ledger_version || own.empty()) return last;
  const SqlResult rows = checked_read(
      session.query(cat("SELECT DISTINCT ON (app) app, release FROM pgsluice.bundle WHERE app NOT IN ('', $1)"
                        " AND brought_at < 'infinity' ORDER BY app, ",
                        ledger.version < k_last_ledger_version ? "n" : "coalesce(last_n, n)", " DESC"),
                    {own}));
  for (std::size_t row = 0; row < rows.rows.size(); ++row) last[rows.text(row, 0)] = rows.text(row, 1);
  return last;
}

std::set<std::string> read_bringers(Session& session, const Ledger& ledger, std::vector<std::string> files) {
  std::set<std::string> apps;
  if (!ledger.exists || ledger.version < k_app_ledger_version) return apps;
  const SqlResult rows = checked_read(
      session.query("SELECT DISTINCT app FROM pgsluice.bundle WHERE app <> '' AND files && $1::text[]",
                    {pg::text_array(files)}));
  for (std::size_t row = 0; row < rows.rows.size(); ++row) apps.insert(rows.text(row, 0));
  return apps;
}

}  // namespace pgsluice
