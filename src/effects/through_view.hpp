// SPDX-License-Identifier: Apache-2.0
// A view that selects from one relation, seen from outside: names of its columns become names of that relation's.
#pragma once

#include <optional>

#include "pgsluice/catalog.hpp"

namespace pgsluice::effects {

/// The column of the base that a view's column is; empty: an expression, or not known.
Name base_column(const ViewQuery& view, Name column);

/// The base of the view, with what the view demands of its rows and what `outer` demands of the view's.
RelationRef base_of(const ViewQuery& view, const RelationRef& outer);

/// The change of the view as a change of its base.
RowChange base_change(const Catalog& catalog, const ViewQuery& view, RowChange change);

/// What a predicate still says when nothing is known of some columns.
Predicate without_columns(Predicate said, const Names& columns);

/// Both hold; each may be missing.
Predicate both(const Predicate& a, const Predicate& b);

}  // namespace pgsluice::effects
