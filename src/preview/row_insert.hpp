// SPDX-License-Identifier: Apache-2.0
#pragma once

// The INSERT that makes rows from where their values come from. Asks no server.

#include <map>
#include <string>
#include <vector>

#include "preview/row_source.hpp"

namespace pgsluice {

class RowInsert {
 public:
  /// yes: a row refers to one of several others, as CHECK constraints want it, and each gets its turn.
  enum class Turns { no, yes };

  /// Both must live for as long as this.
  RowInsert(const FillTable& table, const std::vector<RowSource>& sources)
      : table_(table), sources_(sources) {}

  /// Of the rows number `from` to `until`, but for the last.
  [[nodiscard]] std::string sql(long long from, long long until, Turns turns) const;
  [[nodiscard]] bool has_turns() const;

 private:
  struct Parts {
    std::map<const FillColumn*, std::string> values;
    std::string from;
    std::vector<std::string> own;  ///< columns that refer to rows of the same INSERT
  };
  [[nodiscard]] std::vector<const FillColumn*> checked_references() const;
  void add_pool_parts(const RowSource& source, const std::string& alias, Parts& parts) const;
  void add_reference_parts(const RowSource& source, const std::string& alias, Parts& parts) const;
  void add_own_parts(const RowSource& source, Parts& parts) const;
  [[nodiscard]] Parts parts() const;

  const FillTable& table_;
  const std::vector<RowSource>& sources_;
};

}  // namespace pgsluice
