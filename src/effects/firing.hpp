// SPDX-License-Identifier: Apache-2.0
// Which triggers and rules of a relation there are for an event: pg_trigger and pg_rewrite.
#pragma once

#include <string_view>

#include "pgsluice/catalog.hpp"

namespace pgsluice::effects {

/// insert, update or delete; empty: rows are only looked through.
std::string_view event_of(RowChange::Kind kind);

/// pg_trigger.tgenabled, pg_rewrite.ev_enabled and pg_event_trigger.evtenabled, under either session_replication_role.
bool is_enabled(char enabled, bool is_replica);

/// `columns`: those that an UPDATE sets; nullptr: not known.
bool fires(const CatalogTrigger& trigger, std::string_view event, const Names* columns);

/// The rule that runs in the place of the statement, whatever the rows are (rewriteHandler.c); nullptr: none.
const CatalogRule* instead_rule(const Relation& relation, std::string_view event, bool is_replica);

/// A view that leaves the event to a trigger of its own is not looked through (rewriteHandler.c view_has_instead_trigger).
/// An empty event: any.
bool has_instead_trigger(const Relation& view, std::string_view event, bool is_replica);

}  // namespace pgsluice::effects
