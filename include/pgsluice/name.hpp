// SPDX-License-Identifier: Apache-2.0
// Identifiers: a program handles the same few names over and over.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace pgsluice {

/// An immutable text that exists once in the program: copying, comparing and hashing it is as cheap as a pointer. For
/// identifiers only, never for text of any length: what was once a name stays in memory. Safe to use from several
/// threads.
class Name {
 public:
  Name() = default;
  // Implicit: a name is written as text.
  Name(std::string_view text) : text_(intern(text)) {}             // NOLINT(google-explicit-constructor)
  Name(const std::string& text) : Name(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  Name(const char* text) : Name(std::string_view(text)) {}         // NOLINT(google-explicit-constructor)
  operator const std::string&() const { return *text_; }           // NOLINT(google-explicit-constructor)
  operator std::string_view() const { return *text_; }             // NOLINT(google-explicit-constructor)

  [[nodiscard]] const std::string& str() const { return *text_; }
  [[nodiscard]] bool empty() const { return text_ == &k_empty; }
  [[nodiscard]] std::size_t size() const { return text_->size(); }
  [[nodiscard]] std::size_t find(std::string_view part) const { return text_->find(part); }
  [[nodiscard]] std::string substr(std::size_t from, std::size_t size = std::string::npos) const {
    return text_->substr(from, size);
  }
  [[nodiscard]] bool starts_with(std::string_view part) const { return text_->starts_with(part); }
  [[nodiscard]] bool ends_with(std::string_view part) const { return text_->ends_with(part); }

  friend bool operator==(Name a, Name b) { return a.text_ == b.text_; }
  friend bool operator==(Name a, std::string_view b) { return *a.text_ == b; }
  friend bool operator==(Name a, const std::string& b) { return *a.text_ == b; }
  friend bool operator==(Name a, const char* b) { return *a.text_ == b; }
  /// By text, not by place: so that what is sorted comes out the same in every run.
  friend std::strong_ordering operator<=>(Name a, Name b) {
    return a == b ? std::strong_ordering::equal : *a.text_ <=> *b.text_;
  }
  friend std::string operator+(std::string a, Name b) { return a.append(*b.text_); }
  friend std::string operator+(Name a, std::string_view b) { return std::string(a.str()).append(b); }
  friend std::ostream& operator<<(std::ostream& out, Name name) { return out << *name.text_; }

  [[nodiscard]] std::size_t hash() const { return std::hash<const void*>()(text_); }

 private:
  static inline const std::string k_empty;
  static const std::string* intern(std::string_view text);
  const std::string* text_ = &k_empty;
};

using Names = std::vector<Name>;

}  // namespace pgsluice

template <>
struct std::hash<pgsluice::Name> {
  std::size_t operator()(pgsluice::Name name) const noexcept { return name.hash(); }
};
