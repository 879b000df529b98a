// SPDX-License-Identifier: Apache-2.0
#pragma once

// The message that a pod leaves behind: what Kubernetes keeps of it, and what Argo CD shows. Its first line must do.

#include <string>
#include <vector>

#include "pgsluice/execute.hpp"

namespace pgsluice::cli {

/// The kubelet cuts longer ones off.
inline constexpr std::size_t k_longest_termination = 4096;

/// One line for each text, no longer than that together, without passwords.
std::string termination_text(const std::string& first, const std::vector<std::string>& more);
/// "exit 0: applied 2 migrations in 3 steps". Without the rows that a server names in its DETAIL.
std::string first_words(const RunReport& report);

/// Into `file`; empty: into the kubelet's, where there is one. A failure is told and stops nothing.
void write_termination(const std::string& file, const std::string& text);

}  // namespace pgsluice::cli
