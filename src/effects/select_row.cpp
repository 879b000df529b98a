// SPDX-License-Identifier: Apache-2.0
#include "select_row.hpp"

#include <algorithm>

namespace pgsluice::effects {

namespace {

bool version_matches(const EffectRow& row, int version) {
  return version == 0 || (version >= row.pg_min && version <= row.pg_max);
}

bool same(const FactValue& value, const std::variant<bool, std::string>& wanted) {
  if (const bool* flag = std::get_if<bool>(&value)) {
    const bool* other = std::get_if<bool>(&wanted);
    return other != nullptr && *flag == *other;
  }
  const std::string* text = std::get_if<std::string>(&wanted);
  return text != nullptr && std::get<std::string_view>(value) == *text;
}

std::string describe(const EffectRow::Condition& condition) {
  const auto& wanted = condition.any_of.front();
  const bool* flag = std::get_if<bool>(&wanted);
  return std::string(condition.fact) + " = " +
         (flag != nullptr ? (*flag ? "true" : "false") : std::get<std::string>(wanted));
}

/// Every condition holds; an Unknown fact holds, too, and is noted.
bool matches(const EffectRow& row, const Subject& subject, std::vector<std::string>& assumed) {
  assumed.clear();
  for (const EffectRow::Condition& condition : row.when) {
    const FactValue value = fact_of(subject, condition);
    if (std::holds_alternative<Unknown>(value)) {
      std::string subject_name = subject.has_target() ? subject.target_name().quoted() : std::string();
      if (!subject.command.name.empty())
        subject_name += (subject_name.empty() ? "" : " ") + subject.command.name;
      assumed.push_back((subject_name.empty() ? "" : subject_name + ": ") + describe(condition));
      continue;
    }
    if (std::ranges::none_of(condition.any_of, [&](const auto& wanted) { return same(value, wanted); }))
      return false;
  }
  return true;
}

}  // namespace

const EffectRow* select_row(const EffectTable& table, const Subject& subject,
                            std::vector<std::string>& assumed) {
  for (const EffectRow* row : table.rows_for(subject.command.tag)) {
    if (version_matches(*row, subject.pg_version) && matches(*row, subject, assumed)) return row;
  }
  assumed.clear();
  return nullptr;
}

}  // namespace pgsluice::effects
