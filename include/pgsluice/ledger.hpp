// SPDX-License-Identifier: Apache-2.0
// The memory of a database: what has been run, by which run, and what was begun and not finished. Schema
// `pgsluice`, bound to one database of one cluster. Decisions take these values; src/execute/ledger.cpp has the SQL.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgsluice {

/// The version of the tables that this program writes. It reads its own and older ones, and refuses newer ones.
inline constexpr int k_ledger_version = 9;
/// Since then it knows releases and what the gate has seen.
inline constexpr int k_gate_ledger_version = 5;
/// Since then it knows of which application a release is one.
inline constexpr int k_app_ledger_version = 7;
/// Since then it knows which releases have followed with a step that waits.
inline constexpr int k_passed_ledger_version = 8;
/// Since then it knows which release was brought last, also where that one was brought before.
inline constexpr int k_last_ledger_version = 9;

/// pg_try_advisory_lock key of a run, per database: the bytes of "pgsluice".
inline constexpr long long k_run_lock_key = 0x7067736c75696365;

enum class MigrationState {
  running,
  partial,
  failed,
  held,  ///< a contract file that has been seen, and nothing of it is done
  applied,
  baselined,  ///< applied before there was this ledger
};
std::string_view to_string(MigrationState state);
inline bool is_applied(MigrationState state) {
  return state == MigrationState::applied || state == MigrationState::baselined;
}
std::optional<MigrationState> parse_migration_state(std::string_view text);

struct LedgerStatement {
  std::string fingerprint;
  bool transactional = true;
  bool done = false;  ///< false: intended, and then the run ended without an answer
  /// Of a statement that cannot run in a transaction: OIDs of what was there before (indexes of the table).
  std::vector<long long> oids_before;
};

/// How far a statement in batches has come.
struct LedgerBackfill {
  std::string fingerprint;
  std::string state;  ///< running, throttled, paused or done
  std::string reason;
  long long walked = 0;               ///< rows of the table that are behind it
  long long done = 0;                 ///< rows that it has changed
  std::optional<long long> estimate;  ///< rows of the table
};

struct LedgerMigration {
  std::string id;
  std::string phase;
  std::string sha256;
  std::string fingerprint;
  MigrationState state = MigrationState::running;
  std::string applied_at;    ///< ISO 8601, UTC; empty: not applied
  std::string applied_by;    ///< run id
  std::string release;       ///< of the application, that brought it; empty: nobody has said
  std::string app;           ///< that the release is one of; empty: nobody has said
  long long brought_at = 0;  ///< microseconds since 1970 by the server's clock: applied, or seen first
  /// Of a step that waits: the releases that have been let through with it since it came, or came anew.
  std::vector<std::string> passed;
  /// It came anew, for this release has been let through without it; empty: nobody has said which.
  std::optional<std::string> left_out_by;
  long long duration_ms = 0;
  std::string error;  ///< SQLSTATE and message of the last failure
  std::map<int, LedgerStatement> statements;
  std::map<int, LedgerBackfill> backfills;  ///< of files that are not applied
  /// By index into Script::statements.
  [[nodiscard]] bool is_done(std::size_t statement) const {
    const auto recorded = statements.find(static_cast<int>(statement));
    return recorded != statements.end() && recorded->second.done;
  }
};

/// A release that everything has been brought of that it needs in order to start.
struct BroughtRelease {
  std::string app;      ///< empty: nobody has said
  std::string release;  ///< empty: nobody has said
  long long at = 0;     ///< microseconds since 1970 by the server's clock
  /// Whether it may be one of this application.
  [[nodiscard]] bool may_be_of(std::string_view name) const {
    return name.empty() || app.empty() || app == name;
  }
};

/// The releases of an application in the order in which they were brought, and `this_release`, which is the newest where it
/// is not among them. Those of which nobody has said whose they are count as its own, and all where `app` is empty.
std::vector<std::string> releases_of(const std::vector<BroughtRelease>& brought, std::string_view app,
                                     const std::string& this_release);

/// Who the ledger belongs to.
struct Binding {
  std::string system_identifier;  ///< empty: the server does not tell this role
  std::string database;
  bool operator==(const Binding&) const = default;
};

/// The session that holds the run lock.
struct ActiveRun {
  int pid = 0;
  std::string application_name;
  std::string user;
  std::string since;
};

/// Who may write the ledger, by its row in pgsluice.lease.
struct LeaseHolder {
  std::string run_id;  ///< empty: nobody
  std::string owner;   ///< host and process
  int backend_pid = 0;
  long long heartbeat_age_ms = 0;
  bool expired = false;
};

struct Ledger {
  bool exists = false;
  int version = 0;
  Binding bound_to;
  std::map<std::string, LedgerMigration> migrations;
  std::string last_release;             ///< that a run has brought
  std::vector<BroughtRelease> brought;  ///< oldest first
  std::optional<ActiveRun> active;
  LeaseHolder lease;

  [[nodiscard]] bool is_applied(const std::string& id) const {
    const auto found = migrations.find(id);
    return found != migrations.end() && pgsluice::is_applied(found->second.state);
  }
};

}  // namespace pgsluice
