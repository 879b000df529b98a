// SPDX-License-Identifier: Apache-2.0
#include "preview/without_values.hpp"

#include <gtest/gtest.h>

namespace pgsluice {
namespace {

std::string told(const std::string& sqlstate, const std::string& message, const std::string& sql,
                 const std::string& lc_messages = "C.UTF-8", const std::string& context = "") {
  SqlError error;
  error.sqlstate = sqlstate;
  error.message = message;
  error.context = context;
  return without_values(error, sql, lc_messages).message;
}

TEST(WithoutValues, NamesOfTheStatementAreNoValues) {
  EXPECT_EQ(told("42703", "column \"b\" does not exist", "SELECT b FROM t"), "column \"b\" does not exist");
  EXPECT_EQ(told("22P02", "invalid input syntax for type integer: \"b\"", "SELECT b::int FROM t"),
            "invalid input syntax for type integer: \"…\"");
}

TEST(WithoutValues, WhatCodeRaisesIsNotShown) {
  for (const char* place :
       {"PL/pgSQL function f() line 1 at RAISE\nSQL statement", "PL/pgSQL function f() line 1 at ASSERT"})
    EXPECT_EQ(told("P0001", "bad secret", "CALL f()", "en_GB.UTF-8", place),
              "what code raises is not shown, for it may have values of rows");
}

TEST(WithoutValues, NobodyKnowsHowOtherLanguagesQuote) {
  EXPECT_EQ(told("22P02", "ungültige Eingabesyntax für Typ integer: »secret«", "SELECT 1", "de_DE.UTF-8"),
            "what a server says in de_DE.UTF-8 is not shown, for it may have values of rows");
}

}  // namespace
}  // namespace pgsluice
