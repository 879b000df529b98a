// SPDX-License-Identifier: Apache-2.0
#include "cli/termination.hpp"

#include <fstream>
#include <iostream>

#include <unistd.h>

#include "base/secrets.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"

namespace pgsluice::cli {
namespace {

constexpr const char* k_kubelets = "/dev/termination-log";

std::string without_rows(const StatementFailure& failure) {
  const SqlError& error = failure.error;
  return cat(failure.path, ":", std::to_string(failure.position.line), ":",
             std::to_string(failure.position.column), ": ", error.message,
             error.sqlstate.empty() ? "" : cat(" [SQLSTATE ", error.sqlstate, "]"),
             error.relname.empty()
                 ? ""
                 : cat(" [relation ", RelationName{error.schemaname, error.relname}.quoted(), "]"));
}

}  // namespace

std::string termination_text(const std::string& first, const std::vector<std::string>& more) {
  std::string text = cat(printable_line(without_passwords(first)), "\n");
  for (const std::string& line : more) {
    if (!line.empty()) text += cat(printable_line(without_passwords(line)), "\n");
  }
  text.resize(utf8_floor(text, k_longest_termination));
  return text;
}

std::string first_words(const RunReport& report) {
  std::string words = report.message;
  for (const StepReport& step : report.steps) {
    if (step.failure && !step.failure->error.detail.empty()) words = without_rows(*step.failure);
  }
  return cat("exit ", std::to_string(static_cast<int>(report.code)), ": ", words);
}

void write_termination(const std::string& file, const std::string& text) {
  const std::string target = !file.empty() ? file : access(k_kubelets, W_OK) == 0 ? k_kubelets : "";
  if (target.empty()) return;
  // The kubelet's is mounted into the container, and cannot be replaced by another file.
  std::ofstream out(target, std::ios::binary | std::ios::trunc);
  out << text << std::flush;
  if (!out) std::cerr << "pgsluice: cannot write " << printable_line(target) << '\n';
}

}  // namespace pgsluice::cli
