// SPDX-License-Identifier: Apache-2.0
#include "datum.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/calendar.hpp"
#include "time_zone.hpp"

namespace pgsluice::effects {

namespace {

constexpr long double k_second = 1'000'000;
constexpr long double k_day = 86'400 * k_second;

std::string_view trim(std::string_view text) {
  const auto is_space = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// Digits with a sign and perhaps a point; more than a long double can tell apart are not known.
std::optional<long double> number(std::string_view text, bool whole) {
  text = trim(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  constexpr std::size_t most_digits = 18;
  if (text.empty() || text.size() > most_digits) return std::nullopt;
  long double value = 0;
  long double scale = 0;
  for (const char c : text) {
    if (c == '.' && scale == 0 && !whole) {
      scale = 1;
    } else if (c >= '0' && c <= '9') {
      value = value * 10 + (c - '0');
      scale *= 10;
    } else {
      return std::nullopt;
    }
  }
  if (scale > 1) value /= scale;
  return negative ? -value : value;
}

// ---- dates and times, as ISO 8601 writes them ---------------------------------------------

/// Takes so many digits off the front.
std::optional<int> digits(std::string_view& text, std::size_t count) {
  int value = 0;
  if (text.size() < count) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, value);
  if (error != std::errc() || end != text.data() + count) return std::nullopt;
  text.remove_prefix(count);
  return value;
}

bool skip(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<long double> take_date(std::string_view& text) {
  const auto year = digits(text, 4);
  const bool dashes = skip(text, '-');
  const auto month = digits(text, 2);
  if (dashes != skip(text, '-')) return std::nullopt;
  const auto day = digits(text, 2);
  if (!year || !month || !day || *month < 1 || *month > 12 || *day < 1 || *day > 31) return std::nullopt;
  return static_cast<long double>(days_of({.year = *year, .month = *month, .day = *day})) * k_day;
}

/// HH:MM[:SS[.ffffff]]
std::optional<long double> take_time(std::string_view& text) {
  const auto hours = digits(text, 2);
  if (!hours || !skip(text, ':')) return std::nullopt;
  const auto minutes = digits(text, 2);
  if (!minutes) return std::nullopt;
  long double result = (*hours * 60 + *minutes) * 60 * k_second;
  if (!skip(text, ':')) return result;
  const auto seconds = digits(text, 2);
  if (!seconds) return std::nullopt;
  result += *seconds * k_second;
  if (!skip(text, '.')) return result;
  long double unit = k_second / 10;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), unit /= 10) {
    result += (text.front() - '0') * unit;
  }
  return result;
}

/// Z or ±HH[[:]MM], in microseconds east of Greenwich.
std::optional<long double> take_offset(std::string_view& text) {
  text = trim(text);
  if (skip(text, 'Z') || skip(text, 'z')) return 0;
  const bool west = text.starts_with('-');
  if (!skip(text, '-') && !skip(text, '+')) return std::nullopt;
  const auto hours = digits(text, 2);
  if (!hours) return std::nullopt;
  skip(text, ':');
  const int minutes = text.empty() ? 0 : digits(text, 2).value_or(0);
  const long double offset = (*hours * 60 + minutes) * 60 * k_second;
  return west ? -offset : offset;
}

/// A point in time as it is written.
struct WrittenTime {
  long double date = 0;
  long double time = 0;  ///< of the day
  std::optional<long double> offset;
};

std::optional<WrittenTime> read_time(std::string_view text) {
  text = trim(text);
  const auto date = take_date(text);
  if (!date) return std::nullopt;
  WrittenTime result{.date = *date};
  const std::string_view before = text;
  text = trim(text);
  if (skip(text, 'T') || (!text.empty() && text.size() < before.size())) {
    const auto time = take_time(text);
    if (!time) return std::nullopt;
    result.time = *time;
  }
  if (!text.empty()) result.offset = take_offset(text);
  return text.empty() ? std::optional(result) : std::nullopt;
}

/// Microseconds since 1970, of local time or, for timestamptz that says its offset, of UTC. `from`: the type that the
/// constant has by itself, with which a time zone and a time of day come and go.
std::optional<Datum> time_value(std::string_view text, Domain domain, Domain from,
                                const std::string& timezone, Meeting meeting) {
  const std::optional<WrittenTime> written = read_time(text);
  if (!written) return std::nullopt;
  const bool has_offset = from == Domain::timestamptz && written->offset.has_value();
  const bool has_zone = from == Domain::timestamptz || domain == Domain::timestamptz;
  const long double time = from == Domain::date ? 0 : written->time;
  Datum result{.domain = domain,
               .number = written->date + time - (has_offset ? *written->offset : 0),
               .text = {},
               // Without an offset, or when it is lost, a timestamptz is what the session's zone makes of it.
               .is_local = has_zone && (!has_offset || from != domain) && !is_utc(timezone)};
  if (domain != Domain::date) return result;
  const long double day = std::floor(result.number / k_day) * k_day;
  const bool is_midnight = !has_offset && time == 0;  // of the same day in any zone
  if (is_midnight || (meeting == Meeting::assigned && !result.is_local))
    return Datum{.domain = domain, .number = day, .text = {}};
  return std::nullopt;
}

// ---- domains ------------------------------------------------------------------------------

bool is_time(Domain domain) {
  return domain == Domain::date || domain == Domain::timestamp || domain == Domain::timestamptz;
}

/// Constants of that type, compared with a column of this one, are looked at by the planner, with the meaning that they
/// have as values of the column.
bool is_comparable(Domain column, Domain constant) {
  if (column == constant) return true;
  if (column == Domain::numeric) return constant == Domain::integer;
  if (column == Domain::timestamp) return constant == Domain::date;
  if (column == Domain::date) return constant == Domain::timestamp;
  return false;
}

std::optional<Datum> boolean(std::string_view text) {
  const std::string word = lower(trim(text));
  constexpr std::array<std::string_view, 5> k_true = {"true", "t", "yes", "on", "1"};
  constexpr std::array<std::string_view, 5> k_false = {"false", "f", "no", "off", "0"};
  if (std::ranges::find(k_true, word) != k_true.end())
    return Datum{.domain = Domain::boolean, .number = 1, .text = {}};
  if (std::ranges::find(k_false, word) != k_false.end())
    return Datum{.domain = Domain::boolean, .number = 0, .text = {}};
  return std::nullopt;
}

std::optional<Datum> uuid(std::string_view text) {
  std::string hex;
  for (const char c : trim(text)) {
    if (c == '-' || c == '{' || c == '}') continue;
    if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return std::nullopt;
    hex += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  constexpr std::size_t k_digits = 32;
  if (hex.size() != k_digits) return std::nullopt;
  return Datum{.domain = Domain::uuid, .text = hex};
}

/// Characters whose order is the same in every collation, as long as only they occur.
bool same_everywhere(std::string_view text, char first, char last) {
  return std::ranges::all_of(text, [=](char c) { return c >= first && c <= last; });
}

/// No time zone is farther from Greenwich than that.
bool are_comparable(const Datum& a, const Datum& b) {
  constexpr long double k_farthest = 16 * 3600 * k_second;
  return a.is_local == b.is_local || std::abs(a.number - b.number) > k_farthest;
}

}  // namespace

Domain domain_of(const TypeName& type) {
  constexpr std::array<std::pair<std::string_view, Domain>, 12> k_domains = {
      {{"int2", Domain::integer},
       {"int4", Domain::integer},
       {"int8", Domain::integer},
       {"numeric", Domain::numeric},
       {"bool", Domain::boolean},
       {"text", Domain::text},
       {"varchar", Domain::text},
       {"date", Domain::date},
       {"timestamp", Domain::timestamp},
       {"timestamptz", Domain::timestamptz},
       {"uuid", Domain::uuid},
       {"name", Domain::other}}};
  if (!type.schemaname.empty() || type.array || type.setof) return Domain::other;
  const auto found =
      std::ranges::find(k_domains, std::string_view(type.name), &std::pair<std::string_view, Domain>::first);
  return found != k_domains.end() ? found->second : Domain::other;
}

std::optional<Datum> datum(const TypeName& column, const Value& constant, const std::string& timezone,
                           Meeting meeting) {
  if (constant.kind != Value::Kind::constant) return std::nullopt;
  const Domain domain = domain_of(column);
  if (domain == Domain::other) return std::nullopt;
  const Domain from = constant.type.empty() ? domain : domain_of({.name = constant.type});
  const bool casts = meeting == Meeting::assigned && is_time(domain) && is_time(from);
  if (!casts && !is_comparable(domain, from)) return std::nullopt;
  if (domain == Domain::boolean) return boolean(constant.text);
  if (domain == Domain::uuid) return uuid(constant.text);
  if (domain == Domain::text) return Datum{.domain = domain, .text = constant.text};
  if (is_time(domain)) return time_value(constant.text, domain, from, timezone, meeting);
  const auto value = number(constant.text, domain == Domain::integer);
  if (!value) return std::nullopt;
  return Datum{.domain = domain, .number = *value, .text = {}};
}

std::optional<Datum> column_value(const Catalog& catalog, const CatalogColumn& column, const Value& constant,
                                  Meeting meeting) {
  if (constant.kind != Value::Kind::constant) return std::nullopt;
  const CatalogType* type = catalog.find_type(column.type);
  const bool is_enum = type != nullptr && type->typtype == 'e' && !column.type.array;
  if (is_enum && (constant.type.empty() || constant.type == column.type.name)) {
    return Datum{.domain = Domain::other, .text = constant.text};
  }
  return datum(column.type, constant, catalog.timezone, meeting);
}

std::optional<int> compare(const Datum& a, const Datum& b) {
  if (a.domain != b.domain || !are_comparable(a, b)) return std::nullopt;
  if (a.domain == Domain::other) return a.text == b.text ? std::optional(0) : std::nullopt;
  if (a.domain != Domain::text && a.domain != Domain::uuid)
    return a.number < b.number ? -1 : a.number > b.number ? 1 : 0;
  if (a.text == b.text) return 0;
  const bool known = a.domain == Domain::uuid ||
                     (same_everywhere(a.text, 'a', 'z') && same_everywhere(b.text, 'a', 'z')) ||
                     (same_everywhere(a.text, '0', '9') && same_everywhere(b.text, '0', '9'));
  if (!known) return std::nullopt;
  return a.text < b.text ? -1 : 1;
}

std::optional<bool> equal(const Datum& a, const Datum& b) {
  if (a.domain != b.domain || !are_comparable(a, b)) return std::nullopt;
  return a.number == b.number && a.text == b.text;
}

}  // namespace pgsluice::effects
