// SPDX-License-Identifier: Apache-2.0
// Text to measure with: the same bytes on every machine.
#pragma once

#include <cstddef>
#include <filesystem>

namespace bench {

/// What is written under a folder: small/ (many migrations), dump.sql (DDL as pg_dump writes it), insert.sql (one
/// statement) and tiny.sql (one ADD COLUMN).
struct CorpusSizes {
  int files = 2000;
  std::size_t dump_bytes = 5'000'000;
  int rows = 200'000;
};
void write_corpora(const std::filesystem::path& folder, const CorpusSizes& sizes);

}  // namespace bench
