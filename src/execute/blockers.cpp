// SPDX-License-Identifier: Apache-2.0
#include "execute/blockers.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "pg/arrays.hpp"
#include "pgsluice/migration.hpp"
#include "plan/sql_text.hpp"

namespace pgsluice {
namespace {

constexpr std::size_t k_query_length = 120;

// What a plain role may not see is blank; pg_locks itself is open to everybody.
constexpr std::string_view k_columns =
    " coalesce(a.application_name, ''), coalesce(a.usename, p.owner, ''), coalesce(host(a.client_addr), ''),"
    " coalesce(a.state, ''), coalesce(a.backend_type, ''), coalesce(a.query, ''),"
    " (extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared)) * 1000)::bigint,"
    " (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = a.usename)";

// $1 names, $2 for each the conflicting modes, $3 whether its partitions are locked too, $4 our own pid.
const std::string& holders_sql() {
  static const std::string sql = cat(
      "WITH RECURSIVE wanted AS ("
      " SELECT to_regclass(w.name)::oid AS relid, string_to_array(w.modes, ',') AS modes, w.tree"
      " FROM unnest($1::text[], $2::text[], $3::boolean[]) AS w (name, modes, tree)"
      " WHERE to_regclass(w.name) IS NOT NULL"
      " UNION SELECT i.inhrelid, w.modes, w.tree FROM wanted w JOIN pg_inherits i ON i.inhparent = "
      "w.relid WHERE w.tree)"
      " SELECT coalesce(l.pid, 0), coalesce(l.virtualtransaction, ''), coalesce(p.gid, ''),"
      " format('%I.%I', n.nspname, c.relname), l.mode,",
      k_columns,
      " FROM wanted w JOIN pg_class c ON c.oid = w.relid JOIN pg_namespace n ON n.oid = c.relnamespace"
      " JOIN pg_locks l ON l.relation = w.relid AND l.mode = ANY (w.modes)"
      " LEFT JOIN pg_stat_activity a ON a.pid = l.pid"
      // A prepared transaction has no process; its virtual transaction id is -1/xid only after a restart. The lock
      // on its own transaction id always leads to it.
      " LEFT JOIN pg_locks x ON l.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid' AND "
      "x.granted"
      " AND x.virtualtransaction = l.virtualtransaction"
      " LEFT JOIN pg_prepared_xacts p ON p.transaction = x.transactionid"
      " WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM $4::integer"
      " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
      " ORDER BY coalesce(a.xact_start, p.prepared) NULLS FIRST, l.pid");
  return sql;
}

const std::string& blocking_sql() {
  static const std::string sql =
      cat("SELECT a.pid, '', '', coalesce((SELECT w.relation::regclass::text FROM pg_locks w WHERE w.pid = "
          "$1::integer"
          " AND NOT w.granted LIMIT 1), ''), '',",
          k_columns,
          " FROM unnest(pg_blocking_pids($1::integer)) AS b (pid) JOIN pg_stat_activity a ON a.pid = b.pid"
          " LEFT JOIN pg_prepared_xacts p ON false");
  return sql;
}

constexpr std::string_view k_victims_sql =
    "SELECT DISTINCT l.pid FROM pg_locks l WHERE NOT l.granted AND l.pid <> $1::integer"
    " AND $1::integer = ANY (pg_blocking_pids(l.pid))";

// The transaction is looked for again in the same statement: its process may have gone on to other work. $1 pid,
// $2 virtual transaction, $3 whether to cancel only.
constexpr std::string_view k_evict_sql =
    "SELECT r.rolsuper, CASE WHEN r.rolsuper THEN NULL WHEN $3::boolean THEN pg_cancel_backend(a.pid)"
    " ELSE pg_terminate_backend(a.pid) END"
    " FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid"
    " WHERE a.pid = $1::integer AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND"
    " l.virtualtransaction = $2)";

// Each view of one kind of work: phase, done, total, unit, and who is waited for.
constexpr std::string_view k_progress_sql =
    "SELECT phase, blocks_done, blocks_total, 'blocks', current_locker_pid, tuples_done, tuples_total"
    " FROM pg_stat_progress_create_index WHERE pid = $1::integer"
    " UNION ALL SELECT phase, heap_blks_scanned, heap_blks_total, 'blocks', 0, heap_tuples_written, 0"
    " FROM pg_stat_progress_cluster WHERE pid = $1::integer"
    " UNION ALL SELECT phase, heap_blks_scanned, heap_blks_total, 'blocks', 0, 0, 0"
    " FROM pg_stat_progress_vacuum WHERE pid = $1::integer";

// pg: indexcmds.c WaitForOlderSnapshots() waits for snapshots of the same database, not for a lazy vacuum's.
const std::string& oldest_snapshot_sql() {
  static const std::string sql =
      cat("SELECT a.pid, '', '', '', '',", k_columns,
          " FROM pg_stat_activity a LEFT JOIN pg_prepared_xacts p ON false"
          " WHERE a.datname = current_database() AND a.pid <> ALL (ARRAY[$1::integer, pg_backend_pid()])"
          " AND coalesce(a.backend_type, '') <> 'autovacuum worker'"
          " AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL) ORDER BY a.xact_start LIMIT 1");
  return sql;
}

std::vector<Blocker> blockers_of(const SqlResult& result) {
  std::vector<Blocker> blockers;
  for (std::size_t row = 0; row < result.rows.size(); ++row) {
    Blocker blocker{.pid = static_cast<int>(result.number(row, 0).value_or(0)),
                    .transaction = result.text(row, 1),
                    .prepared = result.text(row, 2),
                    .relation = result.text(row, 3),
                    .mode = result.text(row, 4),
                    .application_name = result.text(row, 5),
                    .user = result.text(row, 6),
                    .client = result.text(row, 7),
                    .state = result.text(row, 8),
                    .backend_type = result.text(row, 9),
                    .query = redacted_sql(result.text(row, 10), k_query_length),
                    .age = std::nullopt,
                    .superuser = result.truth(row, 12)};
    if (const auto age = result.number(row, 11)) {
      blocker.age = milliseconds(std::max(*age, 0LL));
    } else if (!blocker.state.empty()) {
      blocker.age = milliseconds(0);  // its transaction is just ending, and has no start any more
    }
    blockers.push_back(std::move(blocker));
  }
  return blockers;
}

std::string conflicting_modes(LockMode mode) {
  std::vector<std::string> names;
  for (int other = static_cast<int>(LockMode::AccessShare);
       other <= static_cast<int>(LockMode::AccessExclusive); ++other) {
    if (conflicts(mode, static_cast<LockMode>(other))) {
      names.emplace_back(lock_name(static_cast<LockMode>(other)));
    }
  }
  return join(names, ",");
}

std::string rounded(milliseconds age) {
  return age < milliseconds(10'000) ? format_duration(age)
                                    : format_duration(milliseconds(age.count() / 1000 * 1000));
}

bool is_wraparound(const Blocker& blocker) {
  return blocker.query.find("to prevent wraparound") != std::string::npos;
}

/// None: the server cannot be reached.
std::unique_ptr<Session> open_onlooker(const World& world) {
  auto connected = world.connect();
  auto* session = std::get_if<std::unique_ptr<Session>>(&connected);
  if (session == nullptr) return nullptr;
  // What it asks again and again is planned once.
  (*session)->script(
      "SET statement_timeout = '5s'; SET lock_timeout = '1s'; SET jit = off;"
      " SET plan_cache_mode = force_generic_plan");
  return std::move(*session);
}

}  // namespace

bool gives_way(const Blocker& blocker) {
  // A role without pg_read_all_stats sees no type; if it is somebody's VACUUM, the fence just times out.
  return blocker.mode == "ShareUpdateExclusiveLock" && blocker.backend_type != "client backend" &&
         blocker.pid != 0 && !is_wraparound(blocker);
}

bool is_ordinary(const Blocker& blocker) {
  const bool session = blocker.backend_type == "client backend" || blocker.backend_type == "parallel worker";
  return blocker.pid != 0 && (session || blocker.backend_type.empty());
}

std::string_view kind_of(const Blocker& blocker) {
  if (blocker.pid == 0) return "prepared transaction";
  if (blocker.backend_type == "autovacuum worker") {
    return is_wraparound(blocker) ? "autovacuum to prevent wraparound" : "autovacuum";
  }
  if (blocker.backend_type == "walsender") return "walsender";
  if (!is_ordinary(blocker)) return "other";
  if (blocker.application_name.starts_with("pgsluice/")) return "another pgsluice";
  if (blocker.application_name == "pg_dump") return "dump";
  const auto mode = parse_lock_name(blocker.mode);
  if (mode && *mode >= LockMode::ShareUpdateExclusive) return "DDL";
  return blocker.state.starts_with("idle in transaction") ? "idle in transaction" : "session";
}

std::string describe(const Blocker& blocker) {
  return describe(blocker, 0);
}

std::string describe(const Blocker& blocker, std::size_t more_relations) {
  std::string text = blocker.pid == 0 ? cat("prepared transaction '", blocker.prepared, "'")
                                      : cat("pid ", std::to_string(blocker.pid));
  std::vector<std::string> who;
  for (const std::string& part :
       {blocker.application_name, blocker.user.empty() ? "" : "role " + blocker.user,
        blocker.backend_type == "client backend" ? "" : blocker.backend_type}) {
    if (!part.empty()) {
      who.push_back(part);
    }
  }
  text += who.empty() ? "" : cat(" (", join(who, ", "), ")");
  text += blocker.state.empty() ? "" : " " + blocker.state;
  text += blocker.age ? cat(", transaction open for ", rounded(*blocker.age)) : "";
  if (!blocker.mode.empty()) {
    const auto mode = parse_lock_name(blocker.mode);
    text += cat(", holds ", mode ? lock_sql(*mode) : blocker.mode, " on ", blocker.relation);
    text += more_relations == 0 ? "" : cat(" and on ", count_of(more_relations, "more relation"));
  }
  text += blocker.query.empty() ? "" : ": " + blocker.query;
  return printable_line(text);
}

std::future<std::unique_ptr<Session>> call_onlooker(const World& world) {
  return std::async(std::launch::async, [&world]() noexcept -> std::unique_ptr<Session> {
    try {
      std::unique_ptr<Session> session = open_onlooker(world);
      if (session)
        session->query_again(holders_sql(), {"{}", "{}", "{}", "0"});  // of nothing: to have it planned
      return session;
    } catch (...) {  // out of memory, or no thread to connect with: as where nobody has called it
      return nullptr;
    }
  });
}

SqlResult Observer::ask(const std::string& sql, const std::vector<SqlValue>& parameters) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (!session_) session_ = onlooker_.valid() ? onlooker_.get() : open_onlooker(world_);
    if (session_) {
      SqlResult result = session_->query_again(sql, parameters);
      if (!result.connection_lost) {
        return result;
      }
      session_.reset();
    }
  }
  SqlResult nothing;
  nothing.ok = false;
  return nothing;
}

std::vector<Blocker> Observer::holders(const std::vector<RelationLock>& locks, int own_pid) {
  if (locks.empty()) {
    return {};
  }
  std::vector<std::string> names;
  std::vector<std::string> modes;
  std::vector<std::string> trees;
  for (const RelationLock& lock : locks) {
    names.push_back(lock.relation.quoted());
    modes.push_back(conflicting_modes(lock.mode));
    trees.emplace_back(lock.role == "target" ? "t" : "f");
  }
  return blockers_of(ask(holders_sql(), {pg::text_array(names), pg::text_array(modes), pg::text_array(trees),
                                         std::to_string(own_pid)}));
}

QueueView Observer::queue(int own_pid) {
  QueueView view;
  view.blockers = blockers_of(ask(blocking_sql(), {std::to_string(own_pid)}));
  const SqlResult victims = ask(std::string(k_victims_sql), {std::to_string(own_pid)});
  for (std::size_t row = 0; row < victims.rows.size(); ++row) {
    view.victims.push_back(static_cast<int>(victims.number(row, 0).value_or(0)));
  }
  return view;
}

std::string Observer::evict(const Blocker& blocker, bool cancel) {
  const SqlResult done =
      ask(std::string(k_evict_sql), {std::to_string(blocker.pid), blocker.transaction, cancel ? "t" : "f"});
  if (!done.ok) return done.error.message;
  return done.truth(0, 0) ? "it belongs to a superuser" : "";
}

std::string Observer::progress(int own_pid) {
  const SqlResult work = ask(std::string(k_progress_sql), {std::to_string(own_pid)});
  if (work.rows.empty()) return {};
  std::string said = work.text(0, 0);
  const auto percent = [&](std::size_t done, std::size_t total) {
    const long long all = work.number(0, total).value_or(0);
    return all == 0 ? std::string() : cat(std::to_string(100 * work.number(0, done).value_or(0) / all), " %");
  };
  const std::string blocks = percent(1, 2);
  const std::string tuples = percent(5, 6);
  if (!blocks.empty()) {
    said += cat(", ", blocks, " of ", work.text(0, 2), " ", work.text(0, 3));
  } else if (!tuples.empty()) {
    said += cat(", ", tuples, " of ", work.text(0, 6), " rows");
  }
  const long long locker = work.number(0, 4).value_or(0);
  return locker == 0 ? said : cat(said, ", for pid ", std::to_string(locker));
}

std::optional<Blocker> Observer::oldest_snapshot(int own_pid) {
  const std::vector<Blocker> found = blockers_of(ask(oldest_snapshot_sql(), {std::to_string(own_pid)}));
  return found.empty() ? std::nullopt : std::optional(found.front());
}

}  // namespace pgsluice
