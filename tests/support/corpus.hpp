// SPDX-License-Identifier: Apache-2.0
#pragma once

// tests/corpus: migrations with labels that say what lint must find where. See tests/corpus/README.md.

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "pgsluice/findings.hpp"

namespace pgsluice::test {

/// A finding of a file by its line; the severity is "" where the label leaves it open.
struct Said {
  int line = 0;
  std::string finding;
  std::string severity;
  auto operator<=>(const Said&) const = default;
};

/// What is written in a file of the corpus.
struct CorpusLabel {
  bool dangerous = false;
  std::string kind;
  int pg_version = 17;
  std::vector<Said> finds;
};
/// Throws std::runtime_error when the file has no label or one that contradicts itself.
CorpusLabel read_label(const std::string& text);

/// One file, or a folder of files that run one after the other.
struct CorpusCase {
  std::string name;  ///< path below the corpus
  std::vector<Migration> migrations;
  int pg_version = 17;
};
/// All of them, in order.
std::vector<CorpusCase> corpus_cases(const std::filesystem::path& corpus);

/// A file with what lint says of it and what its label says.
struct CorpusResult {
  std::string path;  ///< below the corpus
  CorpusLabel label;
  std::vector<Said> missing;  ///< of the label
  std::vector<Said> extra;    ///< errors and warnings that no label knows
};
std::vector<CorpusResult> run_case(const CorpusCase& one, const std::filesystem::path& corpus);

/// What lint says by default of a folder of migrations, whatever it is worth.
struct HistoryCount {
  std::size_t statements = 0;
  std::vector<std::string> findings;  ///< "0007_x.sql: name"
};
HistoryCount count_history(const std::filesystem::path& folder);

}  // namespace pgsluice::test
