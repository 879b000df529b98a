// SPDX-License-Identifier: Apache-2.0
// Visits the nodes of a raw expression or query. PostgreSQL's own walker ends the process on a
// utility statement and overflows on deep trees; this one keeps its own stack.
#pragma once

#include <vector>

#include "nodes.hpp"

namespace pgsluice::sql {

/// Appends the children of a node; unknown nodes have none.
void push_children(::Node* node, std::vector<::Node*>& stack);

/// The conditions that AND joins to this one, the last one first.
std::vector<::Node*> conjuncts(::Node* condition);

/// Calls `visit(node)` for the node and everything below it, parents before children. `visit` returns
/// false to leave out what is below a node.
template <typename Visit>
void walk(::Node* root, Visit visit) {
  std::vector<::Node*> stack{root};
  while (!stack.empty()) {
    ::Node* node = stack.back();
    stack.pop_back();
    if (node != nullptr && visit(node)) push_children(node, stack);
  }
}

}  // namespace pgsluice::sql
