// SPDX-License-Identifier: Apache-2.0
// Versions of applications, as people write them.

#include <gtest/gtest.h>

#include "pgsluice/gate.hpp"

namespace pgsluice {
namespace {

/// "<", "=", ">" or "?".
std::string compared(std::string_view a, std::string_view b) {
  const auto order = compare_versions(a, b);
  return !order ? "?" : *order < 0 ? "<" : *order > 0 ? ">" : "=";
}

TEST(Versions, CompareAsSemanticVersions) {
  EXPECT_EQ(compared("2.4.0", "2.10.0"), "<");
  EXPECT_EQ(compared("2.4.0-rc1", "2.4.0"), "<");
  EXPECT_EQ(compared("2.4.0-rc.2", "2.4.0-rc.10"), "<");
  EXPECT_EQ(compared("2.4.0-alpha", "2.4.0-alpha.1"), "<");
  EXPECT_EQ(compared("2.4.0-1", "2.4.0-alpha"), "<");
  EXPECT_EQ(compared("2.4.0+build.7", "2.4.0"), "=");
  EXPECT_EQ(compared("2.4.0_build7", "2.4.0"), "=") << "as Helm writes it into labels";
}

TEST(Versions, AreReadWithLeniency) {
  EXPECT_EQ(compared("v2.4", "2.4.0"), "=");
  EXPECT_EQ(compared("2.4.0-rc9", "2.4.0-rc10"), "<");
  EXPECT_EQ(compared("2.04", "2.4"), "=");
  EXPECT_EQ(compared("1.2.3.4", "1.2.3"), ">");
  EXPECT_EQ(compared("v7", "6.9"), ">");
  EXPECT_EQ(compared("2026.11.26", "2026.9.30"), ">");
  EXPECT_EQ(compared("1.99999999999999999999", "1.100000000000000000000"), "<");
}

TEST(Versions, MayBeBuildsThatAreCounted) {
  EXPECT_EQ(compared("12345", "12346"), "<");
  EXPECT_EQ(compared("100000", "99999"), ">");
  EXPECT_EQ(compared("12346", "2.0.0"), "?") << "a build beside versions";
  EXPECT_EQ(compared("1234567", "1234568"), "?") << "may be commits";
}

TEST(Versions, ThatAreNoneCannotBeCompared) {
  for (const char* text : {"", "latest", "main", "4f3c2b1", "1234567890", "2..4", "2.4.", "2.x", "2.4.0-",
                           "1.2 3", "2024_01_02", "2.4.0-3-g4f3c2b1", "2.4.0-4f3c2b1"}) {
    EXPECT_EQ(compared(text, "2.4.0"), "?") << text;
  }
}

TEST(Releases, ThatAreNoVersionsFollowOneAnotherAsTheyWereSeen) {
  const std::vector<std::string> order{"2.4.0", "beef002", "2.4.0-1-gf00d001", "1.0+a", "1.0+b"};
  EXPECT_LT(compare_releases("2.4.0", "2.4.0-1-gf00d001", order).value(), 0);
  EXPECT_GT(compare_releases("2.4.0-1-gf00d001", "beef002", order).value(), 0);
  EXPECT_EQ(compare_releases("beef002", "beef002c0ffee", order), 0) << "a commit and its beginning";
  EXPECT_LT(compare_releases("1.0+a", "1.0+b", order).value(), 0);
  EXPECT_EQ(compare_releases("1.0+a", "1.0", order), 0);
  EXPECT_EQ(compare_releases("1.0+a", "1.0+c", order), std::nullopt);
  EXPECT_EQ(compare_releases("latest", "2.4.0", order), std::nullopt);
  EXPECT_GT(compare_releases("beef002", "v2.4.0", order).value(), 0);
  EXPECT_GT(compare_releases("beef002", "2.3.9", order).value(), 0) << "that comes before 2.4.0";
  EXPECT_EQ(compare_releases("beef002", "2.4.1", order), std::nullopt) << "nobody knows";
  EXPECT_GT(compare_releases("2.10", "2.9", {"2.10", "2.9"}).value(), 0) << "versions know it better";
}

TEST(AppNeed, SaysWhichVersionsFit) {
  const AppNeed need = parse_app_need("checkout>=2.4.0").value();
  EXPECT_EQ(to_string(need), "checkout>=2.4.0");
  EXPECT_EQ(fits("v2.4", need), Verdict::open);
  EXPECT_EQ(fits("2.4.0-rc1", need), Verdict::closed);
  EXPECT_EQ(fits("4f3c2b1", need), Verdict::unknown);
  EXPECT_EQ(fits("2.5", parse_app_need("checkout=2.4").value()), Verdict::closed);
  EXPECT_EQ(fits("4f3c2b1", parse_app_need("checkout=4f3c2b1").value()), Verdict::open);
  EXPECT_EQ(fits("2.4", parse_app_need("checkout>2.4").value()), Verdict::closed);
  for (const char* text : {"", "checkout", ">=2", "checkout>=", "checkout<2", "checkout<=2"}) {
    EXPECT_FALSE(parse_app_need(text)) << text;
  }
}

}  // namespace
}  // namespace pgsluice
