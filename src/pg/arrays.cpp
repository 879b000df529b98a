// SPDX-License-Identifier: Apache-2.0
#include "pg/arrays.hpp"

#include <charconv>

namespace pgsluice::pg {

std::string text_array(std::span<const std::string> elements) {
  std::string array = "{";
  for (const std::string& element : elements) {
    array += array.size() > 1 ? ",\"" : "\"";
    for (const char c : element) {
      if (c == '"' || c == '\\') {
        array += '\\';
      }
      array += c;
    }
    array += '"';
  }
  return array + "}";
}

std::vector<std::string> parse_texts(std::string_view array) {
  std::vector<std::string> elements;
  if (array.size() < 3) {
    return elements;
  }
  std::string current;
  bool quoted = false;
  bool was_quoted = false;
  const auto finish = [&] {
    elements.push_back(!was_quoted && current == "NULL" ? std::string() : current);
    current.clear();
    was_quoted = false;
  };
  for (std::size_t i = 1; i + 1 < array.size(); ++i) {
    const char c = array[i];
    if (c == '\\' && i + 2 < array.size()) {
      current += array[++i];
    } else if (c == '"') {
      quoted = !quoted;
      was_quoted = true;
    } else if (c == ',' && !quoted) {
      finish();
    } else {
      current += c;
    }
  }
  finish();
  return elements;
}

std::vector<long long> parse_numbers(std::string_view array) {
  std::vector<long long> numbers;
  for (const std::string& element : parse_texts(array)) {
    long long value = 0;
    std::from_chars(element.data(), element.data() + element.size(), value);
    numbers.push_back(value);
  }
  return numbers;
}

}  // namespace pgsluice::pg
