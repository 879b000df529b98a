// SPDX-License-Identifier: Apache-2.0
// The phase of a file: what it says itself, else what its name says.
#include "base/text.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

/// `0007_x.contract.sql`, `0007_x_contract.sql`, `0007-x-contract.sql`.
std::optional<Phase> phase_of_name(const std::filesystem::path& file) {
  const std::string stem = to_lower(file.stem().string());
  const std::size_t separator = stem.find_last_of("._-");
  return separator == std::string::npos ? std::nullopt : parse_phase(stem.substr(separator + 1));
}

}  // namespace

Phase phase_of(const std::filesystem::path& relative, const Directives& directives) {
  if (directives.phase) return *directives.phase;
  if (const auto phase = phase_of_name(relative)) return *phase;
  // The nearest folder wins: contract/ inside expand/ is contract.
  for (auto folder = relative.parent_path(); folder.has_relative_path(); folder = folder.parent_path()) {
    if (const auto phase = parse_phase(to_lower(folder.filename().string()))) return *phase;
  }
  return Phase::expand;
}

}  // namespace pgsluice
