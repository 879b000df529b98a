// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <mutex>
#include <utility>

#include "raw_tree.hpp"

namespace pgsluice::sql {

namespace {

::MemoryContext enter() {
  // The library creates its thread-local context on first entry without a lock of its own.
  static std::mutex mutex;
  thread_local bool entered = false;
  std::unique_lock<std::mutex> lock(mutex, std::defer_lock);
  if (!entered) lock.lock();
  ::MemoryContext context = pg_query_enter_memory_context();
  entered = true;
  return context;
}

}  // namespace

RawTree::RawTree(const std::string& text) : context_(enter()) {
  parse(text.c_str());
}

RawTree::RawTree(std::string& file, const SourceRange& range) : context_(enter()) {
  // The parser wants a terminating NUL: for as long as it takes, one stands where the piece ends.
  char& after = file[range.end];  // at the end of the file, the string's own NUL
  const char saved = std::exchange(after, '\0');
  parse(file.data() + range.begin);
  after = saved;
}

void RawTree::parse(const char* text) {
  const PgQueryInternalParsetreeAndError result = pg_query_raw_parse(text, PG_QUERY_PARSE_DEFAULT);
  std::free(result.stderr_buffer);
  tree_ = result.tree;
  error_ = result.error;
}

RawTree::~RawTree() {
  if (error_ != nullptr) pg_query_free_error(error_);
  pg_query_exit_memory_context(context_);
}

::Node* RawTree::only() const {
  if (error_ != nullptr || length(tree_) != 1) return nullptr;
  return static_cast<::RawStmt*>(tree_->elements[0].ptr_value)->stmt;
}

}  // namespace pgsluice::sql
