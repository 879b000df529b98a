// SPDX-License-Identifier: Apache-2.0
// Days, dates and times of the proleptic Gregorian calendar.
#pragma once

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace pgsluice {

struct CivilDate {
  int year = 1970;
  int month = 1;
  int day = 1;
};

/// Days since 1970-01-01.
constexpr long long days_of(CivilDate date) {
  const int year = date.month <= 2 ? date.year - 1 : date.year;
  const int era = (year >= 0 ? year : year - 399) / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097LL + day_of_era - 719'468;
}

constexpr CivilDate date_of(long long days) {
  days += 719'468;
  const long long era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto day_of_era = static_cast<int>(days - era * 146'097);
  const int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int month = (5 * day_of_year + 2) / 153;
  const int year = static_cast<int>(era) * 400 + year_of_era + (month >= 10 ? 1 : 0);
  return {.year = year,
          .month = month < 10 ? month + 3 : month - 9,
          .day = day_of_year - (153 * month + 2) / 5 + 1};
}

static_assert(days_of({.year = 2000, .month = 3, .day = 1}) == 11'017);
static_assert(date_of(11'016).month == 2 && date_of(11'016).day == 29);

/// `2024-01-31`; years of four digits only.
inline std::optional<CivilDate> read_iso_date(std::string_view text) {
  constexpr std::size_t k_length = 10;
  if (text.size() != k_length || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [text](std::size_t from, std::size_t count) {
    int value = -1;
    const char* end = text.data() + from + count;
    const auto [stop, error] = std::from_chars(text.data() + from, end, value);
    return error == std::errc() && stop == end ? value : -1;
  };
  const CivilDate date{.year = number(0, 4), .month = number(5, 2), .day = number(8, 2)};
  const bool valid = date.year >= 0 && date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= 31;
  return valid ? std::optional(date) : std::nullopt;
}

/// The two digits at the beginning of `text`; -1: there are none, or they are more than `most`.
inline int read_two_digits(std::string_view text, int most) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.size() < 2 || !is_digit(text[0]) || !is_digit(text[1])) return -1;
  const int value = (text[0] - '0') * 10 + (text[1] - '0');
  return value <= most ? value : -1;
}

/// Seconds ahead of UTC: `Z`, `+01:00`.
inline std::optional<long long> read_utc_offset(std::string_view text) {
  if (text == "Z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hours = read_two_digits(text.substr(1), 23);
  const int minutes = read_two_digits(text.substr(4), 59);
  if (hours < 0 || minutes < 0) return std::nullopt;
  return (hours * 60LL + minutes) * (text[0] == '+' ? 60 : -60);
}

/// Seconds since 1970 of `2026-11-26T12:00:30Z`, with fractions or an offset such as `+01:00` too (RFC 3339).
inline std::optional<long long> read_timestamp(std::string_view text) {
  constexpr std::size_t k_end = 19;
  if (text.size() <= k_end || text[10] != 'T' || text[13] != ':' || text[16] != ':') return std::nullopt;
  const auto date = read_iso_date(text.substr(0, 10));
  const int hours = read_two_digits(text.substr(11), 23);
  const int minutes = read_two_digits(text.substr(14), 59);
  const int seconds = read_two_digits(text.substr(17), 60);
  text.remove_prefix(k_end);
  if (text.front() == '.') text.remove_prefix(std::min(text.find_first_not_of("0123456789", 1), text.size()));
  const auto ahead = read_utc_offset(text);
  if (!date || hours < 0 || minutes < 0 || seconds < 0 || !ahead) return std::nullopt;
  return ((days_of(*date) * 24 + hours) * 60 + minutes) * 60 + seconds - *ahead;
}

inline std::string iso_text(CivilDate date) {
  const auto padded = [](int number, std::size_t width) {
    std::string digits = std::to_string(number);
    return digits.size() < width ? std::string(width - digits.size(), '0').append(digits) : digits;
  };
  return padded(date.year, 4)
      .append("-")
      .append(padded(date.month, 2))
      .append("-")
      .append(padded(date.day, 2));
}

}  // namespace pgsluice
