// SPDX-License-Identifier: Apache-2.0
#include "pgsluice/name.hpp"

#include <array>
#include <cstring>
#include <memory>
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
    // Room only: a run that has few names touches few pages.
    if (block == nullptr) block = std::allocator<std::string>().allocate(Name::k_block);
    std::construct_at(block + id % Name::k_block, text);
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
    constexpr std::size_t smallest = 512;
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

namespace {

constexpr std::uint64_t k_mix = 0x9E3779B97F4A7C15U;

template <typename Word>
std::uint64_t word_at(const char* bytes) {
  Word word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

/// Names are hashed more often than anything else is done to them, and are short: eight bytes at a time, the last ones
/// overlapping those before. The text must not be empty.
std::uint32_t hash_of(std::string_view text) {
  std::uint64_t hash = text.size() * k_mix;
  const auto take = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * k_mix;
    hash ^= hash >> 32U;
  };
  const char* const end = text.data() + text.size();
  if (text.size() >= sizeof(std::uint64_t)) {
    for (const char* at = text.data(); end - at > 8; at += 8) take(word_at<std::uint64_t>(at));
    take(word_at<std::uint64_t>(end - 8));
  } else if (text.size() >= sizeof(std::uint32_t)) {
    take(word_at<std::uint32_t>(text.data()) << 32U | word_at<std::uint32_t>(end - 4));
  } else {
    take(word_at<std::uint8_t>(text.data()) << 16U |
         word_at<std::uint8_t>(text.data() + text.size() / 2) << 8U | word_at<std::uint8_t>(end - 1));
  }
  return static_cast<std::uint32_t>(hash);
}

}  // namespace

std::uint32_t Name::intern(std::string_view text) {
  if (text.empty()) return 0;
  // What a thread met lately, so that threads seldom meet at the pool.
  struct Met {
    std::uint32_t hash = 0;
    Name name;
  };
  constexpr std::size_t remembered = 4096;
  thread_local std::array<Met, remembered> recent{};
  const std::uint32_t hash = hash_of(text);
  Met& met = recent[hash % remembered];
  if (met.hash != hash || met.name != text)
    met = {.hash = hash, .name = Name(Number{NamePool::instance().find_or_add(text, hash)})};
  return met.name.id_;
}

}  // namespace pgsluice
