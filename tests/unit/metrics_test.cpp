// SPDX-License-Identifier: Apache-2.0
#include "execute/metrics.hpp"

#include <gtest/gtest.h>

namespace pgsluice::test {
namespace {

TEST(Metrics, AreOneRunInPrometheusTextFormat) {
  RunReport report;
  report.applied = {"a"};
  StepReport step;
  step.id = "0001_\"odd\"\n\\.sql#1";
  step.phase = Phase::contract;
  step.state = StepState::applied;
  step.attempts = 2;
  step.waited = milliseconds(12'034);
  report.steps = {step};
  const std::string text = metrics_text(report, 1'764'000'000);
  EXPECT_NE(text.find("# TYPE pgsluice_run_exit_code gauge\npgsluice_run_exit_code 0\n"), std::string::npos);
  EXPECT_NE(text.find("pgsluice_run_timestamp_seconds 1764000000\n"), std::string::npos);
  EXPECT_NE(
      text.find("pgsluice_step_waited_seconds{step=\"0001_\\\"odd\\\"\\n\\\\.sql#1\",phase=\"contract\","
                "state=\"applied\"} 12.034\n"),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("state=\"applied\"} 2\n"), std::string::npos);
}

TEST(Metrics, OfARunWithoutStepsHaveNoEmptyFamilies) {
  RunReport report;
  report.code = ExitCode::other_run;
  const std::string text = metrics_text(report, 1);
  EXPECT_NE(text.find("pgsluice_run_exit_code 14\n"), std::string::npos);
  EXPECT_EQ(text.find("pgsluice_step"), std::string::npos);
}

}  // namespace
}  // namespace pgsluice::test
