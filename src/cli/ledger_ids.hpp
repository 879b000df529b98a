// SPDX-License-Identifier: Apache-2.0
#pragma once

// A file that was named by itself, in the words of the ledger.

#include <filesystem>
#include <map>
#include <string>

#include "pgsluice/ledger.hpp"

namespace pgsluice::cli {

/// The ids that the ledger has for files. One that was named by itself tells its folder, and not of which its id is a part.
class LedgerIds {
 public:
  explicit LedgerIds(const Ledger& ledger) : ledger_(ledger) {}

  std::string id_of(const std::filesystem::path& file);

 private:
  std::size_t files_in(const std::filesystem::path& folder);

  const Ledger& ledger_;
  std::map<std::filesystem::path, std::size_t> counts_;
};

}  // namespace pgsluice::cli
