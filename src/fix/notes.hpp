// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is said of a migration while it is rewritten: what has been done, and what is left alone and why.

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fix/analysis.hpp"
#include "pgsluice/fix.hpp"

namespace pgsluice::fix {

class Notes {
 public:
  void begin_round();
  /// Nothing was done in this round: what it said of the piece stays, with the findings that no kind has said anything of.
  void keep_round(const Piece& piece, const Analysis& analysis);

  void fixed(std::string_view kind, int line, const Finding& finding);
  void fixed(std::string_view kind, int line, const RelationRef* target, std::vector<std::string> findings);
  void left_alone(int line, std::string finding, std::string reason);
  /// No kind can rewrite that statement.
  void refuse(std::size_t statement) { refused_.insert(statement); }
  [[nodiscard]] bool is_refused(std::size_t statement) const { return refused_.contains(statement); }

  [[nodiscard]] const std::vector<AppliedFix>& fixes() const { return fixes_; }
  [[nodiscard]] const std::vector<LeftAlone>& left() const { return left_; }

 private:
  std::vector<AppliedFix> fixes_;
  std::vector<LeftAlone> left_;
  std::vector<LeftAlone> left_here_;  ///< in this round
  std::set<std::size_t> refused_;     ///< in this round
};

}  // namespace pgsluice::fix
