// SPDX-License-Identifier: Apache-2.0
// Stage 6: may it run now? Runs a plan step by step on a live server without harming the application: looks for
// blockers before it queues, queues only for a moment, and keeps the ledger true whatever happens.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "pgsluice/error.hpp"
#include "pgsluice/ledger.hpp"
#include "pgsluice/plan.hpp"
#include "pgsluice/session.hpp"

namespace pgsluice {

class Interrupt;

using std::chrono::milliseconds;

/// Somebody who holds a lock that a step needs. Text is as the server gave it; queries have no literals.
struct Blocker {
  int pid = 0;              ///< 0: a prepared transaction, which has no process
  std::string transaction;  ///< virtual transaction id: the same one is still the same work
  std::string prepared;     ///< gid of a prepared transaction
  std::string relation;
  std::string mode;  ///< as in pg_locks
  std::string application_name;
  std::string user;
  std::string client;
  std::string state;
  std::string backend_type;
  std::string query;
  std::optional<milliseconds> age;  ///< of its transaction; none: this role may not see it
  bool superuser = false;
};

/// What sort of holder it is: "session", "idle in transaction", "prepared transaction", "autovacuum", "autovacuum to
/// prevent wraparound", "walsender", "DDL", "dump", "another pgsluice".
std::string_view kind_of(const Blocker& blocker);

/// "pid 4711 (checkout, role app) idle in transaction for 12s holds AccessShareLock on public.orders: SELECT …"
std::string describe(const Blocker& blocker);
/// The same for all locks of one session: "… on public.orders and 2 more relations: SELECT …"
std::string describe(const Blocker& blocker, std::size_t more_relations);

using EventFields = std::vector<std::pair<std::string, std::variant<std::string, long long>>>;

/// One event of a run, for people and for machines.
struct Event {
  Severity severity = Severity::info;
  std::string name;     ///< "step-waiting"
  std::string subject;  ///< a step or file; may be empty
  std::string message;
  EventFields fields;
  bool detail = false;  ///< only with -v
  bool live = false;    ///< of this moment: for a view that is drawn anew, and kept nowhere
};
using EventSink = std::function<void(const Event&)>;

/// Whom a run may push aside. By default nobody; never a superuser, a walsender, an autovacuum, a dump, a prepared
/// transaction, other DDL or another pgsluice.
struct BlockerPolicy {
  std::optional<milliseconds> cancel_after;     ///< age of a transaction from which its query is cancelled
  std::optional<milliseconds> terminate_after;  ///< age from which its session is ended
  std::vector<std::string> roles;               ///< who may be met: by role,
  std::vector<std::string> applications;        ///< or by application_name
};

enum class Eviction { none, cancel, terminate };
std::string_view to_string(Eviction eviction);

/// What the policy allows against this holder, by what can be seen of it.
Eviction eviction_of(const BlockerPolicy& policy, const Blocker& blocker);

struct RunOptions {
  std::string command = "apply";  ///< for the ledger
  std::string release;            ///< of the application, that this run brings; may be empty
  std::string app;                ///< that the release is one of; may be empty
  BlockerPolicy blockers;
  milliseconds lock_timeout{500};  ///< longest queueing at once: as long may the application wait behind us
  milliseconds lock_budget{600'000};
  milliseconds statement_timeout{0};
  std::string search_path;  ///< the same in every session of the run; empty: what the server gives
  milliseconds wait_for_run{30'000};
  milliseconds wait_for_db{300'000};
  milliseconds stall_budget{2'000};  ///< longest that a session waits behind a statement at work; 0: no limit
  int max_victims = 100;             ///< sessions that wait behind us at once
  int max_attempts = 20;             ///< to get the locks of a step
  milliseconds poll{5};              ///< between two looks at blockers
  milliseconds tolerated{100};  ///< what a transaction is expected to last until some have been seen to end
  milliseconds first_backoff{50};
  milliseconds max_backoff{2'000};
  milliseconds lease{10'000};        ///< without a heartbeat for so long, a run counts as dead
  bool detach = false;               ///< leave backfills to a later run
  milliseconds heartbeat{2'000};     ///< 0: none, for tests with a clock of their own
  ExitCode good_end = ExitCode::ok;  ///< for the ledger, of a run without a failure
  /// Asked each time before a contract file takes its first lock: what was seen when the run began may be hours old. False:
  /// the run ends there, and well. Empty: nobody is asked.
  std::function<bool(const PlannedFile&)> may_begin;
};

/// Connects once; a value when it fails, so that the loop can wait and try again.
struct NoSession {
  std::string message;
  bool permanent = false;
};
using Connector = std::function<std::variant<std::unique_ptr<Session>, NoSession>()>;

/// Everything that a run needs of the world.
struct World {
  Connector connect;
  Clock& clock;
  const Interrupt& interrupt;
  EventSink emit;
  std::function<double()> random;  ///< in [0, 1): jitter
  std::string run_id;
  std::string target;  ///< for messages
  std::string owner;   ///< host and process, for those who wait for us
};

enum class StepState {
  pending,
  applied,
  failed,
  lock_budget,
  stall_budget,
  interrupted,
  unreachable,
  refused,
  fenced,
  detached,
  held  ///< its gate has closed since the run began
};
std::string_view to_string(StepState state);

/// A statement that failed, with its place in the file.
struct StatementFailure {
  std::string path;
  Position position;
  SqlError error;
};

struct StepReport {
  std::string id;
  std::string migration;
  Phase phase = Phase::expand;
  bool in_transaction = true;
  StepState state = StepState::pending;
  int attempts = 0;
  int losses = 0;  ///< of the connection
  milliseconds waited{0};
  milliseconds held{0};
  int max_victims = 0;           ///< sessions seen waiting behind it at once
  milliseconds worst_victim{0};  ///< longest that one of them was seen waiting
  std::vector<Blocker> blockers;
  std::optional<StatementFailure> failure;
};

struct RunReport {
  ExitCode code = ExitCode::ok;
  std::string run_id;
  std::string message;  ///< one line: what came of it
  std::string hint;
  std::vector<StepReport> steps;     ///< every pending step, also those that were not reached
  std::vector<std::string> applied;  ///< ids of the files that this run finished
};

/// A statement that is prepared in a session which also runs files: each of them may DEALLOCATE it.
struct PreparedStatement {
  int number = 0;      ///< part of its name; a new one whenever it is prepared
  bool ready = false;  ///< as far as we know
};

/// A session with our settings made and checked, and the run lock held; execute() adds the lease.
struct Worker {
  std::unique_ptr<Session> session;
  Binding binding;
  Ledger ledger;  ///< its version, and whom it belongs to
  std::string search_path;
  std::vector<std::string> schemas;  ///< that search_path finds now: where unqualified names lead
  std::string stats_grant;  ///< without which it cannot see how old others' transactions are; empty: it can
  int backend_pid = 0;
  long long token = 0;     ///< of the lease: what every write of the ledger shows
  PreparedStatement done;  ///< what writes the ledger at the end of a step
  /// The session that looks who is in the way, on its way; invalid: nobody has called it yet.
  std::future<std::unique_ptr<Session>> onlooker;
};

/// Connects, within options.wait_for_db. Throws Error: unreachable, precondition.
std::unique_ptr<Session> open_session(const World& world, const RunOptions& options);
/// A session for a run: settings, target, and the run lock, within options.wait_for_run. Throws Error: as above,
/// wrong_target, other_run.
Worker open_worker(const World& world, const RunOptions& options);

/// The server may go away at any moment. Whether what has lost it before the first step should begin anew; says so.
bool begins_anew(const Error& error, int tries, const World& world);

/// Reads the ledger; `exists` is false when there is none. Throws Error for one that this program cannot read.
Ledger read_ledger(Session& session);
/// The same by whoever has the run lock: nobody looks for another active run.
Ledger read_ledger(const Worker& worker);
/// Only its version, and whom it belongs to.
Ledger read_ledger_head(Session& session);
/// Throws Error(wrong_target) that says how to bind the ledger anew.
void expect_target(const Ledger& ledger, const Binding& here);
Binding read_binding(Session& session);

/// Runs what the plan has pending. The worker may be replaced by a new one when the server goes away.
RunReport execute(const Plan& plan, Worker& worker, const World& world, const RunOptions& options);

}  // namespace pgsluice
