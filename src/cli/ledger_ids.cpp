// SPDX-License-Identifier: Apache-2.0
#include "cli/ledger_ids.hpp"

namespace pgsluice::cli {
namespace {

namespace fs = std::filesystem;

constexpr int k_levels = 8;  // of folders above a file that may be that of the migrations

}  // namespace

std::string LedgerIds::id_of(const fs::path& file) {
  const fs::path path = fs::absolute(file).lexically_normal();
  fs::path best = path.parent_path();
  fs::path above = best;
  for (int i = 0; i < k_levels && above.has_relative_path(); ++i) {
    above = above.parent_path();
    if (files_in(above) >= files_in(best)) best = above;  // a folder that is new has no say
  }
  return files_in(best) == 0 ? path.filename().string() : path.lexically_relative(best).generic_string();
}

/// How many of the ledger's files there are.
std::size_t LedgerIds::files_in(const fs::path& folder) {
  const auto [known, is_new] = counts_.try_emplace(folder, 0);
  if (!is_new) return known->second;
  for (const auto& [id, row] : ledger_.migrations) {
    std::error_code error;
    if (fs::exists(folder / id, error)) ++known->second;
  }
  return known->second;
}

}  // namespace pgsluice::cli
