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

/// That the command makes, or takes for its own; of the table itself the one that is new.
const Relation* index_on(const Catalog& after, const RelationName& table, const Relation* parent,
                         const Catalog& before) {
  const auto indexes = after.indexes(table);
  const auto found = std::ranges::find_if(indexes, [&](const Relation* index) {
    if (parent == nullptr) return before.find(index->name) == nullptr;
    return std::ranges::find(index->parents, parent->name) != index->parents.end();
  });
  return found == indexes.end() ? nullptr : *found;
}

Catalog catalog_after(const Subject& subject) {
  Catalog after = subject.before;
  after.apply(subject.command());
  return after;
}

}  // namespace

IndexTree::IndexTree(const Subject& subject) : subject_(subject), after_(catalog_after(subject)) {
  const RelationName table = subject.before.resolve(subject.target()->name);
  const Relation* index = index_on(after_, table, nullptr, subject.before);
  if (index == nullptr || after_.children(table).empty()) return;
  add({.table = after_.find(table), .index = index});
}

void IndexTree::add(const IndexPart& part) {
  parts_.push_back(part);
  if (part.is_there || !part.is_partitioned()) return;
  for (const Relation* partition : after_.children(part.table->name)) {
    const Relation* own = index_on(after_, partition->name, part.index, subject_.before);
    if (own == nullptr) continue;  // a foreign table has none
    add({.table = partition,
         .index = own,
         .parent = part.index,
         .is_there = subject_.before.find(own->name) != nullptr});
    attached_.emplace_back(cat("ALTER INDEX ", name_beside(subject_, part.index->name), " ATTACH PARTITION ",
                               name_beside(subject_, own->name)));
  }
}

Rewritten on_partitions(const Subject& subject) {
  if (subject.target()->only) return Replacement{};
  const std::string_view sql = subject.sql();
  const auto index = find_keyword(sql, {"index"});
  const auto on = find_keyword(sql, {"on"});
  if (!index || !on) return Refusal{"where the table's name stands cannot be told"};
  if (find_keyword(sql.substr(index->end, on->begin - index->end), {"exists"}))
    return Refusal{"IF NOT EXISTS would go over an index that is there and not valid: leave it out"};
  const IndexTree tree(subject);
  if (tree.parts().empty())
    return Refusal{
        "no partition of this partitioned table is known: CREATE INDEX … ON ONLY it, on each partition "
        "CREATE "
        "INDEX CONCURRENTLY, then ALTER INDEX … ATTACH PARTITION"};
  const std::string head = tidy(sql.substr(0, index->end));  // CREATE UNIQUE INDEX
  const std::string_view rest = sql.substr(end_of_table(sql, on->end));
  Replacement steps;
  Replacement built;
  for (const IndexPart& part : tree.parts()) {
    if (part.is_there) continue;
    const bool only = part.is_partitioned();
    (only ? steps : built)
        .emplace_back(cat(head, only ? " " : " CONCURRENTLY ", quote_ident(part.index->name.relname), " ON ",
                          only ? "ONLY " : "", name_beside(subject, part.table->name), rest));
  }
  std::ranges::move(built, std::back_inserter(steps));
  std::ranges::copy(tree.attached(), std::back_inserter(steps));
  return steps;
}

}  // namespace pgsluice::fix
