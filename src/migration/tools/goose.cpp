// SPDX-License-Identifier: Apache-2.0
// goose: annotations on lines of their own say which statements lead up, which down, and what is one statement. (goose:
// internal/sqlparser/parser.go)
#include "migration/tools/goose.hpp"

#include "base/text.hpp"
#include "migration/tools/rows.hpp"

namespace pgsluice::tools {
namespace {

constexpr std::string_view k_marker = "+goose ";

/// What follows `-- +goose`; nothing on other lines.
std::string_view annotation(std::string_view line) {
  const std::string_view comment = comment_of(line);
  return comment.starts_with(k_marker) ? trim(comment.substr(k_marker.size())) : std::string_view();
}

/// Without a transaction each of goose's statements is a message of its own.
class Statements {
 public:
  explicit Statements(Draft& draft) : draft_(draft) {}

  void add(const Line& line, std::string_view note) {
    if (note == "StatementBegin") {
      close(line.range.begin);
      inside_ = true;
    } else if (note == "StatementEnd") {
      inside_ = false;
      close(line.next);
    } else if (!inside_ && note.empty() && ends_goose_statement(line.text)) {
      close(line.next);
    }
  }
  void close(std::size_t end) {
    draft_.add_block({.begin = begin_, .end = end}, FileTransaction::message);
    begin_ = end;
  }

 private:
  Draft& draft_;
  std::size_t begin_ = 0;
  bool inside_ = false;
};

}  // namespace

// The last word before a comment ends with a semicolon.
bool ends_goose_statement(std::string_view line) {
  const std::string spaced = replace_all(line, "\t", " ");
  std::string_view last;
  for (const std::string_view word : split(spaced, ' ')) {
    if (word.starts_with("--")) break;
    if (!trim(word).empty()) last = trim(word);
  }
  return last.ends_with(';');
}

bool is_goose_text(std::string_view text) {
  if (text.find(k_marker) == std::string_view::npos) return false;
  for (const std::string_view line : lines(text)) {
    if (annotation(line) == "Up") return true;
  }
  return false;
}

void read_goose(const FileContext& /*file*/, Draft& draft) {
  const std::vector<Line> lines = lines_of(draft.text());
  std::size_t down = draft.text().size();
  bool transaction = true;
  draft.placeholders = PlaceholderSyntax::none;
  for (const Line& line : lines) {
    const std::string_view note = annotation(line.text);
    if (note == "Down" && down == draft.text().size()) down = line.next;
    if (note == "NO TRANSACTION") transaction = false;
    if (note == "ENVSUB ON" || note == "ENVSUBST ON") draft.placeholders = PlaceholderSyntax::braces;
  }
  if (transaction) {
    draft.add_block(draft.whole(), FileTransaction::one);
  } else {
    Statements statements(draft);
    for (const Line& line : lines) {
      if (line.range.begin < down) statements.add(line, annotation(line.text));
    }
    statements.close(draft.text().size());
  }
  draft.blank({.begin = down, .end = draft.text().size()});
}

}  // namespace pgsluice::tools
