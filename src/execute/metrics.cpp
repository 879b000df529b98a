// SPDX-License-Identifier: Apache-2.0
// Source of the format: https://prometheus.io/docs/instrumenting/exposition_formats/
#include "execute/metrics.hpp"

#include <array>
#include <string_view>

#include "base/text.hpp"

namespace pgsluice {
namespace {

std::string label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string seconds(milliseconds duration) {
  const std::string rest = std::to_string(duration.count() % 1000);
  return cat(std::to_string(duration.count() / 1000), ".", std::string(3 - rest.size(), '0'), rest);
}

/// A number of each step.
struct StepMetric {
  std::string_view name;
  std::string_view help;
  std::string (*value)(const StepReport& step);
};

constexpr std::array<StepMetric, 5> k_step_metrics{{
    {"pgsluice_step_attempts", "How often the step queued for its locks.",
     [](const StepReport& step) { return std::to_string(step.attempts); }},
    {"pgsluice_step_waited_seconds", "From the start of the step until it had its locks.",
     [](const StepReport& step) { return seconds(step.waited); }},
    {"pgsluice_step_held_seconds", "How long it held them.",
     [](const StepReport& step) { return seconds(step.held); }},
    {"pgsluice_step_victims", "Most sessions seen waiting behind it at once.",
     [](const StepReport& step) { return std::to_string(step.max_victims); }},
    {"pgsluice_step_worst_victim_seconds", "Longest that a session was seen waiting behind it.",
     [](const StepReport& step) { return seconds(step.worst_victim); }},
}};

void add_head(std::string& out, std::string_view name, std::string_view help) {
  out += cat("# HELP ", name, " ", help, "\n# TYPE ", name, " gauge\n");
}

void add_number(std::string& out, std::string_view name, std::string_view help, long long value) {
  add_head(out, name, help);
  out += cat(name, " ", std::to_string(value), "\n");
}

}  // namespace

std::string metrics_text(const RunReport& report, long long now) {
  std::string out;
  add_number(out, "pgsluice_run_exit_code", "Exit code of the last run.",
             static_cast<long long>(report.code));
  add_number(out, "pgsluice_run_timestamp_seconds", "When it ended.", now);
  add_number(out, "pgsluice_run_migrations_applied", "Migrations that it applied.",
             std::ssize(report.applied));
  for (const StepMetric& metric : k_step_metrics) {
    if (report.steps.empty()) break;
    add_head(out, metric.name, metric.help);
    for (const StepReport& step : report.steps) {
      out += cat(metric.name, "{step=\"", label(step.id), "\",phase=\"", to_string(step.phase), "\",state=\"",
                 to_string(step.state), "\"} ", metric.value(step), "\n");
    }
  }
  return out;
}

}  // namespace pgsluice
