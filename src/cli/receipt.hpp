// SPDX-License-Identifier: Apache-2.0
#pragma once

// Proof of a rehearsal: which files preview has run, on what, with the outcome that was predicted.

#include <map>
#include <string>
#include <string_view>

#include "pgsluice/preview.hpp"

namespace pgsluice::cli {

struct Receipt {
  int pg_version = 0;                        ///< major
  std::map<std::string, std::string> files;  ///< SHA-256 → id
};

/// The document of rules/schema/receipt.schema.json. `catalog`: SHA-256 of what the server had before the first file that was
/// looked at.
std::string write_receipt(const Preview& preview, int pg_version, const std::string& catalog);
/// Strict: throws Error(usage) that names file and JSON pointer.
Receipt parse_receipt(std::string_view text, std::string_view file_name);

/// Adds a problem for what would run and is not on the receipt.
void expect_rehearsed(Plan& plan, const Receipt& receipt, const std::string& receipt_file, int pg_version);

}  // namespace pgsluice::cli
