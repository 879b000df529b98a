// SPDX-License-Identifier: Apache-2.0
#include "fix/notes.hpp"

#include <algorithm>

namespace pgsluice::fix {
namespace {

std::string reason_of(const Finding& finding) {
  if (finding.finding == "unmodeled-statement") return "what it does is not known";
  return "there is no form of it that could be written without knowing more: see its \"instead\" in lint";
}

}  // namespace

void Notes::begin_round() {
  left_here_.clear();
  refused_.clear();
}

void Notes::keep_round(const Piece& piece, const Analysis& analysis) {
  for (const Finding& finding : analysis.file.findings) {
    if (finding.allowed || finding.severity == Severity::info || !finding.statement) continue;
    const int line = piece.items[*finding.statement].line;
    const bool said =
        std::ranges::any_of(left_here_, [&](const LeftAlone& left) { return left.line == line; });
    if (!said) left_alone(line, finding.finding, reason_of(finding));
  }
  left_.insert(left_.end(), left_here_.begin(), left_here_.end());
}

void Notes::fixed(std::string_view kind, int line, const Finding& finding) {
  fixes_.push_back({.kind = kind, .line = line, .relation = finding.relation, .findings = {finding.finding}});
}

void Notes::fixed(std::string_view kind, int line, const RelationRef* target,
                  std::vector<std::string> findings) {
  fixes_.push_back({.kind = kind,
                    .line = line,
                    .relation = target == nullptr ? RelationName() : target->name,
                    .findings = std::move(findings)});
}

void Notes::left_alone(int line, std::string finding, std::string reason) {
  left_here_.push_back({.line = line, .finding = std::move(finding), .reason = std::move(reason)});
}

}  // namespace pgsluice::fix
