// SPDX-License-Identifier: Apache-2.0
// The rows of rules/effects hold together: each example selects its own row, and what is not known is taken for
// the worst. What the rows say is proved on servers by tests/oracle.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "base/embedded.hpp"
#include "base/json.hpp"
#include "catalog/builtins.hpp"
#include "effects/subject.hpp"
#include "pgsluice/effects.hpp"

namespace pgsluice {
namespace {

const EffectTable& table() {
  static const EffectTable k_table = EffectTable::load({});
  return k_table;
}

Script script(const std::string& sql) {
  return parse({.path = "row.sql", .text = sql});
}

/// The versions at which a row's range begins and ends.
std::set<int> versions_of(const EffectRow& row) {
  return {std::max(row.pg_min, 12), std::min(row.pg_max, 18)};
}

class EveryRow : public testing::TestWithParam<const EffectRow*> {};

TEST_P(EveryRow, ExampleIsOneStatementThatLowersToItsTag) {
  const EffectRow& row = *GetParam();
  const Script example = script(row.example);
  EXPECT_TRUE(example.errors.empty());
  ASSERT_EQ(example.statements.size(), 1U);
  EXPECT_TRUE(
      std::ranges::any_of(example.statements[0].commands, [&](const Command& c) { return c.tag == row.on; }));
  EXPECT_TRUE(script(row.setup).errors.empty());
}

TEST_P(EveryRow, ExampleSelectsIt) {
  const EffectRow& row = *GetParam();
  for (const int version : versions_of(row)) {
    Catalog catalog;
    const PredictOptions options{.pg_version = version, .transaction = FileTransaction::none};
    predict(script(row.setup), catalog, table(), options);
    const Script example = script(row.example);
    const std::vector<Effect> effects = predict(example, catalog, table(), options);
    ASSERT_EQ(effects.size(), 1U);
    std::string selected;
    for (const CommandEffect& command : effects[0].commands) {
      selected += (command.row != nullptr ? command.row->id : "no row") + " ";
    }
    EXPECT_NE((" " + selected).find(" " + row.id + " "), std::string::npos)
        << "on PostgreSQL " << version << " the example selects " << selected;
  }
}

/// How bad a row is: the strongest lock on what may exist, then work.
std::tuple<int, bool, bool, bool> badness(const EffectRow& row) {
  int strongest = 0;
  for (const EffectRow::RoleLock& lock : row.locks) {
    if (!lock.role->name.starts_with("new_")) strongest = std::max(strongest, static_cast<int>(lock.mode));
  }
  return {strongest, !row.rewrites.empty(), !row.index_builds.empty(), !row.scans.empty()};
}

bool is_derived(std::string_view fact) {
  return std::ranges::any_of(effects::derived_facts(),
                             [&](const auto& derived) { return derived.name == fact; });
}

bool holds(const EffectRow::Condition& condition, const Command& command) {
  const FactValue* value = command.fact(condition.fact);
  if (value == nullptr)
    return std::ranges::find(condition.any_of, std::variant<bool, std::string>(false)) !=
           condition.any_of.end();
  return std::ranges::any_of(condition.any_of, [&](const auto& wanted) {
    if (const bool* flag = std::get_if<bool>(value)) return wanted == std::variant<bool, std::string>(*flag);
    if (std::holds_alternative<Unknown>(*value)) return true;
    return wanted == std::variant<bool, std::string>(std::string(std::get<std::string_view>(*value)));
  });
}

/// A derived fact that the command does not carry itself: on an unknown relation nobody can say.
bool is_open(const EffectRow::Condition& condition, const Command& command) {
  return command.fact(condition.fact) == nullptr && is_derived(condition.fact);
}

TEST_P(EveryRow, WhatIsNotKnownIsTakenForTheWorst) {
  const EffectRow& row = *GetParam();
  const Script example = script(row.example);
  ASSERT_FALSE(example.statements.empty());
  for (const Command& command : example.statements[0].commands) {
    if (command.tag != row.on) continue;
    const EffectRow* first = nullptr;
    for (const EffectRow* candidate : table().rows_for(command.tag)) {
      const bool possible = std::ranges::all_of(candidate->when, [&](const auto& condition) {
        return is_open(condition, command) || holds(condition, command);
      });
      const bool same_server = candidate->pg_min <= row.pg_max && row.pg_min <= candidate->pg_max;
      if (!possible || !same_server) continue;
      if (first == nullptr) first = candidate;
      EXPECT_GE(badness(*first), badness(*candidate))
          << candidate->id << " is worse than " << first->id << ", and stands after it";
      const bool certain =
          std::ranges::none_of(candidate->when, [&](const auto& c) { return is_open(c, command); });
      const bool covers =
          candidate->pg_min <= std::max(row.pg_min, 12) && candidate->pg_max >= std::min(row.pg_max, 18);
      if (certain && covers) break;  // nothing after it can be reached by this command on these servers
    }
  }
}

std::vector<const EffectRow*> all_rows() {
  std::vector<const EffectRow*> rows;
  for (const EffectRow& row : table().rows()) rows.push_back(&row);
  return rows;
}

INSTANTIATE_TEST_SUITE_P(Rows, EveryRow, testing::ValuesIn(all_rows()), [](const auto& info) {
  std::string name = info.param->id;
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

TEST(Rows, AreTheSameWhenTheyAreReadOneTagAtATime) {
  const EffectTable lazy = EffectTable::load({});
  std::size_t rows = 0;
  for (const EmbeddedFile& file : embedded_rules()) {
    if (!file.path.starts_with("effects/") || !file.path.ends_with(".json")) continue;
    const EffectTable whole = EffectTable::parse(file.contents, file.path);
    for (const EffectRow& row : whole.rows()) {
      const auto& asked = lazy.rows_for(row.on);
      EXPECT_NE(std::ranges::find(asked, row.id, &EffectRow::id), asked.end()) << row.id;
    }
    rows += whole.rows().size();
  }
  EXPECT_EQ(lazy.rows().size(), rows);
  EXPECT_TRUE(lazy.rows_for("NoSuchStmt").empty());
}

TEST(Rows, NamesOfFactsAreToldApartByTheirNumbers) {
  const std::vector<Vocabulary>& facts = known_facts();
  for (std::size_t i = 0; i < facts.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      EXPECT_FALSE(FactName::of(facts[i].name) == FactName::of(facts[k].name)) << facts[i].name;
    }
  }
}

TEST(Rows, KnowTheFunctionsAndTypesOfTheGeneratedCatalog) {
  const auto file = std::ranges::find(embedded_rules(), "catalog/pg_catalog.json", &EmbeddedFile::path);
  const Json json = parse_json(file->contents, file->path);
  const Catalog catalog;
  const Command command;
  const effects::Subject subject(command, catalog, 0);
  std::map<std::string, std::string> volatilities;  // of a name with several, the worst
  for (const char* marking : {"immutable", "stable", "volatile"}) {
    for (const Json& name : json.at(marking)) volatilities[name.get<std::string>()] = marking;
  }
  for (const auto& [name, marking] : volatilities) {
    EXPECT_EQ(effects::volatility(subject, {.schemaname = {}, .name = name}), marking) << name;
  }
  for (const Json& name : json.at("types")) {
    EXPECT_TRUE(is_builtin_type({.schemaname = {}, .name = name.get<std::string>()})) << name;
  }
}

TEST(Rows, IdsAreUnique) {
  std::set<std::string> ids;
  for (const EffectRow& row : table().rows()) EXPECT_TRUE(ids.insert(row.id).second) << row.id;
  EXPECT_GT(ids.size(), 200U);
}

TEST(Rows, NoMoreThanThreeConditions) {
  for (const EffectRow& row : table().rows()) {
    EXPECT_LE(row.when.size(), 3U) << row.id << ": a derived fact is missing";
  }
}

}  // namespace
}  // namespace pgsluice
