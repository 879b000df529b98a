// SPDX-License-Identifier: Apache-2.0
// ALTER COLUMN … TYPE: when the stored values can stay as they are. pg: tablecmds.c
// ATColumnChangeRequiresRewrite, and the support functions that make a widening length cast a no-op.
#include <algorithm>
#include <array>
#include <string>

#include "catalog/builtins.hpp"
#include "subject.hpp"
#include "time_zone.hpp"

namespace pgsluice::effects {

namespace {

constexpr std::string_view k_none = "none";
constexpr std::string_view k_binary_coercible = "binary_coercible";
constexpr std::string_view k_rewrite = "rewrite";

/// timestamp.c intervaltypmodleastfield(): 0 for seconds, the greater the coarser. A mask has a bit for each field.
int least_field(const Few<int>& typmods) {
  constexpr std::array k_bits = {12, 11, 10, 3, 1, 2};  // datetime.h SECOND, MINUTE, HOUR, DAY, MONTH, YEAR
  if (typmods.empty()) return 0;
  const auto mask = static_cast<unsigned>(typmods.front());
  for (std::size_t field = 0; field < k_bits.size(); ++field) {
    if ((mask >> static_cast<unsigned>(k_bits[field]) & 1U) != 0) return static_cast<int>(field);
  }
  return 0;
}

/// timestamp.c interval_support(). A precision cuts seconds only, and none is the greatest one.
bool widens_interval(const TypeName& from, const TypeName& to) {
  constexpr int full = 6;
  const auto precision = [](const TypeName& type) {
    return type.typmods.size() > 1 ? type.typmods[1] : full;
  };
  const int old_field = least_field(from.typmods);
  return least_field(to.typmods) <= old_field && (old_field > 0 || precision(to) >= precision(from));
}

/// The new length or precision takes every value of the old one. No typmod means no limit.
bool widens(const TypeName& from, const TypeName& to) {
  if (to.typmods.empty()) return true;
  if (from.name == "interval") return widens_interval(from, to);
  if (from.typmods.empty()) {
    // Temporal types without a precision have the greatest one, 6.
    const bool temporal = to.name.starts_with("time");
    return temporal && to.typmods.front() >= 6;
  }
  if (from.name == "numeric") {
    const int old_scale = from.typmods.size() > 1 ? from.typmods[1] : 0;
    const int new_scale = to.typmods.size() > 1 ? to.typmods[1] : 0;
    return old_scale == new_scale && to.typmods[0] >= from.typmods[0];
  }
  return to.typmods.front() >= from.typmods.front();
}

/// Length casts that have a planner support function, so that widening costs nothing.
bool has_cheap_widening(std::string_view type) {
  return type == "varchar" || type == "varbit" || type == "numeric" || type == "interval" ||
         type.starts_with("time");
}

/// The type under a domain, and whether values must be tested on the way in.
TypeName base_type(const Catalog& catalog, TypeName type, bool& constrained) {
  for (const CatalogType* found = catalog.find_type(type); found != nullptr && found->typtype == 'd';
       found = catalog.find_type(type)) {
    constrained = constrained || found->constrained;
    const bool array = type.array;
    type = found->base;
    type.array = type.array || array;
  }
  return type;
}

/// USING that is the column itself, at most cast: the same as no USING.
bool is_plain_using(const Expression& expression, std::string_view column) {
  return expression.functions.empty() && !expression.subquery && !expression.current_time &&
         !expression.literal && expression.columns.size() == 1 && expression.columns.front() == column &&
         expression.colname == column;
}

bool is_timestamp(const TypeName& type) {
  return type.name == "timestamp" || type.name == "timestamptz";
}

/// timestamp.c TimestampTimestampTzRequiresRewrite: with a time zone that is UTC the values stay as they are. Where it
/// is not known it is the one that PostgreSQL itself has before anybody sets another.
FactValue judge_timestamps(const Subject& subject, const TypeName& to) {
  constexpr int most_precise = 6;
  if (!to.typmods.empty() && to.typmods.front() < most_precise) return k_rewrite;
  return subject.catalog.timezone.empty() || is_utc(subject.catalog.timezone) ? k_binary_coercible
                                                                              : k_rewrite;
}

FactValue judge(const Subject& subject, const TypeName& old_name, const TypeName& new_name) {
  const TypeName old_type = subject.catalog.resolve_type(old_name);
  const TypeName new_type = subject.catalog.resolve_type(new_name);
  bool from_constrained = false;
  bool to_constrained = false;
  TypeName from = base_type(subject.catalog, old_type, from_constrained);
  const TypeName to = base_type(subject.catalog, new_type, to_constrained);
  if (old_type == new_type) return k_none;
  // A value of a domain carries no length: the new type's own is enforced.
  const CatalogType* domain = subject.catalog.find_type(old_type);
  if (domain != nullptr && domain->typtype == 'd') from.typmods.clear();
  if (to_constrained) return k_rewrite;
  // pg: parse_coerce.c coerce_type_typmod() adds nothing where the new type has no length.
  const bool same_array = old_type.array && new_type.array && old_type.name == new_type.name &&
                          old_type.schemaname == new_type.schemaname;
  if (same_array && new_type.typmods.empty()) return k_binary_coercible;
  // Each element is coerced, whatever that does to it.
  if (from == to && old_type.array && new_type.array) return k_rewrite;
  if (from == to) return k_binary_coercible;
  if (from.array || to.array) return k_rewrite;
  if (is_timestamp(from) && is_timestamp(to) && from.name != to.name) return judge_timestamps(subject, to);
  if (from.name == to.name && from.schemaname == to.schemaname) {
    return has_cheap_widening(from.name) && widens(from, to) ? k_binary_coercible : k_rewrite;
  }
  if (from.schemaname.empty() && to.schemaname.empty() && is_builtin_binary_cast(from.name, to.name)) {
    return to.typmods.empty() ? k_binary_coercible : k_rewrite;
  }
  if (is_builtin_type(from) && is_builtin_type(to)) return k_rewrite;
  if (subject.catalog.is_binary_cast(from, to)) return to.typmods.empty() ? k_binary_coercible : k_rewrite;
  // Two types of which one is made by the user: only its casts could say, and they are not known.
  return subject.catalog.find_type(from) != nullptr || subject.catalog.find_type(to) != nullptr
             ? FactValue(k_rewrite)
             : FactValue(Unknown{});
}

/// What is cast on the way must keep the values, too.
FactValue judge_using(const Subject& subject, const TypeName& old_type, const TypeName& new_type) {
  FactValue worst = judge(subject, old_type, new_type);
  if (!subject.command.expression) return worst;
  for (const TypeName& cast : subject.command.expression->casts) {
    for (const FactValue& step : {judge(subject, old_type, cast), judge(subject, cast, new_type)}) {
      if (std::holds_alternative<Unknown>(step)) worst = step;
      if (step == FactValue(k_rewrite)) return k_rewrite;
    }
  }
  return worst;
}

}  // namespace

FactValue type_change(const Subject& subject) {
  const Command& command = subject.command;
  if (!command.type) return k_none;
  if (command.expression && !is_plain_using(*command.expression, command.name)) return k_rewrite;
  const CatalogColumn* column = subject.target != nullptr ? subject.target->column(command.name) : nullptr;
  if (column == nullptr) return Unknown{};
  if (column->generated == 'v') return k_none;  // no values are stored
  return judge_using(subject, column->type, *command.type);
}

std::string_view type_change_assumption(const Subject& subject) {
  const Command& command = subject.command;
  const CatalogColumn* column = subject.target != nullptr ? subject.target->column(command.name) : nullptr;
  if (command.tag != "AT_AlterColumnType" || column == nullptr || !command.type) return {};
  const bool converts = is_timestamp(column->type) && is_timestamp(*command.type) &&
                        column->type.name != command.type->name && subject.catalog.timezone.empty();
  return converts ? "the session's time zone is UTC" : std::string_view();
}

}  // namespace pgsluice::effects
