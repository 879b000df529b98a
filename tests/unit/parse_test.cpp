// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "pgsluice/sql.hpp"

namespace pgsluice {
namespace {

Script parse_text(std::string text) {
  return parse({.path = "test.sql", .text = std::move(text)});
}

std::vector<std::string> tags(const Script& script) {
  std::vector<std::string> result;
  for (const Statement& statement : script.statements) {
    for (const Command& command : statement.commands) result.emplace_back(command.tag);
  }
  return result;
}

using Texts = std::vector<std::string>;

TEST(Parse, ABadStatementIsOneErrorAndTheOthersAreThere) {
  const Script script = parse_text("SELECT 1;\n\nSELEC 2;\nSELECT 3;\n  ALTER TABEL t;\nSELECT 4");
  EXPECT_EQ(tags(script), (Texts{"SelectStmt", "SelectStmt", "SelectStmt"}));
  ASSERT_EQ(script.errors.size(), 2U);
  const LineIndex lines(script.source.text);
  EXPECT_EQ(lines.position(script.errors[0].range.begin), (Position{3, 1}));
  EXPECT_EQ(script.text(script.errors[0].range), "SELEC");
  EXPECT_EQ(lines.position(script.errors[1].range.begin), (Position{5, 9}));
  EXPECT_EQ(script.errors[1].message, "syntax error at or near \"TABEL\"");
}

TEST(Parse, ErrorPositionsCountCharactersAsPeopleDo) {
  const Script script = parse_text("-- äöü\nSELECT 'ä€𝄞', FROM;");
  ASSERT_EQ(script.errors.size(), 1U);
  const LineIndex lines(script.source.text);
  EXPECT_EQ(lines.position(script.errors[0].range.begin), (Position{2, 15}));
  EXPECT_EQ(script.text(script.errors[0].range), "FROM");
}

TEST(Parse, AnErrorAtTheEndPointsBehindTheLastToken) {
  const Script script = parse_text("CREATE TABLE t (id int");
  ASSERT_EQ(script.errors.size(), 1U);
  EXPECT_EQ(script.errors[0].message, "syntax error at end of input");
  EXPECT_EQ(script.errors[0].range.begin, 22U);
}

TEST(Parse, EverySubCommandOfAlterTableHasItsOwnRange) {
  const Script script = parse_text(
      "ALTER TABLE IF EXISTS ONLY s.\"a,b\" /* c, */ ADD COLUMN x numeric(10, 2) DEFAULT f(1, 2),\n"
      "  DROP COLUMN y , ALTER z TYPE text USING concat(a, ',')");
  ASSERT_EQ(script.statements.size(), 1U);
  Texts texts;
  for (const Command& command : script.statements[0].commands) texts.emplace_back(script.text(command.range));
  EXPECT_EQ(texts, (Texts{"ADD COLUMN x numeric(10, 2) DEFAULT f(1, 2)", "DROP COLUMN y",
                          "ALTER z TYPE text USING concat(a, ',')"}));
  const RelationRef* target = script.statements[0].commands[0].relation("target");
  EXPECT_EQ(target->name, (RelationName{"s", "a,b"}));
  EXPECT_TRUE(target->only);
}

TEST(Parse, InlineConstraintsAreCommandsOfTheirOwn) {
  const Script script = parse_text(
      "ALTER TABLE t ADD COLUMN x int CONSTRAINT pos CHECK (x > 0) REFERENCES r (id) NOT NULL UNIQUE");
  EXPECT_EQ(tags(script),
            (Texts{"AT_AddColumn", "AT_AddConstraint", "AT_AddConstraint", "AT_AddConstraint"}));
  const std::vector<Command>& commands = script.statements[0].commands;
  EXPECT_EQ(script.text(commands[1].range), "CONSTRAINT pos CHECK (x > 0)");
  EXPECT_EQ(commands[2].text("contype"), "CONSTR_FOREIGN");
  EXPECT_EQ(commands[2].relation("referenced")->name.relname, "r");
  EXPECT_EQ(commands[3].constraints.front().columns, Names{"x"});
}

TEST(Parse, TypesLoseTheSchemaThatTheGrammarAdds) {
  const Script script =
      parse_text("CREATE TABLE t (a int, b varchar(20), c text[], d app.email, e timestamptz(3))");
  const std::vector<ColumnDef>& columns = script.statements[0].commands[0].columns;
  EXPECT_EQ(columns[0].type, (TypeName{.name = "int4"}));
  EXPECT_EQ(columns[1].type, (TypeName{.name = "varchar", .typmods = {20}}));
  EXPECT_TRUE(columns[2].type.array);
  EXPECT_EQ(columns[3].type, (TypeName{.schemaname = "app", .name = "email"}));
  EXPECT_EQ(columns[4].type, (TypeName{.name = "timestamptz", .typmods = {3}}));
}

TEST(Parse, QueriesSayWhatTheyReadAndWrite) {
  const Script script = parse_text(
      "WITH gone AS (DELETE FROM a RETURNING *), kept AS (SELECT * FROM b) "
      "INSERT INTO c SELECT * FROM gone JOIN kept ON true WHERE EXISTS (SELECT 1 FROM d FOR UPDATE)");
  Texts roles;
  for (const RelationRef& ref : script.statements[0].commands[0].relations) {
    roles.push_back(std::string(ref.role) + " " + ref.name.relname);
  }
  std::ranges::sort(roles);
  EXPECT_EQ(roles, (Texts{"locked d", "source b", "target c", "written a"}));
}

TEST(Parse, DefaultsSayWhatTheyCall) {
  const Script script =
      parse_text("ALTER TABLE t ADD x text DEFAULT lower(md5(random()::text)), ADD y int DEFAULT -1");
  const Expression& call =
      *script.statements[0].commands[0].columns[0].constraint("CONSTR_DEFAULT")->expression;
  Texts names;
  for (const FunctionCall& function : call.functions) names.push_back(function.name);
  EXPECT_EQ(names, (Texts{"lower", "md5", "random"}));
  EXPECT_TRUE(script.statements[0].commands[1].columns[0].constraint("CONSTR_DEFAULT")->expression->literal);
}

TEST(Parse, AByteOrderMarkIsNoText) {
  const Script script = parse_text("\xef\xbb\xbfSELECT 1;");
  EXPECT_TRUE(script.errors.empty());
  EXPECT_EQ(script.statements.at(0).range.begin, 0U);
}

TEST(Parse, CarriageReturnsBelongToNoLine) {
  const Script script = parse_text("SELECT 1;\r\nSELEC 2;\r\n");
  const LineIndex lines(script.source.text);
  ASSERT_EQ(script.errors.size(), 1U);
  EXPECT_EQ(lines.position(script.errors[0].range.begin), (Position{2, 1}));
  EXPECT_EQ(lines.line(1), "SELECT 1;");
}

TEST(LineIndex, CountsAnywhereInALongText) {
  std::string text;
  for (int i = 0; text.size() < 10'000; ++i) {
    text += std::string(static_cast<std::size_t>(i * 37 % 700), i % 3 == 0 ? 'x' : 'y');
    if (i % 5 == 0) text += "é–𝄞";
    text += i % 7 == 0 ? "\r\n" : "\n";
  }
  text.resize(text.rfind('\n') + 1);
  const LineIndex lines(text);
  Position at;
  std::string line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool inside_character = (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
    if (!inside_character) {
      ASSERT_EQ(lines.position(i), at) << i;
      if (text[i] != '\n') ++at.column;
    }
    if (text[i] != '\n') {
      if (text[i] != '\r') line += text[i];
      continue;
    }
    ASSERT_EQ(lines.line(at.line), line);
    at = {.line = at.line + 1, .column = 1};
    line.clear();
  }
  EXPECT_EQ(lines.position(text.size()), at);
  EXPECT_EQ(lines.lines(), at.line);
  EXPECT_EQ(lines.line(at.line), "");
}

TEST(Parse, BytesThatNoServerAcceptsAreErrorsOfTheirStatement) {
  const Script script = parse_text(std::string("SELECT 1;\nSELECT '\0';\nSELECT '\xff';\nSELECT 4;", 43));
  EXPECT_EQ(script.statements.size(), 2U);
  ASSERT_EQ(script.errors.size(), 2U);
  EXPECT_EQ(script.errors[0].message, "NUL byte in the file");
  EXPECT_EQ(script.errors[0].range.begin, 18U);
  EXPECT_EQ(script.errors[1].message, "invalid byte sequence for encoding UTF-8");
  EXPECT_EQ(script.errors[1].range.begin, 30U);
}

TEST(Parse, Utf16IsNamed) {
  const Script script = parse_text(std::string("\xff\xfeS\0E\0", 6));
  ASSERT_EQ(script.errors.size(), 1U);
  EXPECT_EQ(script.errors[0].message, "the file is UTF-16");
}

TEST(Parse, NoDepthOfNestingOverflowsTheStack) {
  std::string sum = "SELECT 1";
  for (int i = 0; i < 200'000; ++i) sum += "+1";
  EXPECT_EQ(parse_text(sum).statements.size(), 1U);
  const Script nested = parse_text("SELECT " + std::string(100'000, '(') + "1" + std::string(100'000, ')'));
  EXPECT_EQ(nested.errors.size(), 1U);
}

TEST(Parse, MessagesDoNotRepeatTheRestOfTheFile) {
  const Script script = parse_text("SELECT 1 FROM FROM '" + std::string(100'000, 'x') + "'");
  ASSERT_EQ(script.errors.size(), 1U);
  EXPECT_LT(script.errors[0].message.size(), 300U);
}

TEST(Parse, ThreadsDoNotDisturbEachOther) {
  std::vector<std::jthread> threads;
  std::vector<std::size_t> counts(4);
  for (std::size_t& count : counts) {
    threads.emplace_back([&count] {
      for (int i = 0; i < 50; ++i)
        count += parse_text("SELECT 1; SELEC 2; ALTER TABLE t ADD x int").statements.size();
    });
  }
  threads.clear();
  EXPECT_EQ(counts, (std::vector<std::size_t>{100, 100, 100, 100}));
}

TEST(QuoteIdent, QuotesAsTheServerDoes) {
  EXPECT_EQ(quote_ident("orders"), "orders");
  EXPECT_EQ(quote_ident("Order Items"), "\"Order Items\"");
  EXPECT_EQ(quote_ident("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(quote_ident("select"), "\"select\"");
  EXPECT_EQ(quote_ident("name"), "name");
  EXPECT_EQ(quote_ident("between"), "\"between\"");
  EXPECT_EQ(quote_ident("1a"), "\"1a\"");
  EXPECT_EQ(quote_ident("é"), "\"é\"");
  EXPECT_EQ(quote_ident(""), "\"\"");
  EXPECT_EQ((RelationName{"public", "order"}).quoted(), "public.\"order\"");
}

}  // namespace
}  // namespace pgsluice
