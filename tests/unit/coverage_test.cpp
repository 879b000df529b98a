// SPDX-License-Identifier: Apache-2.0
// Every statement and every ALTER TABLE sub-command of the grammar has a row. The tags are read from the headers of the
// parser that is linked, so that a newer grammar fails here until its commands are known.
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

#include "base/files.hpp"
#include "pgsluice/effects.hpp"

namespace pgsluice {
namespace {

using Tags = std::set<std::string>;

Tags tags_in(const std::string& header, const std::string& pattern) {
  const std::string text = read_file(std::string(PGSLUICE_PARSER_HEADERS "/nodes/") + header);
  const std::regex tag(pattern);
  Tags tags;
  for (auto match = std::sregex_iterator(text.begin(), text.end(), tag); match != std::sregex_iterator();
       ++match) {
    tags.insert((*match)[1].str());
  }
  return tags;
}

Tags without(Tags tags, const Tags& left_out) {
  for (const std::string& tag : left_out) tags.erase(tag);
  return tags;
}

void expect_rows(const Tags& tags) {
  const EffectTable table = EffectTable::load({});
  for (const std::string& tag : tags) {
    EXPECT_FALSE(table.rows_for(tag).empty())
        << tag << " is a command of the grammar, and no row of rules/effects knows it";
  }
}

TEST(Coverage, EveryStatementOfTheGrammarHasARow) {
  // Not what stands between two semicolons: a wrapper, a part of a statement, or made by the planner; ALTER TABLE is its
  // sub-commands.
  const Tags parts = {"RawStmt",       "PlannedStmt",         "PLAssignStmt",
                      "ReturnStmt",    "ReplicaIdentityStmt", "SetOperationStmt",
                      "AlterTableStmt"};
  const Tags statements = without(tags_in("nodetags.h", R"(\bT_(\w+Stmt)\b)"), parts);
  EXPECT_GT(statements.size(), 100U);
  expect_rows(statements);
}

TEST(Coverage, EverySubCommandOfAlterTableHasARow) {
  // Made by the server from other commands (parsenodes.h AlterTableType says so), never by the grammar.
  const Tags made = {"AT_AddColumnToView",    "AT_CookedColumnDefault", "AT_AddIndex",
                     "AT_ReAddIndex",         "AT_ReAddConstraint",     "AT_ReAddDomainConstraint",
                     "AT_AddIndexConstraint", "AT_ReAddComment",        "AT_ReplaceRelOptions",
                     "AT_ReAddStatistics"};
  const Tags commands = without(tags_in("parsenodes.h", R"(\b(AT_\w+)\b)"), made);
  EXPECT_GT(commands.size(), 50U);
  expect_rows(commands);
}

}  // namespace
}  // namespace pgsluice
