// SPDX-License-Identifier: Apache-2.0
// Constants with their types: what is written down, and what the planner makes of it before it looks at any table
// (clauses.c eval_const_expressions).
#include "constants.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

#include "base/calendar.hpp"
#include "base/text.hpp"
#include "lower.hpp"

namespace pgsluice::sql {

namespace {

/// scan.l process_integer_literal: what does not fit int4 is a float for the lexer, and int8 or numeric later.
Value number(std::string_view text) {
  const bool is_integer =
      text.find_first_not_of("0123456789", text.starts_with('-') ? 1 : 0) == std::string_view::npos;
  return constant_value(is_integer && text.size() <= 18 ? "int8" : "numeric", text);
}

Value literal(const ::A_Const* node) {
  if (node->isnull) return {.kind = Value::Kind::null, .type = {}, .text = {}};
  switch (node->val.node.type) {
    case T_Integer: return constant_value("int4", std::to_string(node->val.ival.ival));
    case T_Float: return number(view(node->val.fval.fval));
    case T_Boolean: return constant_value("bool", node->val.boolval.boolval ? "true" : "false");
    case T_String: return constant_value({}, view(node->val.sval.sval));
    default: return {};
  }
}

Value negated(Value value) {
  const bool is_number = value.type == "int4" || value.type == "int8" || value.type == "numeric";
  if (value.kind != Value::Kind::constant || !is_number) return {};
  if (value.text.starts_with("-")) {
    value.text.erase(0, 1);
  } else {
    value.text = std::string("-").append(value.text);
  }
  return value;
}

/// The cast of a constant. One that has a type already changes it, perhaps with its value: only what certainly keeps
/// the value is followed.
Value cast(Value value, const ::TypeName* to) {
  const TypeName type = type_name(to);
  if (value.kind == Value::Kind::null || value.kind == Value::Kind::variable) return value;
  if (value.kind != Value::Kind::constant || type.array || type.setof || !type.typmods.empty()) return {};
  const auto is_integer = [](Name name) { return name == "int4" || name == "int8"; };
  if (!value.type.empty() && value.type != type.name && !(is_integer(value.type) && is_integer(type.name))) {
    return {};
  }
  value.type = type.name;
  return value;
}

/// lower('…') and upper('…') of plain letters.
Value letter_case(Name function, Value of) {
  const bool is_lower = function == "lower";
  if ((!is_lower && function != "upper") || of.kind != Value::Kind::constant) return {};
  if (!of.type.empty() && of.type != "text" && of.type != "varchar") return {};
  for (char& c : of.text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) return {};
    c = static_cast<char>(is_lower ? std::tolower(byte) : std::toupper(byte));
  }
  of.type = "text";
  return of;
}

std::optional<long long> whole_number(const Value& value) {
  if (value.kind != Value::Kind::constant || (value.type != "int4" && value.type != "int8"))
    return std::nullopt;
  long long number = 0;
  const char* end = value.text.data() + value.text.size();
  const auto [stop, error] = std::from_chars(value.text.data(), end, number);
  constexpr long long most = 1'000'000;  // no date that a partition has is farther away
  if (error != std::errc() || stop != end || number > most || number < -most) return std::nullopt;
  return number;
}

Value date_value(CivilDate date) {
  constexpr int last_year = 9999;
  return date.year >= 1 && date.year <= last_year ? constant_value("date", iso_text(date)) : Value{};
}

/// `date '2024-01-01' + 7`
Value shifted_date(const Value& date, std::string_view op, const Value& days) {
  const std::optional<long long> number = whole_number(days);
  const bool is_date = date.kind == Value::Kind::constant && date.type == "date";
  const std::optional<CivilDate> from = is_date ? read_iso_date(date.text) : std::nullopt;
  if (!from || !number) return {};
  return date_value(date_of(days_of(*from) + (op == "-" ? -*number : *number)));
}

/// make_date(2024, 1, 31)
Value made_date(const std::vector<Value>& parts) {
  std::array<int, 3> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::optional<long long> number = whole_number(parts[i]);
    if (!number) return {};
    numbers.at(i) = static_cast<int>(*number);
  }
  const CivilDate date{.year = numbers[0], .month = numbers[1], .day = numbers[2]};
  return date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= 31 ? date_value(date) : Value{};
}

/// `3 + 4`
Value arithmetic(const Value& left, std::string_view op, const Value& right) {
  const std::optional<long long> a = whole_number(left);
  const std::optional<long long> b = whole_number(right);
  if (!a || !b || (op == "/" && *b == 0)) return {};
  const long long result = op == "+" ? *a + *b : op == "-" ? *a - *b : op == "*" ? *a * *b : *a / *b;
  constexpr long long most = 2'147'483'647;  // int4; of int8 nothing larger is written
  const Name type = left.type == "int8" ? left.type : right.type;
  return result > most || result < -most ? Value{} : constant_value(type.str(), std::to_string(result));
}

/// `'a' || 'b'`
Value concatenated(const Value& left, const Value& right) {
  const auto is_text = [](const Value& value) {
    return value.kind == Value::Kind::constant && (value.type.empty() || value.type == "text");
  };
  if (!is_text(left) || !is_text(right)) return {};
  return constant_value("text", left.text + right.text);
}

// ---- times ----------------------------------------------------------------------------------

constexpr long long k_day = 86'400;  // seconds

/// Seconds since 1970.
std::optional<long long> read_time(const Value& value) {
  if (value.kind != Value::Kind::constant || (value.type != "date" && value.type != "timestamp"))
    return std::nullopt;
  constexpr std::size_t date_size = 10;
  const std::optional<CivilDate> date = read_iso_date(std::string_view(value.text).substr(0, date_size));
  if (!date) return std::nullopt;
  long long seconds = days_of(*date) * k_day;
  std::string_view rest = std::string_view(value.text).substr(date_size);
  if (rest.empty()) return seconds;
  int field = 0;
  for (const long long unit : {3'600LL, 60LL, 1LL}) {
    const bool more = rest.size() >= 3 && (rest.front() == (unit == 3'600 ? ' ' : ':'));
    if (!more) break;
    const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + 3, field);
    if (error != std::errc() || end != rest.data() + 3) return std::nullopt;
    seconds += field * unit;
    rest.remove_prefix(3);
  }
  return rest.empty() && value.type == "timestamp" ? std::optional(seconds) : std::nullopt;
}

Value timestamp_value(long long seconds) {
  const long long days = seconds >= 0 ? seconds / k_day : (seconds - k_day + 1) / k_day;
  const Value date = date_value(date_of(days));
  if (date.kind != Value::Kind::constant) return {};
  std::string text = date.text + " ";
  const long long of_day = seconds - days * k_day;
  for (const long long part : {of_day / 3'600, of_day / 60 % 60, of_day % 60}) {
    if (text.back() != ' ') text += ':';
    text += static_cast<char>('0' + part / 10);
    text += static_cast<char>('0' + part % 10);
  }
  return constant_value("timestamp", text);
}

struct Interval {
  long long months = 0;
  long long seconds = 0;
};

/// `1 year 2 mons`, `7 days`, `2 hours`: whole numbers of units.
std::optional<Interval> read_interval(const Value& value) {
  struct Unit {
    std::string_view name;
    long long months;
    long long seconds;
  };
  constexpr std::array<Unit, 9> k_units = {{{"year", 12, 0},
                                            {"month", 1, 0},
                                            {"mon", 1, 0},
                                            {"week", 0, 7 * k_day},
                                            {"day", 0, k_day},
                                            {"hour", 0, 3'600},
                                            {"minute", 0, 60},
                                            {"min", 0, 60},
                                            {"second", 0, 1}}};
  if (value.kind != Value::Kind::constant || value.type != "interval") return std::nullopt;
  Interval result;
  std::string_view rest = trim(value.text);
  if (rest.empty()) return std::nullopt;
  while (!rest.empty()) {
    long long number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    constexpr long long most = 100'000;
    if (error != std::errc() || number > most || number < -most) return std::nullopt;
    rest = trim(rest.substr(static_cast<std::size_t>(end - rest.data())));
    std::string_view word = rest.substr(0, rest.find(' '));
    rest = trim(rest.substr(word.size()));
    if (word.size() > 1 && word.ends_with('s')) word.remove_suffix(1);
    const auto unit = std::ranges::find(k_units, word, &Unit::name);
    if (unit == k_units.end()) return std::nullopt;
    result.months += number * unit->months;
    result.seconds += number * unit->seconds;
  }
  return result;
}

/// timestamp.c timestamp_pl_interval(): months first; a day that the month does not have is its last one.
Value shifted_time(const Value& time, std::string_view op, const Value& by) {
  const std::optional<long long> from = read_time(time);
  const std::optional<Interval> interval = read_interval(by);
  if (!from || !interval) return {};
  const long long sign = op == "-" ? -1 : 1;
  const long long days = *from >= 0 ? *from / k_day : (*from - k_day + 1) / k_day;
  CivilDate date = date_of(days);
  if (interval->months != 0) {
    const long long month = date.year * 12LL + date.month - 1 + sign * interval->months;
    if (month < 12) return {};
    date.year = static_cast<int>(month / 12);
    date.month = static_cast<int>(month % 12) + 1;
    while (date_of(days_of(date)).month != date.month) --date.day;
  }
  return timestamp_value(days_of(date) * k_day + (*from - days * k_day) + sign * interval->seconds);
}

/// date_trunc('month', timestamp '…')
Value truncated(const Value& unit, const Value& time) {
  const std::optional<long long> seconds = time.type == "timestamp" ? read_time(time) : std::nullopt;
  if (!seconds || unit.kind != Value::Kind::constant) return {};
  CivilDate date = date_of(*seconds >= 0 ? *seconds / k_day : (*seconds - k_day + 1) / k_day);
  if (unit.text == "year") date.month = 1;
  if (unit.text == "year" || unit.text == "month") date.day = 1;
  const bool known = unit.text == "year" || unit.text == "month" || unit.text == "day";
  return known ? timestamp_value(days_of(date) * k_day) : Value{};
}

Value evaluated(::Node* node, int depth);

Value called(const ::FuncCall* call, int depth) {
  std::vector<Value> arguments;
  for (::Node* argument : each(call->args)) arguments.push_back(evaluated(argument, depth + 1));
  const Name function = relation_name(call->funcname).relname;
  if (arguments.size() == 1) return letter_case(function, std::move(arguments.front()));
  if (arguments.size() == 2 && function == "date_trunc") return truncated(arguments[0], arguments[1]);
  return arguments.size() == 3 && function == "make_date" ? made_date(arguments) : Value{};
}

/// The first operator of those that know such operands.
Value combined(const Value& left, std::string_view op, const Value& right) {
  if (op == "||") return concatenated(left, right);
  Value result = arithmetic(left, op, right);
  if (result.kind == Value::Kind::constant || op == "*" || op == "/") return result;
  result = shifted_date(left, op, right);
  if (result.kind == Value::Kind::constant) return result;
  return left.type == "interval" && op == "+" ? shifted_time(right, op, left) : shifted_time(left, op, right);
}

Value computed(const ::A_Expr* node, int depth) {
  if (node->kind != AEXPR_OP || length(node->name) != 1) return {};
  const std::string_view op = string_value(node->name->elements[0].ptr_value);
  if (op != "-" && op != "+" && op != "*" && op != "/" && op != "||") return {};
  Value right = evaluated(node->rexpr, depth + 1);
  if (node->lexpr != nullptr) return combined(evaluated(node->lexpr, depth + 1), op, right);
  return op == "-" ? negated(std::move(right)) : op == "+" ? right : Value{};
}

/// COALESCE of a constant is that constant.
Value first_value(const ::CoalesceExpr* node, int depth) {
  for (::Node* argument : each(node->args)) {
    Value value = evaluated(argument, depth + 1);
    if (value.kind == Value::Kind::variable) return {};
    if (value.kind != Value::Kind::null) return value;
  }
  return {.kind = Value::Kind::null, .type = {}, .text = {}};
}

Value variable(std::string_view name) {
  return {.kind = Value::Kind::variable, .type = {}, .text = std::string(name)};
}

/// `variable` or `record.field`; most are columns, and nothing is known of them.
Value named(const ::ColumnRef* node) {
  std::string path;
  for (::Node* field : each(node->fields)) {
    if (field->type != T_String || length(node->fields) > 2) return {};
    if (!path.empty()) path += '.';
    path += string_value(field);
  }
  return variable(path);
}

/// What the planner makes a constant of, and we can, too.
Value evaluated(::Node* node, int depth) {
  constexpr int deepest = 50;
  if (node == nullptr || depth > deepest) return {};
  switch (node->type) {
    case T_A_Const: return literal(reinterpret_cast<::A_Const*>(node));
    case T_ColumnRef: return named(reinterpret_cast<::ColumnRef*>(node));
    case T_ParamRef: return variable("$" + std::to_string(reinterpret_cast<::ParamRef*>(node)->number));
    case T_SetToDefault: return {.kind = Value::Kind::column_default, .type = {}, .text = {}};
    case T_TypeCast: {
      auto* typed = reinterpret_cast<::TypeCast*>(node);
      return cast(evaluated(typed->arg, depth + 1), typed->typeName);
    }
    case T_FuncCall: {
      auto* call = reinterpret_cast<::FuncCall*>(node);
      constexpr int most_arguments = 3;
      return length(call->args) <= most_arguments ? called(call, depth) : Value{};
    }
    case T_A_Expr: return computed(reinterpret_cast<::A_Expr*>(node), depth);
    case T_CoalesceExpr: return first_value(reinterpret_cast<::CoalesceExpr*>(node), depth);
    default: return {};
  }
}

}  // namespace

Value constant_value(std::string_view type, std::string_view text) {
  constexpr std::size_t longest = 200;  // longer ones are no keys
  if (text.size() > longest) return {};
  return {.kind = Value::Kind::constant, .type = type, .text = std::string(text)};
}

Value value_or_variable(::Node* node) {
  return evaluated(node, 0);
}

Value value_of(::Node* node) {
  Value value = evaluated(node, 0);
  return value.kind == Value::Kind::variable ? Value{} : value;
}

}  // namespace pgsluice::sql
