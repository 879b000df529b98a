// SPDX-License-Identifier: Apache-2.0
// Members that few values have.
#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace pgsluice {

/// One T or nothing, with the interface of std::optional and the size of a pointer. Copies share the value; whoever
/// changes it gets one of their own first, so that to everybody it is a value like any other.
template <typename T>
class Box {
 public:
  Box() = default;
  Box(std::nullopt_t) {}                                           // NOLINT(google-explicit-constructor)
  Box(T value) : value_(std::make_shared<T>(std::move(value))) {}  // NOLINT(google-explicit-constructor)

  explicit operator bool() const { return value_ != nullptr; }
  [[nodiscard]] bool has_value() const { return value_ != nullptr; }
  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  void reset() { value_.reset(); }

  /// The value, to change it; there must be one.
  T& edit() {
    if (value_.use_count() > 1) value_ = std::make_shared<T>(*value_);
    return *value_;
  }

 private:
  std::shared_ptr<T> value_;
};

}  // namespace pgsluice
