// SPDX-License-Identifier: Apache-2.0
// The phase of a file: what it says itself, else what its name says.
#include "base/text.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

/// `0007_x.contract.sql`, `0007_x_contract.sql`, `0007-x-contract.sql`.
std::optional<Phase> phase_of_name(std::string_view file) {
  const std::string_view stem = file.substr(0, file.rfind('.'));
  const std::size_t separator = stem.find_last_of("._-");
  return separator == std::string_view::npos ? std::nullopt
                                             : parse_phase(to_lower(stem.substr(separator + 1)));
}

}  // namespace

Phase phase_of(std::string_view relative, const Directives& directives) {
  if (directives.phase) return *directives.phase;
  std::size_t slash = relative.rfind('/');
  if (const auto phase = phase_of_name(relative.substr(slash + 1))) return *phase;  // npos + 1 is 0
  // The nearest folder wins: contract/ inside expand/ is contract.
  while (slash != std::string_view::npos) {
    relative = relative.substr(0, slash);
    slash = relative.rfind('/');
    if (const auto phase = parse_phase(to_lower(relative.substr(slash + 1)))) return *phase;
  }
  return Phase::expand;
}

}  // namespace pgsluice
