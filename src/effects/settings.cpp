// SPDX-License-Identifier: Apache-2.0
#include "settings.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

namespace pgsluice::effects {

namespace {

/// guc.c time units.
constexpr std::array<std::pair<std::string_view, double>, 6> k_units = {
    {{"us", 0.001}, {"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

Names parse_search_path(std::string_view text) {
  constexpr std::size_t most = 64;  // what only stands behind so many is not known
  Names schemas;
  while (!text.empty() && schemas.size() < most) {
    const std::size_t comma = text.find(',');
    std::string_view schema = trim(text.substr(0, comma));
    if (schema.size() >= 2 && schema.front() == '"' && schema.back() == '"') {
      schema = schema.substr(1, schema.size() - 2);
    }
    if (!schema.empty() && schema != "$user") schemas.emplace_back(schema);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return schemas;
}

}  // namespace

std::optional<long long> parse_milliseconds(std::string_view text) {
  text = trim(text);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit = trim(text.substr(static_cast<std::size_t>(end - text.data())));
  if (unit.empty()) return std::llround(number);
  for (const auto& [name, factor] : k_units) {
    if (unit == name) return std::llround(number * factor);
  }
  return std::nullopt;
}

void Settings::start(const Catalog& catalog) {
  default_.search_path = catalog.search_path;
  default_.timezone = catalog.timezone;
  default_.role = catalog.session_role;
  default_.access_method = catalog.default_access_method;
  now_ = default_;
  session_ = now_;
  before_ = now_;
}

void Settings::assign(Values& values, const Command& command) const {
  const std::string_view kind = command.text("kind");
  const bool is_set = kind == "VAR_SET_VALUE";
  const bool all = kind == "VAR_RESET_ALL" || command.text("discards") == "all";
  if (command.name == "lock_timeout" || all) {
    values.lock_timeout = is_set ? parse_milliseconds(command.new_name) : std::nullopt;
  }
  if (command.name == "timezone" || all) {
    values.timezone = is_set ? command.new_name.str() : default_.timezone;
  }
  if (command.name == "role" || command.name == "session_authorization" || all) {
    values.role = is_set && command.new_name != "none" ? command.new_name : default_.role;
  }
  if (command.name == "default_tablespace" || all) {
    values.tablespace = is_set ? command.new_name : default_.tablespace;
  }
  if (command.name == "default_table_access_method" || all) {
    values.access_method = is_set ? command.new_name : default_.access_method;
  }
  if (command.name == "session_replication_role" || all) {
    values.is_replica = is_set && command.new_name == "replica";
  }
  if (command.name == "check_function_bodies" || all) {
    values.check_function_bodies = !is_set || (command.new_name != "off" && command.new_name != "false");
  }
  if (command.name == "search_path" || all) {
    values.search_path = is_set ? parse_search_path(command.new_name) : default_.search_path;
  }
}

void Settings::set(const Command& command, bool in_transaction) {
  if (command.is("is_local") && !in_transaction) return;
  assign(now_, command);
  if (!command.is("is_local")) assign(session_, command);
  if (!in_transaction) before_ = session_;
}

void Settings::end_transaction(bool roll_back) {
  if (roll_back) session_ = before_;
  before_ = session_;
  now_ = session_;
}

}  // namespace pgsluice::effects
