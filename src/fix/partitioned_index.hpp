// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an index of a partitioned table is made of: one on each table below it, attached to that of the table above.

#include <vector>

#include "fix/kind.hpp"

namespace pgsluice::fix {

/// The index of one table, as the catalog has it behind the command.
struct IndexPart {
  const Relation* table = nullptr;
  const Relation* index = nullptr;
  const Relation* parent =
      nullptr;  ///< the index that it is attached to; nullptr: it is that of the command's own table
  bool is_there = false;  ///< before the command, which takes it for its own

  [[nodiscard]] bool is_partitioned() const { return table->relkind == relkind::partitioned_table; }
};

class IndexTree {
 public:
  /// Of a command that makes one.
  explicit IndexTree(const Subject& subject);

  /// From the command's own table down; nothing: no partition of it is known.
  [[nodiscard]] const std::vector<IndexPart>& parts() const { return parts_; }
  /// ALTER INDEX … ATTACH PARTITION, from the leaves up.
  [[nodiscard]] const Replacement& attached() const { return attached_; }

 private:
  void add(const IndexPart& part);

  const Subject& subject_;
  Catalog after_;
  std::vector<IndexPart> parts_;
  Replacement attached_;
};

/// Of a CREATE INDEX whose table is partitioned. Empty: it is ON ONLY that, which builds nothing.
Rewritten on_partitions(const Subject& subject);

}  // namespace pgsluice::fix
