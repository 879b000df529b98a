// SPDX-License-Identifier: Apache-2.0
// A table of values that have a name, made for a catalog of many thousands.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <utility>
#include <vector>

namespace pgsluice {

/// Counts, inside of a value, who shares it. Nobody shares a copy yet.
class ShareCount {
 public:
  ShareCount() = default;
  ShareCount(const ShareCount& /*other*/) noexcept {}
  ShareCount& operator=(const ShareCount& /*other*/) noexcept { return *this; }
  ~ShareCount() = default;

 private:
  template <typename T>
  friend class Shared;
  std::atomic<std::uint32_t> users_ = 0;
};

/// A T with a member `share_count`, or none. Copies share it; whoever changes it gets one of their own first.
template <typename T>
class Shared {
 public:
  Shared() = default;
  explicit Shared(T value) : value_(new T(std::move(value))) { ++users(); }
  Shared(const Shared& other) : value_(other.value_) {
    if (value_ != nullptr) users().fetch_add(1, std::memory_order_relaxed);
  }
  Shared(Shared&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
  Shared& operator=(Shared other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Shared() {
    if (value_ != nullptr && users().fetch_sub(1, std::memory_order_acq_rel) == 1) delete value_;
  }

  explicit operator bool() const { return value_ != nullptr; }
  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_; }
  [[nodiscard]] const T* get() const { return value_; }
  /// Whether it is the same one, not an equal one.
  friend bool operator==(const Shared& a, const Shared& b) { return a.value_ == b.value_; }

  /// The value, to change it; there must be one.
  T& edit() {
    if (users().load(std::memory_order_acquire) > 1) *this = Shared(T(*value_));
    return *value_;
  }

 private:
  [[nodiscard]] std::atomic<std::uint32_t>& users() const { return value_->share_count.users_; }

  T* value_ = nullptr;
};

/// Shared values by their member `name`: one pointer each in a table that is never full, and the name stands in the value
/// alone. Copies of the table share the values.
template <typename T, typename Hash>
class NameTable {
 public:
  using Key = decltype(T::name);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] bool contains(const Key& name) const { return find(name) != nullptr; }
  /// nullptr: there is none. Good until another one is put or erased; the value itself stays where it is.
  [[nodiscard]] const Shared<T>* find(const Key& name) const {
    if (size_ == 0) return nullptr;
    const Shared<T>& slot = slots_[place_of(name)];
    return slot ? &slot : nullptr;
  }
  Shared<T>* find(const Key& name) { return const_cast<Shared<T>*>(std::as_const(*this).find(name)); }

  /// Instead of the one of that name, if there is one.
  void put(Shared<T> value) {
    if (3 * (size_ + 1) > 2 * slots_.size()) grow();
    Shared<T>& slot = slots_[place_of(value->name)];
    if (!slot) ++size_;
    slot = std::move(value);
  }
  void erase(const Key& name) {
    if (size_ == 0) return;
    std::size_t free = place_of(name);
    if (!slots_[free]) return;
    slots_[free] = {};
    --size_;
    // What stands behind it would not be found behind a gap.
    for (std::size_t at = next(free); slots_[at]; at = next(at)) {
      const std::size_t home = home_of(slots_[at]->name);
      const bool reaches_over = at > free ? home <= free || home > at : home <= free && home > at;
      if (!reaches_over) continue;
      slots_[free] = std::move(slots_[at]);
      free = at;
    }
  }
  /// All of them, in no order.
  [[nodiscard]] auto all() const {
    return slots_ | std::views::filter([](const Shared<T>& slot) { return static_cast<bool>(slot); });
  }

 private:
  [[nodiscard]] std::size_t home_of(const Key& name) const { return Hash()(name) & (slots_.size() - 1); }
  [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
  /// Where it is, or may be put.
  [[nodiscard]] std::size_t place_of(const Key& name) const {
    std::size_t at = home_of(name);
    while (slots_[at] && slots_[at]->name != name) at = next(at);
    return at;
  }
  void grow() {
    constexpr std::size_t smallest = 16;
    std::vector<Shared<T>> old(slots_.empty() ? smallest : 2 * slots_.size());
    old.swap(slots_);
    for (Shared<T>& value : old) {
      if (!value) continue;
      Shared<T>& slot = slots_[place_of(value->name)];  // before the value is moved
      slot = std::move(value);
    }
  }

  std::vector<Shared<T>> slots_;  ///< a power of two of them
  std::size_t size_ = 0;
};

}  // namespace pgsluice
