// SPDX-License-Identifier: Apache-2.0
// What DML does to relations beyond reading them: the rows that it changes, what foreign keys look up and change in
// their turn, and the sequences that defaults draw from.
#pragma once

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

struct RowEffects {
  Members changed;    ///< by the statement itself: what it names, partitions, views and what is under them
  Members cascaded;   ///< by ON DELETE and ON UPDATE
  Members looked_up;  ///< by foreign keys, on either side
  Members ancestors;  ///< of a partition that is named: its bounds are tested
  Members read;       ///< by a view that is written to
  Members sequences;
  std::vector<DeferrableLock> deferrable;
  Members used;            ///< tables of which rows are written, sequences that are drawn from
  Members emptied;         ///< tables of which rows are deleted
  Members filled;          ///< tables that certainly get new rows
  KeyQueries key_queries;  ///< of the statement
};

RowEffects compute_row_effects(const Subject& subject);

/// Computed once for a subject.
const RowEffects& row_effects(const Subject& subject);

/// What the transaction, and VACUUM, must know of the rows that the command has written.
void remember_rows(const Subject& subject, Catalog& catalog, KeyQueries& key_queries);

}  // namespace pgsluice::effects
