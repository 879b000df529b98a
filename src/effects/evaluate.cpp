// SPDX-License-Identifier: Apache-2.0
#include "evaluate.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <functional>

#include "base/text.hpp"
#include "catalog_query.hpp"
#include "pgsluice/sql.hpp"
#include "system_tables.hpp"
#include "text_functions.hpp"

namespace pgsluice::effects {

namespace {

constexpr std::size_t k_max_choices = 64;
constexpr std::size_t k_max_elements = 256;
constexpr std::size_t k_max_length = std::size_t{1} << 20;
constexpr int k_releases = 10'000;  // of one major version
constexpr int k_last_release = 99;

using Kind = Text::Kind;

Text boolean(bool value) {
  return constant_text(value ? "true" : "false");
}

bool is_single(const Text& text) {
  return text.kind == Kind::constant || text.kind == Kind::null;
}

std::optional<long long> integer(const Text& text) {
  if (text.kind != Kind::constant) return std::nullopt;
  long long value = 0;
  const char* end = text.value.data() + text.value.size();
  const auto [at, error] = std::from_chars(text.value.data(), end, value);
  return error == std::errc() && at == end ? std::optional(value) : std::nullopt;
}

std::string quoted_literal(std::string_view text) {
  const std::string doubled = replace_all(text, "'", "''");
  if (text.find('\\') == std::string_view::npos) return cat("'", doubled, "'");
  return cat("E'", replace_all(doubled, "\\", "\\\\"), "'");
}

// ---- building texts: what is not known leaves its mark -----------------------------------------

std::string piece(const Text& text) {
  if (text.kind == Kind::constant) return text.value;
  return text.kind == Kind::null ? std::string() : std::string(k_unknown_part);
}

std::string as_identifier(const Text& text) {
  return text.kind == Kind::constant ? quote_ident(text.value) : std::string(k_unknown_part);
}

std::string as_literal(const Text& text) {
  if (text.kind == Kind::null) return "NULL";
  return quoted_literal(piece(text));
}

/// a || b: NULL if one of them is.
Text join_parts(const std::vector<Text>& parts) {
  std::string result;
  for (const Text& part : parts) {
    if (part.kind == Kind::null) return part;
    if (part.kind == Kind::array || part.kind == Kind::row) return {};
    result += piece(part);
    if (result.size() > k_max_length) return {};
  }
  return constant_text(result);
}

Text concat(const std::vector<Text>& parts) {
  std::string result;
  for (const Text& part : parts) result += piece(part);
  return result.size() > k_max_length ? Text() : constant_text(result);
}

Text concat_ws(const std::vector<Text>& parts) {
  if (parts.empty() || parts.front().kind != Kind::constant) return {};
  std::string result;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].kind == Kind::null) continue;
    if (!result.empty()) result += parts.front().value;
    result += piece(parts[i]);
  }
  return constant_text(result);
}

/// varlena.c text_format: %[position$][-][width]type.
Text format(const std::vector<Text>& parts) {
  if (parts.empty() || parts.front().kind != Kind::constant) return {};
  const std::string& pattern = parts.front().value;
  std::string result;
  std::size_t next = 1;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') {
      result += pattern[i];
      continue;
    }
    std::size_t number = 0;
    while (++i < pattern.size() && std::isdigit(static_cast<unsigned char>(pattern[i])) != 0)
      number = std::min<std::size_t>(number * 10 + static_cast<std::size_t>(pattern[i] - '0'), k_max_length);
    if (i < pattern.size() && pattern[i] == '$') {
      next = number;
      ++i;
    } else if (number != 0 || (i < pattern.size() && (pattern[i] == '-' || pattern[i] == '*'))) {
      return {};  // a width
    }
    if (i >= pattern.size()) return {};
    if (pattern[i] == '%') {
      result += '%';
      continue;
    }
    if (next == 0 || next >= parts.size()) return {};
    const Text& part = parts[next++];
    if (pattern[i] == 's') {
      result += piece(part);
    } else if (pattern[i] == 'I') {
      result += as_identifier(part);
    } else if (pattern[i] == 'L') {
      result += as_literal(part);
    } else {
      return {};
    }
    if (result.size() > k_max_length) return {};
  }
  return constant_text(result);
}

// ---- other functions and operators -------------------------------------------------------------

template <typename Compute>
Text of_integers(const std::vector<Text>& parts, Compute compute) {
  if (parts.size() != 2) return {};
  const auto a = integer(parts[0]);
  const auto b = integer(parts[1]);
  constexpr long long most = 1'000'000'000;  // what is larger need not be computed, and cannot overflow
  if (!a || !b || *a > most || *a < -most || *b > most || *b < -most) return {};
  const std::optional<long long> result = compute(*a, *b);
  return result ? constant_text(std::to_string(*result)) : Text();
}

template <typename Compare>
Text compare(const std::vector<Text>& parts, Compare compare) {
  if (parts.size() != 2 || !is_single(parts[0]) || !is_single(parts[1])) return {};
  if (parts[0].kind == Kind::null || parts[1].kind == Kind::null) return {.kind = Kind::null};
  const auto a = integer(parts[0]);
  const auto b = integer(parts[1]);
  return a && b ? boolean(compare(*a <=> *b)) : Text();  // texts have a collation
}

/// As a boolean is shown in a program; alone, `t` and `f` are letters, too.
bool is_boolean_word(const Text& text) {
  return text.value == "true" || text.value == "false";
}

/// Whatever its name is.
constexpr std::string_view k_this_database = "current database";

/// Two spellings of it may mean the same: a number, a time, a boolean.
bool has_spellings(const Text& text) {
  if (text.value == k_this_database) return true;
  const char first = text.value.empty() ? ' ' : text.value.front();
  return (first >= '0' && first <= '9') || first == '-' || first == '+' || first == '.';
}

Text equal(const std::vector<Text>& parts) {
  const bool texts = parts.size() == 2 && parts[0].kind == Kind::constant && parts[1].kind == Kind::constant;
  if (texts && parts[0].value == parts[1].value) return boolean(true);
  const bool boolean_word = texts && (is_boolean_word(parts[0]) || is_boolean_word(parts[1]));
  if (boolean_word && truth(parts[0]) && truth(parts[1])) return boolean(truth(parts[0]) == truth(parts[1]));
  if (texts && !has_spellings(parts[0]) && !has_spellings(parts[1])) return boolean(false);
  return compare(parts, [](auto order) { return order == 0; });
}

Text negate(const Text& value) {
  if (value.kind == Kind::null) return value;
  const auto known = truth(value);
  return known ? boolean(!*known) : Text();
}

Text is_in(const std::vector<Text>& parts) {
  bool certain = true;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    Text same = equal({parts.front(), parts[i]});
    if (truth(same) == true) return same;
    certain = certain && truth(same).has_value();
  }
  return certain ? boolean(false) : Text();
}

Text all_of(const std::vector<Text>& parts, bool wanted) {
  bool certain = true;
  for (const Text& part : parts) {
    const auto known = truth(part);
    if (known == !wanted) return boolean(!wanted);
    certain = certain && known.has_value();
  }
  return certain ? boolean(wanted) : Text();
}

Text is_null(const Text& value) {
  if (value.kind == Kind::unknown || value.kind == Kind::choice) return {};
  return boolean(value.kind == Kind::null);
}

void add_alternative(Text& choice, const Text& value) {
  const std::vector<Text> values = value.kind == Kind::choice ? value.parts : std::vector<Text>{value};
  for (const Text& one : values) {
    if (std::ranges::find(choice.parts, one) == choice.parts.end()) choice.parts.push_back(one);
  }
}

/// condition, result, …, otherwise
Text cases(const std::vector<Text>& parts) {
  Text result{.kind = Kind::choice};
  bool taken = false;
  for (std::size_t i = 0; i + 1 < parts.size() && !taken; i += 2) {
    const auto known = truth(parts[i]);
    if (known != false) add_alternative(result, parts[i + 1]);
    taken = known == true;
  }
  if (!taken && !parts.empty()) add_alternative(result, parts.back());
  if (result.parts.size() > k_max_choices) return {};
  return result.parts.size() == 1 ? Text(result.parts.front()) : result;
}

Text coalesce(const std::vector<Text>& parts) {
  for (const Text& part : parts) {
    if (part.kind != Kind::null) return part;
  }
  return {.kind = Kind::null};
}

Text element(const std::vector<Text>& parts) {
  if (parts.size() != 2 || parts[0].kind != Kind::array) return {};
  const auto index = integer(parts[1]);
  if (!index) return {.kind = Kind::choice, .value = {}, .parts = parts[0].parts};
  const long long lower = parts[0].value == "0" ? 0 : 1;
  const long long at = *index - lower;
  if (at < 0 || at >= static_cast<long long>(parts[0].parts.size())) return {.kind = Kind::null};
  return parts[0].parts[static_cast<std::size_t>(at)];
}

Text range(const std::vector<Text>& parts, bool reverse) {
  if (parts.size() < 2) return {};
  const auto low = integer(parts[0]);
  const auto high = integer(parts[1]);
  const auto step = parts.size() > 2 ? integer(parts[2]) : std::optional<long long>(1);
  if (!low || !high || !step || *step <= 0) return {};
  Text result{.kind = Kind::array};
  for (long long i = *low; reverse ? i >= *high : i <= *high; i += reverse ? -*step : *step) {
    if (result.parts.size() >= k_max_elements) return {};
    result.parts.push_back(constant_text(std::to_string(i)));
  }
  return result;
}

/// The elements of an array as rows of one column.
Text rows(const std::vector<Text>& parts) {
  if (parts.size() != 1 || parts.front().kind != Kind::array) return {};
  Text result = parts.front();
  for (Text& part : result.parts) part = {.kind = Kind::row, .value = {}, .parts = {std::move(part)}};
  return result;
}

Text changed(const std::vector<Text>& parts, const std::function<std::string(std::string_view)>& change) {
  if (parts.size() != 1) return {};
  return parts.front().kind == Kind::constant ? constant_text(change(parts.front().value)) : parts.front();
}

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return result;
}

/// `%` and `_` of LIKE, with the backslash as escape.
bool matches_like(std::string_view text, std::string_view pattern) {
  while (!pattern.empty()) {
    if (pattern.front() == '%') {
      pattern.remove_prefix(1);
      for (std::size_t i = 0; i <= text.size(); ++i) {
        if (matches_like(text.substr(i), pattern)) return true;
      }
      return false;
    }
    const bool any = pattern.front() == '_';
    if (pattern.front() == '\\' && pattern.size() > 1) pattern.remove_prefix(1);
    if (text.empty() || (!any && text.front() != pattern.front())) return false;
    text.remove_prefix(1);
    pattern.remove_prefix(1);
  }
  return text.empty();
}

Text like(const std::vector<Text>& parts) {
  if (parts.size() != 2 || parts[0].kind != Kind::constant || parts[1].kind != Kind::constant) return {};
  constexpr std::size_t longest = 200;
  constexpr auto most_wildcards = 4;
  const std::string& pattern = parts[1].value;
  if (pattern.size() > longest || std::ranges::count(pattern, '%') > most_wildcards) return {};
  return boolean(matches_like(parts[0].value, pattern));
}

struct Function {
  std::string_view name;
  TextFunction compute;
};

using Parts = const std::vector<Text>&;

constexpr std::array k_functions = {
    Function{"||", join_parts},
    Function{"concat", concat},
    Function{"concat_ws", concat_ws},
    Function{"format", format},
    Function{"quote_ident",
             [](Parts p) { return p.size() == 1 ? constant_text(as_identifier(p[0])) : Text(); }},
    Function{"quote_literal",
             [](Parts p) { return p.size() == 1 ? constant_text(as_literal(p[0])) : Text(); }},
    Function{"quote_nullable",
             [](Parts p) { return p.size() == 1 ? constant_text(as_literal(p[0])) : Text(); }},
    Function{"lower", [](Parts p) { return changed(p, to_lower); }},
    Function{"upper", [](Parts p) { return changed(p, upper); }},
    Function{"replace",
             [](Parts p) {
               const bool known = p.size() == 3 && std::ranges::all_of(p, [](const Text& t) {
                                    return t.kind == Kind::constant;
                                  });
               return known && !p[1].value.empty()
                          ? constant_text(replace_all(p[0].value, p[1].value, p[2].value))
                          : Text();
             }},
    Function{"coalesce", coalesce},
    Function{"[]", element},
    Function{"range", [](Parts p) { return range(p, false); }},
    Function{"generate_series", [](Parts p) { return range(p, false); }},
    Function{"reverse range", [](Parts p) { return range(p, true); }},
    Function{"rows", rows},
    Function{"+",
             [](Parts p) { return of_integers(p, [](auto a, auto b) { return std::optional(a + b); }); }},
    Function{"-",
             [](Parts p) { return of_integers(p, [](auto a, auto b) { return std::optional(a - b); }); }},
    Function{"*",
             [](Parts p) { return of_integers(p, [](auto a, auto b) { return std::optional(a * b); }); }},
    Function{"%",
             [](Parts p) {
               return of_integers(
                   p, [](auto a, auto b) { return b != 0 ? std::optional(a % b) : std::nullopt; });
             }},
    Function{"=", equal},
    Function{"<>", [](Parts p) { return negate(equal(p)); }},
    Function{"<", [](Parts p) { return compare(p, [](auto order) { return order < 0; }); }},
    Function{"<=", [](Parts p) { return compare(p, [](auto order) { return order <= 0; }); }},
    Function{">", [](Parts p) { return compare(p, [](auto order) { return order > 0; }); }},
    Function{">=", [](Parts p) { return compare(p, [](auto order) { return order >= 0; }); }},
    Function{"in", is_in},
    Function{"not in", [](Parts p) { return negate(is_in(p)); }},
    Function{"like", like},
    Function{"not like", [](Parts p) { return negate(like(p)); }},
    Function{"and", [](Parts p) { return all_of(p, true); }},
    Function{"or", [](Parts p) { return all_of(p, false); }},
    Function{"not", [](Parts p) { return p.size() == 1 ? negate(p[0]) : Text(); }},
    Function{"is null", [](Parts p) { return p.size() == 1 ? is_null(p[0]) : Text(); }},
    Function{"is not null", [](Parts p) { return p.size() == 1 ? negate(is_null(p[0])) : Text(); }},
};

Text call(std::string_view name, std::vector<Text> parts);

/// Once for each value that a part may have.
Text call_for_each(std::string_view name, std::vector<Text>& parts, std::size_t at) {
  Text result{.kind = Kind::choice};
  for (const Text& alternative : std::vector<Text>(std::move(parts[at].parts))) {
    std::vector<Text> one = parts;
    one[at] = alternative;
    Text value = call(name, std::move(one));
    if (value.kind == Kind::unknown) return {};
    if (value.kind == Kind::choice) {
      for (Text& part : value.parts) result.parts.push_back(std::move(part));
    } else if (std::ranges::find(result.parts, value) == result.parts.end()) {
      result.parts.push_back(std::move(value));
    }
    if (result.parts.size() > k_max_choices) return {};
  }
  return result.parts.size() == 1 ? std::move(result.parts.front()) : result;
}

Text call(std::string_view name, std::vector<Text> parts) {
  if (name == "case") return cases(parts);
  const auto function = std::ranges::find(k_functions, name, &Function::name);
  const TextFunction compute = function != k_functions.end() ? function->compute : text_function(name);
  if (compute == nullptr) return {};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].kind == Kind::choice) return call_for_each(name, parts, i);
  }
  return compute(parts);
}

}  // namespace

Text constant_text(std::string_view value) {
  return {.kind = Kind::constant, .value = std::string(value), .parts = {}};
}

namespace {

/// What depends on the catalog; none: another function.
std::optional<Text> of_catalog(std::string_view name, const std::vector<Text>& parts,
                               const Catalog& catalog) {
  if (name == "current_schema") {
    return catalog.search_path.empty() ? Text() : constant_text(catalog.search_path.front());
  }
  if (name == "current_database") return constant_text(k_this_database);
  if (name == "current_setting") {
    const bool version = catalog.server_version_num != 0 && !parts.empty() &&
                         parts.front() == constant_text("server_version_num");
    if (!version) return Text();
    // Of a major version any release may be meant.
    Text least = constant_text(std::to_string(catalog.server_version_num));
    if (catalog.server_version_num % k_releases != 0) return least;
    return Text{.kind = Kind::choice,
                .value = {},
                .parts = {least, constant_text(std::to_string(catalog.server_version_num + k_last_release))}};
  }
  if (name != "regclass" && name != "regclass text" && name != "to_regclass") return std::nullopt;
  if (parts.size() != 1 || parts.front().kind != Kind::constant) return Text();
  const std::string& text = parts.front().value;
  const Relation* relation = relation_of(catalog, text);
  if (relation == nullptr) {
    const bool missing = name == "to_regclass" && catalog.is_missing(parse_regclass(text));
    return missing ? Text{.kind = Kind::null} : name == "to_regclass" ? Text() : parts.front();
  }
  const RelationName& full = relation->name;
  const bool is_visible = catalog.find({.schemaname = {}, .relname = full.relname}) == relation;
  if (name == "regclass text" && is_visible) return constant_text(quote_ident(full.relname.str()));
  return constant_text(oid_text(full));
}

}  // namespace

Text evaluate(const Text& text, const Variables& variables, const Catalog& catalog) {
  switch (text.kind) {
    case Kind::variable: {
      const auto found = variables.find(text.value);
      return found != variables.end() ? found->second : Text();
    }
    case Kind::query: return query_rows(text, variables, catalog);
    case Kind::call:
    case Kind::array:
    case Kind::row:
    case Kind::choice: {
      std::vector<Text> parts;
      parts.reserve(text.parts.size());
      for (const Text& part : text.parts) parts.push_back(evaluate(part, variables, catalog));
      if (text.kind == Kind::call) {
        if (is_query_function(text.value) && parts.size() == 1)
          return query_function(text.value, parts.front());
        if (auto rows = rows_function(text.value, parts)) return std::move(*rows);
        if (auto known = of_catalog(text.value, parts, catalog)) return std::move(*known);
        return call(text.value, std::move(parts));
      }
      return {.kind = text.kind, .value = text.value, .parts = std::move(parts)};
    }
    default: return text;
  }
}

std::optional<bool> truth(const Text& value) {
  if (value.kind == Kind::null) return false;  // for IF and WHEN
  if (value.kind != Kind::constant) return std::nullopt;
  if (value.value == "true" || value.value == "t") return true;
  if (value.value == "false" || value.value == "f") return false;
  return std::nullopt;
}

Text either(const Text& a, const Text& b) {
  if (a == b) return a;
  Text result{.kind = Kind::choice};
  for (const Text* text : {&a, &b}) {
    if (text->kind == Kind::unknown) return {};
    const std::vector<Text> values = text->kind == Kind::choice ? text->parts : std::vector<Text>{*text};
    for (const Text& value : values) {
      if (std::ranges::find(result.parts, value) == result.parts.end()) result.parts.push_back(value);
    }
  }
  return result.parts.size() > k_max_choices ? Text() : result;
}

}  // namespace pgsluice::effects
