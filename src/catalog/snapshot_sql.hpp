// SPDX-License-Identifier: Apache-2.0
#pragma once

// The SQL that makes what a snapshot describes, as far as it is the same for who replays it and for who runs it.

#include <string>
#include <string_view>

#include "pgsluice/snapshot.hpp"

namespace pgsluice {

/// Of any contents, whatever standard_conforming_strings says.
std::string quote_literal(std::string_view text);
/// Schema and name, quoted where they have to be.
std::string full_name(const std::string& schema, const std::string& name);
std::string enum_sql(const SnapshotType& type);
/// Without its constraints: one that is not validated can only be added.
std::string domain_sql(const SnapshotType& type);
std::string domain_sql(const SnapshotType& type, const SnapshotConstraint& constraint);
/// Of a function or procedure whose source is known.
std::string function_sql(const SnapshotFunction& function);

}  // namespace pgsluice
