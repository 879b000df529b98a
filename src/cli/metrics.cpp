// SPDX-License-Identifier: Apache-2.0
// Source of the gateway's paths: https://github.com/prometheus/pushgateway#url
#include "cli/metrics.hpp"

#include <cstdint>
#include <ctime>
#include <string_view>

#include "base/base64.hpp"
#include "base/files.hpp"
#include "base/secrets.hpp"
#include "base/text.hpp"
#include "execute/metrics.hpp"
#include "http/http.hpp"

namespace pgsluice::cli {
namespace {

constexpr std::chrono::milliseconds k_push_timeout{5'000};

/// Of a URL: where its path begins.
std::size_t path_of(std::string_view url) {
  return std::min(url.find('/', url.find("://") + 3), url.size());
}

void warn(const World& world, std::string name, std::string message) {
  world.emit({.severity = Severity::warning, .name = std::move(name), .message = std::move(message)});
}

void write(const std::string& path, const std::string& text, const World& world) {
  try {
    write_file(path, text);
  } catch (const Error& error) {
    warn(world, "metrics-not-written", error.what());
  }
}

void push(const std::string& url, const std::string& target, const std::string& text, const World& world) {
  const std::string where = printable_line(without_passwords(url));
  const auto failed = [&](std::string_view why) {
    warn(world, "metrics-not-pushed",
         cat("the run's numbers did not reach ", where, ": ", printable_line(why)));
  };
  // A run that was told to stop tells its numbers, too.
  const Interrupt uninterrupted;
  try {
    const auto http = open_http({.url = url.substr(0, path_of(url))}, uninterrupted);
    const HttpAnswer answer = http->send({.method = "PUT",
                                          .target = target,
                                          .content_type = "text/plain; version=0.0.4",
                                          .body = text,
                                          .timeout = k_push_timeout});
    if (!answer.failure.empty())
      failed(answer.failure);
    else if (answer.status / 100 != 2)
      failed(cat("HTTP ", std::to_string(answer.status), " ", answer.body.substr(0, 200)));
  } catch (const Error& error) {
    failed(cat(error.what(), ". ", error.hint()));
  }
}

}  // namespace

void add_metrics_options(CLI::App& app, MetricsOptions& options) {
  app.add_option("--metrics-file", options.file, "write the run in Prometheus's text format to this file")
      ->type_name("FILE");
  app.add_option("--metrics-push", options.push,
                 "send the same to this push gateway, as job pgsluice and by database, or to the group that "
                 "the URL names")
      ->type_name("URL");
}

void expect_usable(const MetricsOptions& options) {
  if (options.push.empty() || options.push.starts_with("http://") || options.push.starts_with("https://"))
    return;
  throw Error(ExitCode::usage,
              cat("--metrics-push ", printable_line(without_passwords(options.push)),
                  " begins with neither http:// nor https://"),
              "Name the gateway's address, such as http://pushgateway.monitoring:9091.");
}

std::string push_target(const std::string& url, const Binding& database) {
  std::string path = url.substr(path_of(url));
  while (path.ends_with('/')) path.pop_back();
  if (!path.empty()) return path;
  // A path of the gateway can hold any text this way, a slash too.
  path = cat("/metrics/job/pgsluice/database@base64/", base64url(database.database));
  if (!database.system_identifier.empty()) path += cat("/system_identifier/", database.system_identifier);
  return path;
}

void publish_metrics(const MetricsOptions& options, const RunReport& report, const Binding& database,
                     const World& world) {
  if (options.file.empty() && options.push.empty()) return;
  const std::string text = metrics_text(report, std::time(nullptr));
  if (!options.file.empty()) write(options.file, text, world);
  if (!options.push.empty()) push(options.push, push_target(options.push, database), text, world);
}

}  // namespace pgsluice::cli
