// SPDX-License-Identifier: Apache-2.0
// Calls in code that is kept as text.

#include "gate/written_calls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgsluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<int> arguments_in(std::string_view code, Name function = "calc") {
  std::vector<int> all;
  for (const QueryCall& call : written_calls(code, function)) all.push_back(call.arguments);
  return all;
}

TEST(WrittenCalls, OfATriggerSayNothingOfItsFunctionsArguments) {
  const auto calls = written_calls("CREATE TRIGGER t BEFORE INSERT ON o EXECUTE FUNCTION f('a', 'b')", "f");
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls.front().arguments, -1);
}

TEST(WrittenCalls, CountTheirArguments) {
  EXPECT_THAT(arguments_in("calc() + calc(1) * Calc (a => 1, b => f(2, 3))"), ElementsAre(0, 1, 2));
  EXPECT_THAT(arguments_in("calc(ARRAY[1, 2], x[1], (SELECT 1, 2)) - calc(calc(1, 2))"),
              ElementsAre(3, 1, 2));
  EXPECT_THAT(arguments_in("calc(a * b)"), ElementsAre(1));
  EXPECT_THAT(arguments_in("calc(*), calc(VARIADIC x), calc(x ORDER BY y, z), calc(1"),
              ElementsAre(-1, -1, -1, -1));
  EXPECT_THAT(arguments_in("\"calc\"(1); \"Calc\"(1); calc_2(1); s.\"calc\" (1, 2)"), ElementsAre(1, 2));
  EXPECT_THAT(arguments_in("calc(1); \"Calc\"(1, 2)", "Calc"), ElementsAre(2));
  EXPECT_EQ(written_calls("SELECT s.calc(1)", "calc").at(0).name.schemaname, "s");
}

TEST(WrittenCalls, AreInStringsAndNotInRemarks) {
  EXPECT_THAT(arguments_in("-- calc(1)\n/* calc(2) */ 'calc (1)' || $$ calc(1, 2) $$ || 'calc'"),
              ElementsAre(-1, -1));
  EXPECT_THAT(arguments_in("format('\"calc\"(%s)', 1)"), ElementsAre(-1));
}

TEST(WrittenCalls, MayBeginBehindAnEscapeOrAPlaceholder) {
  for (const char* text :
       {"calc(1)", "CALC (1)", "\"calc\"(1)", "1+calc(1)", "\\ncalc(1)", "\\x0acalc(1)", "%scalc(1)"})
    EXPECT_TRUE(may_call_in_text(text, "calc")) << text;
  for (const char* text : {"calc", "recalc(1)", "calc_2(1)", "n recalc(1)"})
    EXPECT_FALSE(may_call_in_text(text, "calc")) << text;
  EXPECT_THAT(arguments_in("EXECUTE E'SELECT 1,\\ncalc(1)'; EXECUTE 'SELECT recalc(1)'"), ElementsAre(-1));
  EXPECT_THAT(arguments_in("RAISE NOTICE '-- %', calc /* so */ (1); x := '/*' || calc(2) || '*/'"),
              ElementsAre(1, 1));
}

TEST(WrittenCalls, AreNoTablesWithColumns) {
  EXPECT_THAT(arguments_in("INSERT INTO calc (a, b) VALUES (1, 2); INSERT INTO s.calc (a) SELECT 1"),
              IsEmpty());
  EXPECT_THAT(arguments_in("SELECT 1 FROM (VALUES (1)) AS calc(a); WITH calc(a) AS (SELECT 1) SELECT 1"),
              IsEmpty());
  EXPECT_THAT(arguments_in("SELECT calc(1) INTO n"), ElementsAre(1));
}

TEST(WrittenCalls, OfADoStatementAreThoseOfItsCode) {
  EXPECT_EQ(code_of_do("DO LANGUAGE plpgsql $x$ BEGIN a($1); END $x$"), " BEGIN a($1); END ");
  EXPECT_EQ(code_of_do("do 'BEGIN a(''b''); END'"), "BEGIN a('b'); END");
}

}  // namespace
}  // namespace pgsluice
