// SPDX-License-Identifier: Apache-2.0
// The run loop with a scripted server and ticking time: which answer leads to which action.

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/signals.hpp"
#include "fake_session.hpp"
#include "pgsluice/execute.hpp"

namespace pgsluice::test {
namespace {

using ::testing::HasSubstr;

PlannedStatement statement(std::size_t index, std::string sql, std::string_view text) {
  PlannedStatement planned;
  planned.index = index;
  planned.sql = std::move(sql);
  planned.tag = "AlterTableStmt";
  planned.fingerprint = "f" + std::to_string(index);
  const std::size_t begin = text.find(planned.sql);
  planned.range = {begin, begin + planned.sql.size()};
  return planned;
}

/// One file with one step of one statement.
Plan one_step_plan() {
  PlannedFile file;
  file.analysis.migration.id = "0001_a.sql";
  file.analysis.migration.path = "m/0001_a.sql";
  file.analysis.script.source.text = "-- first\nALTER TABLE t ADD x int;\n";
  Step step;
  step.id = "0001_a.sql#1";
  step.last = true;
  step.statements.push_back(statement(0, "ALTER TABLE t ADD x int", file.analysis.script.source.text));
  step.locks.push_back({.relation = {"public", "t"}, .mode = LockMode::AccessExclusive, .role = "target"});
  step.statements.front().locks = step.locks;
  file.steps.push_back(std::move(step));
  Plan plan;
  plan.files.push_back(std::move(file));
  return plan;
}

class Execute : public ::testing::Test {
 protected:
  Execute() {
    server.clock = &clock;
    server.answer("pg_is_in_recovery", rows({{"f", "off"}}), -1);
    server.answer("FROM pgsluice.meta", rows({{std::to_string(k_ledger_version), "7", "shop"}}), -1);
    server.answer("current_schemas(false)",
                  rows({{"0", "shop", "7", "public", "{public}", "42", "t", ""}, {"1", "t"}}), -1);
    server.answer("SELECT pg_backend_pid()", rows({{"42"}}), -1);
    server.answer("pg_try_advisory_lock", rows({{"t"}}), -1);
    server.answer("taken AS (UPDATE pgsluice.lease", rows({{"", "", "0", "0", "t", "5"}}), -1);
    options.heartbeat = milliseconds(0);
  }

  RunReport run() {
    Worker worker;
    worker.session = std::make_unique<FakeSession>(server);
    worker.backend_pid = 42;
    worker.ledger = {.exists = true, .version = k_ledger_version};
    return execute(plan, worker, world, options);
  }

  static std::vector<SqlValue> holder(std::string pid, SqlValue age_ms) {
    return {pid,
            "3/7",
            "",
            "public.t",
            "AccessShareLock",
            "reporting",
            "app",
            "",
            "idle in transaction",
            "client backend",
            "SELECT 'secret'",
            age_ms};
  }

  FakeServer server;
  FakeClock clock;
  Interrupt interrupt;
  std::vector<Event> events;
  World world{.connect = [this]() -> std::variant<std::unique_ptr<Session>, NoSession> {
                return std::make_unique<FakeSession>(server);
              },
              .clock = clock,
              .interrupt = interrupt,
              .emit = [this](const Event& event) { events.push_back(event); },
              .random = [] { return 0.5; },
              .run_id = "00000000-0000-4000-8000-000000000000",
              .target = "database shop"};
  RunOptions options;
  Plan plan = one_step_plan();
};

TEST_F(Execute, WritesTheLedgerBeforeTheCommitOfTheSameTransaction) {
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::ok);
  std::vector<std::string> order;
  for (const std::string& sql : server.log) {
    for (const char* part : {"BEGIN; ", "ALTER TABLE t ADD x int", "INTO pgsluice.migration", "COMMIT"}) {
      if (sql.find(part) != std::string::npos) order.emplace_back(part);
    }
  }
  EXPECT_EQ(order, (std::vector<std::string>{"BEGIN; ", "ALTER TABLE t ADD x int", "INTO pgsluice.migration",
                                             "COMMIT"}));
}

/// Files of one step each.
void add_steps(Plan& plan, int count) {
  for (int i = 2; i <= count; ++i) {
    PlannedFile file = plan.files.front();
    file.analysis.migration.id = "000" + std::to_string(i) + "_a.sql";
    file.steps.front().id = file.analysis.migration.id + "#1";
    plan.files.push_back(std::move(file));
  }
}

TEST_F(Execute, AStepIsFourMessagesOfWhichOneLooksAtHolders) {
  add_steps(plan, 5);
  std::vector<std::size_t> sent;
  server.on_run = [&](const std::string& sql) {
    if (sql.starts_with("ALTER TABLE")) sent.push_back(server.log.size());
  };
  EXPECT_EQ(run().code, ExitCode::ok);
  ASSERT_EQ(sent.size(), 5U);
  EXPECT_EQ(sent[4] - sent[3], 4U) << "holders; settings, BEGIN and locks; the statement; ledger and COMMIT";
  EXPECT_EQ(server.count("PREPARE pgsluice_done_1 ("), 1) << "once for all steps";
  EXPECT_EQ(server.count("EXECUTE pgsluice_done_1 ("), 5);
}

TEST_F(Execute, PreparesAnewWhatAFileHasDeallocated) {
  add_steps(plan, 2);
  plan.files[0].steps[0].statements[0].tag = "DeallocateStmt";
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_EQ(server.count("ALTER TABLE"), 2) << "nothing is run twice";
  EXPECT_EQ(server.count("PREPARE pgsluice_done_1 ("), 1);
  EXPECT_EQ(server.count("EXECUTE pgsluice_done_1 ("), 2);
}

TEST_F(Execute, ADeallocationThatNobodySawBeginsTheStepAnewOnce) {
  add_steps(plan, 2);
  server.answer("EXECUTE pgsluice_done_1 ('0002", failure("26000"));
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_EQ(server.count("ROLLBACK"), 1);
  EXPECT_EQ(server.count("PREPARE pgsluice_done_2 ("), 1);

  server.answer("EXECUTE pgsluice_done", failure("26000"), -1);  // something else: it would never end
  EXPECT_EQ(run().code, ExitCode::statement_failed);
}

TEST_F(Execute, WhatFailsBeforeTheLedgerIsWrittenIsSaidToBeTheLedger) {
  server.answer("EXECUTE pgsluice_done", failure("42501"));
  EXPECT_THAT(run().message, HasSubstr("cannot write the ledger: scripted failure [SQLSTATE 42501]"));
  SqlResult deferred = failure("P0001");
  deferred.command = "SELECT 1";
  server.answer("EXECUTE pgsluice_done", deferred);
  EXPECT_THAT(run().message, ::testing::Not(HasSubstr("ledger")));
}

TEST_F(Execute, RetriesALockTimeoutWithGrowingPauses) {
  server.answer("ALTER TABLE", failure("55P03"), 3);
  std::vector<Clock::time_point> tries;
  server.on_run = [&](const std::string& sql) {
    if (sql.starts_with("ALTER TABLE")) tries.push_back(clock.now());
  };
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::ok);
  EXPECT_EQ(report.steps[0].attempts, 4);
  EXPECT_EQ(server.count("ROLLBACK"), 3);
  EXPECT_EQ(server.count("INSERT INTO pgsluice.attempt"), 3);
  ASSERT_EQ(tries.size(), 4U);
  EXPECT_LT(tries[1] - tries[0], tries[2] - tries[1]);
  EXPECT_LT(tries[2] - tries[1], tries[3] - tries[2]);
}

TEST_F(Execute, GivesUpAfterItsAttempts) {
  server.answer("ALTER TABLE", failure("55P03"), -1);
  options.max_attempts = 3;
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::lock_budget);
  EXPECT_EQ(report.steps[0].attempts, 3);
}

TEST_F(Execute, RetriesADeadlockAndASerializationFailure) {
  server.answer("ALTER TABLE", failure("40P01"));
  server.answer("COMMIT", failure("40001"));
  EXPECT_EQ(run().steps[0].attempts, 3);
}

TEST_F(Execute, GivesUpWhenTheBudgetIsUsedUp) {
  server.answer("ALTER TABLE", failure("55P03"), -1);
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::lock_budget);
  EXPECT_EQ(report.steps[0].state, StepState::lock_budget);
  EXPECT_EQ(server.count("COMMIT"), 0);
}

TEST_F(Execute, DoesNotQueueBehindAnOldTransaction) {
  server.answer("WITH RECURSIVE wanted", rows({holder("4711", "5000")}), 4);
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::ok);
  EXPECT_EQ(report.steps[0].attempts, 1);
  EXPECT_EQ(clock.sleeps.size(), 4U);
  EXPECT_EQ(report.steps[0].waited, options.poll * 4);
  ASSERT_EQ(report.steps[0].blockers.size(), 1U);
  EXPECT_EQ(report.steps[0].blockers[0].pid, 4711);
  EXPECT_THAT(describe(report.steps[0].blockers[0]),
              HasSubstr("pid 4711 (reporting, role app) idle in transaction, transaction open for 5s, "
                        "holds ACCESS SHARE on public.t: SELECT '…'"));
}

TEST_F(Execute, QueuesBehindAYoungTransaction) {
  server.answer("WITH RECURSIVE wanted", rows({holder("4711", "20")}), -1);
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_TRUE(clock.sleeps.empty());
}

TEST_F(Execute, TakesATransactionOfUnknownAgeForOldUntilItIsGone) {
  std::vector<SqlValue> unseen = holder("4711", std::nullopt);
  unseen[8] = "";  // what a role may not see comes all together
  server.answer("WITH RECURSIVE wanted", rows({unseen}), 3);
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::ok);
  EXPECT_EQ(clock.sleeps.size(), 3U);
}

TEST_F(Execute, PushesNobodyAsideByDefault) {
  server.answer("WITH RECURSIVE wanted", rows({holder("4711", "90000000")}), 5);
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_EQ(server.count("pg_cancel_backend") + server.count("pg_terminate_backend"), 0);
}

TEST_F(Execute, TerminatesWhoIsListedOnceAndSaysSoFirst) {
  options.blockers = {.terminate_after = milliseconds(60'000), .applications = {"reporting"}};
  server.answer("WITH RECURSIVE wanted", rows({holder("4711", "90000")}), 5);
  bool said = false;
  server.on_run = [&](const std::string& sql) {
    if (sql.find("pg_terminate_backend") == std::string::npos) return;
    said = std::ranges::any_of(events, [](const Event& event) { return event.name == "blocker-terminated"; });
  };
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_EQ(server.count("pg_terminate_backend"), 1);
  EXPECT_TRUE(said);
}

constexpr const char* k_lock = "DO $pgsluice$";

TEST_F(Execute, LooksForAFreeMomentWithoutQueueing) {
  server.answer("WITH RECURSIVE wanted", rows({holder("4711", "20")}), 2);
  server.answer(k_lock, rows({{"public.t"}}));  // busy
  server.answer("SHARE UPDATE EXCLUSIVE", rows({{""}}));
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::ok);
  EXPECT_EQ(report.steps[0].attempts, 1);
  EXPECT_EQ(server.count("NOWAIT"), 2);
  EXPECT_EQ(server.count("ROLLBACK"), 0);
}

TEST_F(Execute, TakesNoRowOfTheOpeningForABusyRelation) {
  server.answer(k_lock, rows({{"\"$user\", public"}, {""}}));  // search_path, then the answer
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_EQ(server.count("NOWAIT"), 1);
  EXPECT_TRUE(clock.sleeps.empty());
}

TEST_F(Execute, KeepsAutovacuumOutWhileItLooks) {
  server.answer("WITH RECURSIVE wanted", rows({holder("4711", "20")}), 6);
  server.answer("NOWAIT", rows({{"public.t"}}), 5);
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_EQ(server.count("{\"SHARE UPDATE EXCLUSIVE\"}"), 1);
}

TEST_F(Execute, QueuesAtOnceWhereAllTransactionsAreShort) {
  server.answer("WITH RECURSIVE wanted", rows({holder("4711", "5")}));
  server.answer("WITH RECURSIVE wanted", rows({holder("4712", "3")}));
  server.answer("NOWAIT", rows({{"public.t"}}));
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_EQ(server.count("greatest(1, ceil(1000"), 1) << "no fence, and one queueing";
  EXPECT_TRUE(clock.sleeps.empty());
}

TEST_F(Execute, QueuesAtOnceWhereNobodyIsToBeSeenAnyMore) {
  server.answer("NOWAIT", rows({{"public.t"}}));
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_EQ(server.count("greatest(1, ceil(1000"), 1);
  EXPECT_TRUE(clock.sleeps.empty());
}

TEST_F(Execute, LeavesTheTransactionWhenSomebodyLongComes) {
  server.answer("WITH RECURSIVE wanted", rows({holder("4711", "20")}));
  server.answer("WITH RECURSIVE wanted", rows({holder("4712", "9000")}), 3);
  server.answer("NOWAIT", rows({{"public.t"}}));
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::ok);
  EXPECT_EQ(server.count("ROLLBACK"), 1);
  EXPECT_EQ(report.steps[0].attempts, 1) << "waiting outside is no attempt";
}

TEST_F(Execute, QueuesOnceWhereNoMomentIsFree) {
  int spid = 0;
  // One transaction after the other, 40 ms each: there is always one.
  server.on_run = [&](const std::string& sql) {
    if (!sql.starts_with("WITH RECURSIVE wanted")) return;
    const auto age =
        std::chrono::duration_cast<milliseconds>(clock.now().time_since_epoch()) % milliseconds(40);
    spid = static_cast<int>(clock.now().time_since_epoch() / milliseconds(40));
    std::erase_if(server.answers, [](const auto& answer) { return answer.part == "WITH RECURSIVE wanted"; });
    server.answer("WITH RECURSIVE wanted", rows({holder(std::to_string(spid), std::to_string(age.count()))}));
  };
  server.answer("NOWAIT", rows({{"public.t"}}), -1);
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::ok);
  EXPECT_EQ(report.steps[0].attempts, 1);
  EXPECT_GT(server.count("NOWAIT"), 10);
  EXPECT_EQ(server.count("greatest(1, ceil(1000"), 2) << "the fence, and one queueing";
}

TEST_F(Execute, CancelsWhatKeepsOthersWaitingForTooLong) {
  options.stall_budget = milliseconds(1'000);
  server.answer("unnest(pg_blocking_pids", rows({}), -1);
  server.answer("SELECT DISTINCT l.pid", rows({{"5001"}, {"5002"}}), -1);
  server.works = milliseconds(5'000);
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::lock_budget);
  EXPECT_EQ(report.steps[0].state, StepState::stall_budget);
  EXPECT_EQ(report.steps[0].max_victims, 2);
  EXPECT_THAT(report.message, HasSubstr("2 sessions waited behind it while it was at work"));
  EXPECT_EQ(server.count("COMMIT"), 0);
}

TEST_F(Execute, LooksSeldomAtTheQueueOfWhatLocksNothingThatIsThere) {
  server.works = milliseconds(400);
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_GT(server.count("unnest(pg_blocking_pids"), 10);
  server.log.clear();
  plan.files[0].steps[0].locks.clear();
  plan.files[0].steps[0].statements[0].locks.clear();
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_EQ(server.count("unnest(pg_blocking_pids"), 0);
  server.works = milliseconds(1'200);  // the prediction may be wrong
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_EQ(server.count("unnest(pg_blocking_pids"), 2);
  server.log.clear();
  server.works = milliseconds(400);
  plan.files[0].steps[0].statements[0].works = true;  // a DO block that nobody can follow, say
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_GT(server.count("unnest(pg_blocking_pids"), 10);
}

TEST_F(Execute, FencesOffAnAutovacuumInsteadOfWaitingForIt) {
  std::vector<SqlValue> vacuum = holder("99", "900000");
  vacuum[4] = "ShareUpdateExclusiveLock";
  vacuum[9] = "autovacuum worker";
  vacuum[10] = "autovacuum: VACUUM public.t";
  server.answer("WITH RECURSIVE wanted", rows({vacuum}), -1);
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_TRUE(clock.sleeps.empty());
  EXPECT_EQ(server.count("{\"SHARE UPDATE EXCLUSIVE\"}"), 1);
}

TEST_F(Execute, WaitsForAnAutovacuumThatPreventsWraparound) {
  std::vector<SqlValue> vacuum = holder("99", "900000");
  vacuum[4] = "ShareUpdateExclusiveLock";
  vacuum[9] = "autovacuum worker";
  vacuum[10] = "autovacuum: VACUUM public.t (to prevent wraparound)";
  server.answer("WITH RECURSIVE wanted", rows({vacuum}), 2);
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_EQ(clock.sleeps.size(), 2U);
}

TEST_F(Execute, ALostCommitIsDecidedByTheLedger) {
  server.answer("COMMIT", lost());
  server.answer("SELECT done_at IS NOT NULL FROM pgsluice.statement", rows({{"t"}}));
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::ok);
  EXPECT_EQ(server.count("ALTER TABLE"), 1);
}

TEST_F(Execute, ALostCommitThatTheLedgerDoesNotKnowIsRunAgain) {
  server.answer("COMMIT", lost());
  server.answer("SELECT done_at IS NOT NULL FROM pgsluice.statement", rows({}));
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::ok);
  EXPECT_EQ(server.count("ALTER TABLE"), 2);
}

TEST_F(Execute, WhatIsLostBehindTheLastStepIsRunAgain) {
  server.answer("SET finished_at", lost());
  server.answer("SELECT done_at IS NOT NULL FROM pgsluice.statement", rows({}));
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::ok);
  EXPECT_EQ(server.count("ALTER TABLE"), 2);
  EXPECT_EQ(server.count("SET finished_at"), 2);
  EXPECT_EQ(report.applied, (std::vector<std::string>{"0001_a.sql"}));
}

TEST_F(Execute, NobodySaysAppliedBeforeTheServerHasConfirmedTheEnd) {
  server.answer("SET finished_at", lost());
  server.on_run = [&](const std::string& sql) {
    if (sql.find("SET finished_at") == std::string::npos) return;
    world.connect = [] { return NoSession{.message = "connection refused"}; };
  };
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::unreachable);
  EXPECT_THAT(report.message, HasSubstr("lost the server behind the last step"));
  EXPECT_THAT(report.hint, HasSubstr("Run it again"));
}

TEST_F(Execute, AFailedRunSaysOnlyThatAppliedWhichTheServerStillHas) {
  add_steps(plan, 2);
  plan.files[1].steps[0].statements[0].sql = "SELECT 1 / 0";
  server.answer("SELECT 1 / 0", failure("22012"));
  server.answer("SET finished_at", lost());
  server.answer("SELECT done_at IS NOT NULL FROM pgsluice.statement", rows({}));
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::statement_failed);
  EXPECT_TRUE(report.applied.empty());
  EXPECT_EQ(server.count("ALTER TABLE"), 1);
}

TEST_F(Execute, WhatIsLostIsRunAgainAlsoWhereTheNextStepIsHeld) {
  add_steps(plan, 2);
  plan.files[1].analysis.migration.phase = Phase::contract;
  options.may_begin = [](const PlannedFile&) { return false; };
  server.answer("SET finished_at", lost());
  server.answer("SELECT done_at IS NOT NULL FROM pgsluice.statement", rows({}));
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::ok);
  EXPECT_EQ(server.count("ALTER TABLE"), 2);
  EXPECT_EQ(report.applied, (std::vector<std::string>{"0001_a.sql"}));
  EXPECT_EQ(report.steps[1].state, StepState::held);

  server.answer("SET finished_at", lost());
  world.connect = [] { return NoSession{.message = "connection refused"}; };
  EXPECT_EQ(run().code, ExitCode::unreachable);
}

TEST_F(Execute, AnEndThatTheLedgerDoesNotTakeIsToldAsWhatItIs) {
  server.answer("SET finished_at", failure("42501"));
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::precondition);
  EXPECT_THAT(report.message, HasSubstr("cannot tell the ledger of the end of the run: scripted failure"));
}

TEST_F(Execute, AServerThatStaysAwayEndsTheRunAfterItsBudget) {
  server.answer("ALTER TABLE", lost());
  world.connect = [] { return NoSession{.message = "connection refused"}; };
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::unreachable);
  EXPECT_EQ(report.steps[0].state, StepState::unreachable);
}

TEST_F(Execute, AWrongPasswordIsNotTriedAgain) {
  world.connect = [] { return NoSession{.message = "password authentication failed", .permanent = true}; };
  try {
    open_worker(world, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::unreachable);
  }
  EXPECT_TRUE(clock.sleeps.empty());
}

TEST_F(Execute, AFailedStatementIsToldWithItsPlace) {
  SqlResult failed = failure("42703");
  failed.error.position = 19;
  server.answer("ALTER TABLE", failed);
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::statement_failed);
  EXPECT_EQ(report.steps[0].failure->position, (Position{2, 19}));
  EXPECT_THAT(report.message, HasSubstr("m/0001_a.sql:2:19: scripted failure [SQLSTATE 42703]"));
  EXPECT_EQ(server.count("ROLLBACK"), 1);
}

TEST_F(Execute, AViolatedConstraintHasItsOwnCode) {
  server.answer("COMMIT", failure("23503"));
  EXPECT_EQ(run().code, ExitCode::data_violation);
}

TEST_F(Execute, AnInterruptInAStatementRollsBack) {
  server.on_run = [this](const std::string& sql) {
    if (sql.starts_with("ALTER")) interrupt.raise(SIGTERM);
  };
  server.answer("ALTER TABLE", failure("57014"));
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::terminated);
  EXPECT_EQ(server.count("ROLLBACK"), 1);
  EXPECT_EQ(server.count("COMMIT"), 0);
}

TEST_F(Execute, AnInterruptInAWaitEndsIt) {
  server.answer("WITH RECURSIVE wanted", rows({holder("4711", "5000")}), -1);
  clock.on_sleep = [this] { interrupt.raise(SIGINT); };
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::interrupted);
  EXPECT_EQ(server.count("ALTER TABLE"), 0);
}

TEST_F(Execute, AnotherRunIsWaitedForAndThenNamed) {
  server.answers.clear();
  server.answer("pg_is_in_recovery", rows({{"f", "off"}}), -1);
  server.answer("SELECT pg_backend_pid()", rows({{"42"}}), -1);
  server.answer("current_schemas(false)", rows({{"1", "f"}}), -1);
  server.answer("pg_try_advisory_lock", rows({{"f"}}), -1);
  server.answer("FROM pg_locks l LEFT JOIN",
                rows({{"77", "pgsluice/other", "deploy", "2026-01-01T00:00:00Z"}}), -1);
  try {
    open_worker(world, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::other_run);
    EXPECT_THAT(error.what(), HasSubstr("pid 77 pgsluice/other, role deploy"));
  }
  EXPECT_EQ(server.count("pg_advisory_lock("), 0);
}

TEST_F(Execute, ALeaseThatMayBeAliveIsWaitedForWithoutTheRunLock) {
  server.answers.erase(server.answers.end() - 1);
  server.answer("taken AS (UPDATE pgsluice.lease", rows({{"77", "host:1", "9", "20", "f", std::nullopt}}), 2);
  server.answer("taken AS (UPDATE pgsluice.lease", rows({{"77", "host:1", "9", "20", "f", "5"}}), -1);
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_EQ(server.count("pg_advisory_unlock"), 2);
  EXPECT_EQ(server.count("pg_terminate_backend"), 0);
}

TEST_F(Execute, AnExpiredLeaseIsTakenOverFromItsOrphans) {
  server.answers.erase(server.answers.end() - 1);
  server.answer("taken AS (UPDATE pgsluice.lease", rows({{"77", "host:1", "9", "20000", "t", std::nullopt}}),
                1);
  server.answer("taken AS (UPDATE pgsluice.lease", rows({{"77", "host:1", "9", "20000", "t", "5"}}), -1);
  EXPECT_EQ(run().code, ExitCode::ok);
  EXPECT_EQ(server.count("pg_terminate_backend"), 1);
}

TEST_F(Execute, AWriteWithAnOldTokenEndsTheRun) {
  SqlResult lost_lease = failure("22P02");
  lost_lease.error.message = R"(invalid input syntax for type boolean: "the lease of this run is lost")";
  server.answer("EXECUTE pgsluice_done", lost_lease, -1);
  const RunReport report = run();
  EXPECT_EQ(report.code, ExitCode::other_run);
  EXPECT_EQ(report.steps[0].state, StepState::fenced);
  EXPECT_EQ(server.count("ROLLBACK"), 1);
}

TEST_F(Execute, WhatAPromotedStandbyHasNotReceivedIsDoneAgainInOrder) {
  Step second = plan.files[0].steps[0];
  plan.files[0].steps[0].last = false;
  second.id = "0001_a.sql#2";
  second.statements[0].sql = "ALTER TABLE t ADD y int";
  plan.files[0].steps.push_back(second);
  server.answer("ALTER TABLE t ADD y int", lost());
  const RunReport report = run();  // the ledger knows neither
  EXPECT_EQ(report.code, ExitCode::ok);
  EXPECT_EQ(server.count("ALTER TABLE t ADD x int"), 2);
  EXPECT_EQ(server.count("ALTER TABLE t ADD y int"), 2);
  EXPECT_EQ(report.applied, (std::vector<std::string>{"0001_a.sql"}));
}

TEST_F(Execute, AServerThatGoesAwayBeforeTheFirstStepIsConnectedToAgain) {
  server.answers.insert(server.answers.begin(),
                        {.part = "pg_try_advisory_lock", .result = lost(), .times = 2});
  EXPECT_NE(open_worker(world, options).session, nullptr);
  EXPECT_EQ(server.count("pg_try_advisory_lock"), 3);
  server.answers.insert(server.answers.begin(),
                        {.part = "pg_try_advisory_lock", .result = lost(), .times = -1});
  EXPECT_THROW(open_worker(world, options), Error);
}

TEST_F(Execute, NothingPendingWritesNothing) {
  plan.files.clear();
  EXPECT_EQ(run().message, "nothing to do");
  EXPECT_TRUE(server.log.empty());
}

}  // namespace
}  // namespace pgsluice::test
