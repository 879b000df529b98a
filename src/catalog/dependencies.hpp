// SPDX-License-Identifier: Apache-2.0
// What goes with what: pg_depend, as far as relations hang on it. It knows which objects a DROP takes; what is locked for
// it is the business of effects.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "pgsluice/catalog.hpp"

namespace pgsluice {

/// dependency.h ObjectAddress: an object, or a part of a relation.
struct CatalogObject {
  enum class Kind : unsigned char {
    relation,
    column,
    default_value,
    constraint,
    trigger,
    policy,
    rule,
    statistics,
    type,
    function,
    schema,
    extension,
    other,  ///< anything else, by the name of its kind: OBJECT_COLLATION …
  };
  Kind kind = Kind::relation;
  RelationName name;         ///< of a part: its relation's
  Name part;                 ///< the name of the part
  std::string_view objtype;  ///< of `other`
  bool operator==(const CatalogObject&) const = default;
};

struct CatalogObjectHash {
  std::size_t operator()(const CatalogObject& object) const {
    return (RelationNameHash()(object.name) * 31 + object.part.hash()) * 31 +
           static_cast<std::size_t>(object.kind);
  }
};

/// no: what is part of another object, or made for it, goes along; what merely uses it makes PostgreSQL refuse.
enum class Cascade : bool { no, yes };

/// What DROP, DROP COLUMN, DROP CONSTRAINT, DROP OWNED and REASSIGN OWNED name.
std::vector<CatalogObject> named_by_drop(const Catalog& catalog, const Command& command);
Cascade cascade_of(const Command& command);
/// What belongs to the roles, and policies for nobody else; "" is the role that is at work.
std::vector<CatalogObject> owned_objects(const Catalog& catalog, const Names& roles);

/// dependency.c findDependentObjects(): the objects with all that goes with them, each once, a part of what goes itself
/// possibly, too.
std::vector<CatalogObject> with_dependents(const Catalog& catalog, const std::vector<CatalogObject>& dropped,
                                           Cascade cascade);

/// An index that uses the column as a key, in INCLUDE, in an expression or in its predicate.
bool uses_column(const IndexDef& index, Name column);
/// The columns that a foreign key points to; empty: not known which.
Names pointed_to(const Catalog& catalog, const CatalogConstraint& key);
/// Both foreign keys make the same demand.
bool is_same_key(const CatalogConstraint& a, const CatalogConstraint& b);

/// From 18 on NOT NULL is a constraint, and keeps its name when the table gets another one, or a copy: adds those of
/// `source` to `relation`.
void name_not_nulls(const Relation& source, Relation& relation);
/// The column whose NOT NULL has the name that PostgreSQL chooses for it from 18 on; nullptr: none.
const CatalogColumn* column_of_not_null(const Relation& relation, Name constraint);

}  // namespace pgsluice
