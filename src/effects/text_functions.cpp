// SPDX-License-Identifier: Apache-2.0
#include "text_functions.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "evaluate.hpp"

namespace pgsluice::effects {

namespace {

using Kind = Text::Kind;
using Parts = const std::vector<Text>&;

constexpr std::size_t k_max_elements = 256;

bool are_constants(Parts parts, std::size_t least, std::size_t most) {
  return parts.size() >= least && parts.size() <= most &&
         std::ranges::all_of(parts, [](const Text& part) { return part.kind == Kind::constant; });
}

/// A place in a text of plain letters, where characters are bytes.
std::optional<long long> number(const Text& text) {
  long long value = 0;
  const char* end = text.value.data() + text.value.size();
  const auto [at, error] = std::from_chars(text.value.data(), end, value);
  constexpr long long most = 1'000'000;
  const bool known = error == std::errc() && at == end && value <= most && value >= -most;
  return known ? std::optional(value) : std::nullopt;
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// `{a,b}`: an array of plain elements, as its text.
Text array_of_text(Parts parts) {
  if (parts.size() != 1 || parts.front().kind != Kind::constant)
    return parts.empty() ? Text() : parts.front();
  const std::string& text = parts.front().value;
  if (text.size() < 2 || text.front() != '{' || text.back() != '}' ||
      text.find_first_of("\"\\{", 1) != std::string::npos) {
    return {};
  }
  Text result{.kind = Kind::array};
  if (trim(text.substr(1, text.size() - 2)).empty()) return result;
  for (const std::string_view one : split(std::string_view(text).substr(1, text.size() - 2), ',')) {
    const std::string_view element = trim(one);
    result.parts.push_back(to_lower(element) == "null" ? Text{.kind = Kind::null} : constant_text(element));
  }
  return result.parts.size() > k_max_elements ? Text() : result;
}

/// string_to_array('a,b', ',')
Text split_text(Parts parts) {
  const bool known = parts.size() == 2 && parts[0].kind == Kind::constant && parts[1].kind == Kind::constant;
  if (!known || parts[1].value.empty()) return {};
  Text result{.kind = Kind::array};
  std::string_view rest = parts[0].value;
  while (!rest.empty() && result.parts.size() <= k_max_elements) {
    const std::size_t at = rest.find(parts[1].value);
    result.parts.push_back(constant_text(rest.substr(0, at)));
    rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + parts[1].value.size());
    if (at != std::string_view::npos && rest.empty()) result.parts.push_back(constant_text({}));
  }
  return result.parts.size() > k_max_elements ? Text() : result;
}

/// left(text, n) and right(text, n); a negative n counts from the other end.
Text end_of_text(Parts parts, bool left) {
  if (!are_constants(parts, 2, 2) || !is_plain(parts[0].value)) return {};
  const std::optional<long long> wanted = number(parts[1]);
  if (!wanted) return {};
  const auto size = static_cast<long long>(parts[0].value.size());
  const long long count = std::clamp(*wanted >= 0 ? *wanted : size + *wanted, 0LL, size);
  return constant_text(left ? parts[0].value.substr(0, static_cast<std::size_t>(count))
                            : parts[0].value.substr(static_cast<std::size_t>(size - count)));
}

/// substr(text, from[, count])
Text part_of_text(Parts parts) {
  if (!are_constants(parts, 2, 3) || !is_plain(parts[0].value)) return {};
  const auto size = static_cast<long long>(parts[0].value.size());
  const std::optional<long long> from = number(parts[1]);
  const std::optional<long long> count = parts.size() == 3 ? number(parts[2]) : std::optional(size + 1);
  if (!from || !count || *count < 0) return {};
  const long long first = std::clamp(*from - 1, 0LL, size);
  const long long last = parts.size() == 3 ? std::clamp(*from - 1 + *count, first, size) : size;
  return constant_text(
      parts[0].value.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first)));
}

/// split_part(text, delimiter, n)
Text field_of_text(Parts parts) {
  if (!are_constants(parts, 3, 3) || parts[1].value.empty()) return {};
  const std::optional<long long> wanted = number(parts[2]);
  if (!wanted || *wanted < 1) return {};
  std::string_view rest = parts[0].value;
  for (long long field = 1; field < *wanted; ++field) {
    const std::size_t at = rest.find(parts[1].value);
    if (at == std::string_view::npos) return constant_text({});
    rest.remove_prefix(at + parts[1].value.size());
  }
  return constant_text(rest.substr(0, rest.find(parts[1].value)));
}

/// array_to_string(array, delimiter), which leaves out nulls
Text joined_elements(Parts parts) {
  if (parts.size() != 2 || parts[1].kind != Kind::constant) return {};
  const Text array = array_of_text({parts[0]});
  if (array.kind != Kind::array) return {};
  std::string result;
  bool any = false;
  for (const Text& element : array.parts) {
    if (element.kind == Kind::null) continue;
    if (element.kind != Kind::constant) return {};
    result += cat(any ? parts[1].value : std::string(), element.value);
    any = true;
  }
  return constant_text(result);
}

/// How many elements an array of one dimension has.
Text elements_of(Parts parts) {
  if (parts.empty() || (parts.size() == 2 && parts[1] != constant_text("1"))) return {};
  const Text array = array_of_text({parts[0]});
  if (array.kind != Kind::array || array.value == "0") return {};
  return array.parts.empty() ? Text{.kind = Kind::null} : constant_text(std::to_string(array.parts.size()));
}

/// chr(n) of ASCII
Text character(Parts parts) {
  constexpr long long first = 1;
  constexpr long long last = 127;
  const std::optional<long long> code = are_constants(parts, 1, 1) ? number(parts[0]) : std::nullopt;
  return code && *code >= first && *code <= last ? constant_text(std::string(1, static_cast<char>(*code)))
                                                 : Text();
}

enum class End : unsigned char { both, left, right };

/// btrim(text[, characters]) and its kin, which take blanks away where nothing else is written.
template <End end>
Text trimmed(Parts parts) {
  if (parts.size() == 1 && parts[0].kind != Kind::constant) return parts[0];
  if (!are_constants(parts, 1, 2)) return {};
  const std::string characters = parts.size() == 2 ? parts[1].value : " ";
  const std::string& text = parts[0].value;
  if (!is_plain(characters)) return {};
  const std::size_t first = end == End::right ? 0 : text.find_first_not_of(characters);
  const std::size_t last = end == End::left ? text.size() : text.find_last_not_of(characters) + 1;
  return constant_text(first == std::string::npos || first >= last ? std::string()
                                                                   : text.substr(first, last - first));
}

/// lpad(text, n[, fill]) and rpad()
template <End end>
Text padded(Parts parts) {
  if (!are_constants(parts, 2, 3) || !is_plain(parts[0].value)) return {};
  constexpr long long longest = 1000;
  const std::optional<long long> wanted = number(parts[1]);
  const std::string fill = parts.size() == 3 ? parts[2].value : " ";
  if (!wanted || *wanted > longest || fill.empty() || !is_plain(fill)) return {};
  const auto size = static_cast<std::size_t>(std::max(*wanted, 0LL));
  std::string text = parts[0].value.substr(0, size);
  std::string missing;
  while (text.size() + missing.size() < size) missing += fill[missing.size() % fill.size()];
  return constant_text(end == End::left ? missing + text : text + missing);
}

/// translate(text, from, to)
Text translated(Parts parts) {
  if (!are_constants(parts, 3, 3) || !std::ranges::all_of(parts, is_plain, &Text::value)) return {};
  std::string result;
  for (const char c : parts[0].value) {
    const std::size_t at = parts[1].value.find(c);
    if (at == std::string::npos) result += c;
    if (at < parts[2].value.size()) result += parts[2].value[at];
  }
  return constant_text(result);
}

Text length_of(Parts parts) {
  return are_constants(parts, 1, 1) && is_plain(parts[0].value)
             ? constant_text(std::to_string(parts[0].value.size()))
             : Text();
}

/// strpos(text, part), which counts from 1
Text place_in_text(Parts parts) {
  if (!are_constants(parts, 2, 2) || !is_plain(parts[0].value)) return {};
  const std::size_t at = parts[0].value.find(parts[1].value);
  return constant_text(at == std::string::npos ? "0" : std::to_string(at + 1));
}

struct Named {
  std::string_view name;
  TextFunction compute;
};

constexpr std::array k_text_functions = {
    Named{"array of text", array_of_text},
    Named{"string_to_array", split_text},
    Named{"left", [](Parts p) { return end_of_text(p, true); }},
    Named{"right", [](Parts p) { return end_of_text(p, false); }},
    Named{"substr", part_of_text},
    Named{"substring", part_of_text},
    Named{"split_part", field_of_text},
    Named{"array_to_string", joined_elements},
    Named{"array_length", elements_of},
    Named{"array_upper", elements_of},
    Named{"cardinality",
          [](Parts p) {
            const Text count = elements_of(p);
            return count.kind == Kind::null ? constant_text("0") : count;
          }},
    Named{"array_lower",
          [](Parts p) {
            const Text count = elements_of(p);
            return count.kind == Kind::constant ? constant_text("1") : count;
          }},
    Named{"chr", character},
    Named{"btrim", trimmed<End::both>},
    Named{"ltrim", trimmed<End::left>},
    Named{"rtrim", trimmed<End::right>},
    Named{"lpad", padded<End::left>},
    Named{"rpad", padded<End::right>},
    Named{"translate", translated},
    Named{"length", length_of},
    Named{"char_length", length_of},
    Named{"strpos", place_in_text},
    Named{"string_to_table", split_text},
};

}  // namespace

TextFunction text_function(std::string_view name) {
  const auto found = std::ranges::find(k_text_functions, name, &Named::name);
  return found != k_text_functions.end() ? found->compute : pattern_function(name);
}

}  // namespace pgsluice::effects
