// SPDX-License-Identifier: Apache-2.0
#pragma once

// A file on its way from what is written to what is run. Bytes keep their places: what is not run becomes blank.

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/migration.hpp"

namespace pgsluice::tools {

struct Line {
  SourceRange range;  ///< without what ends it
  std::size_t next = 0;
  std::string_view text;
};
/// The lines of a text with their places.
std::vector<Line> lines_of(std::string_view text);

/// What follows `--` on a line that begins with it; nothing on other lines.
std::string_view comment_of(std::string_view line);

enum class PlaceholderSyntax {
  none,
  braces,           ///< ${name}, also inside of strings: replaced before anybody looks at the SQL
  psql,             ///< :name, :'name', :"name", not inside of strings
  braces_and_psql,  ///< nobody says which: where the text is no SQL as it is
};

class Draft {
 public:
  explicit Draft(std::string text) : text_(std::move(text)) {}

  PlaceholderSyntax placeholders = PlaceholderSyntax::none;
  std::map<std::string, std::string, std::less<>> values;  ///< of placeholders, that the file itself tells

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] SourceRange whole() const { return {.begin = 0, .end = text_.size()}; }

  /// Nothing of it is run; line ends stay.
  void blank(const SourceRange& range);
  /// A statement ends there: the first byte becomes a semicolon, the others blank.
  void end_statement(const SourceRange& range);
  /// In order.
  void add_block(const SourceRange& range, FileTransaction transaction, bool is_migration = false);

  void take(std::string text, std::vector<Reading::Edit> edits,
            std::vector<Reading::Placeholder> placeholders);
  [[nodiscard]] SourceFile finish(std::string path) &&;

 private:
  void keep_written();

  std::string text_;
  Reading reading_;
};

}  // namespace pgsluice::tools
