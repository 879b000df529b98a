// SPDX-License-Identifier: Apache-2.0
// Lists that few values have.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <new>
#include <span>
#include <utility>
#include <vector>

namespace pgsluice {

/// A list that is one pointer while it is empty, as nearly all of its kind are, and one allocation of the size that it
/// needs when it is not; with the interface of std::vector as far as it is used.
template <typename T>
class Few {
 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  Few() = default;
  Few(std::initializer_list<T> list) { copy_from(std::span(list.begin(), list.size())); }
  Few(const std::vector<T>& list) { copy_from(std::span(list)); }  // NOLINT(google-explicit-constructor)
  Few(std::vector<T>&& list) {  // NOLINT(google-explicit-constructor): it is that list
    if (!list.empty()) move_to(list.data(), list.size(), list.size());
  }
  Few(const Few& other) : Few() { copy_from(std::span(other)); }
  Few(Few&& other) noexcept : head_(std::exchange(other.head_, nullptr)) {}
  Few& operator=(Few other) noexcept {
    std::swap(head_, other.head_);
    return *this;
  }
  ~Few() { clear(); }

  /// To whoever wants to keep or change it as one.
  explicit operator std::vector<T>() const { return {begin(), end()}; }

  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t size() const { return head_ != nullptr ? head_->size : 0; }
  [[nodiscard]] T* begin() { return items(); }
  [[nodiscard]] T* end() { return items() + size(); }
  [[nodiscard]] const T* begin() const { return items(); }
  [[nodiscard]] const T* end() const { return items() + size(); }
  T& operator[](std::size_t at) { return items()[at]; }
  const T& operator[](std::size_t at) const { return items()[at]; }
  T& front() { return *items(); }
  [[nodiscard]] const T& front() const { return *items(); }
  T& back() { return items()[size() - 1]; }
  [[nodiscard]] const T& back() const { return items()[size() - 1]; }

  void push_back(T value) {
    if (size() == capacity()) move_to(items(), size(), std::max(size() + 1, 2 * size()));
    std::construct_at(end(), std::move(value));
    ++head_->size;
  }
  template <typename... Arguments>
  T& emplace_back(Arguments&&... arguments) {
    push_back(T(std::forward<Arguments>(arguments)...));
    return back();
  }
  void clear() {
    if (head_ == nullptr) return;
    std::destroy(begin(), end());
    ::operator delete(head_, bytes(capacity()));  // who knows the size need not look for it
    head_ = nullptr;
  }

  template <typename Predicate>
  friend void erase_if(Few& few, Predicate predicate) {
    few.cut(std::remove_if(few.begin(), few.end(), std::move(predicate)));
  }
  friend void erase(Few& few, const T& value) { few.cut(std::remove(few.begin(), few.end(), value)); }
  friend bool operator==(const Few& a, const Few& b) { return std::ranges::equal(a, b); }

 private:
  /// What stands before the items.
  struct alignas(8) Head {
    std::uint32_t size = 0;
    std::uint32_t capacity = 0;
  };

  [[nodiscard]] static std::size_t bytes(std::size_t room) { return sizeof(Head) + room * sizeof(T); }
  [[nodiscard]] std::size_t capacity() const { return head_ != nullptr ? head_->capacity : 0; }
  [[nodiscard]] T* items() const {
    static_assert(alignof(T) <= alignof(Head));
    return head_ != nullptr ? reinterpret_cast<T*>(head_ + 1) : nullptr;
  }
  void copy_from(std::span<const T> list) {
    if (list.empty()) return;
    move_to(nullptr, 0, list.size());
    for (const T& item : list) push_back(item);
  }
  /// Takes the items out of where they are into new room, which is the list from then on.
  void move_to(T* from, std::size_t count, std::size_t room) {
    Few made;
    made.head_ =
        new (::operator new(bytes(room))) Head{.size = 0, .capacity = static_cast<std::uint32_t>(room)};
    std::uninitialized_move_n(from, count, made.items());
    made.head_->size = static_cast<std::uint32_t>(count);
    std::swap(head_, made.head_);
  }
  void cut(T* end_of_kept) {
    if (head_ == nullptr) return;
    std::destroy(end_of_kept, end());
    head_->size = static_cast<std::uint32_t>(end_of_kept - items());
  }

  Head* head_ = nullptr;
};

}  // namespace pgsluice
