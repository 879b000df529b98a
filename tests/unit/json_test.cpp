// SPDX-License-Identifier: Apache-2.0
#include "base/json.hpp"
#include "base/json_writer.hpp"

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
  EXPECT_EQ(error_of([&] { expect_object(Json{{"wen", 1}}, place, {"when", "on"}); }),
            "x.json#/rows/3/wen: unknown key \"wen\" | Did you mean \"when\"?");
}

TEST(Json, EscapesThePointer) {
  EXPECT_EQ((JsonPlace{"f", ""} / "a/b~c").pointer, "/a~1b~0c");
}

TEST(Json, RefusesAMemberOfAnotherType) {
  const JsonPlace place{.file = "x.json", .pointer = {}};
  EXPECT_EQ(error_of([&] { get_string(Json{{"a", 1}}, "a", place); }),
            "x.json#/a: must be a string, not number");
  EXPECT_EQ(error_of([&] { get_string(Json::object(), "a", place); }), "x.json#/: the key \"a\" is missing");
}

TEST(Json, WritesTextThatIsNoUtf8) {
  EXPECT_EQ(dump(OrderedJson("a\xFF")), "\"a\uFFFD\"");
}

TEST(Sha256, IsTheStandardOne) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  std::string digests;  // of all lengths around the ends of blocks
  for (std::size_t size = 0; size <= 200; ++size) digests += sha256_hex(std::string(size, 'a'));
  EXPECT_EQ(sha256_hex(digests), "eb555248bd20c7831e511d4461b42c9b084e3a64b44d57b00051172f8afe03ff");
}

// ---- JsonWriter ------------------------------------------------------------------------------------------------------

std::string written(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonWriter, WritesStringsAsTheLibraryDoes) {
  std::string every_byte;
  for (int c = 0; c < 0x80; ++c) every_byte += static_cast<char>(c);
  for (const std::string& text :
       {std::string(), std::string("plain"), std::string("a \"quoted\" \\ word"), every_byte,
        std::string("caf\u00e9 \u8868 \U0001F600, eight bytes and more"), std::string(100, '\n')}) {
    EXPECT_EQ(written(text), dump(OrderedJson(text)));
  }
}

TEST(JsonWriter, ReplacesWhatIsNoUtf8) {
  EXPECT_EQ(written("a\xFF"
                    "b"),
            "\"a\uFFFD"
            "b\"");
  EXPECT_EQ(written("\xE8\xA1"), "\"\uFFFD\uFFFD\"");
}

TEST(JsonWriter, PutsCommasBetweenMembersAndItems) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("a", 1);
  json.member("b", std::optional<int>());
  json.key("c");
  json.begin_array();
  json.value(true);
  json.value("x");
  json.begin_array();
  json.end_array();
  json.end_array();
  json.member("d", std::size_t{18446744073709551615U});
  json.end_object();
  EXPECT_EQ(out, R"({"a":1,"b":null,"c":[true,"x",[]],"d":18446744073709551615})");
}

TEST(JsonWriter, CutsLongTextBetweenCharacters) {
  std::string text(65535, 'a');
  text += "\u8868\"" + std::string(200'000, 'b') + "\n";
  std::string out;
  std::string buffer;
  JsonWriter json(buffer);
  json.long_value(text, [&] { out += std::exchange(buffer, {}); });
  EXPECT_EQ(out + buffer, dump(OrderedJson(text)));
}

}  // namespace
}  // namespace pgsluice
