// SPDX-License-Identifier: Apache-2.0
#pragma once

// Statements with placeholders in them that nobody has filled in.

#include "pgsluice/sql.hpp"

namespace pgsluice::sql {

bool has_unknown_parts(const SourceFile& source, const SourceRange& range);

/// An expression with a placeholder may be anything: as if it called a function that nobody knows.
void note_unknown_values(const SourceFile& source, Statement& statement);

/// One of which not even the kind is known: no row of the effects has its tag.
Statement unknown_statement(const SourceRange& range);

}  // namespace pgsluice::sql
