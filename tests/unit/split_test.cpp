// SPDX-License-Identifier: Apache-2.0
#include "sql/split.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace pgsluice::sql {
namespace {

std::vector<std::string> statements(const std::string& text) {
  std::vector<std::string> result;
  for (const SourceRange& range : split(text).statements) {
    result.push_back(text.substr(range.begin, range.end - range.begin));
  }
  return result;
}

using Texts = std::vector<std::string>;

TEST(Split, LeavesSpaceAndCommentsOutsideStatements) {
  EXPECT_EQ(statements("-- a\n SELECT 1 ; /* b ; */ SELECT 2 -- c\n"), (Texts{"SELECT 1", "SELECT 2"}));
  EXPECT_EQ(statements(""), Texts{});
  EXPECT_EQ(statements(" ;; -- nothing\n;"), Texts{});
}

TEST(Split, SemicolonsInQuotesAreText) {
  EXPECT_EQ(statements("SELECT ';', E'\\';', $$;$$, $a$ $$;$$ $a$, \";\" ; SELECT 2"),
            (Texts{"SELECT ';', E'\\';', $$;$$, $a$ $$;$$ $a$, \";\"", "SELECT 2"}));
  EXPECT_EQ(statements("SELECT $1; SELECT a$b;"), (Texts{"SELECT $1", "SELECT a$b"}));
  EXPECT_EQ(statements("SELECT 'it''s; fine'; SELECT 2"), (Texts{"SELECT 'it''s; fine'", "SELECT 2"}));
}

TEST(Split, CommentsNest) {
  EXPECT_EQ(statements("/* a /* b; */ c; */ SELECT 1"), Texts{"SELECT 1"});
}

TEST(Split, BodiesOfRoutinesAndRulesStayWhole) {
  const std::string function =
      "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END";
  EXPECT_EQ(statements(function + "; SELECT 3"), (Texts{function, "SELECT 3"}));
  const std::string rule = "CREATE OR REPLACE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)";
  EXPECT_EQ(statements(rule + "; SELECT 3"), (Texts{rule, "SELECT 3"}));
}

TEST(Split, AForgottenParenthesisCostsOneStatementOnly) {
  EXPECT_EQ(statements("CREATE TABLE t (id int; SELECT 1; SELECT 2"),
            (Texts{"CREATE TABLE t (id int", "SELECT 1", "SELECT 2"}));
}

TEST(Split, MetaCommandsEndWithTheirLine) {
  const Pieces pieces = split("\\connect shop; x\nSELECT 1 \\gexec\nSELECT 2;");
  ASSERT_EQ(pieces.client_commands.size(), 2U);
  EXPECT_EQ(pieces.client_commands[0].kind, "meta-command");
  EXPECT_EQ(pieces.client_commands[0].range, (SourceRange{0, 16}));
  EXPECT_EQ(pieces.statements.size(), 2U);
}

TEST(Split, CopyDataIsNoSql) {
  const std::string text = "COPY t (a, b) FROM stdin;\n1\t';\n2\t$$\n\\.\nSELECT 1;";
  const Pieces pieces = split(text);
  ASSERT_EQ(pieces.client_commands.size(), 1U);
  EXPECT_EQ(pieces.client_commands[0].kind, "copy-data");
  EXPECT_EQ(statements(text), (Texts{"COPY t (a, b) FROM stdin", "SELECT 1"}));
}

TEST(Split, DirectivesKnowTheStatementAfterThem) {
  const Pieces pieces =
      split("-- pgsluice: phase=expand\nSELECT 1;\n--pgsluice: allow x because \"y\"\nSELECT 2;");
  ASSERT_EQ(pieces.directives.size(), 2U);
  EXPECT_TRUE(pieces.directives[0].before_first_statement);
  EXPECT_EQ(pieces.directives[0].body, " phase=expand");
  EXPECT_EQ(pieces.directives[1].next_statement, 1U);
  EXPECT_FALSE(pieces.directives[1].before_first_statement);
}

TEST(Split, WhatNeverEndsIsSaidWhereItBegins) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"SELECT 1; SELECT 'x", "unterminated quoted string"},
           {"SELECT 1; SELECT \"x", "unterminated quoted identifier"},
           {"SELECT 1; SELECT $a$x", "unterminated dollar-quoted string"},
           {"SELECT 1; SELECT /* x", "unterminated comment, or comments nested too deep"}}) {
    const Pieces pieces = split(text);
    ASSERT_EQ(pieces.errors.size(), 1U) << text;
    EXPECT_EQ(pieces.errors[0].message, message);
    EXPECT_EQ(pieces.errors[0].range.begin, 17U);
    EXPECT_EQ(pieces.statements.size(), 1U);
  }
}

TEST(Split, QuadraticInputsOfTheParserAreCutOff) {
  std::string comments;
  for (int i = 0; i < 5'000; ++i) comments += "/*";
  EXPECT_EQ(split(comments).errors.size(), 1U);
  const Pieces operators = split("SELECT 1 " + std::string(20'000, '+') + " 2; SELECT 3");
  ASSERT_EQ(operators.errors.size(), 1U);
  EXPECT_EQ(operators.errors[0].message, "operator too long");
}

}  // namespace
}  // namespace pgsluice::sql
