// SPDX-License-Identifier: Apache-2.0
#include "gate/query_relations.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "gate/queries_sql.hpp"
#include "pg/arrays.hpp"

namespace pgsluice {

Names names_in(const Json& array) {
  Names found;
  for (const Json& one : array) {
    if (one.is_string()) found.emplace_back(one.get_ref<const std::string&>());
  }
  return found;
}

namespace {

std::map<Name, Names> names_by_name(const std::string& object) {
  std::map<Name, Names> found;
  const Json json = Json::parse(object, nullptr, false);
  if (!json.is_object()) return found;
  for (const auto& [name, all] : json.items()) found[name] = names_in(all);
  return found;
}

}  // namespace

std::string QueryRelations::load(const std::set<RelationName>& wanted) {
  std::set<std::string> fresh;
  for (const RelationName& name : wanted) {
    if (known_.emplace(name.relname, std::vector<KnownRelation>()).second) fresh.insert(name.relname.str());
  }
  if (fresh.empty()) return {};
  const std::vector<std::string> list(fresh.begin(), fresh.end());
  const SqlResult rows = session_.query(queries::k_find_relations, {pg::text_array(list)});
  if (!rows.ok) return cat("cannot read the catalogs: ", printable_line(rows.error.message));
  for (std::size_t row = 0; row < rows.rows.size(); ++row) add(rows, row);
  return {};
}

const KnownRelation* QueryRelations::find(const RelationName& name, const Names& path,
                                          const std::set<RelationName>& own) const {
  const auto found = known_.find(name.relname);
  if (found == known_.end() || found->second.empty()) return nullptr;
  const std::vector<KnownRelation>& all = found->second;
  const auto in_schema = [&all](Name schema) -> const KnownRelation* {
    const auto one = std::ranges::find(all, schema, [](const KnownRelation& r) { return r.name.schemaname; });
    return one == all.end() ? nullptr : &*one;
  };
  if (!name.schemaname.empty()) return in_schema(name.schemaname);
  if (const KnownRelation* one = in_schema("pg_catalog")) return one;
  for (const Name schema : path) {
    if (const KnownRelation* one = in_schema(schema)) return one;
  }
  const auto mine =
      std::ranges::find_if(all, [&own](const KnownRelation& r) { return own.contains(r.name); });
  return mine == all.end() ? &all.front() : &*mine;
}

void QueryRelations::add(const SqlResult& rows, std::size_t row) {
  KnownRelation relation{.name = {.schemaname = rows.text(row, 0), .relname = rows.text(row, 1)}};
  relation.columns = names_in(Json::parse(rows.text(row, 2), nullptr, false));
  relation.constraint_columns = names_by_name(rows.text(row, 3));
  relation.fields = names_by_name(rows.text(row, 4));
  known_[relation.name.relname].push_back(std::move(relation));
}

}  // namespace pgsluice
