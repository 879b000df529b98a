// SPDX-License-Identifier: Apache-2.0
#include "accepts.hpp"

#include "raw_tree.hpp"

namespace pgsluice::sql {

bool accepts(const std::string& sql) {
  if (sql.find('\0') != std::string::npos) return false;
  const RawTree tree(sql);
  return tree.error() == nullptr;
}

}  // namespace pgsluice::sql
