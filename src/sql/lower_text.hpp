// SPDX-License-Identifier: Apache-2.0
// Expressions as values that code puts together: see Text.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "nodes.hpp"
#include "piece.hpp"

namespace pgsluice::sql {

/// What is known of columns while an expression of a query is read.
using ColumnTexts = std::map<std::string_view, Text>;

/// The value of an expression. A name that `columns` does not know may be a variable: who evaluates it sees whether there
/// is one; that it is a column as well, PostgreSQL forbids.
Text text_of(::Node* node, const ColumnTexts& columns = {});
/// The arguments of a call by position; those written as `name => value` are calls of "=>name".
std::vector<Text> texts_of(const ::FuncCall* call);

Rows rows_of(const ::SelectStmt* select, int depth = 0);

}  // namespace pgsluice::sql
