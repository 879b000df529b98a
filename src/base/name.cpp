// SPDX-License-Identifier: Apache-2.0
#include "pgsluice/name.hpp"

#include <array>
#include <mutex>
#include <new>
#include <vector>

namespace pgsluice {

/// Every name of the program. Never destroyed: names outlive whatever ends last.
class NamePool {
 public:
  static NamePool& instance() {
    static NamePool& pool = *new NamePool;
    return pool;
  }

  std::uint32_t find_or_add(std::string_view text, std::uint32_t hash) {
    const std::scoped_lock lock(mutex_);
    if (2 * std::size_t{used_} >= slots_.size()) grow();
    Slot& slot = slot_of(text, hash);
    if (slot.id == 0) slot = {.hash = hash, .id = add(text)};
    return slot.id;
  }

 private:
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t id = 0;  ///< 0: free
  };

  std::uint32_t add(std::string_view text) {
    const std::uint32_t id = ++used_;
    if (id / Name::k_block >= Name::blocks.size()) throw std::bad_alloc();
    std::string*& block = Name::blocks[id / Name::k_block];
    if (block == nullptr) block = new std::string[Name::k_block];
    block[id % Name::k_block] = text;
    return id;
  }

  /// Where the name is, or may be put. The hash stands beside it, so that other names need not be looked at.
  Slot& slot_of(std::string_view text, std::uint32_t hash) {
    for (std::size_t i = hash;; ++i) {
      Slot& slot = slots_[i & (slots_.size() - 1)];
      if (slot.id == 0 || (slot.hash == hash && text_of(slot) == text)) return slot;
    }
  }
  static const std::string& text_of(const Slot& slot) {
    return Name::blocks[slot.id / Name::k_block][slot.id % Name::k_block];
  }

  void grow() {
    constexpr std::size_t smallest = 4096;
    std::vector<Slot> old(slots_.empty() ? smallest : 2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.id != 0) slot_of(text_of(slot), slot.hash) = slot;
    }
  }

  std::mutex mutex_;
  std::uint32_t used_ = 0;
  std::vector<Slot> slots_;  ///< a power of two of them, half of them free
};

std::uint32_t Name::intern(std::string_view text) {
  if (text.empty()) return 0;
  // What a thread met lately, so that threads seldom meet at the pool.
  struct Met {
    std::uint32_t hash = 0;
    Name name;
  };
  constexpr std::size_t remembered = 4096;
  thread_local std::array<Met, remembered> recent{};
  const std::size_t full = std::hash<std::string_view>()(text);
  const auto hash = static_cast<std::uint32_t>(full ^ (full >> 32U));
  Met& met = recent[hash % remembered];
  if (met.hash != hash || met.name != text)
    met = {.hash = hash, .name = Name(Number{NamePool::instance().find_or_add(text, hash)})};
  return met.name.id_;
}

}  // namespace pgsluice
