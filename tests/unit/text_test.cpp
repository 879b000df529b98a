// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/secrets.hpp"
#include "base/utf8.hpp"

namespace pgsluice {
namespace {

TEST(NaturalLess, ComparesDigitsAsNumbers) {
  std::vector<std::string> names = {"10_b.sql", "9_a.sql", "0002_c.sql", "2_c.sql", "a.sql", "a1b2", "a1b10"};
  std::sort(names.begin(), names.end(), natural_less);
  EXPECT_EQ(names, (std::vector<std::string>{"0002_c.sql", "2_c.sql", "9_a.sql", "10_b.sql", "a.sql", "a1b2",
                                             "a1b10"}));
}

TEST(NaturalLess, ComparesNumbersThatFitNoInteger) {
  EXPECT_TRUE(natural_less("99999999999999999999998", "99999999999999999999999"));
  EXPECT_FALSE(natural_less("99999999999999999999999", "99999999999999999999998"));
}

TEST(NaturalLess, IsAStrictOrder) {
  EXPECT_FALSE(natural_less("a", "a"));
  EXPECT_NE(natural_less("01", "1"), natural_less("1", "01"));
}

TEST(Utf8, FindsTheFirstByteThatIsNone) {
  EXPECT_EQ(first_invalid_utf8("plain"), std::nullopt);
  EXPECT_EQ(first_invalid_utf8("é€😀"), std::nullopt);
  EXPECT_EQ(first_invalid_utf8("ab\xFF"), 2u);
  EXPECT_EQ(first_invalid_utf8("\xC0\x80"), 0u) << "an overlong form";
  EXPECT_EQ(first_invalid_utf8("\xED\xA0\x80"), 0u) << "a surrogate";
  EXPECT_EQ(first_invalid_utf8("a\xE2\x82"), 1u) << "cut off";
}

TEST(Utf8, FindsTheStartOfACharacterAlsoWhereThereIsNone) {
  EXPECT_EQ(utf8_floor("a😀", 4), 1u);
  EXPECT_EQ(utf8_floor("a😀", 1), 1u);
  EXPECT_EQ(utf8_floor("a😀", 9), 5u);
  EXPECT_EQ(utf8_floor("\x80\x80", 0), 0u) << "nothing stands before it";
  EXPECT_EQ(utf8_floor("a\x80\x80\x80\x80", 4), 4u) << "further away than a character is long";
}

TEST(WithoutPasswords, HidesThemWhereverAConnectionStringStands) {
  EXPECT_EQ(without_passwords("cannot read postgres://me:hush@h/db: no such file"),
            "cannot read postgres://me:***@h/db: no such file");
  EXPECT_EQ(without_passwords("postgres://me:hu@s:h@h/db"), "postgres://me:***@h/db");
  EXPECT_EQ(without_passwords("\"host=h password=hush port=1\""), "\"host=h password=*** port=1\"");
  EXPECT_EQ(without_passwords("password='hu \\' sh' x"), "password=*** x");
  EXPECT_EQ(without_passwords("postgres://h/db?password=hush&sslpassword=sh"),
            "postgres://h/db?password=***&sslpassword=***");
  EXPECT_EQ(without_passwords("postgres://me@h:5432/db"), "postgres://me@h:5432/db");
}

TEST(DisplayWidth, CountsColumnsOfATerminal) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("é"), 1);
  EXPECT_EQ(display_width("e\xCC\x81"), 1) << "combining accent";
  EXPECT_EQ(display_width("表"), 2);
  EXPECT_EQ(display_width("😀"), 2);
}

TEST(Printable, ShowsWhatATerminalWouldObey) {
  EXPECT_EQ(printable("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(printable("a\tb\n"), "a\tb\n");
  EXPECT_EQ(printable_line("a\tb\n"), "a\\tb\\n");
  EXPECT_EQ(printable("\xFF"), "\\xff");
  EXPECT_EQ(printable("\u202e"), "\\u202e") << "right-to-left override";
  EXPECT_EQ(printable("\u009b"
                      "31m"),
            "\\x9b31m")
      << "a control sequence in one character";
}

TEST(Closest, SuggestsOnlyWhatIsNear) {
  const std::vector<std::string> words = {"lint", "apply", "status"};
  EXPECT_EQ(closest("lnt", words), "lint");
  EXPECT_EQ(closest("statsu", words), "status");
  EXPECT_EQ(closest("explain", words), std::nullopt);
}

TEST(Wrap, BreaksAtSpaces) {
  EXPECT_EQ(wrap("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrap("unbreakable", 3), (std::vector<std::string>{"unbreakable"}));
  EXPECT_EQ(wrap("a\nb", 10), (std::vector<std::string>{"a", "b"}));
}

TEST(Enumerate, ReadsLikeASentence) {
  EXPECT_EQ(enumerate(std::vector<std::string>{}, " and "), "");
  EXPECT_EQ(enumerate(std::vector<std::string>{"a"}, " and "), "a");
  EXPECT_EQ(enumerate(std::vector<std::string>{"a", "b", "c"}, " and "), "a, b and c");
}

}  // namespace
}  // namespace pgsluice
