// SPDX-License-Identifier: Apache-2.0
#include "base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/sha256.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

std::string error_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return std::string(error.what()) + (error.hint().empty() ? "" : " | " + error.hint());
  }
  return "no error";
}

TEST(Json, NamesThePlaceOfASyntaxError) {
  EXPECT_THAT(error_of([] { parse_json("{\n  \"a\": nope\n}", "x.json"); }),
              testing::StartsWith("x.json:2:9: not valid JSON: "));
}

TEST(Json, RefusesARepeatedKey) {
  EXPECT_EQ(error_of([] { parse_json(R"({"a": {"b": 1, "b": 2}})", "x.json"); }),
            "x.json#/: the key \"b\" stands twice in one object");
}

TEST(Json, NamesAnUnknownKeyByItsPointer) {
  const JsonPlace place{.file = "x.json", .pointer = "/rows/3"};
  EXPECT_EQ(error_of([&] {
              expect_object(Json{{"wen", 1}}, place, {"when", "on"});
            }),
            "x.json#/rows/3/wen: unknown key \"wen\" | Did you mean \"when\"?");
}

TEST(Json, EscapesThePointer) {
  EXPECT_EQ((JsonPlace{"f", ""} / "a/b~c").pointer, "/a~1b~0c");
}

TEST(Json, RefusesAMemberOfAnotherType) {
  const JsonPlace place{.file = "x.json", .pointer = {}};
  EXPECT_EQ(error_of([&] {
              get_string(Json{{"a", 1}}, "a", place);
            }),
            "x.json#/a: must be a string, not number");
  EXPECT_EQ(error_of([&] { get_string(Json::object(), "a", place); }), "x.json#/: the key \"a\" is missing");
}

TEST(Json, WritesTextThatIsNoUtf8) {
  EXPECT_EQ(dump(OrderedJson("a\xFF")), "\"a\uFFFD\"");
}

TEST(Sha256, IsTheStandardOne) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace pgsluice
