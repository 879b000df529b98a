// SPDX-License-Identifier: Apache-2.0
// Who is connected, and with which version.

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/text.hpp"
#include "gate/sources.hpp"

namespace pgsluice {
namespace {

// A role without pg_read_all_stats sees neither the application_name nor the type of other roles' sessions.
constexpr std::string_view k_sessions =
    "SELECT coalesce(a.application_name, ''), a.backend_type IS NULL, count(*), min(a.pid), "
    "coalesce(a.usename, ''),"
    " coalesce(r.rolsuper, false) FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.oid = a.usesysid"
    " WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()"
    " AND (a.backend_type IS NULL OR a.backend_type = 'client backend') GROUP BY 1, 2, 5, 6 ORDER BY 1, 2, 5";

/// The version in `checkout/2.4.0`; "" in `checkout`; none: it is another application.
std::optional<std::string> version_in(std::string_view name, std::string_view app) {
  if (to_lower(name.substr(0, app.size())) != to_lower(app)) return std::nullopt;
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

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// `checkout-3` is a pod, `checkout/4711` a process and `checkout@10.42.0.17` an address, unless releases are called so. A
/// longer number is a commit or a build, which only the ledger can place.
bool is_place(std::string_view name, const std::string& version, const AppNeed& need) {
  constexpr std::size_t k_longest = 4;
  const char separator = name[need.app.size()];
  if (is_number(version))
    return version.size() <= k_longest && (separator == '-' || !is_number(need.version));
  const auto dots = [](std::string_view text) { return std::ranges::count(text, '.'); };
  return separator == '@' && dots(version) == 3 && dots(need.version) != 3 &&
         std::ranges::all_of(split(version, '.'), is_number);
}

/// Whose sessions are the application's, whatever they are called.
struct Application {
  const AppNeed& need;
  const std::vector<AppNeed>& all;        ///< what else the step needs
  const std::vector<std::string>& roles;  ///< empty: nobody has said
  /// The release that was brought last, if it is not the one that is being brought.
  std::string brought_last;
};

struct Seen {
  long long fitting = 0;
  long long hidden = 0;
  long long unnamed = 0;   ///< that may be the application's, and name nobody
  std::string against;     ///< the first session that does not fit
  bool is_misfit = false;  ///< for what it has come without
  std::string unclear;     ///< the first one that does not say
  OrderedJson versions = OrderedJson::object();
};

std::string who(const std::string& name, const SqlResult& result, std::size_t row) {
  const long long count = result.number(row, 2).value_or(0);
  const std::string role = cat("role ", printable_line(result.text(row, 4)), " without an application_name");
  return cat(count_of(static_cast<std::size_t>(count), "session"), " of ",
             name.empty() ? role : printable_line(name), " (pid ", result.text(row, 3), ")");
}

/// What people and platforms use. Drivers are not among them: "PostgreSQL JDBC Driver" may be anybody.
bool is_tool(std::string_view name) {
  constexpr std::array tools = {"DBeaver", "DataGrip",      "pgAdmin",    "pg_basebackup",
                                "pg_dump", "pg_receivewal", "pg_restore", "pgcli",
                                "psql",    "reindexdb",     "vacuumdb"};
  return std::ranges::any_of(tools, [name](std::string_view tool) { return name.starts_with(tool); });
}

/// Drivers and runtimes with their own version are nobody's application.
bool is_driver(std::string_view name) {
  constexpr std::array drivers = {"asyncpg", "deno",   "django", "go",   "gunicorn", "hibernate",
                                  "java",    "jdbc",   "libpq",  "node", "npgsql",   "perl",
                                  "pgjdbc",  "pgx",    "php",    "pq",   "prisma",   "psycopg",
                                  "puma",    "python", "rails",  "ruby", "sidekiq",  "sqlx"};
  const std::string lower = to_lower(name);
  return std::ranges::any_of(drivers, [&lower](std::string_view driver) {
    return lower.starts_with(driver) &&
           lower.find_first_not_of("0123456789", driver.size()) == std::string::npos;
  });
}

/// `billing/1.2` and `billing-1.2` are versions of another application; `bin/rails` and `worker-1` may be anybody's.
bool is_another(std::string_view name) {
  for (std::size_t at = 0; (at = name.find_first_of("/@-", at)) != std::string_view::npos; ++at) {
    const std::string version = version_in(name, name.substr(0, at)).value_or("");
    const bool counts = name[at] != '-' || version.find('.') != std::string::npos;
    if (at > 0 && counts && !is_driver(name.substr(0, at)) && compare_versions(version, version)) return true;
  }
  return false;
}

/// Of a session that does not name the application. A superuser's is some tool's, unless somebody says whose.
bool may_be_its(const std::string& name, const std::string& role, bool superuser,
                const Application& application) {
  if (name.starts_with("pgsluice/")) return false;  // the guard connects as the application does
  if (!application.roles.empty()) return std::ranges::count(application.roles, role) > 0;
  return !superuser && !is_tool(name) && !is_another(name);
}

void look_at(const SqlResult& result, std::size_t row, const Application& application, Seen& seen) {
  const std::string name = result.text(row, 0);
  const long long count = result.number(row, 2).value_or(0);
  const bool may_be = may_be_its(name, result.text(row, 4), result.truth(row, 5), application);
  if (result.truth(row, 1)) {
    if (may_be || application.roles.empty()) seen.hidden += count;
    return;
  }
  auto version = version_in(name, application.need.app);
  const bool names_other = std::ranges::any_of(
      application.all, [&name](const AppNeed& need) { return version_in(name, need.app).has_value(); });
  if (!version && (!may_be || names_other)) return;
  if (!version) seen.unnamed += count;
  seen.versions[name] = seen.versions.value(name, 0LL) + count;
  const bool says = !version.value_or("").empty() && !is_place(name, *version, application.need);
  const Verdict verdict = says ? fits(*version, application.need) : Verdict::unknown;
  if (verdict == Verdict::open) seen.fitting += count;
  std::string& first = verdict == Verdict::closed ? seen.against : seen.unclear;
  if (verdict == Verdict::closed && first.empty()) seen.is_misfit = is_misfit(*version, application.need);
  if (verdict != Verdict::open && first.empty()) first = who(name, result, row);
}

Evidence judge(const Seen& seen, const Application& application) {
  const AppNeed& need = application.need;
  Evidence evidence{.provider = std::string(provider::sessions), .subject = to_string(need)};
  evidence.detail = dump({{"application_names", seen.versions}, {"hidden", seen.hidden}});
  const std::string wanted = printable_line(to_string(need));
  if (!seen.against.empty()) {
    evidence.verdict = Verdict::closed;
    evidence.words =
        cat("still connected: ", seen.against, "; ", wanted, " is needed",
            seen.is_misfit ? ", and that one has come without files that this step goes with" : "");
  } else if (!seen.unclear.empty()) {
    evidence.words = cat("connected without a version that compares: ", seen.unclear,
                         "; application_name should be ", printable_line(need.app), "/<version>",
                         seen.unnamed > 0 && application.roles.empty()
                             ? ", or say with --app-role which roles the application connects as"
                             : "");
  } else if (seen.hidden > 0) {
    evidence.words =
        cat("this role may not see what ", count_of(static_cast<std::size_t>(seen.hidden), "session"),
            " of other roles is: GRANT pg_read_all_stats");
  } else if (seen.fitting == 0 && fits(application.brought_last, need) == Verdict::closed) {
    // Another one may be at work again, which no hook has brought.
    evidence.can_be_settled = true;
    evidence.words = cat("no session of ", printable_line(need.app),
                         " is connected, and its last release in the ledger is ",
                         printable_line(application.brought_last), "; ", wanted, " is needed");
  } else {
    evidence.verdict = Verdict::open;
    evidence.words = seen.fitting == 0
                         ? cat("no session of ", printable_line(need.app), " is connected")
                         : cat("each of ", count_of(static_cast<std::size_t>(seen.fitting), "session"),
                               " of ", printable_line(need.app), " fits ", wanted);
  }
  return evidence;
}

/// Nobody connects as a role that is not there: it is mistyped, and its sessions would be taken for others'.
std::optional<Evidence> unknown_role(Session& session, const std::vector<std::string>& roles,
                                     const AppNeed& need) {
  for (const std::string& role : roles) {
    const SqlResult found = session.query("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", {role});
    if (found.ok && found.truth(0, 0)) continue;
    return Evidence{.provider = std::string(provider::sessions),
                    .subject = to_string(need),
                    .words = cat("--app-role: there is no role ", printable_line(role))};
  }
  return std::nullopt;
}

Evidence unreadable(const SqlResult& result, const AppNeed& need) {
  return {.provider = std::string(provider::sessions),
          .subject = to_string(need),
          .words = cat("cannot read pg_stat_activity: ", printable_line(result.error.message))};
}

Evidence look_at_all(const SqlResult& result, const Application& application) {
  Seen seen;
  for (std::size_t row = 0; row < result.rows.size(); ++row) look_at(result, row, application, seen);
  return judge(seen, application);
}

}  // namespace

EvidenceSource session_source(Session& session, const std::vector<std::string>& app_roles,
                              const std::map<std::string, std::string>& brought_last) {
  return {.provider = std::string(provider::sessions),
          .look = [&session, app_roles, brought_last](const GateQuestion& question) -> std::vector<Evidence> {
            if (question.needs.empty()) return {};
            if (auto unknown = unknown_role(session, app_roles, question.needs.front()))
              return {*std::move(unknown)};
            const SqlResult result = session.query(k_sessions, {});
            std::vector<Evidence> all;
            for (const AppNeed& need : question.needs) {
              const auto last = brought_last.find(need.app);
              const Application application{.need = need,
                                            .all = question.needs,
                                            .roles = app_roles,
                                            .brought_last = last == brought_last.end() ? "" : last->second};
              all.push_back(result.ok ? look_at_all(result, application) : unreadable(result, need));
            }
            return all;
          }};
}

}  // namespace pgsluice
