// SPDX-License-Identifier: Apache-2.0
// One call of libpg_query's parser. Included last: nodes.hpp redefines names of the standard library.
#pragma once

#include <string>

#include "nodes.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice::sql {

/// What the parser made of a text: a list of RawStmt, or an error. It lives in a memory context of the library's and goes
/// with this object. Not to be nested.
class RawTree {
 public:
  explicit RawTree(const std::string& text);
  /// A piece of a file, which must be its own and is as before when this returns.
  RawTree(std::string& file, const SourceRange& range);
  RawTree(const RawTree&) = delete;
  RawTree& operator=(const RawTree&) = delete;
  ~RawTree();

  [[nodiscard]] const ::List* statements() const { return tree_; }
  [[nodiscard]] const ::PgQueryError* error() const { return error_; }
  /// The only statement; nullptr when there is an error, or another number of them.
  [[nodiscard]] ::Node* only() const;

 private:
  void parse(const char* text);

  ::MemoryContext context_;
  const ::List* tree_ = nullptr;
  ::PgQueryError* error_ = nullptr;
};

}  // namespace pgsluice::sql
