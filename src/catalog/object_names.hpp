// SPDX-License-Identifier: Apache-2.0
#pragma once

// Short ways to name what hangs on one another, and how long a name may be.

#include "dependencies.hpp"

namespace pgsluice {

/// Bytes in a name. pg: NAMEDATALEN - 1
inline constexpr std::size_t k_max_name = 63;

inline CatalogObject relation_object(const RelationName& name) {
  return {.kind = CatalogObject::Kind::relation, .name = name, .part = {}, .objtype = {}};
}

inline CatalogObject part_object(CatalogObject::Kind kind, const RelationName& relation, Name part) {
  return {.kind = kind, .name = relation, .part = part, .objtype = {}};
}

inline CatalogObject object(CatalogObject::Kind kind, const RelationName& name,
                            std::string_view objtype = {}) {
  return {.kind = kind, .name = name, .part = {}, .objtype = objtype};
}

/// What the catalog keeps as a function, too, with code that calls what it is made of: apply_support.cpp.
inline bool is_caller(std::string_view objtype) {
  return objtype == "OBJECT_OPERATOR" || objtype == "OBJECT_AGGREGATE";
}

inline RelationName name_of(const TypeName& type) {
  return {.schemaname = type.schemaname, .relname = type.name};
}

}  // namespace pgsluice
