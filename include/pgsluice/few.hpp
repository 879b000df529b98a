// SPDX-License-Identifier: Apache-2.0
// Lists that few values have.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace pgsluice {

/// A list that is one pointer while it is empty, as nearly all of its kind are; else a std::vector, with its interface as
/// far as it is used.
template <typename T>
class Few {
 public:
  using value_type = T;
  using iterator = T*;
  using const_iterator = const T*;

  Few() = default;
  Few(std::vector<T> list) {  // NOLINT(google-explicit-constructor): it is that list
    if (!list.empty()) list_ = std::make_unique<std::vector<T>>(std::move(list));
  }
  Few(std::initializer_list<T> list) : Few(std::vector<T>(list)) {}
  Few(const Few& other) : Few(static_cast<const std::vector<T>&>(other)) {}
  Few(Few&& other) noexcept = default;
  Few& operator=(const Few& other) { return *this = Few(other); }
  Few& operator=(Few&& other) noexcept = default;
  ~Few() = default;

  // NOLINTNEXTLINE(google-explicit-constructor): it is that list
  operator const std::vector<T>&() const {
    static const std::vector<T> k_none;
    return list_ ? *list_ : k_none;
  }

  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t size() const { return list_ ? list_->size() : 0; }
  [[nodiscard]] T* begin() { return list_ ? list_->data() : nullptr; }
  [[nodiscard]] T* end() { return begin() + size(); }
  [[nodiscard]] const T* begin() const { return list_ ? list_->data() : nullptr; }
  [[nodiscard]] const T* end() const { return begin() + size(); }
  T& operator[](std::size_t at) { return (*list_)[at]; }
  const T& operator[](std::size_t at) const { return (*list_)[at]; }
  T& front() { return list_->front(); }
  [[nodiscard]] const T& front() const { return list_->front(); }
  T& back() { return list_->back(); }
  [[nodiscard]] const T& back() const { return list_->back(); }
  void push_back(T value) {
    if (!list_) list_ = std::make_unique<std::vector<T>>();
    list_->push_back(std::move(value));
  }
  template <typename... Arguments>
  T& emplace_back(Arguments&&... arguments) {
    push_back(T(std::forward<Arguments>(arguments)...));
    return back();
  }
  void clear() { list_.reset(); }

  template <typename Predicate>
  friend void erase_if(Few& few, Predicate predicate) {
    if (few.list_) std::erase_if(*few.list_, std::move(predicate));
  }
  friend void erase(Few& few, const T& value) {
    if (few.list_) std::erase(*few.list_, value);
  }
  friend bool operator==(const Few& a, const Few& b) {
    return static_cast<const std::vector<T>&>(a) == static_cast<const std::vector<T>&>(b);
  }

 private:
  std::unique_ptr<std::vector<T>> list_;
};

}  // namespace pgsluice
