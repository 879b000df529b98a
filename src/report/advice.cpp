// SPDX-License-Identifier: Apache-2.0
#include "report/advice.hpp"

#include <utility>

#include "base/text.hpp"

namespace pgsluice {

bool is_prose(std::string_view line) {
  const auto is_in = [](char c, char from, char to) { return from <= c && c <= to; };
  return line.size() > 1 && is_in(line[0], 'A', 'Z') && is_in(line[1], 'a', 'z');
}

Document advice(std::string_view text) {
  Document document;
  for (const std::string_view line : lines(text)) {
    Code* code = document.empty() ? nullptr : std::get_if<Code>(&document.back().is);
    if (is_prose(line)) {
      document.emplace_back(Paragraph{line});
    } else if (code != nullptr) {
      code->text += cat("\n", line);
    } else {
      document.emplace_back(Code{.language = "sql", .text = std::string(line)});
    }
  }
  return document;
}

Document reason_and_advice(const Finding& finding) {
  Document document;
  if (!finding.why.empty()) document.emplace_back(Paragraph{printable_line(finding.why)});
  if (finding.instead.empty()) return document;
  document.emplace_back(Paragraph{styled(Style::good, "Instead:")});
  for (Block& block : advice(printable(finding.instead))) document.push_back(std::move(block));
  return document;
}

}  // namespace pgsluice
