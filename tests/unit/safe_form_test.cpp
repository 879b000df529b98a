// SPDX-License-Identifier: Apache-2.0
// A safe form can be pasted: with the user's names, and SQL as far as everything is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "effects/safe_form.hpp"
#include "pgsluice/error.hpp"
#include "support/analysis.hpp"

namespace pgsluice {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The safe form of the first finding that has one. `before` stands in an earlier file.
std::string instead_of(const std::string& sql, const std::string& before = {}) {
  constexpr int k_version = 15;
  Catalog catalog;
  test::analyse_sql(before, "0.sql", k_version, catalog);
  const std::string text = "-- pgsluice: transaction=off\nSET lock_timeout = '2s';\n" + sql;
  for (const Finding& finding : test::analyse_sql(text, "x.sql", k_version, catalog).findings) {
    if (!finding.row.empty()) return finding.instead;
  }
  return {};
}

TEST(SafeForm, OfEveryExampleFitsIntoAReportAndIsSql) {
  constexpr int width = 96;
  for (const EffectRow& row : test::built_in_effects().rows()) {
    const std::string form = effects::safe_form(row);
    for (const std::string_view line : lines(form))
      EXPECT_LE(display_width(line), width) << row.id << ": " << line;
    EXPECT_THAT(form, Not(HasSubstr("{"))) << row.id;
    if (form.find("…") != std::string::npos) continue;
    for (const SyntaxError& error : parse({.path = row.id, .text = form}).errors) {
      ADD_FAILURE() << row.id << ": " << error.message << "\n" << form;
    }
  }
}

TEST(SafeForm, HasTheNamesOfTheUser) {
  EXPECT_EQ(
      instead_of("ALTER TABLE shop.\"Orders\" ALTER note SET NOT NULL"),
      "ALTER TABLE shop.\"Orders\" ADD CONSTRAINT \"Orders_note_not_null\" CHECK (note IS NOT NULL) "
      "NOT VALID;\n"
      "-- blocks neither reads nor writes\n"
      "ALTER TABLE shop.\"Orders\" VALIDATE CONSTRAINT \"Orders_note_not_null\";\n"
      "ALTER TABLE shop.\"Orders\" ALTER COLUMN note SET NOT NULL;   -- proved by the constraint: no scan\n"
      "ALTER TABLE shop.\"Orders\" DROP CONSTRAINT \"Orders_note_not_null\";");
}

TEST(SafeForm, KeepsTypeAndDefaultAsTheyAreWritten) {
  const std::string form = instead_of(
      "ALTER TABLE t ADD COLUMN c double  precision /* why */ NOT NULL DEFAULT random() * (1 +\n 1) CHECK (c "
      "> 0)");
  EXPECT_THAT(form, HasSubstr("ALTER TABLE t ADD COLUMN c double precision;"));
  EXPECT_THAT(form, HasSubstr("ALTER TABLE t ALTER COLUMN c SET DEFAULT random() * (1 + 1);"));
}

TEST(SafeForm, KeepsTheDefinitionOfAConstraint) {
  const std::string form = instead_of(
      "ALTER TABLE a ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES b (id) ON DELETE CASCADE, ADD COLUMN x int");
  EXPECT_THAT(
      form,
      HasSubstr(
          "ALTER TABLE a ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES b (id) ON DELETE CASCADE NOT VALID;"));
}

TEST(SafeForm, ChoosesTheNameThatPostgresqlWouldChoose) {
  EXPECT_THAT(instead_of("ALTER TABLE a ADD FOREIGN KEY (b, c) REFERENCES b"),
              HasSubstr("CONSTRAINT a_b_c_fkey;"));
  EXPECT_THAT(instead_of("ALTER TABLE a ADD CHECK (b > 0)"), HasSubstr("CONSTRAINT a_b_check;"));
  EXPECT_THAT(instead_of("ALTER TABLE a ADD UNIQUE (b) INCLUDE (c)"),
              HasSubstr("CREATE UNIQUE INDEX CONCURRENTLY a_b_key ON a (b) INCLUDE (c);"));
}

TEST(SafeForm, TellsAColumnCalledTypeFromItsType) {
  EXPECT_THAT(instead_of("ALTER TABLE t ALTER type TYPE numeric(10, 2) USING type::numeric"),
              HasSubstr("ALTER TABLE t ADD COLUMN type_new numeric(10, 2);"));
}

TEST(SafeForm, PutsConcurrentlyWhereItBelongs) {
  EXPECT_THAT(instead_of("CREATE UNIQUE INDEX ON t USING btree (lower(a)) WHERE b"),
              HasSubstr("CREATE UNIQUE INDEX CONCURRENTLY ON t USING btree (lower(a)) WHERE b;"));
  EXPECT_THAT(instead_of("REINDEX TABLE t", "CREATE TABLE t (a int PRIMARY KEY)"),
              HasSubstr("REINDEX TABLE CONCURRENTLY t;"));
  EXPECT_THAT(instead_of("REFRESH MATERIALIZED VIEW m"),
              HasSubstr("REFRESH MATERIALIZED VIEW CONCURRENTLY m;"));
}

TEST(SafeForm, KeepsTheBoundsOfAPartition) {
  EXPECT_THAT(instead_of("CREATE TABLE p PARTITION OF t FOR VALUES FROM (1, 'a') TO (2, MAXVALUE)",
                         "CREATE TABLE d PARTITION OF t DEFAULT"),
              HasSubstr("ALTER TABLE t ATTACH PARTITION p FOR VALUES FROM (1, 'a') TO (2, MAXVALUE);"));
}

TEST(SafeForm, OfARowThatUsesAnUnknownWordIsRefused) {
  EXPECT_THROW(EffectTable::parse(R"j({"rows": [{"id": "x", "on": "LockStmt", "source": "none",
      "example": "LOCK TABLE t", "instead": "DROP TABLE {reltion};"}]})j",
                                  "x.json"),
               Error);
}

}  // namespace
}  // namespace pgsluice
