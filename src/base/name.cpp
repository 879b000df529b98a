// SPDX-License-Identifier: Apache-2.0
#include "pgsluice/name.hpp"

#include <array>
#include <deque>
#include <mutex>
#include <vector>

namespace pgsluice {
namespace {

/// Every name of the program. Never destroyed: names outlive whatever ends last.
class Pool {
 public:
  static Pool& instance() {
    static Pool& pool = *new Pool;
    return pool;
  }

  const std::string* find_or_add(std::string_view text, std::size_t hash) {
    const std::scoped_lock lock(mutex_);
    if (2 * names_.size() >= slots_.size()) grow();
    Slot& slot = slot_of(text, hash);
    if (slot.name == nullptr) slot = {.hash = hash, .name = &names_.emplace_back(text)};
    return slot.name;
  }

 private:
  struct Slot {
    std::size_t hash = 0;
    const std::string* name = nullptr;  ///< nullptr: free
  };

  /// Where the name is, or may be put. The hash stands beside it, so that other names need not be looked at.
  Slot& slot_of(std::string_view text, std::size_t hash) {
    for (std::size_t i = hash;; ++i) {
      Slot& slot = slots_[i & (slots_.size() - 1)];
      if (slot.name == nullptr || (slot.hash == hash && *slot.name == text)) return slot;
    }
  }

  void grow() {
    constexpr std::size_t smallest = 4096;
    std::vector<Slot> old(slots_.empty() ? smallest : 2 * slots_.size());
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.name != nullptr) slot_of(*slot.name, slot.hash) = slot;
    }
  }

  std::mutex mutex_;
  std::deque<std::string> names_;  // where a name is, it stays
  std::vector<Slot> slots_;        ///< a power of two of them, half of them free
};

}  // namespace

const std::string* Name::intern(std::string_view text) {
  if (text.empty()) return &k_empty;
  // What a thread met lately, so that threads seldom meet at the pool.
  constexpr std::size_t remembered = 1024;
  thread_local std::array<const std::string*, remembered> recent{};
  const std::size_t hash = std::hash<std::string_view>()(text);
  const std::string*& name = recent[hash % remembered];
  if (name == nullptr || *name != text) name = Pool::instance().find_or_add(text, hash);
  return name;
}

}  // namespace pgsluice
