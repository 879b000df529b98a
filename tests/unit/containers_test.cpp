// SPDX-License-Identifier: Apache-2.0
// What catalogs and scripts are kept in, beside what the standard library does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "pgsluice/few.hpp"
#include "pgsluice/name_table.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Few, IsAList) {
  Few<std::string> few;
  EXPECT_THAT(few, IsEmpty());
  for (const char* text : {"a", "b", "c", "b", "a text that is too long to stand in a string itself"})
    few.push_back(text);
  Few<std::string> copy = few;
  erase(copy, std::string("b"));
  erase_if(copy, [](const std::string& text) { return text.size() > 1; });
  EXPECT_THAT(copy, ElementsAre("a", "c"));
  EXPECT_EQ(few.size(), 5U);
  copy.emplace_back("d");
  few = std::move(copy);
  EXPECT_THAT(few, ElementsAre("a", "c", "d"));
  EXPECT_EQ(few, (Few<std::string>{"a", "c", "d"}));
  EXPECT_EQ(std::vector<std::string>(few), (std::vector<std::string>{"a", "c", "d"}));
  few = std::vector<std::string>{"z"};
  EXPECT_EQ(few.front() + few.back(), "zz");
  few.clear();
  erase_if(few, [](const std::string&) { return true; });
  EXPECT_THAT(few, IsEmpty());
}

TEST(Few, TakesAnItemOfItsOwn) {
  Few<std::string> few = {"a text that is too long to stand in a string itself"};
  for (int i = 0; i < 20; ++i) few.push_back(few.front());
  EXPECT_THAT(few, testing::Each(few.front()));
}

struct Thing {
  int name = 0;
  int value = 0;
  ShareCount share_count;
};

/// All names want the same few places.
struct Crowded {
  std::size_t operator()(int name) const { return static_cast<std::size_t>(name % 7); }
};

TEST(NameTable, IsAMap) {
  NameTable<Thing, Crowded> table;
  std::map<int, int> map;
  std::minstd_rand random(1);
  for (int i = 0; i < 20'000; ++i) {
    const int name = static_cast<int>(random() % 60);
    if (random() % 2 == 0) {
      table.put(Shared(Thing{.name = name, .value = i}));
      map[name] = i;
    } else {
      table.erase(name);
      map.erase(name);
    }
    ASSERT_EQ(table.size(), map.size());
    const int wanted = static_cast<int>(random() % 60);
    const Shared<Thing>* found = table.find(wanted);
    ASSERT_EQ(found != nullptr, map.contains(wanted));
    if (found != nullptr) {
      ASSERT_EQ((*found)->value, map[wanted]);
    }
  }
  std::map<int, int> all;
  for (const Shared<Thing>& thing : table.all()) all[thing->name] = thing->value;
  EXPECT_EQ(all, map);
}

TEST(NameTable, ACopyDoesNotSeeWhatIsChangedLater) {
  NameTable<Thing, Crowded> table;
  table.put(Shared(Thing{.name = 1, .value = 1}));
  const Thing* before = table.find(1)->get();
  table.find(1)->edit().value = 2;
  EXPECT_EQ(table.find(1)->get(), before);  // nobody shares it: no copy is made
  const NameTable<Thing, Crowded> copy = table;
  EXPECT_EQ(*copy.find(1), *table.find(1));
  table.find(1)->edit().value = 3;
  EXPECT_EQ((*copy.find(1))->value, 2);
  EXPECT_EQ((*table.find(1))->value, 3);
  EXPECT_FALSE(*copy.find(1) == *table.find(1));
}

TEST(Statements, KeepTheirNumbersWhenOthersGo) {
  Script script = parse({.path = "a.sql", .text = "BEGIN; SELECT 1; SELECT 2; COMMIT;"});
  script.statements.let_go(2);
  EXPECT_EQ(script.statements.size(), 4U);
  EXPECT_EQ(script.text(script.statements[2].range), "SELECT 2");
  EXPECT_EQ(script.statements.front().range, script.statements[2].range);
  script.statements.let_go(4);
  EXPECT_EQ(script.statements.size(), 4U);
  EXPECT_EQ(script.statements.begin(), script.statements.end());
}

}  // namespace
}  // namespace pgsluice
