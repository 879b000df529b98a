// SPDX-License-Identifier: Apache-2.0
// Found by measurement on loads of short, of overlapping and of random transactions: a lock_timeout below the time that
// the oldest holder still needs only does damage again and again, and a random moment is half as good as a chosen one.
#include "execute/residuals.hpp"

#include <algorithm>
#include <cmath>

#include "execute/blockers.hpp"

namespace pgsluice {
namespace {

constexpr milliseconds k_unknown = milliseconds::max();  // an age
constexpr std::size_t k_remembered = 200;                // lifetimes
constexpr std::size_t k_enough = 5;                      // lifetimes, to know what a transaction is like
constexpr std::size_t k_plenty = 50;                     // lifetimes, to know it as if it had been observed
constexpr milliseconds k_shortest{8};  // of an estimate: we cannot look more often than that
constexpr milliseconds k_obviously_short{30};
constexpr milliseconds k_observe{500};   // before anything longer is queued behind
constexpr milliseconds k_memory{2'000};  // of estimates: how good can a moment be?
constexpr milliseconds k_margin{10};     // of a pulse, for the way to the server and back
constexpr double k_pulse_factor = 1.1;
constexpr double k_long_factor = 1.25;  // beyond the usual lifetime
constexpr double k_good_moment = 1.15;  // of the best one
constexpr milliseconds k_rest{250};     // after a pulse that failed

milliseconds scaled(milliseconds duration, double factor) {
  return milliseconds(std::llround(static_cast<double>(duration.count()) * factor));
}

milliseconds between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration_cast<milliseconds>(to - from);
}

milliseconds pulse_for(milliseconds estimate) {
  return scaled(estimate, k_pulse_factor) + k_margin;
}

}  // namespace

milliseconds Residuals::age_of(const Blocker& holder, Clock::time_point now) const {
  if (holder.age) return *holder.age;
  // This role may not see when it began. What was there at the first look may be of any age.
  const auto found = seen_.find({holder.pid, holder.transaction});
  const Clock::time_point first = found == seen_.end() ? now : found->second.first;
  return first_look_ == first ? k_unknown : between(first, now);
}

bool Residuals::all_short() const {
  return !lifetimes_.empty() && std::ranges::max(lifetimes_) <= k_obviously_short &&
         std::ranges::all_of(seen_, [](const auto& entry) { return entry.second.age <= k_obviously_short; });
}

milliseconds Residuals::lifetime() const {
  if (lifetimes_.empty()) return scaled(expected_, doubt_);
  std::vector<milliseconds> sorted(lifetimes_.begin(), lifetimes_.end());
  const auto rank = static_cast<std::ptrdiff_t>(sorted.size() * 95 / 100);
  const auto at = sorted.begin() + std::min<std::ptrdiff_t>(rank, std::ssize(sorted) - 1);
  std::nth_element(sorted.begin(), at, sorted.end());
  if (lifetimes_.size() >= k_enough) return scaled(*at, doubt_);
  return scaled(std::max(*at, all_short() ? k_obviously_short : expected_), doubt_);
}

bool Residuals::is_long(const Blocker& holder) const {
  if (!is_ordinary(holder)) return true;
  const auto found = seen_.find({holder.pid, holder.transaction});
  const milliseconds age = found == seen_.end() ? age_of(holder, now_) : found->second.age;
  // Among transactions of a few ms one of a few more is none that lasts.
  const milliseconds usual = std::max(lifetime(), k_obviously_short);
  return age > scaled(std::min(usual, longest_), k_long_factor);
}

void Residuals::look(Clock::time_point now, const std::vector<Blocker>& holders) {
  now_ = now;
  if (!first_look_) first_look_ = now;
  std::map<Key, Seen> here;
  for (const Blocker& holder : holders) {
    const Key key{holder.pid, holder.transaction};
    const auto before = seen_.find(key);
    here[key] = {.first = before == seen_.end() ? now : before->second.first, .age = age_of(holder, now)};
  }
  for (const auto& [key, seen] : seen_) {
    if (here.contains(key) || seen.age == k_unknown) continue;
    lifetimes_.push_back(seen.age);
    if (lifetimes_.size() > k_remembered) lifetimes_.pop_front();
  }
  seen_ = std::move(here);

  until_free_ = milliseconds(0);
  for (const Blocker& holder : holders) {
    if (is_long(holder)) {
      until_free_.reset();
      break;
    }
    const milliseconds left = lifetime() - seen_.at({holder.pid, holder.transaction}).age;
    until_free_ = std::max({*until_free_, left, k_shortest});
  }
  remember(now, until_free_);
}

void Residuals::remember(Clock::time_point now, std::optional<milliseconds> estimate) {
  while (!estimates_.empty() && between(estimates_.front().first, now) > k_memory) estimates_.pop_front();
  if (estimate && *estimate > milliseconds(0)) estimates_.emplace_back(now, *estimate);
}

std::optional<milliseconds> Residuals::until_free() const {
  return until_free_;
}

std::optional<milliseconds> Residuals::pulse() const {
  if (!until_free_ || now_ < rests_until_) return std::nullopt;
  // Not less than makes no difference: who is there gives way sooner, unless it is kept from its processor.
  const milliseconds needed = std::max(pulse_for(*until_free_), std::min(k_obviously_short, longest_));
  if (needed > longest_) return std::nullopt;
  const milliseconds observed = between(*first_look_, now_);
  const std::size_t enough = *until_free_ <= k_obviously_short ? k_enough : k_plenty;
  const bool known = lifetimes_.size() >= enough || all_short();
  if (*until_free_ > milliseconds(0) && !known && observed < k_observe) return std::nullopt;
  // As good as it gets; the longer we have looked, the less choosy we are.
  const auto best = std::ranges::min_element(estimates_, {}, [](const auto& entry) { return entry.second; });
  const double choosy = k_good_moment + static_cast<double>(observed.count()) / 20'000;
  if (best != estimates_.end() && *until_free_ > scaled(best->second, choosy)) return std::nullopt;
  return needed;
}

void Residuals::pulse_failed(Clock::time_point now) {
  constexpr double most = 3.0;
  doubt_ = std::min(doubt_ * k_good_moment, most);
  rests_until_ = now + std::max(k_rest, longest_ / 2);
}

std::optional<milliseconds> Residuals::needed() const {
  if (!until_free_) return std::nullopt;
  const auto best = std::ranges::min_element(estimates_, {}, [](const auto& entry) { return entry.second; });
  return pulse_for(best == estimates_.end() ? *until_free_ : best->second);
}

}  // namespace pgsluice
