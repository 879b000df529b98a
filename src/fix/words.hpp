// SPDX-License-Identifier: Apache-2.0
#pragma once

// The words that a safe form is made of.

#include <string>
#include <string_view>

#include "fix/kind.hpp"
#include "sql/words.hpp"

namespace pgsluice::fix {

using sql::find_keyword;
using sql::tidy;

/// `ALTER TABLE [IF EXISTS] [ONLY] name`, as it is written before the first sub-command, without comments.
std::string alter_prefix(const Subject& subject);

/// The table's name as it is written, quoted.
std::string table_name(const Subject& subject);

/// The name of another relation than the table's: with its schema where the statement names one, or where it is another.
std::string name_beside(const Subject& subject, const RelationName& name);

/// The name that PostgreSQL would choose for a constraint or an index of the table: the first that is free.
std::string free_name(const Subject& subject, std::string_view columns, std::string_view label);

/// Of `names`, as in `(a, "B")`.
std::string column_list(const Names& names);

/// Of a constraint that the command adds: its own name, or the one that PostgreSQL would choose.
std::string constraint_name(const Subject& subject, const Constraint& constraint);

}  // namespace pgsluice::fix
