// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "preview/row_values.hpp"

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(RowValues, CountWhatIsDifferent) {
  const ValueSeries smallint = value_series({.name = "smallint", .typname = "int2"}, "n").front();
  EXPECT_EQ(smallint.expression, "1 + (n) % 32767");
  EXPECT_EQ(smallint.count, 32767);
  EXPECT_EQ(value_series({.name = "bigint", .typname = "int8"}, "n").front().count, std::nullopt);
  EXPECT_EQ(value_series({.name = "boolean", .typname = "bool"}, "n").front().count, 2);
}

TEST(RowValues, FitIntoTheirLength) {
  constexpr int k_two_letters = 6;  // with the header
  const ValueType type{.name = "varchar(2)", .typname = "varchar", .typmod = k_two_letters};
  EXPECT_EQ(value_series(type, "n").front().count, 256);
  const ValueType numeric{.name = "numeric(5,2)", .typname = "numeric", .typmod = (5 << 16 | 2) + 4};
  EXPECT_EQ(value_series(numeric, "n").front().count, 99999);
}

TEST(RowValues, AreMadeOfTheirParts) {
  const ValueType integer{.name = "integer", .typname = "int4"};
  const ValueType mood{.name = "\"Mood\"", .typname = "Mood", .typtype = 'e', .labels = 3};
  EXPECT_EQ(value_series(mood, "n").front().expression, "(enum_range(NULL::\"Mood\"))[1 + (n) % 3]");
  EXPECT_TRUE(value_series({.name = "bare", .typname = "bare", .typtype = 'e'}, "n").empty());
  EXPECT_EQ(value_series({.name = "integer[]", .typtype = 'A', .parts = {integer}}, "n").front().expression,
            "ARRAY[CAST(1 + (n) % 2147483647 AS integer)]");
  EXPECT_THAT(value_series({.name = "int4range", .typtype = 'r', .parts = {integer}}, "n").front().expression,
              HasSubstr("CAST(1 + (n + 1) % 2147483647 AS integer)"));
}

TEST(RowValues, ReadsWhatAnExpressionSpeaksOf) {
  const ExpressionParts parts =
      parts_of_expression(R"((("Or""d" > 0) AND (status = ANY (ARRAY['it''s'::text, 'b']))))");
  EXPECT_THAT(parts.constants, ElementsAre("0", "'it''s'", "'b'"));
  EXPECT_THAT(parts.names, ::testing::IsSupersetOf({"\"Or\"\"d\"", "status"}));
  EXPECT_TRUE(parts_of_expression("'never ends").constants.empty());
}

TEST(RowValues, ADomainsCheckIsAboutItsColumn) {
  EXPECT_EQ(about_column("((VALUE > 0) AND (VALUE <> 'VALUE'::text))", "\"Col\""),
            "((\"Col\" > 0) AND (\"Col\" <> 'VALUE'::text))");
}

}  // namespace
}  // namespace pgsluice
