// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "pgsluice/box.hpp"
#include "pgsluice/name.hpp"

namespace pgsluice {
namespace {

TEST(Name, IsTheSamePlaceForTheSameText) {
  const Name name = "orders";
  EXPECT_EQ(&name.str(), &Name(std::string("orders")).str());
  EXPECT_EQ(name, "orders");
  EXPECT_NE(name, Name("order"));
  EXPECT_TRUE(Name().empty());
  EXPECT_TRUE(Name("").empty());
}

TEST(Name, SortsByText) {
  Names names = {"b", "c", "a", ""};
  std::ranges::sort(names);
  EXPECT_THAT(names, testing::ElementsAre("", "a", "b", "c"));
}

TEST(Name, IsTheSameInEveryThread) {
  constexpr int count = 5000;
  std::vector<Names> seen(4);
  std::vector<std::thread> threads;
  for (Names& names : seen) {
    threads.emplace_back([&names] {
      for (int i = 0; i < count; ++i) names.emplace_back("name_" + std::to_string(i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Names& names : seen) EXPECT_EQ(names, seen.front());
}

TEST(Box, IsAValue) {
  Box<std::string> one = std::string("text");
  Box<std::string> other = one;
  other.edit() += " changed";
  EXPECT_EQ(*one, "text");
  EXPECT_EQ(*other, "text changed");
  one.reset();
  EXPECT_FALSE(one);
  EXPECT_FALSE(Box<int>(std::nullopt).has_value());
}

}  // namespace
}  // namespace pgsluice
