// SPDX-License-Identifier: Apache-2.0
#pragma once

// A file while it is being rewritten: its statements with the text around them, so that what nobody touches stays byte for
// byte.

#include <string>
#include <string_view>
#include <vector>

#include "fix/kind.hpp"
#include "pgsluice/findings.hpp"

namespace pgsluice::fix {

/// One statement: comments and directives before it, its semicolon, the rest of its line.
struct Item {
  std::string text;
  int line = 1;                 ///< of the original file
  bool ended = true;            ///< it has its semicolon, which the last one of a file need not have
  Phase phase = Phase::expand;  ///< it is to stand in a file of that phase
};

struct Piece {
  std::string header;  ///< directives of the file, and what stands above them
  std::vector<Item> items;
  std::string tail;  ///< behind the last statement
  Phase phase = Phase::expand;
  bool off = false;   ///< it was cut off to run without a transaction
  std::string label;  ///< what a new file is called after

  [[nodiscard]] std::string text() const;
};

/// The statements of a file that was parsed whole and has no errors.
Piece to_piece(const FileAnalysis& file);

/// A piece's statement as it stands in its item.
struct Placed {
  std::string before;  ///< comments and directives
  std::string sql;     ///< without the semicolon
  std::string after;   ///< begins with the semicolon, which is added when there is none
  bool begins_line = true;
};
Placed place(const Script& script, std::size_t statement, const Item& item, std::size_t begin);

/// The same place, with other statements: the first gets what stands before, the last what stands behind.
std::vector<Item> in_place_of(const Placed& placed, int line, const Replacement& steps);

/// A statement that begins a line of its own.
Item new_item(std::string_view sql, int line);

}  // namespace pgsluice::fix
