// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which names a file takes away and which it makes: a contract step that comes late must not take away what a later file
// has made under the same name.

#include <set>
#include <string>

#include "pgsluice/findings.hpp"

namespace pgsluice {

/// Tables, views and the like; indexes and sequences come and go with their tables.
bool is_of_its_own(char relkind);

/// "relation orders", "orders.total", "f". Schemas do not count: rather too careful.
std::set<std::string> names_taken(const FileAnalysis& file);
std::set<std::string> names_made(const FileAnalysis& file);
/// Whether nothing that it takes away is anything but a table or the like, or hidden in code: other names say too little,
/// for two functions may have one.
bool takes_relations_only(const FileAnalysis& file);

}  // namespace pgsluice
