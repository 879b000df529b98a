// SPDX-License-Identifier: Apache-2.0
#include "preview/lookout.hpp"

#include "base/text.hpp"

namespace pgsluice {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t k_most_looks = 50;  // a statement that waits for nobody

/// One by one: what is no table, or is not there, must not spoil the others.
void stand_on(Session& session, const std::vector<std::string>& tables, LockMode mode) {
  if (tables.empty()) return;
  session.script("BEGIN");
  for (const std::string& table : tables) {
    session.script("SAVEPOINT one");
    if (!session.script(cat("LOCK TABLE ONLY ", table, " IN ", lock_sql(mode), " MODE")).ok)
      session.script("ROLLBACK TO one");
    session.script("RELEASE one");
  }
}

void leave(Session& session) {
  if (session.in_transaction()) session.script("ROLLBACK");
}

double milliseconds_between(steady_clock::time_point from, steady_clock::time_point until) {
  return std::chrono::duration<double, std::milli>(until - from).count();
}

}  // namespace

Lookout::Lookout(const Onlookers& onlookers, int pid, const InTheWay& in_the_way)
    : onlookers_(onlookers), pid_(pid) {
  stand_on(onlookers_.watcher, in_the_way.at_first, in_the_way.mode);
  stand_on(onlookers_.bystander, in_the_way.at_last, in_the_way.mode);
}

void Lookout::look() {
  const SqlResult seen = onlookers_.watcher.query_again(
      "SELECT coalesce(relation, 0), mode, granted, locktype FROM pg_locks WHERE pid = $1::integer",
      {std::to_string(pid_)});
  looks_.push_back(steady_clock::now());
  bool waits = false;
  bool waits_for_relation = false;
  for (std::size_t i = 0; i < seen.rows.size(); ++i) {
    const bool is_relation = seen.text(i, 3) == "relation";
    waits = waits || !seen.truth(i, 2);
    waits_for_relation = waits_for_relation || (is_relation && !seen.truth(i, 2));
    const auto mode = parse_lock_name(seen.text(i, 1));
    if (!is_relation || !mode) continue;
    const auto oid = static_cast<RelationOid>(seen.number(i, 0).value_or(0));
    seen_.add(oid, *mode);
    when_.try_emplace({oid, *mode}, Seen{.first = looks_.size() - 1}).first->second.gone = looks_.size();
  }
  if (waits || looks_.size() > k_most_looks) leave(onlookers_.watcher);
  if (waits_for_relation || looks_.size() > k_most_looks) leave(onlookers_.bystander);
}

void Lookout::step_aside() {
  leave(onlookers_.watcher);
  leave(onlookers_.bystander);
}

std::vector<LockSpan> Lookout::spans_of(RelationOid oid, steady_clock::time_point sent,
                                        steady_clock::time_point ended) const {
  std::vector<LockSpan> spans;
  for (auto at = when_.lower_bound({oid, LockMode::AccessShare}); at != when_.end() && at->first.first == oid;
       ++at) {
    const Seen& seen = at->second;
    spans.insert(
        spans.begin(),
        {.mode = at->first.second,
         .from_ms = seen.first == 0 ? 0 : milliseconds_between(sent, looks_[seen.first]),
         .until_ms = milliseconds_between(sent, seen.gone < looks_.size() ? looks_[seen.gone] : ended)});
  }
  return spans;
}

}  // namespace pgsluice
