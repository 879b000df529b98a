// SPDX-License-Identifier: Apache-2.0
// Functions of texts that follow a language of their own: regular expressions and JSON.
#include <algorithm>
#include <array>
#include <regex>
#include <string>

#include "base/json.hpp"
#include "evaluate.hpp"
#include "text_functions.hpp"

namespace pgsluice::effects {

namespace {

using Kind = Text::Kind;
using Parts = const std::vector<Text>&;

constexpr std::size_t k_longest_json = 10'000;
constexpr std::size_t k_longest_text = 300;  // that a pattern is looked for in
constexpr std::size_t k_longest_pattern = 100;
constexpr std::size_t k_max_elements = 256;

bool are_constants(Parts parts, std::size_t least, std::size_t most) {
  return parts.size() >= least && parts.size() <= most &&
         std::ranges::all_of(parts, [](const Text& part) { return part.kind == Kind::constant; });
}

// ---- regular expressions ----------------------------------------------------------------------------------------

/// What means the same to PostgreSQL and to ECMAScript: no alternatives, of which the one takes the longest and the other
/// one the first, and only the commonest escapes. Nothing that repeats stands inside something else that does, so that a
/// match takes no longer than it may.
bool is_common(std::string_view pattern) {
  constexpr auto most_repeats = 3;
  const auto repeats = std::ranges::count_if(pattern, [](char c) { return c == '*' || c == '+'; });
  if (pattern.size() > k_longest_pattern || repeats > most_repeats || pattern.starts_with("***"))
    return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '|' || c == '{' || static_cast<unsigned char>(c) >= 0x80) return false;
    const char next = i + 1 < pattern.size() ? pattern[i + 1] : ' ';
    if (c == ')' && (next == '*' || next == '+' || next == '?')) return false;
    if (c == '(' && next == '?') return false;
    if (c != '\\') continue;
    constexpr std::string_view escapes = "dDsSwW.$^*+?()[]\\/-";
    if (++i == pattern.size() || escapes.find(pattern[i]) == std::string_view::npos) return false;
  }
  return true;
}

/// regexp_replace(text, pattern, replacement[, flags])
Text replaced(Parts parts) {
  if (!are_constants(parts, 3, 4) || parts[0].value.size() > k_longest_text) return {};
  const std::string flags = parts.size() == 4 ? parts[3].value : std::string();
  if (!is_common(parts[1].value) || flags.find_first_not_of("gi") != std::string::npos) return {};
  std::string replacement;
  for (std::size_t i = 0; i < parts[2].value.size(); ++i) {
    const char c = parts[2].value[i];
    const char next = i + 1 < parts[2].value.size() ? parts[2].value[i + 1] : ' ';
    if (c == '$') replacement += "$$";
    if (c == '\\' && next == '&') replacement += "$&";
    if (c == '\\' && next >= '1' && next <= '9') replacement += std::string("$0") + next;
    if (c == '\\') ++i;
    if (c != '$' && c != '\\') replacement += c;
  }
  try {
    const bool any_case = flags.find('i') != std::string::npos;
    const std::regex pattern(parts[1].value,
                             any_case ? std::regex::ECMAScript | std::regex::icase : std::regex::ECMAScript);
    const auto which = flags.find('g') != std::string::npos ? std::regex_constants::format_default
                                                            : std::regex_constants::format_first_only;
    return constant_text(std::regex_replace(parts[0].value, pattern, replacement, which));
  } catch (const std::regex_error&) {
    return {};
  }
}

/// regexp_split_to_table(text, pattern), as an array
Text split_by_pattern(Parts parts) {
  if (!are_constants(parts, 2, 2) || parts[0].value.size() > k_longest_text || parts[1].value.empty() ||
      !is_common(parts[1].value)) {
    return {};
  }
  try {
    const std::regex pattern(parts[1].value);
    const std::string& text = parts[0].value;
    Text result{.kind = Kind::array};
    for (std::sregex_token_iterator at(text.begin(), text.end(), pattern, -1), end; at != end; ++at)
      result.parts.push_back(constant_text(at->str()));
    return result.parts.size() > k_max_elements ? Text() : result;
  } catch (const std::regex_error&) {
    return {};
  }
}

// ---- JSON -------------------------------------------------------------------------------------------------------

Json parsed(const Text& text) {
  return text.kind == Kind::constant && text.value.size() <= k_longest_json
             ? Json::parse(text.value, nullptr, false)
             : Json(Json::value_t::discarded);
}

Text text_of_json(const Json& value) {
  if (value.is_null()) return {.kind = Kind::null};
  return constant_text(value.is_string() ? value.get<std::string>() : value.dump());
}

/// json -> key and json ->> key
template <bool as_text>
Text member(Parts parts) {
  if (!are_constants(parts, 2, 2)) return {};
  const Json json = parsed(parts[0]);
  const std::string& key = parts[1].value;
  const Json* found = nullptr;
  if (json.is_discarded()) return {};
  if (json.is_object() && json.contains(key)) found = &json.at(key);
  if (json.is_array()) {
    const bool is_index = !key.empty() && key.size() < 4 &&
                          std::ranges::all_of(key, [](char c) { return c >= '0' && c <= '9'; });
    if (!is_index) return {};
    const auto at = static_cast<std::size_t>(std::stoul(key));
    if (at < json.size()) found = &json.at(at);
  }
  if (found == nullptr) return {.kind = Kind::null};
  return as_text ? text_of_json(*found) : constant_text(found->dump());
}

/// json_array_elements_text(json), as an array
Text elements(Parts parts) {
  const Json json = parts.size() == 1 ? parsed(parts[0]) : Json(Json::value_t::discarded);
  if (!json.is_array() || json.size() > k_max_elements) return {};
  Text result{.kind = Kind::array};
  for (const Json& element : json) result.parts.push_back(text_of_json(element));
  return result;
}

/// json_object_keys(json), as an array
Text keys(Parts parts) {
  const Json json = parts.size() == 1 ? parsed(parts[0]) : Json(Json::value_t::discarded);
  if (!json.is_object() || json.size() > k_max_elements) return {};
  Text result{.kind = Kind::array};
  for (const auto& [key, value] : json.items()) result.parts.push_back(constant_text(key));
  return result;
}

struct Named {
  std::string_view name;
  TextFunction compute;
};

constexpr std::array k_pattern_functions = {
    Named{"regexp_replace", replaced},
    Named{"regexp_split_to_table", split_by_pattern},
    Named{"regexp_split_to_array", split_by_pattern},
    Named{"->", member<false>},
    Named{"->>", member<true>},
    Named{"json_array_elements_text", elements},
    Named{"jsonb_array_elements_text", elements},
    Named{"json_object_keys", keys},
    Named{"jsonb_object_keys", keys},
};

}  // namespace

TextFunction pattern_function(std::string_view name) {
  const auto found = std::ranges::find(k_pattern_functions, name, &Named::name);
  return found != k_pattern_functions.end() ? found->compute : nullptr;
}

}  // namespace pgsluice::effects
