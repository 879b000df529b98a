// SPDX-License-Identifier: Apache-2.0
// Identifiers: a program handles the same few names over and over.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace pgsluice {

/// An immutable text that exists once in the program, by its number: copying, comparing and hashing it is as cheap as an
/// int, and a catalog of names is half as large as one of pointers. For identifiers only, never for text of any length:
/// what was once a name stays in memory. Safe to use from several threads.
class Name {
 public:
  Name() = default;
  // Implicit: a name is written as text.
  Name(std::string_view text) : id_(intern(text)) {}               // NOLINT(google-explicit-constructor)
  Name(const std::string& text) : Name(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  Name(const char* text) : Name(std::string_view(text)) {}         // NOLINT(google-explicit-constructor)
  operator const std::string&() const { return str(); }            // NOLINT(google-explicit-constructor)
  operator std::string_view() const { return str(); }              // NOLINT(google-explicit-constructor)

  [[nodiscard]] const std::string& str() const {
    return id_ == 0 ? k_empty : blocks[id_ / k_block][id_ % k_block];
  }
  [[nodiscard]] bool empty() const { return id_ == 0; }
  [[nodiscard]] std::size_t size() const { return str().size(); }
  [[nodiscard]] std::size_t find(std::string_view part) const { return str().find(part); }
  [[nodiscard]] std::string substr(std::size_t from, std::size_t size = std::string::npos) const {
    return str().substr(from, size);
  }
  [[nodiscard]] bool starts_with(std::string_view part) const { return str().starts_with(part); }
  [[nodiscard]] bool ends_with(std::string_view part) const { return str().ends_with(part); }

  friend bool operator==(Name a, Name b) { return a.id_ == b.id_; }
  friend bool operator==(Name a, std::string_view b) { return a.str() == b; }
  friend bool operator==(Name a, const std::string& b) { return a.str() == b; }
  friend bool operator==(Name a, const char* b) { return a.str() == b; }
  /// By text, not by place: so that what is sorted comes out the same in every run.
  friend std::strong_ordering operator<=>(Name a, Name b) {
    return a == b ? std::strong_ordering::equal : a.str() <=> b.str();
  }
  friend std::string operator+(std::string a, Name b) { return a.append(b.str()); }
  friend std::string operator+(Name a, std::string_view b) { return std::string(a.str()).append(b); }
  friend std::ostream& operator<<(std::ostream& out, Name name) { return out << name.str(); }

  [[nodiscard]] std::size_t hash() const { return id_; }

 private:
  friend class NamePool;
  static inline const std::string k_empty;
  // Texts stay where they are; a block is there before the number of any of its names is.
  static constexpr std::uint32_t k_block = 4096;
  static inline std::array<std::string*, (std::size_t{1} << 32U) / k_block / 16> blocks{};
  static std::uint32_t intern(std::string_view text);
  struct Number {
    std::uint32_t id;
  };
  explicit Name(Number number) : id_(number.id) {}

  std::uint32_t id_ = 0;  ///< 0: empty
};

using Names = std::vector<Name>;

}  // namespace pgsluice

template <>
struct std::hash<pgsluice::Name> {
  std::size_t operator()(pgsluice::Name name) const noexcept { return name.hash(); }
};
