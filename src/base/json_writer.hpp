// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes compact JSON straight into text, for documents that are too long to be built as values first. The caller
// keeps the order: a key, then its value.

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/utf8.hpp"

namespace pgsluice {

/// Appends `text` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);
/// The same without the quotes.
void append_json_text(std::string& out, std::string_view text);

/// A key as it stands in the document, with its quotes; a literal that needs no escaping, put together by the compiler.
class JsonKey {
 public:
  template <std::size_t size>
  consteval JsonKey(const char (&name)[size]) : size_(size + 3) {  // NOLINT(google-explicit-constructor)
    static_assert(size + 3 <= k_most);
    text_[0] = ',';
    text_[1] = '"';
    for (std::size_t i = 0; i + 1 < size; ++i) text_[i + 2] = name[i];
    text_[size + 1] = '"';
    text_[size + 2] = ':';
  }
  [[nodiscard]] constexpr std::string_view text() const { return {text_, size_}; }

 private:
  static constexpr std::size_t k_most = 32;
  char text_[k_most] = {};
  std::size_t size_;
};

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  void key(const JsonKey& name) {
    out_ += name.text().substr(separated_ ? 1 : 0);
    separated_ = true;
  }

  /// One of our own words, which needs no escaping.
  void word(std::string_view text) {
    separate();
    out_ += '"';
    out_ += text;
    out_ += '"';
  }

  void value(std::string_view text) {
    separate();
    append_json_string(out_, text);
  }
  /// Text of any length, piece by piece: `flush` may take away what is written so far.
  template <typename Flush>
  void long_value(std::string_view text, Flush flush) {
    constexpr std::size_t piece = std::size_t{64} * 1024;
    separate();
    out_ += '"';
    while (text.size() > piece) {
      const std::size_t size = utf8_floor(text, piece);
      append_json_text(out_, text.substr(0, size));
      text.remove_prefix(size);
      flush();
    }
    append_json_text(out_, text);
    out_ += '"';
  }
  void value(const char* text) { value(std::string_view(text)); }
  void value(std::same_as<bool> auto flag) { literal(flag ? "true" : "false"); }
  void value(std::nullptr_t) { literal("null"); }
  template <std::integral Number>
    requires(!std::same_as<Number, bool>)
  void value(Number number) {
    char digits[24];
    literal({digits, std::to_chars(digits, digits + sizeof digits, number).ptr});
  }
  /// In thousandths: what is measured is no more exact.
  void value(std::same_as<double> auto number) {
    char digits[32];
    literal({digits, std::to_chars(digits, digits + sizeof digits, number, std::chars_format::fixed, 3).ptr});
  }
  template <typename T>
  void value(const std::optional<T>& maybe) {
    if (maybe) {
      value(*maybe);
    } else {
      value(nullptr);
    }
  }

  template <typename T>
  void member(const JsonKey& name, const T& of) {
    key(name);
    value(of);
  }

 private:
  void separate() {
    if (!separated_) out_ += ',';
    separated_ = false;
  }
  void open(char bracket) {
    separate();
    out_ += bracket;
    separated_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    separated_ = false;
  }
  void literal(std::string_view text) {
    separate();
    out_ += text;
  }

  std::string& out_;
  bool separated_ = true;  ///< what comes next needs no comma before it
};

}  // namespace pgsluice
