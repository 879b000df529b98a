// SPDX-License-Identifier: Apache-2.0
#include "base/json.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

std::string escape_pointer(std::string_view key) {
  return replace_all(replace_all(key, "~", "~0"), "/", "~1");
}

std::string unknown_key_hint(std::string_view key, std::span<const std::string_view> known) {
  const std::vector<std::string> names(known.begin(), known.end());
  if (const auto meant = closest(key, names)) {
    return cat("Did you mean \"", *meant, "\"?");
  }
  return cat("Known keys: ", join(names, ", "), ".");
}

/// nlohmann's parser keeps the last of several equal keys; a rule that loses a condition that way is a trap.
class RepeatedKeys {
 public:
  explicit RepeatedKeys(std::string_view file_name) : file_name_(file_name) {}

  void see(Json::parse_event_t event, const Json& parsed) {
    if (event == Json::parse_event_t::object_start) {
      open_.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      open_.pop_back();
    } else if (event == Json::parse_event_t::key && !open_.back().insert(parsed.get<std::string>()).second) {
      json_error({.file = std::string(file_name_), .pointer = ""},
                 cat("the key ", parsed.dump(), " stands twice in one object"));
    }
  }

 private:
  std::string_view file_name_;
  std::vector<std::set<std::string>> open_;
};

[[noreturn]] void syntax_error(std::string_view text, std::string_view file_name,
                               const Json::parse_error& error) {
  const std::string_view before = text.substr(0, std::min(text.size(), error.byte > 0 ? error.byte - 1 : 0));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;
  std::string_view why = error.what();
  why.remove_prefix(std::min(why.size(), why.find("syntax error")));
  if (trim(text).empty()) why = "it is empty";  // the library's words for that differ between its releases
  throw Error(ExitCode::usage, cat(file_name, ":", std::to_string(line), ":", std::to_string(column),
                                   ": not valid JSON: ", printable_line(why)));
}

const Json* find_member(const Json& object, std::string_view key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

std::string string_of(const Json& value, const JsonPlace& place) {
  if (!value.is_string()) {
    json_error(place, cat("must be a string, not ", value.type_name()));
  }
  return value.get<std::string>();
}

}  // namespace

JsonPlace JsonPlace::operator/(std::string_view key) const {
  return {.file = file, .pointer = cat(pointer, "/", escape_pointer(key))};
}

JsonPlace JsonPlace::operator/(std::size_t index) const {
  return {.file = file, .pointer = cat(pointer, "/", std::to_string(index))};
}

void json_error(const JsonPlace& place, std::string_view message, std::string hint) {
  throw Error(ExitCode::usage,
              cat(place.file, "#", place.pointer.empty() ? "/" : place.pointer, ": ", message),
              std::move(hint));
}

Json parse_json(std::string_view text, std::string_view file_name) {
  RepeatedKeys repeated(file_name);
  try {
    return Json::parse(text, [&repeated](int, Json::parse_event_t event, Json& parsed) {
      repeated.see(event, parsed);
      return true;
    });
  } catch (const Json::parse_error& error) {
    syntax_error(text, file_name, error);
  }
}

void expect_object(const Json& value, const JsonPlace& place, std::span<const std::string_view> known) {
  if (!value.is_object()) {
    json_error(place, cat("must be an object, not ", value.type_name()));
  }
  for (const auto& [key, ignored] : value.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      json_error(place / key, cat("unknown key \"", printable_line(key), "\""), unknown_key_hint(key, known));
    }
  }
}

void expect_array(const Json& value, const JsonPlace& place) {
  if (!value.is_array()) {
    json_error(place, cat("must be an array, not ", value.type_name()));
  }
}

const Json& get_member(const Json& object, std::string_view key, const JsonPlace& place) {
  const Json* member = find_member(object, key);
  if (member == nullptr) {
    json_error(place, cat("the key \"", key, "\" is missing"));
  }
  return *member;
}

std::string get_string(const Json& object, std::string_view key, const JsonPlace& place) {
  return string_of(get_member(object, key, place), place / key);
}

std::string find_string(const Json& object, std::string_view key, const JsonPlace& place) {
  const Json* member = find_member(object, key);
  return member == nullptr ? std::string() : string_of(*member, place / key);
}

bool find_bool(const Json& object, std::string_view key, const JsonPlace& place) {
  const Json* member = find_member(object, key);
  if (member != nullptr && !member->is_boolean()) {
    json_error(place / key, cat("must be true or false, not ", member->type_name()));
  }
  return member != nullptr && member->get<bool>();
}

std::optional<long long> find_integer(const Json& object, std::string_view key, const JsonPlace& place) {
  const Json* member = find_member(object, key);
  if (member == nullptr) return std::nullopt;
  if (!member->is_number_integer()) {
    json_error(place / key, cat("must be a whole number, not ", member->type_name()));
  }
  return member->get<long long>();
}

std::optional<double> find_number(const Json& object, std::string_view key, const JsonPlace& place) {
  const Json* member = find_member(object, key);
  if (member == nullptr) return std::nullopt;
  if (!member->is_number()) {
    json_error(place / key, cat("must be a number, not ", member->type_name()));
  }
  return member->get<double>();
}

std::vector<std::string> find_strings(const Json& object, std::string_view key, const JsonPlace& place) {
  std::vector<std::string> strings;
  if (const Json* member = find_member(object, key)) {
    expect_array(*member, place / key);
    for (std::size_t i = 0; i < member->size(); ++i) {
      strings.push_back(string_of((*member)[i], place / key / i));
    }
  }
  return strings;
}

std::string dump(const OrderedJson& value) {
  return value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

std::string dump_pretty(const OrderedJson& value) {
  return value.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace pgsluice
