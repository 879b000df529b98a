// SPDX-License-Identifier: Apache-2.0
// Releases of applications, as people name them: semantic versions with some leniency, or commits.

#include "pgsluice/release.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "pgsluice/ledger.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_digits = "0123456789";
/// More parts than that no version has; a date and time without separators is one part.
constexpr std::size_t k_most_parts = 8;

struct Version {
  std::vector<std::string_view> numbers;     ///< without leading zeros
  std::vector<std::string_view> prerelease;  ///< "rc1", or "rc" and "1"
};

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of(k_digits) == std::string_view::npos;
}

std::string_view without_zeros(std::string_view number) {
  const std::size_t first = number.find_first_not_of('0');
  return first == std::string_view::npos ? number.substr(0, number.empty() ? 0 : 1) : number.substr(first);
}

/// Of any length: a build number may be longer than an integer.
int compare_numbers(std::string_view a, std::string_view b) {
  a = without_zeros(a);
  b = without_zeros(b);
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

bool are_identifiers(const std::vector<std::string_view>& parts) {
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    // `2.4.0-3-g4f3c2b1` is what `git describe` says of a commit behind 2.4.0, and no release before it.
    return !part.empty() && !is_commit(part.substr(part.rfind('-') + 1)) &&
           std::all_of(part.begin(), part.end(), [](char c) {
             return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
           });
  });
}

/// A number of many digits alone is the beginning of a commit or a date; `v7` and the build 4711 are versions.
bool is_plausible(const std::vector<std::string_view>& numbers, bool has_v) {
  return numbers.size() <= k_most_parts && std::all_of(numbers.begin(), numbers.end(), is_number) &&
         (numbers.size() > 1 || has_v || numbers.front().size() <= 4);
}

/// Builds that are counted, 12345 and 12346: more digits than a version has alone, and fewer than a commit.
bool are_counted_builds(std::string_view a, std::string_view b) {
  constexpr std::size_t k_most = 6;
  return is_number(a) && is_number(b) && a.size() <= k_most && b.size() <= k_most;
}

/// Where the build begins in 2.0.0+7, or in 2.0.0_7: a label of Kubernetes cannot have the plus.
std::size_t build_at(std::string_view text) {
  const std::size_t build = text.find_first_of("+_");
  const bool is_build = build != std::string_view::npos && (text[build] == '+' || text.find('.') < build);
  return is_build ? build : std::string_view::npos;
}

std::optional<Version> parse_version(std::string_view text) {
  text = trim(text);
  const bool has_v = text.starts_with('v') || text.starts_with('V');
  text.remove_prefix(has_v ? 1 : 0);
  text = text.substr(0, build_at(text));
  const std::size_t dash = text.find('-');
  Version version{.numbers = split(text.substr(0, dash), '.'), .prerelease = {}};
  if (!is_plausible(version.numbers, has_v)) return std::nullopt;
  if (dash != std::string_view::npos) {
    version.prerelease = split(text.substr(dash + 1), '.');
    if (!are_identifiers(version.prerelease)) return std::nullopt;
  }
  return version;
}

int compare_number_lists(const Version& a, const Version& b) {
  const std::size_t parts = std::max(a.numbers.size(), b.numbers.size());
  for (std::size_t i = 0; i < parts; ++i) {
    const int order =
        compare_numbers(i < a.numbers.size() ? a.numbers[i] : "0", i < b.numbers.size() ? b.numbers[i] : "0");
    if (order != 0) return order;
  }
  return 0;
}

/// `rc10` after `rc9`, which semver's bytes would have the other way round: everybody means it so.
int compare_identifiers(std::string_view a, std::string_view b) {
  if (is_number(a) != is_number(b)) return is_number(a) ? -1 : 1;
  if (is_number(a)) return compare_numbers(a, b);
  return natural_less(a, b) ? -1 : natural_less(b, a) ? 1 : 0;
}

int compare_prereleases(const Version& a, const Version& b) {
  if (a.prerelease.empty() != b.prerelease.empty()) return a.prerelease.empty() ? 1 : -1;
  const std::size_t parts = std::min(a.prerelease.size(), b.prerelease.size());
  for (std::size_t i = 0; i < parts; ++i) {
    const int order = compare_identifiers(a.prerelease[i], b.prerelease[i]);
    if (order != 0) return order;
  }
  return static_cast<int>(a.prerelease.size()) - static_cast<int>(b.prerelease.size());
}

/// What follows `+` does not count, unless it is all in which the two differ.
bool are_two_builds(std::string_view a, std::string_view b) {
  const std::size_t first = build_at(a);
  const std::size_t second = build_at(b);
  return first != std::string_view::npos && second != std::string_view::npos &&
         a.substr(first + 1) != b.substr(second + 1);
}

/// `4f3c2b1` is what `4f3c2b1a9d…` is.
bool are_same(std::string_view a, std::string_view b) {
  return a == b || (is_commit(a) && is_commit(b) && (a.starts_with(b) || b.starts_with(a)));
}

/// Twice the place, so that a version that nobody has brought finds its own between two others: before the first newer one.
std::optional<std::size_t> place_of(std::string_view release, const std::vector<std::string>& order) {
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (are_same(order[i], release)) return 2 * i + 1;
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto known = compare_versions(order[i], release);
    if (known && *known >= 0) return 2 * i + (*known == 0 ? 1 : 0);
  }
  return std::nullopt;
}

}  // namespace

bool is_commit(std::string_view text) {
  constexpr std::size_t shortest = 7;
  text.remove_prefix(text.starts_with('g') ? 1 : 0);
  return text.size() >= shortest && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<int> compare_versions(std::string_view a, std::string_view b) {
  if (are_counted_builds(trim(a), trim(b))) return compare_numbers(trim(a), trim(b));
  const auto left = parse_version(a);
  const auto right = parse_version(b);
  if (!left || !right) return std::nullopt;
  const int order = compare_number_lists(*left, *right);
  return order != 0 ? order : compare_prereleases(*left, *right);
}

std::optional<int> compare_releases(std::string_view a, std::string_view b,
                                    const std::vector<std::string>& order) {
  const auto versions = compare_versions(a, b);
  if (versions && !(*versions == 0 && are_two_builds(a, b))) return versions;
  if (are_same(a, b)) return 0;
  // Of two builds of one version, only those that it has seen.
  if (versions && (std::ranges::count(order, a) == 0 || std::ranges::count(order, b) == 0))
    return std::nullopt;
  const std::optional<std::size_t> first = place_of(a, order);
  const std::optional<std::size_t> second = place_of(b, order);
  if (!first || !second || *first == *second) return std::nullopt;
  return *first < *second ? -1 : 1;
}

std::vector<std::string> releases_of(const std::vector<BroughtRelease>& brought, std::string_view app,
                                     const std::string& this_release) {
  std::vector<std::string> releases;
  const auto add = [&releases](const std::string& release) {
    if (!release.empty() && std::ranges::count(releases, release) == 0) releases.push_back(release);
  };
  for (const BroughtRelease& known : brought) {
    if (known.may_be_of(app)) add(known.release);
  }
  add(this_release);
  return releases;
}

}  // namespace pgsluice
