// SPDX-License-Identifier: Apache-2.0
// PL/pgSQL and SQL bodies as values, and what is evaluated of the texts that they put together.
#include "pgsluice/code.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "effects/evaluate.hpp"

namespace pgsluice {
namespace {

using Kind = CodeStep::Kind;

CodeBlock plpgsql(const std::string& text) {
  return {.language = "plpgsql", .text = text};
}

/// All steps, inner ones behind the one that holds them: "branch", "statement UpdateStmt" …
void list(const std::vector<CodeStep>& steps, std::vector<std::string>& out) {
  static const std::vector<std::string> k_names = {"statement", "execute", "assign", "branch",
                                                   "loop",      "block",   "leave",  "commit"};
  for (const CodeStep& step : steps) {
    std::string name = k_names.at(static_cast<std::size_t>(step.kind));
    if (step.kind == Kind::statement) name = step.statement.tag;
    out.push_back(name);
    for (const std::vector<CodeStep>& block : step.blocks) list(block, out);
  }
}

std::vector<std::string> steps(const std::string& text) {
  const Body body = read_code(plpgsql(text));
  EXPECT_EQ(body.problem, "") << text;
  std::vector<std::string> result;
  list(body.steps, result);
  return result;
}

using Texts = std::vector<std::string>;

TEST(Plpgsql, StatementsAreReadWithThePlaceWhereTheyStand) {
  CodeBlock code = plpgsql("BEGIN\n  UPDATE t SET a = 1;\nEND");
  code.offset = 100;
  const Body body = read_code(code);
  const CodeStep& update = body.steps.at(0).blocks.at(0).at(0);
  EXPECT_EQ(update.range, (SourceRange{108, 126}));
  EXPECT_EQ(update.statement.commands.at(0).range, (SourceRange{108, 126}));
}

TEST(Plpgsql, EachStatementOfTheLanguageIsAStep) {
  EXPECT_EQ(steps("BEGIN NULL; END"), Texts{"block"});
  EXPECT_EQ(steps("BEGIN IF a THEN DELETE FROM t; ELSIF f(b) THEN NULL; ELSE TRUNCATE t; END IF; END"),
            (Texts{"block", "SelectStmt", "branch", "DeleteStmt", "TruncateStmt"}));
  EXPECT_EQ(steps("BEGIN CASE x WHEN 1, 2 THEN DELETE FROM t; ELSE NULL; END CASE; END"),
            (Texts{"block", "branch", "DeleteStmt"}));
  EXPECT_EQ(steps("BEGIN <<l>> LOOP EXIT l WHEN i > 3; END LOOP l; WHILE f() LOOP CONTINUE; END LOOP; END"),
            (Texts{"block", "loop", "branch", "leave", "SelectStmt", "loop", "leave"}));
  EXPECT_EQ(steps("BEGIN FOR i IN REVERSE 3..1 BY 2 LOOP DELETE FROM t; END LOOP; END"),
            (Texts{"block", "loop", "DeleteStmt"}));
  EXPECT_EQ(steps("BEGIN FOR r IN SELECT * FROM t LOOP NULL; END LOOP; END"),
            (Texts{"block", "SelectStmt", "loop"}));
  EXPECT_EQ(steps("BEGIN FOR r IN EXECUTE 'SELECT 1' USING 2 LOOP NULL; END LOOP; END"),
            (Texts{"block", "execute", "loop"}));
  EXPECT_EQ(steps("BEGIN RETURN QUERY SELECT 1 FROM t; RETURN NEXT f(); RETURN; END"),
            (Texts{"block", "SelectStmt", "SelectStmt", "leave"}));
  EXPECT_EQ(steps("BEGIN RAISE NOTICE '%, %', 1, (SELECT 2 FROM t); RAISE EXCEPTION 'x'; END"),
            (Texts{"block", "SelectStmt", "leave"}));
  EXPECT_EQ(steps("BEGIN DELETE FROM t; COMMIT; ROLLBACK AND CHAIN; END"),
            (Texts{"block", "DeleteStmt", "commit", "commit"}));
  EXPECT_EQ(steps("BEGIN x := 1; r.f = f(2); a[1] := 3; END"),
            (Texts{"block", "assign", "assign", "assign"}));
  EXPECT_EQ(
      steps("BEGIN BEGIN DELETE FROM t; EXCEPTION WHEN OTHERS OR SQLSTATE '23505' THEN NULL; END; END;"),
      (Texts{"block", "block", "DeleteStmt"}));
  EXPECT_EQ(
      steps("DECLARE a int; b text := 'x'; c CURSOR FOR SELECT 1 FROM t; BEGIN OPEN c; FETCH c INTO a; END"),
      (Texts{"assign", "assign", "block", "SelectStmt", "assign"}));
}

TEST(Plpgsql, IntoIsNoPartOfTheStatementWhereverItStands) {
  for (const std::string text : {"SELECT a INTO x FROM t", "SELECT a INTO STRICT x, r.y FROM t",
                                 "SELECT a FROM t INTO x", "INSERT INTO t VALUES (1) RETURNING a INTO x",
                                 "WITH w AS (DELETE FROM t RETURNING a) SELECT a INTO x FROM w"}) {
    const Body body = read_code(plpgsql("BEGIN " + text + "; END"));
    ASSERT_EQ(body.problem, "") << text;
    const CodeStep& step = body.steps.at(0).blocks.at(0).at(0);
    EXPECT_FALSE(step.targets.empty()) << text;
    EXPECT_EQ(step.targets.at(0), "x") << text;
    EXPECT_FALSE(step.statement.commands.at(0).is("into")) << text;
  }
}

TEST(Plpgsql, WhatIsNoPlpgsqlIsSaidAndWhatCameBeforeIsKept) {
  EXPECT_NE(read_code(plpgsql("BEGIN DELETE FROM t; IF x; END")).problem, "");
  EXPECT_NE(read_code(plpgsql("BEGIN DELETE FRM t; END")).problem, "");
  EXPECT_NE(read_code(plpgsql("BEGIN 'unterminated")).problem, "");
  EXPECT_NE(read_code(plpgsql("")).problem, "");
  EXPECT_NE(read_code({.language = "plpython3u", .text = "pass"}).problem, "");
}

TEST(Plpgsql, DeepNestingEndsInAProblem) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "BEGIN ";
  EXPECT_EQ(read_code(plpgsql(text)).problem, "it is nested too deep");
  text = "BEGIN ";
  for (int i = 0; i < 100'000; ++i) text += "IF a THEN ";
  EXPECT_EQ(read_code(plpgsql(text)).problem, "it is nested too deep");
}

// ---- texts ---------------------------------------------------------------------------------------

/// What `x := expression` gives, with `t` = my "table" and `n` = 7.
std::string value(const std::string& expression) {
  const Body body = read_code(plpgsql("BEGIN x := " + expression + "; END"));
  EXPECT_EQ(body.problem, "") << expression;
  const effects::Variables variables{{"t", effects::constant_text("My\"Table")},
                                     {"n", effects::constant_text("7")}};
  const Text text = effects::evaluate(body.steps.at(0).blocks.at(0).at(0).text, variables, Catalog());
  return text.kind == Text::Kind::constant ? text.value : text.kind == Text::Kind::null ? "NULL" : "?";
}

TEST(Texts, FormatAndItsKinAreEvaluatedAsPostgresqlDoes) {
  EXPECT_EQ(value("'a' || t || 'b'"), "aMy\"Tableb");
  EXPECT_EQ(value("'ALTER TABLE ' || quote_ident(t)"), "ALTER TABLE \"My\"\"Table\"");
  EXPECT_EQ(value("format('%I %L %s %%', t, 'it''s', n)"), "\"My\"\"Table\" 'it''s' 7 %");
  EXPECT_EQ(value("format('%2$s %1$s', 'a', 'b')"), "b a");
  EXPECT_EQ(value("format('%L', NULL)"), "NULL");
  EXPECT_EQ(value("format('%L', E'a\\\\b')"), "E'a\\\\b'");
  EXPECT_EQ(value("quote_literal(t)"), "'My\"Table'");
  EXPECT_EQ(value("'x' || NULL"), "NULL");
  EXPECT_EQ(value("concat('x', NULL, n)"), "x7");
  EXPECT_EQ(value("concat_ws('-', 'a', NULL, 'b')"), "a-b");
  EXPECT_EQ(value("lower('ABC') || upper('d')"), "abcD");
  EXPECT_EQ(value("replace('a-b', '-', '_')"), "a_b");
  EXPECT_EQ(value("(n + 1) * 10 - 3"), "77");
  EXPECT_EQ(value("coalesce(NULL, t)"), "My\"Table");
  EXPECT_EQ(value("(ARRAY['a', 'b'])[2]"), "b");
  EXPECT_EQ(value("'orders'::regclass::text"), "orders");
}

TEST(Texts, APartThatIsNotKnownLeavesItsMark) {
  EXPECT_EQ(value("format('DROP TABLE %I', other)"), "DROP TABLE unknown$part");
  EXPECT_EQ(value("'part_' || to_char(now(), 'YYYY')"), "part_unknown$part");
  EXPECT_EQ(value("f(t)"), "?");
}

TEST(Texts, ConditionsAreTrueFalseOrOpen) {
  EXPECT_EQ(value("n = 7 AND t <> 'x'"), "true");
  EXPECT_EQ(value("n > 8 OR t IS NULL"), "false");
  EXPECT_EQ(value("n IN (1, 7)"), "true");
  EXPECT_EQ(value("NOT (n < 3)"), "true");
  EXPECT_EQ(value("other = 1 AND n = 8"), "false");
  EXPECT_EQ(value("other = 1"), "?");
  EXPECT_EQ(value("t < 'x'"), "?");
}

}  // namespace
}  // namespace pgsluice
