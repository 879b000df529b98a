// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pieces of SQL text: found by tokens, so that names, strings and comments that look like keywords are none.

#include <optional>
#include <string>
#include <string_view>

#include "fix/kind.hpp"

namespace pgsluice::fix {

/// On one line and without comments.
std::string tidy(std::string_view sql);

/// Where a keyword stands outside of parentheses, as a range of `sql`.
std::optional<SourceRange> find_keyword(std::string_view sql,
                                        std::initializer_list<std::string_view> keywords);

/// `ALTER TABLE [IF EXISTS] [ONLY] name`, as it is written before the first sub-command, without comments.
std::string alter_prefix(const Subject& subject);

/// The table's name as it is written, quoted.
std::string table_name(const Subject& subject);

/// The name that PostgreSQL would choose for a constraint or an index of the table: the first that is free.
std::string free_name(const Subject& subject, std::string_view columns, std::string_view label);

/// Of `names`, as in `(a, "B")`.
std::string column_list(const Names& names);

/// Of a constraint that the command adds: its own name, or the one that PostgreSQL would choose.
std::string constraint_name(const Subject& subject, const Constraint& constraint);

}  // namespace pgsluice::fix
