// SPDX-License-Identifier: Apache-2.0
// Lists without repetitions, in the order in which their elements came.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <unordered_map>
#include <vector>

#include "pgsluice/sql.hpp"

namespace pgsluice::effects {

/// Finds elements of one list by their key: by looking through it while it is short, as nearly all are, by a hash when a
/// statement names a hundred thousand relations. The list may only grow.
template <typename Key, typename Hash>
class Places {
 public:
  /// Where the first element with the key is; the list's size when there is none.
  template <typename T, typename KeyOf>
  std::size_t find(const std::vector<T>& list, const Key& key, KeyOf key_of) {
    constexpr std::size_t is_short = 16;
    if (list.size() <= is_short) {
      return static_cast<std::size_t>(std::ranges::find(list, key, key_of) - list.begin());
    }
    for (; known_ < list.size(); ++known_) places_.try_emplace(std::invoke(key_of, list[known_]), known_);
    const auto found = places_.find(key);
    return found != places_.end() ? found->second : list.size();
  }

 private:
  std::unordered_map<Key, std::size_t, Hash> places_;
  std::size_t known_ = 0;
};

using RelationPlaces = Places<RelationName, RelationNameHash>;

}  // namespace pgsluice::effects
