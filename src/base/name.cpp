// SPDX-License-Identifier: Apache-2.0
#include "pgsluice/name.hpp"

#include <array>
#include <mutex>
#include <unordered_set>

namespace pgsluice {
namespace {

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

/// Every name of the program. Never destroyed: names outlive whatever ends last.
class Pool {
 public:
  static Pool& instance() {
    static Pool& pool = *new Pool;
    return pool;
  }

  const std::string* find_or_add(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    const auto found = names_.find(text);
    return found != names_.end() ? &*found : &*names_.emplace(text).first;
  }

 private:
  std::mutex mutex_;
  std::unordered_set<std::string, Hash, std::equal_to<>> names_;
};

}  // namespace

const std::string* Name::intern(std::string_view text) {
  if (text.empty()) return &k_empty;
  // What a thread met lately, so that threads seldom meet at the pool.
  constexpr std::size_t remembered = 1024;
  thread_local std::array<const std::string*, remembered> recent{};
  const std::string*& name = recent.at(Hash()(text) % remembered);
  if (name == nullptr || *name != text) name = Pool::instance().find_or_add(text);
  return name;
}

}  // namespace pgsluice
