// SPDX-License-Identifier: Apache-2.0
#include "cli/config_schema.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/json.hpp"
#include "base/text.hpp"

namespace pgsluice::cli {
namespace {

OrderedJson scalar(const std::string& type) {
  // What is not here is a text.
  static const std::array<std::pair<std::string_view, OrderedJson>, 4> k_types = {{
      {"N", {{"type", OrderedJson::array({"integer", "string"})}}},
      {"MAJOR", {{"type", OrderedJson::array({"integer", "string"})}}},
      {"DURATION", {{"type", "string"}, {"pattern", "^[0-9]+(ms|s|m|h)$"}}},
      {"SIZE", {{"type", "string"}}},
  }};
  for (const auto& [name, schema] : k_types) {
    if (type == name) return schema;
  }
  if (type.find('|') == std::string::npos || type.find('[') != std::string::npos) return {{"type", "string"}};
  OrderedJson words = OrderedJson::array();
  for (const std::string_view word : split(type, '|')) words.push_back(word);
  return {{"enum", std::move(words)}};
}

OrderedJson value_of(const CLI::Option& option) {
  if (option.get_expected_max() == 0 || option.get_type_size() == 0) return {{"type", "boolean"}};
  OrderedJson one = scalar(option.get_type_name());
  if (option.get_expected_max() <= 1) return one;
  OrderedJson many = {{"type", "array"}, {"items", one}};
  return {{"anyOf", OrderedJson::array({std::move(one), std::move(many)})}};
}

void add_options(const CLI::App& app, OrderedJson& properties) {
  for (const CLI::Option* option : app.get_options()) {
    const std::string key = option->get_single_name();
    if (!option->get_configurable() || properties.contains(key)) continue;
    OrderedJson property = {{"description", option->get_description()}};
    property.update(value_of(*option));
    properties[key] = std::move(property);
  }
}

OrderedJson object_of(OrderedJson properties) {
  return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

}  // namespace

std::string config_schema(const CLI::App& app) {
  OrderedJson properties = OrderedJson::object();
  OrderedJson sections = OrderedJson::object();
  add_options(app, properties);
  for (const CLI::App* command : app.get_subcommands({})) {
    add_options(*command, properties);
    OrderedJson own = OrderedJson::object();
    add_options(*command, own);
    sections[command->get_name()] = object_of(std::move(own));
    sections[command->get_name()]["description"] = command->get_description();
  }
  for (auto& [name, section] : sections.items()) properties[name] = std::move(section);
  OrderedJson schema = {
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"title", "pgsluice.toml"},
      {"description",
       "Options of the command line without their dashes: for every command that has them, or in a "
       "section for one. Written by pgsluice --config-schema."},
  };
  schema.update(object_of(std::move(properties)));
  constexpr int indent = 2;
  return schema.dump(indent) + "\n";
}

}  // namespace pgsluice::cli
