// SPDX-License-Identifier: Apache-2.0
// Members that few values have.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace pgsluice {

/// One T or nothing, with the interface of std::optional and the size of a pointer. Copies share the value; whoever
/// changes it gets one of their own first, so that to everybody it is a value like any other.
template <typename T>
class Box {
 public:
  Box() = default;
  Box(std::nullopt_t) {}                                  // NOLINT(google-explicit-constructor)
  Box(T value) : shared_(new Value(std::move(value))) {}  // NOLINT(google-explicit-constructor)
  Box(const Box& other) : shared_(other.shared_) {
    if (shared_ != nullptr) shared_->users.fetch_add(1, std::memory_order_relaxed);
  }
  Box(Box&& other) noexcept : shared_(std::exchange(other.shared_, nullptr)) {}
  Box& operator=(Box other) noexcept {
    std::swap(shared_, other.shared_);
    return *this;
  }
  ~Box() {
    if (shared_ != nullptr && shared_->users.fetch_sub(1, std::memory_order_acq_rel) == 1)
      shared_->destroy(shared_);
  }

  explicit operator bool() const { return shared_ != nullptr; }
  [[nodiscard]] bool has_value() const { return shared_ != nullptr; }
  const T& operator*() const { return value(); }
  const T* operator->() const { return &value(); }
  void reset() { *this = Box(); }

  /// The value, to change it; there must be one.
  T& edit() {
    if (shared_->users.load(std::memory_order_acquire) > 1) *this = Box(T(value()));
    return value();
  }

 private:
  /// Does not need to know T, of which a header may know the name only.
  struct Shared {
    std::atomic<std::uint32_t> users = 1;
    void (*destroy)(Shared*) = nullptr;
  };
  struct Value : Shared {
    explicit Value(T of) : value(std::move(of)) {
      this->destroy = [](Shared* shared) { delete static_cast<Value*>(shared); };
    }
    T value;
  };
  [[nodiscard]] T& value() const { return static_cast<Value*>(shared_)->value; }

  Shared* shared_ = nullptr;
};

}  // namespace pgsluice
