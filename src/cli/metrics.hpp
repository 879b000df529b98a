// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a run's numbers go: a file, a push gateway.

#include <string>

#include <CLI/CLI.hpp>

#include "pgsluice/execute.hpp"

namespace pgsluice::cli {

struct MetricsOptions {
  std::string file;
  std::string push;  ///< URL of a push gateway; may hold a password
};

void add_metrics_options(CLI::App& app, MetricsOptions& options);

/// Throws Error(usage).
void expect_usable(const MetricsOptions& options);

/// Keeps them and sends them. What has been applied must be told even where its numbers cannot be: then a warning.
/// `database`: whose run it was, for a gateway that keeps one group of numbers for each.
void publish_metrics(const MetricsOptions& options, const RunReport& report, const Binding& database,
                     const World& world);

/// Where on the gateway the numbers of `database` belong: the path of `url`, or /metrics/job/pgsluice/… without one.
std::string push_target(const std::string& url, const Binding& database);

}  // namespace pgsluice::cli
