// SPDX-License-Identifier: Apache-2.0
// CREATE INDEX on a partitioned table → ON ONLY the table, CONCURRENTLY on each of its partitions, and ATTACH PARTITION from
// the leaves up. Which indexes there must be, and what they are called, is what the catalog says that the statement makes.
#include "fix/partitioned_index.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "fix/words.hpp"
#include "sql/lexer.hpp"

namespace pgsluice::fix {
namespace {

/// Where the table's name ends; ONLY may stand before it.
std::size_t end_of_table(std::string_view sql, std::size_t behind_on) {
  sql::Lexer lexer(sql, behind_on);
  sql::Token name = lexer.next();
  if (sql::is_keyword(lexer.text(name), "only")) name = lexer.next();
  std::size_t end = name.end;
  for (sql::Token dot = lexer.next(); dot.kind == sql::TokenKind::dot; dot = lexer.next())
    end = lexer.next().end;
  return end;
}

class Parts {
 public:
  Parts(const Subject& subject, Catalog after)
      : subject_(subject), after_(std::move(after)), table_(subject.before.resolve(subject.target()->name)) {}

  Rewritten run() {
    const std::string_view sql = subject_.sql();
    const auto index = find_keyword(sql, {"index"});
    const auto on = find_keyword(sql, {"on"});
    if (!index || !on) return Refusal{"where the table's name stands cannot be told"};
    if (find_keyword(sql.substr(index->end, on->begin - index->end), {"exists"}))
      return Refusal{"IF NOT EXISTS would go over an index that is there and not valid: leave it out"};
    head_ = tidy(sql.substr(0, index->end));
    rest_ = sql.substr(end_of_table(sql, on->end));
    const Relation* root = index_on(table_, {});
    if (root == nullptr || after_.children(table_).empty())
      return Refusal{
          "no partition of this partitioned table is known: CREATE INDEX … ON ONLY it, on each partition "
          "CREATE INDEX "
          "CONCURRENTLY, then "
          "ALTER INDEX … ATTACH PARTITION"};
    create(*root, table_);
    Replacement steps = std::move(only_);
    std::ranges::move(built_, std::back_inserter(steps));
    std::ranges::move(attached_, std::back_inserter(steps));
    return steps;
  }

 private:
  void create(const Relation& index, const RelationName& table) {
    only_.emplace_back(cat(head_, " ", quote_ident(index.name.relname), " ON ONLY ", written(table), rest_));
    for (const Relation* partition : after_.children(table)) {
      const Relation* own = index_on(partition->name, index.name);
      if (own == nullptr) continue;  // a foreign table has none
      if (subject_.before.find(own->name) == nullptr) make(*own, *partition);
      attached_.emplace_back(
          cat("ALTER INDEX ", written(index.name), " ATTACH PARTITION ", written(own->name)));
    }
  }

  void make(const Relation& index, const Relation& partition) {
    if (partition.relkind == relkind::partitioned_table) {
      create(index, partition.name);
      return;
    }
    built_.emplace_back(cat(head_, " CONCURRENTLY ", quote_ident(index.name.relname), " ON ",
                            written(partition.name), rest_));
  }

  /// That the statement makes, or takes for its own; of the table itself the one that is new.
  [[nodiscard]] const Relation* index_on(const RelationName& table, const RelationName& parent) const {
    const auto indexes = after_.indexes(table);
    const auto found = std::ranges::find_if(indexes, [&](const Relation* index) {
      if (parent.empty()) return subject_.before.find(index->name) == nullptr;
      return std::ranges::find(index->parents, parent) != index->parents.end();
    });
    return found == indexes.end() ? nullptr : *found;
  }

  /// With its schema where the statement names one, or where it is another.
  [[nodiscard]] std::string written(const RelationName& name) const {
    const bool short_name =
        subject_.target()->name.schemaname.empty() && name.schemaname == table_.schemaname;
    return short_name ? quote_ident(name.relname) : name.quoted();
  }

  const Subject& subject_;
  Catalog after_;
  RelationName table_;
  std::string head_;  ///< CREATE UNIQUE INDEX
  std::string rest_;  ///< behind the table's name
  Replacement only_;
  Replacement built_;
  Replacement attached_;
};

}  // namespace

Rewritten on_partitions(const Subject& subject) {
  if (subject.target()->only) return Replacement{};
  Catalog after = subject.before;
  after.apply(subject.command());
  return Parts(subject, std::move(after)).run();
}

}  // namespace pgsluice::fix
