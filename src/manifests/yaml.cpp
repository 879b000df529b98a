// SPDX-License-Identifier: Apache-2.0
#include "manifests/yaml.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/text.hpp"

namespace pgsluice {
namespace {

/// What YAML 1.1 or 1.2 takes for something else than text.
bool is_word(std::string_view text) {
  constexpr std::array<std::string_view, 13> words = {"",   "~",   "null", "true", "false", "yes", "no",
                                                      "on", "off", "y",    "n",    ".inf",  ".nan"};
  return std::ranges::find(words, to_lower(text)) != words.end();
}

/// Or a number, a time or a date: everything that is made of their characters alone.
bool may_be_number(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEFxXoO_.:+-") == std::string_view::npos &&
         std::string_view("0123456789.+-").find(text.front()) != std::string_view::npos;
}

bool is_plain(std::string_view text) {
  constexpr std::string_view harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./";
  return !is_word(text) && !may_be_number(text) && harmless.find(text.front()) != std::string_view::npos &&
         text.find_first_not_of(cat(harmless, ":@+~-")) == std::string_view::npos && text.back() != ':';
}

}  // namespace

std::string yaml_quoted(std::string_view text) {
  return Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::string yaml_scalar(std::string_view text) {
  return is_plain(text) ? std::string(text) : yaml_quoted(text);
}

}  // namespace pgsluice
