// SPDX-License-Identifier: Apache-2.0
#include "preview/longest_wait.hpp"

#include <string_view>
#include <utility>

namespace pgsluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// The row as a whole tells one lock from another.
constexpr std::string_view k_wanted =
    "SELECT (locktype, database, relation, page, tuple, virtualxid, transactionid, classid, objid, objsubid, "
    "mode)::text"
    " FROM pg_locks WHERE pid = $1::integer AND NOT granted";

}  // namespace

LongestWait::LongestWait(Session& onlooker, Session& session)
    : onlooker_(onlooker),
      // A pooler gives its own number for the backend.
      pid_(session.query("SELECT pg_backend_pid()", {}).text(0, 0)) {}

Watch LongestWait::watch(milliseconds longest) {
  constexpr milliseconds k_interval{50};
  has_ended_ = false;
  lock_.clear();
  if (longest == milliseconds(0)) return {};
  return {.interval = k_interval, .tick = [this, longest] {
            has_ended_ = has_ended_ || waits_too_long(longest);
            return has_ended_;
          }};
}

bool LongestWait::waits_too_long(milliseconds longest) {
  constexpr milliseconds k_later{200};
  std::string wanted = onlooker_.query_again(k_wanted, {pid_}).text(0, 0);
  const auto now = steady_clock::now();
  if (wanted.empty() || wanted != lock_) {
    lock_ = std::move(wanted);
    since_ = now;
    return false;
  }
  return now - since_ > longest + k_later;
}

}  // namespace pgsluice
