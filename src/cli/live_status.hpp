// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a run says at this moment, as an annotation of the Job that it runs in, where Argo CD's health check reads it. Never
// holds the run up, and never makes it fail: it is told by a thread of its own, and what is out of date by then is left out.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "cli/cluster.hpp"

namespace pgsluice::cli {

class LiveStatus {
 public:
  /// Tells nobody when this is no pod and no address is given. `options` must outlive it.
  LiveStatus(const ClusterOptions& options, std::string job);
  /// Tells the last words, if nobody has yet: they stay.
  ~LiveStatus();
  LiveStatus(const LiveStatus&) = delete;
  LiveStatus& operator=(const LiveStatus&) = delete;

  void tell(std::string_view words);

 private:
  void work();
  void tell_last_words();

  const ClusterOptions& options_;
  std::string job_;
  Interrupt stop_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::optional<std::string> words_;  // not told yet
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace pgsluice::cli
