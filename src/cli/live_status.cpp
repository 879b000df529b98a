// SPDX-License-Identifier: Apache-2.0
#include "cli/live_status.hpp"

#include <csignal>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "execute/clock.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice::cli {
namespace {

constexpr std::string_view k_key = "pgsluice/status";
/// An annotation may be long; a row of Argo CD's page is not.
constexpr std::size_t k_most = 500;
/// Between two of them: nobody reads faster, and the API server has other things to do.
constexpr std::chrono::seconds k_pause{1};

}  // namespace

LiveStatus::LiveStatus(const ClusterOptions& options, std::string job)
    : options_(options), job_(std::move(job)), thread_([this] { work(); }) {}

LiveStatus::~LiveStatus() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  stop_.raise(SIGTERM);
  news_.notify_one();
  thread_.join();
  tell_last_words();
}

/// What came of it takes the place of what it has waited for. The thread may have been in the middle of something.
void LiveStatus::tell_last_words() try {
  if (!words_) return;
  const Interrupt nobody;
  SystemClock clock(nobody);
  if (const std::unique_ptr<Cluster> cluster = open_cluster(options_, clock, nobody))
    cluster->annotate_job(job_, std::string(k_key), *words_);
} catch (const Error&) {  // the termination message says it, too
}

void LiveStatus::tell(std::string_view words) {
  std::string line = printable_line(words);
  line.resize(utf8_floor(line, k_most));
  const std::lock_guard lock(mutex_);
  words_ = std::move(line);
  news_.notify_one();
}

void LiveStatus::work() try {
  SystemClock clock(stop_);
  const std::unique_ptr<Cluster> cluster = open_cluster(options_, clock, stop_);
  if (!cluster) return;
  for (;;) {
    std::unique_lock lock(mutex_);
    news_.wait(lock, [this] { return ended_ || words_; });
    if (ended_) return;
    const std::string words = *std::move(words_);
    words_.reset();
    lock.unlock();
    if (cluster->annotate_job(job_, std::string(k_key), words)) return;  // as the next one would fail
    clock.sleep(k_pause);
  }
} catch (const Error&) {  // the gate says what is wrong with Kubernetes; the run goes on
}

}  // namespace pgsluice::cli
