// SPDX-License-Identifier: Apache-2.0
#include "support/schema.hpp"

#include <algorithm>
#include <regex>

#include "base/embedded.hpp"

namespace pgsluice::test {
namespace {

/// The part of JSON Schema that our schemas use; whatever else one says is an error, so nothing is left unchecked.
class SchemaValidator {
 public:
  explicit SchemaValidator(const Json& schema) : root_(schema) {}

  std::vector<std::string> validate(const Json& value) {
    check(root_, value, "");
    return std::move(errors_);
  }

 private:
  void fail(const std::string& place, const std::string& message) {
    errors_.push_back(place + ": " + message);
  }

  static bool has_type(const Json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    if (type == "boolean") return value.is_boolean();
    return type == "null" && value.is_null();
  }

  void check(const Json& schema, const Json& value, const std::string& place) {
    for (const auto& [keyword, argument] : schema.items())
      check_keyword(keyword, argument, schema, value, place);
  }

  void check_keyword(const std::string& keyword, const Json& argument, const Json& schema, const Json& value,
                     const std::string& place) {
    if (keyword == "$schema" || keyword == "$defs" || keyword == "title" || keyword == "description") return;
    if (keyword == "$ref")
      return check(root_.at(Json::json_pointer(argument.get<std::string>().substr(1))), value, place);
    if (keyword == "type") return check_type(argument, value, place);
    if (keyword == "const" && value != argument) return fail(place, "is not " + argument.dump());
    if (keyword == "enum" && std::find(argument.begin(), argument.end(), value) == argument.end()) {
      return fail(place, value.dump() + " is none of " + argument.dump());
    }
    if (keyword == "const" || keyword == "enum") return;
    if (keyword == "minimum") return expect(!value.is_number() || value >= argument, place, "is too small");
    if (keyword == "minLength")
      return expect(!value.is_string() || !value.get<std::string>().empty(), place, "is empty");
    if (keyword == "minItems") return expect(!value.is_array() || !value.empty(), place, "is empty");
    if (keyword == "pattern") return check_pattern(argument, value, place);
    if (keyword == "items") return check_items(argument, value, place);
    if (keyword == "anyOf") return check_any(argument, value, place);
    if (keyword == "required") return check_required(argument, value, place);
    if (keyword == "properties" || keyword == "additionalProperties") {
      return keyword == "properties" && schema.contains("additionalProperties")
                 ? void()
                 : check_members(schema, value, place);
    }
    fail(place, "the validator does not know the keyword " + keyword);
  }

  void expect(bool holds, const std::string& place, const std::string& message) {
    if (!holds) fail(place, message);
  }

  void check_type(const Json& types, const Json& value, const std::string& place) {
    const Json list = types.is_array() ? types : Json::array({types});
    expect(std::any_of(list.begin(), list.end(), [&](const Json& type) { return has_type(value, type); }),
           place, std::string(value.type_name()) + " is not " + types.dump());
  }

  void check_pattern(const Json& pattern, const Json& value, const std::string& place) {
    if (!value.is_string()) return;
    expect(std::regex_search(value.get<std::string>(), std::regex(pattern.get<std::string>())), place,
           value.dump() + " does not match " + pattern.dump());
  }

  void check_items(const Json& schema, const Json& value, const std::string& place) {
    if (!value.is_array()) return;
    for (std::size_t i = 0; i < value.size(); ++i) check(schema, value[i], place + "/" + std::to_string(i));
  }

  void check_any(const Json& schemas, const Json& value, const std::string& place) {
    for (const Json& schema : schemas) {
      SchemaValidator one(root_);
      one.check(schema, value, place);
      if (one.errors_.empty()) return;
    }
    fail(place, "fits no alternative");
  }

  void check_required(const Json& keys, const Json& value, const std::string& place) {
    for (const Json& key : keys)
      expect(!value.is_object() || value.contains(key), place, key.dump() + " is missing");
  }

  void check_members(const Json& schema, const Json& value, const std::string& place) {
    if (!value.is_object()) return;
    const Json properties = schema.value("properties", Json::object());
    const Json others = schema.value("additionalProperties", Json(true));
    for (const auto& [key, member] : value.items()) {
      if (properties.contains(key)) {
        check(properties[key], member, place + "/" + key);
      } else if (others.is_object()) {
        check(others, member, place + "/" + key);
      } else {
        expect(others.get<bool>(), place, "unknown key " + key);
      }
    }
  }

  const Json& root_;
  std::vector<std::string> errors_;
};

}  // namespace

Json embedded_json(std::string_view path) {
  for (const EmbeddedFile& file : embedded_rules()) {
    if (file.path == path) return parse_json(file.contents, path);
  }
  return {};
}

std::vector<std::string> validate(std::string_view schema_path, const Json& value) {
  const Json schema = embedded_json(schema_path);
  return SchemaValidator(schema).validate(value);
}

}  // namespace pgsluice::test
