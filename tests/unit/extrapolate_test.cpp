// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "pgsluice/catalog.hpp"
#include "preview/extrapolate.hpp"

namespace pgsluice {
namespace {

/// Of one statement that did this.
std::optional<Extrapolation> extrapolated(const Observation& observed, const RowCounts& measured,
                                          const RowCounts& production) {
  Preview preview;
  preview.files.emplace_back().statements.emplace_back().observed = observed;
  extrapolate(preview, measured, production);
  return preview.files.front().statements.front().in_production;
}

TEST(Extrapolate, IsLinearInTheRows) {
  const auto there =
      extrapolated({.scans = {"public.a", "public.b"}, .ms = 5, .peak_bytes = 100},
                   {{"public.a", 10000}, {"public.b", 30000}}, {{"public.a", 0}, {"public.b", 400000}});
  ASSERT_TRUE(there);
  EXPECT_EQ(there->rows, 400000);
  EXPECT_EQ(there->measured_rows, 40000);
  EXPECT_EQ(there->ms, 50);
  EXPECT_EQ(there->peak_bytes, 1000);
}

TEST(Extrapolate, IndexesAreSorted) {
  const auto there = extrapolated({.index_builds = {"public.i"}, .indexed = {"public.a"}, .ms = 1},
                                  {{"public.a", 1e4}}, {{"public.a", 1e8}});
  ASSERT_TRUE(there);
  EXPECT_DOUBLE_EQ(*there->ms, 20000);
}

TEST(Extrapolate, SaysNothingOfWhatDoesNotGrowOrIsNotKnown) {
  const RowCounts here = {{"public.a", 20000}};
  EXPECT_FALSE(extrapolated({.ms = 5}, here, {{"public.a", 1e6}}));
  EXPECT_FALSE(extrapolated({.rewrites = {"public.a"}, .ms = 5}, here, {}));
  EXPECT_FALSE(extrapolated({.rewrites = {"public.b"}, .ms = 5}, here, {{"public.b", 1e6}}));
  EXPECT_FALSE(extrapolated({.rewrites = {"public.a"}, .ms = 5}, here, {{"public.a", 100}}));
}

TEST(Extrapolate, FewRowsDoNotTell) {
  const auto there =
      extrapolated({.rewrites = {"public.a"}, .ms = 5}, {{"public.a", 200}}, {{"public.a", 1e6}});
  ASSERT_TRUE(there);
  EXPECT_FALSE(there->ms);
}

TEST(Extrapolate, APartitionedTableHasWhatItsPartitionsHave) {
  Catalog catalog;
  const auto put = [&](std::string_view name, char kind, std::optional<double> rows, bool partition) {
    Relation relation;
    relation.name = {Name("public"), Name(name)};
    relation.relkind = kind;
    if (rows) relation.size = RelationSize{.reltuples = rows, .bytes = {}};
    if (partition) relation.parents = {RelationName{Name("public"), Name("whole")}};
    catalog.put(std::move(relation));
  };
  put("whole", relkind::partitioned_table, {}, false);
  put("One", relkind::table, 5, true);
  put("two", relkind::table, 7, true);
  put("unknown", relkind::table, {}, false);
  put("view", relkind::view, {}, false);
  const RowCounts expected = {{"public.\"One\"", 5}, {"public.two", 7}, {"public.whole", 12}};
  EXPECT_EQ(production_rows(catalog), expected);
}

}  // namespace
}  // namespace pgsluice
