// SPDX-License-Identifier: Apache-2.0
#pragma once

// The queries of the application: which of them use what a statement takes away. Looked up as the gate does it, on the
// catalog that the files make instead of a server's.

#include <filesystem>
#include <string>
#include <vector>

#include "pgsluice/findings.hpp"
#include "pgsluice/query.hpp"

namespace pgsluice {

class QueryList {
 public:
  struct Query {
    std::string place;  ///< "line 12"
    std::string text;
    QueryText read;
  };

  /// SQL, one statement each; or an export of pg_stat_statements with a column or member `query`, as CSV or as a JSON
  /// array. Throws Error(usage) when it cannot be read.
  static QueryList load(const std::filesystem::path& file);

  /// Notes in `file` what the effect takes away and who uses that; `before` is the catalog before the file.
  void note(FileAnalysis& file, const Effect& effect, const Catalog& before) const;
  void note(FileAnalysis& file, const Catalog& before) const {
    for (const Effect& effect : file.effects) note(file, effect, before);
  }

  [[nodiscard]] const std::vector<Query>& queries() const { return queries_; }
  /// Places of what is no query, such as COMMIT.
  [[nodiscard]] const std::vector<std::string>& others() const { return others_; }

 private:
  void add(std::string place, std::string text);
  void add_sql(const std::string& text, const std::string& path);
  void add_csv(const std::string& text, const std::string& path);
  void add_json(const std::string& text, const std::string& path);

  std::vector<Query> queries_;
  std::vector<std::string> others_;
};

}  // namespace pgsluice
