// SPDX-License-Identifier: Apache-2.0
// What a command locks and works on, before it is known whether that was there before.
#pragma once

#include <string_view>
#include <vector>

#include "subject.hpp"

namespace pgsluice::effects {

/// A member with what the row says of it; whether it is new shows before or after the command.
struct Part {
  Member member;
  LockMode mode = LockMode::AccessShare;
  std::string_view role;
  bool is_new = false;
  bool table_is_new = false;  ///< an index: its table is new
  bool is_fresh = false;      ///< made by this file
  RelationSize size = {};     ///< as far as the catalog knows it
};
struct Parts {
  std::vector<Part> locks;
  std::vector<Part> rewrites;
  std::vector<Part> scans;
  std::vector<Part> index_builds;
};

Parts parts_of(const EffectRow& row, const Subject& subject);
/// A command that no row knows may do the worst to what it names.
Parts worst_parts(const Subject& subject);
/// `after`: again, for what the command itself may have made.
void note_new(Parts& parts, const Catalog& catalog, bool after = false);
/// Rows that ALTER TABLE writes anew are the transaction's own from then on.
void remember_rewrites(const Parts& parts, const Command& command, Catalog& catalog);
/// What the command made: sequences of serial columns, indexes of constraints and of partitions …
void add_created(Parts& parts, const EffectRow* row, Catalog& catalog);

}  // namespace pgsluice::effects
