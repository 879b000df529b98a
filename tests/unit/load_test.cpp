// SPDX-License-Identifier: Apache-2.0
// Who waited behind which statement, from a record of a run beside an application.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "load/judge.hpp"

namespace pgsluice::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int k_migration = 1;
constexpr int k_blocker = 2;
constexpr int k_reader = 10;
constexpr int k_writer = 11;

/// Two statements, from 0 to 100 and from 100 to 200 ms.
struct LoadJudge : testing::Test {
  LoadRecord record{
      .requests = {},
      .looks = {},
      .turns = {{.at = 0, .statement = 0}, {.at = 100, .statement = 1}, {.at = 200, .statement = {}}},
      .migration = {k_migration},
      .blocker = k_blocker};
  LoadedRun judged() const {
    LoadedRun run;
    run.statements.resize(2);
    run.end_ms = 200;
    judge(record, run);
    return run;
  }
};

TEST_F(LoadJudge, PutsStatementsWhereTheirTurnsWere) {
  const LoadedRun run = judged();
  EXPECT_EQ(run.statements[0].from_ms, 0);
  EXPECT_EQ(run.statements[0].until_ms, 100);
  EXPECT_EQ(run.statements[1].from_ms, 100);
  EXPECT_EQ(run.statements[1].until_ms, 200);
}

/// The second one holds the strongest lock: it is waited for before the first is sent, and between its own two attempts.
TEST_F(LoadJudge, WaitingForALockIsNoPartOfATurn) {
  record.turns = {{.at = 0, .statement = 1, .sent = false},
                  {.at = 50, .statement = 0},
                  {.at = 100, .statement = 1},
                  {.at = 130, .statement = 1, .sent = false},
                  {.at = 150, .statement = 1},
                  {.at = 200, .statement = {}, .sent = false}};
  LoadedRun run = judged();
  EXPECT_EQ(run.statements[0].from_ms, 50);
  EXPECT_EQ(run.statements[0].turn_ms, 50);
  EXPECT_EQ(run.statements[1].from_ms, 100);
  EXPECT_EQ(run.statements[1].until_ms, 200);
  EXPECT_EQ(run.statements[1].turn_ms, 80);
  record.turns.resize(1);
  run = judged();
  EXPECT_FALSE(run.statements[0].ran);
  EXPECT_FALSE(run.statements[1].ran);
}

TEST_F(LoadJudge, BlamesTheStatementThatTheConnectionWasSeenBehind) {
  record.looks = {{.at = 110, .blockers = {{k_reader, {k_migration}}}}, {.at = 120, .blockers = {}}};
  record.requests = {{.query = 4, .pid = k_reader, .due = 105, .sent = 105, .end = 130},
                     {.query = 5, .pid = k_writer, .due = 105, .sent = 105, .end = 190}};
  const LoadedRun run = judged();
  ASSERT_EQ(run.waits.size(), 1U) << "a slow query that waited for no lock of ours is not our doing";
  EXPECT_EQ(run.waits[0].statement, 1U);
  EXPECT_EQ(run.waits[0].query, 4U);
  EXPECT_EQ(run.waits[0].longest_ms, 25);
  EXPECT_EQ(run.statements[0].waited, 0U);
  EXPECT_EQ(run.statements[1].waited, 1U);
  EXPECT_EQ(run.requests, 2U);
}

/// The second statement takes no lock of its own that readers wait for, but while it runs the first one's is held.
TEST_F(LoadJudge, SaysWhoWaitedWhileAStatementRan) {
  record.taken = {{.modes = {{"public.t", LockMode::AccessExclusive}}}, {.modes = {}}};
  record.looks = {{.at = 110,
                   .blockers = {{k_reader, {k_migration}}},
                   .wanted = {{k_reader, {.relation = "public.t", .mode = LockMode::AccessShare}}}},
                  {.at = 190, .blockers = {}}};
  record.requests = {{.query = 4, .pid = k_reader, .due = 105, .sent = 105, .end = 192}};
  const LoadedRun run = judged();
  EXPECT_EQ(run.statements[0].waited, 1U);
  EXPECT_EQ(run.statements[0].meanwhile, 0U);
  EXPECT_EQ(run.statements[1].waited, 0U);
  EXPECT_EQ(run.statements[1].meanwhile, 1U);
  EXPECT_EQ(run.statements[1].meanwhile_ms, 80);

  // Who was cancelled before its turn is not said to have run.
  record.turns[1].sent = false;
  EXPECT_EQ(judged().statements[1].meanwhile, 0U);
}

TEST_F(LoadJudge, FollowsThoseWhoWaitForOthersWhoWait) {
  record.looks = {
      {.at = 10, .blockers = {{k_reader, {k_writer}}, {k_writer, {k_migration}}, {12, {13}}, {13, {12}}}}};
  record.requests = {{.query = 0, .pid = k_reader, .due = 5, .sent = 5, .end = 50},
                     {.query = 0, .pid = 12, .due = 5, .sent = 5, .end = 50}};
  EXPECT_EQ(judged().waited, 1U);
}

/// A client that is kept waiting sends nothing meanwhile: what it should have sent has waited as well.
TEST_F(LoadJudge, CountsWhatCouldNotBeSentForTheOneBefore) {
  record.looks = {{.at = 20, .blockers = {{k_reader, {k_migration}}}}};
  record.requests = {{.query = 0, .pid = k_reader, .due = 10, .sent = 10, .end = 90},
                     {.query = 1, .pid = k_reader, .due = 40, .sent = 90, .end = 91},
                     {.query = 2, .pid = k_reader, .due = 95, .sent = 95, .end = 96}};
  const LoadedRun run = judged();
  EXPECT_EQ(run.statements[0].waited, 2U);
  EXPECT_EQ(run.longest_ms, 80);
  ASSERT_EQ(run.waits.size(), 2U);
  EXPECT_EQ(run.waits[0].query, 0U) << "the longest first";
}

/// One that takes 150 ms is sent again and again; the first time it was kept for 30 ms besides.
TEST_F(LoadJudge, ASlowQueryMakesItselfLate) {
  record.looks = {{.at = 20, .blockers = {{k_reader, {k_migration}}}}, {.at = 50, .blockers = {}}};
  record.requests = {{.pid = k_reader, .due = 0, .sent = 0, .end = 180},
                     {.pid = k_reader, .due = 10, .sent = 180, .end = 330},
                     {.pid = k_writer, .due = 15, .sent = 15, .end = 16},
                     {.pid = k_reader, .due = 20, .sent = 330, .end = 480},
                     {.pid = k_writer, .due = 25, .sent = 25, .end = 26}};
  settle_due(record);
  std::vector<double> due;
  for (const LoadRequest& request : record.requests) due.push_back(request.due);
  EXPECT_THAT(due, ElementsAre(0, 150, 15, 300, 25)) << "it is late by what kept the first one";
  EXPECT_EQ(judged().longest_ms, 180);
}

/// A client that is kept waiting sends nothing for that time, and catches up.
TEST_F(LoadJudge, AFastQueryIsDueInItsTurn) {
  record.looks = {{.at = 20, .blockers = {{k_reader, {k_migration}}}}, {.at = 90, .blockers = {}}};
  record.requests = {{.pid = k_reader, .due = 20, .sent = 20, .end = 91},
                     {.pid = k_reader, .due = 30, .sent = 91, .end = 92},
                     {.pid = k_reader, .due = 40, .sent = 92, .end = 93}};
  settle_due(record);
  EXPECT_EQ(record.requests[1].due, 30);
  EXPECT_EQ(record.requests[2].due, 40);
}

/// A long statement, and a short one that comes before the backlog has gone.
TEST_F(LoadJudge, AShortStatementIsNotBlamedForTheBacklogOfALongOne) {
  record.turns = {{.at = 0, .statement = 0}, {.at = 2000, .statement = 1}, {.at = 2010, .statement = {}}};
  const std::map<int, std::vector<int>> waits{{k_reader, {k_migration}}};
  for (int at = 0; at <= 1995; at += 5)
    record.looks.push_back({.at = static_cast<double>(at), .blockers = waits});
  record.looks.push_back({.at = 2000, .blockers = {}});
  record.looks.push_back({.at = 2005, .blockers = waits});
  record.looks.push_back({.at = 2010, .blockers = {}});
  record.requests = {{.query = 0, .pid = k_reader, .due = 0, .sent = 0, .end = 2000},
                     {.query = 1, .pid = k_reader, .due = 100, .sent = 2000, .end = 2010},
                     {.query = 1, .pid = k_reader, .due = 200, .sent = 2010, .end = 2011},
                     {.query = 1, .pid = k_reader, .due = 2009, .sent = 2011, .end = 2012}};
  const LoadedRun run = judged();
  EXPECT_EQ(run.waited, 4U);
  EXPECT_EQ(run.statements[0].waited, 3U);
  EXPECT_NEAR(run.statements[0].longest_ms, 2000, 1);
  EXPECT_EQ(run.statements[1].waited, 3U);
  EXPECT_LT(run.statements[1].longest_ms, 10);
  EXPECT_NEAR(run.longest_ms, 2000, 1);
}

TEST_F(LoadJudge, BlamesTheStatementWhoseLockItWaitsFor) {
  record.taken = {{.modes = {{"public.t", LockMode::AccessExclusive}}, .transaction = 1},
                  {.modes = {{"public.t", LockMode::ShareUpdateExclusive}, {"public.u", LockMode::Share}},
                   .transaction = 1}};
  const LockLook look{.at = 150,
                      .blockers = {{k_reader, {k_migration}}, {k_writer, {k_migration}}},
                      .wanted = {{k_reader, {.relation = "public.t", .mode = LockMode::AccessShare}},
                                 {k_writer, {.relation = "public.u", .mode = LockMode::RowExclusive}}}};
  record.looks = {look};
  record.requests = {{.query = 0, .pid = k_reader, .due = 150, .sent = 150, .end = 190},
                     {.query = 1, .pid = k_writer, .due = 150, .sent = 150, .end = 180}};
  LoadedRun run = judged();
  EXPECT_EQ(run.statements[0].longest_ms, 40) << "it is the second one's turn, and the first one's lock";
  EXPECT_EQ(run.statements[1].longest_ms, 30);

  record.looks[0].at = 90;  // apply has taken all of them before its first statement
  record.requests[1].sent = record.requests[1].due = 90;
  EXPECT_EQ(judged().statements[1].longest_ms, 90);

  record.looks[0].at = record.requests[1].sent = record.requests[1].due = 150;
  record.taken[1].transaction = 2;  // the first one's lock is gone
  EXPECT_EQ(judged().statements[0].waited, 0U);
}

TEST_F(LoadJudge, TellsWhichLocksWereQueuedForAndHeld) {
  const auto sees = [](int pid, bool queued) {
    return StrongLock{.pid = pid, .relation = "public.t", .queued = queued};
  };
  record.taken = {{.modes = {{"public.t", LockMode::Share}}, .transaction = 0},
                  {.modes = {{"public.t", LockMode::AccessExclusive}}, .transaction = 0}};
  record.looks = {{.at = 10.1, .blockers = {}, .strong = {sees(k_migration, true), sees(k_reader, true)}},
                  {.at = 20.3, .blockers = {}, .strong = {sees(k_migration, true)}},
                  {.at = 30.7, .blockers = {}, .strong = {sees(k_migration, false)}},
                  {.at = 40, .blockers = {}},
                  {.at = 190, .blockers = {}, .strong = {sees(k_migration, false)}},
                  {.at = 210, .blockers = {}, .strong = {sees(k_migration, false)}}};
  const std::vector<LoadedLock> locks = judged().locks;
  ASSERT_EQ(locks.size(), 3U);
  EXPECT_TRUE(locks[0].queued);
  EXPECT_EQ(locks[0].from_ms, 10.1);
  EXPECT_EQ(locks[0].until_ms, 30.7);
  EXPECT_EQ(locks[0].statement, 1U) << "apply takes it in the turn of the first one, for the second";
  EXPECT_FALSE(locks[1].queued);
  EXPECT_EQ(locks[1].until_ms, 40);
  EXPECT_EQ(locks[2].from_ms, 190);
  EXPECT_EQ(locks[2].until_ms, 200) << "the axis ends there";
}

TEST_F(LoadJudge, TellsTheLongTransactionFromTheApplication) {
  record.looks = {{.at = 10, .blockers = {{k_migration, {k_blocker}}}},
                  {.at = 40, .blockers = {{k_migration, {k_reader}}}},
                  {.at = 50, .blockers = {}}};
  const LoadedRun run = judged();
  EXPECT_EQ(run.statements[0].behind_blocker_ms, 30);
  EXPECT_EQ(run.statements[0].behind_application_ms, 10);
  EXPECT_EQ(run.waited, 0U);
}

/// Apply queues for an instant now and then: what it waits in all is told, once.
TEST_F(LoadJudge, TellsWhatApplyWaitsWithoutQueueing) {
  record.looks = {{.at = 20, .blockers = {{k_migration, {k_blocker}}}}, {.at = 30, .blockers = {}}};
  record.lock_waits = {{.statement = 1, .from = 0, .until = 90}};
  record.blocker_until = 60;
  const LoadedRun run = judged();
  EXPECT_EQ(run.statements[1].behind_blocker_ms, 60);
  EXPECT_EQ(run.statements[1].behind_application_ms, 30);
  EXPECT_EQ(run.statements[0].behind_blocker_ms, 0);
}

TEST_F(LoadJudge, GathersFailuresOfOneKind) {
  const LoadRequest failed{.query = 3,
                           .pid = k_reader,
                           .due = 110,
                           .sent = 110,
                           .end = 111,
                           .sqlstate = "42703",
                           .message = "no b"};
  record.requests = {failed, failed};
  record.requests.push_back(
      {.query = 3, .pid = k_reader, .due = -20, .sent = -20, .end = -10, .sqlstate = "42P01"});
  const LoadedRun run = judged();
  ASSERT_EQ(run.failures.size(), 1U) << "before the migration it is not its doing";
  EXPECT_EQ(run.failures[0].count, 2U);
  EXPECT_EQ(run.failures[0].statement, 1U);
  EXPECT_THAT(run.waits, IsEmpty());
}

TEST(LoadLatencies, AreTheSlowestOfEachPart) {
  const std::vector<LoadRequest> requests = {{.due = 0, .end = 5},   {.due = 20, .end = 60},
                                             {.due = 30, .end = 31}, {.due = 99, .end = 100},
                                             {.due = -1, .end = 90}, {.due = 100, .end = 900}};
  EXPECT_THAT(latencies(requests, 100, 4), ElementsAre(40, 35, 10, 1));
}

}  // namespace
}  // namespace pgsluice::test
