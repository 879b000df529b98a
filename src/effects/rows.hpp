// SPDX-License-Identifier: Apache-2.0
// What DML does to relations beyond reading them: the rows that it changes, what foreign keys look up and change in
// their turn, and the sequences that defaults draw from.
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "members.hpp"

namespace pgsluice::effects {

/// The lock of a check that can wait for COMMIT or SET CONSTRAINTS.
struct DeferrableLock {
  Name constraint;
  bool initdeferred = false;
  Member member;
  LockMode mode = LockMode::RowShare;
};

/// Rows of a relation are written, which fires its triggers.
struct RowEvent {
  RelationName relation = {};
  std::string_view event;             ///< insert, update or delete
  std::optional<Names> columns = {};  ///< that an UPDATE sets; none: not known
  bool is_named =
      false;  ///< by a statement, if only by that of a foreign key: its rules and statement triggers count
  bool has_rows = true;      ///< there may be rows to write
  bool is_replaced = false;  ///< rules, or a relation under the view, take its place: no trigger fires
};

struct RowEffects {
  Members changed;    ///< by the statement itself: what it names, partitions, views and what is under them
  Members cascaded;   ///< by ON DELETE and ON UPDATE
  Members looked_up;  ///< by foreign keys, on either side
  Members ancestors;  ///< of a partition that is named: its bounds are tested
  Members read;       ///< by a view that is written to
  Members sequences;
  std::vector<DeferrableLock> deferrable;
  std::map<RelationName, Names> nulls;  ///< of tables among `used`: columns that get nothing but NULL
  Members used;                         ///< tables of which rows are written, sequences that are drawn from
  Members emptied;                      ///< tables of which rows are deleted
  Members filled;                       ///< tables that certainly get new rows
  KeyQueries key_queries;               ///< of the statement
  std::vector<RowEvent> events;
  std::vector<FunctionCall>
      calls;  ///< in defaults, checks and indexes of what is written, but for PostgreSQL's own
};

RowEffects compute_row_effects(const Subject& subject);

/// Computed once for a subject.
const RowEffects& row_effects(const Subject& subject);

/// What the transaction, and VACUUM, must know of the rows that the command has written.
void remember_rows(const Subject& subject, Catalog& catalog, KeyQueries& key_queries);

}  // namespace pgsluice::effects
