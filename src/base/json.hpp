// SPDX-License-Identifier: Apache-2.0
#pragma once

// JSON that people write by hand, read strictly: an unknown key, a wrong type or a repeated key is an Error(usage)
// that names the file and the JSON pointer.

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace pgsluice {

using Json = nlohmann::json;
/// Keeps the order in which keys were set: for the documents that we write.
using OrderedJson = nlohmann::ordered_json;

/// A place in a JSON file, for messages: `rules/effects/drop.json#/rows/3/when`.
struct JsonPlace {
  std::string file;
  std::string pointer;
  [[nodiscard]] JsonPlace operator/(std::string_view key) const;
  [[nodiscard]] JsonPlace operator/(std::size_t index) const;
};

[[noreturn]] void json_error(const JsonPlace& place, std::string_view message, std::string hint = {});

/// Parses a whole file. A syntax error names line and column.
Json parse_json(std::string_view text, std::string_view file_name);

/// An object whose keys are all in `known`; the error suggests the key that was probably meant.
void expect_object(const Json& value, const JsonPlace& place, std::span<const std::string_view> known);
inline void expect_object(const Json& value, const JsonPlace& place,
                          std::initializer_list<std::string_view> known) {
  expect_object(value, place, std::span(known.begin(), known.size()));
}
void expect_array(const Json& value, const JsonPlace& place);

/// A member of an object; an Error when it is missing or of another type.
const Json& get_member(const Json& object, std::string_view key, const JsonPlace& place);
std::string get_string(const Json& object, std::string_view key, const JsonPlace& place);

/// A member of an object that may be missing; an Error when it is there with another type.
std::string find_string(const Json& object, std::string_view key,
                        const JsonPlace& place);                                   ///< "" when missing
bool find_bool(const Json& object, std::string_view key, const JsonPlace& place);  ///< false when missing
std::optional<long long> find_integer(const Json& object, std::string_view key, const JsonPlace& place);
std::optional<double> find_number(const Json& object, std::string_view key, const JsonPlace& place);
std::vector<std::string> find_strings(const Json& object, std::string_view key, const JsonPlace& place);

/// One line of compact JSON. Text that is no UTF-8 gets U+FFFD instead of throwing.
std::string dump(const OrderedJson& value);
/// Two spaces per level, and a final line feed.
std::string dump_pretty(const OrderedJson& value);

}  // namespace pgsluice
