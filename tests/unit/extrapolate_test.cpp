// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "pgsluice/catalog.hpp"
#include "preview/extrapolate.hpp"

namespace pgsluice {
namespace {

/// One statement that did this.
PreviewedStatement with_production(const Observation& observed, const RowCounts& measured,
                                   const ProductionRows& production) {
  Preview preview;
  preview.files.emplace_back().statements.emplace_back().observed = observed;
  extrapolate(preview, measured, production);
  return preview.files.front().statements.front();
}

std::optional<Extrapolation> extrapolated(const Observation& observed, const RowCounts& measured,
                                          const RowCounts& production) {
  return with_production(observed, measured, {.known = production, .unknown = {}}).in_production;
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

/// How many pages a statement that changes rows writes depends on the last checkpoint.
TEST(Extrapolate, NewFilesAreInTheWalAsAWhole) {
  const RowCounts here = {{"public.a", 1e4}};
  const RowCounts there = {{"public.a", 1e6}};
  EXPECT_EQ(extrapolated({.rewrites = {"public.a"}, .wal_bytes = 7}, here, there)->wal_bytes, 700);
  EXPECT_EQ(extrapolated({.index_builds = {"public.i"}, .indexed = {"public.a"}, .wal_bytes = 7}, here, there)
                ->wal_bytes,
            700);
  EXPECT_EQ(extrapolated({.scans = {"public.a"}, .wal_bytes = 7}, here, there)->wal_bytes, 0);
}

TEST(Extrapolate, SaysOfWhichTablesTheRowsAreNotKnown) {
  const ProductionRows there{.known = {{"public.b", 1e6}}, .unknown = {"public.a", "public.c"}};
  const RowCounts here = {{"public.a", 2e4}, {"public.b", 2e4}};
  const PreviewedStatement one = with_production({.scans = {"public.a", "public.b"}}, here, there);
  EXPECT_FALSE(one.in_production);
  EXPECT_EQ(one.rows_unknown, std::vector<std::string>{"public.a"});
  EXPECT_TRUE(with_production({.rewrites = {"public.b"}}, here, there).rows_unknown.empty());
  EXPECT_TRUE(
      with_production({.error = SqlError(), .scans = {"public.a"}}, here, there).rows_unknown.empty());
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
  const auto put = [&](std::string_view name, char kind, const RelationSize& size, std::string_view parent) {
    Relation relation;
    relation.name = {Name("public"), Name(name)};
    relation.relkind = kind;
    if (size.reltuples || size.bytes) relation.size = size;
    if (!parent.empty()) relation.parents = {RelationName{Name("public"), Name(parent)}};
    catalog.put(std::move(relation));
  };
  put("whole", relkind::partitioned_table, {}, "");
  put("One", relkind::table, {.reltuples = 5, .bytes = 8192}, "whole");
  put("two", relkind::table, {.reltuples = 7, .bytes = 8192}, "whole");
  put("empty", relkind::table, {.reltuples = {}, .bytes = 0}, "whole");
  put("other", relkind::partitioned_table, {}, "");
  put("unknown", relkind::table, {.reltuples = {}, .bytes = 8192}, "other");
  put("unknown_13", relkind::table, {.reltuples = 0, .bytes = 8192}, "");
  put("view", relkind::view, {}, "");
  const RowCounts known = {
      {"public.\"One\"", 5}, {"public.two", 7}, {"public.empty", 0}, {"public.whole", 12}};
  const std::set<std::string> unknown = {"public.other", "public.unknown", "public.unknown_13"};
  EXPECT_EQ(production_rows(catalog).known, known);
  EXPECT_EQ(production_rows(catalog).unknown, unknown);
}

}  // namespace
}  // namespace pgsluice
