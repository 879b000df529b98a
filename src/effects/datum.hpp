// SPDX-License-Identifier: Apache-2.0
// Constants as values of a column's type: as far as they can be put in order and hashed without a server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pgsluice/catalog.hpp"

namespace pgsluice::effects {

/// Types whose values mean the same here, whatever they are called.
enum class Domain : unsigned char {
  other,
  integer,
  numeric,
  boolean,
  text,
  date,
  timestamp,
  timestamptz,
  uuid
};

Domain domain_of(const TypeName& type);

/// A value of a domain: a number (of microseconds, for times), or text in its canonical form.
struct Datum {
  Domain domain = Domain::other;
  long double number = 0;
  std::string text;
  bool is_local = false;  ///< off by the distance of a time zone that is not known
};

/// What a constant has to do with a column.
enum class Meeting : unsigned char {
  compared,  ///< by the planner, which does not look at it where the function is not immutable: timestamp with timestamptz
  assigned,  ///< it is cast to the column's type
};

/// The constant as a value of the column's type. Empty when that is not known here.
std::optional<Datum> datum(const TypeName& column, const Value& constant, const std::string& timezone,
                           Meeting meeting);

/// The same for a column, whose type may be an enum: of its labels only equality is known.
std::optional<Datum> column_value(const Catalog& catalog, const CatalogColumn& column, const Value& constant,
                                  Meeting meeting = Meeting::compared);

/// Below, equal or above; empty when their order depends on more than is known, such as a collation.
std::optional<int> compare(const Datum& a, const Datum& b);

/// They are the same value; empty when that is not known.
std::optional<bool> equal(const Datum& a, const Datum& b);

}  // namespace pgsluice::effects
