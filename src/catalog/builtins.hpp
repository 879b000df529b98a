// SPDX-License-Identifier: Apache-2.0
#pragma once

// What PostgreSQL and the extensions that come with it bring along: rules/catalog, generated from servers.

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "pgsluice/sql.hpp"

namespace pgsluice {

using NameSet = std::unordered_set<std::string_view>;

struct Extension {
  std::unordered_map<std::string_view, std::string_view> functions;  ///< with their volatility
  NameSet types;
  NameSet opclasses;
  NameSet default_for;  ///< `gist/int4`: access methods and types for which it has the default operator class
  NameSet binary_casts;  ///< `citext/text`
  NameSet access_methods;
  NameSet wrappers;
  NameSet views;
};

/// nullptr: no extension that comes with PostgreSQL.
const Extension* bundled_extension(std::string_view name);

/// "immutable", "stable" or "volatile" of a function of pg_catalog or of a bundled extension, else "".
std::string_view builtin_volatility(std::string_view function);
std::string_view extension_volatility(std::string_view function);

/// A function or aggregate of pg_catalog, on any major, or a function of a bundled extension.
bool is_builtin_function(std::string_view function);

/// A type of pg_catalog, on any major.
bool is_builtin_type(const TypeName& type);
/// A type of a bundled extension.
bool is_extension_type(const TypeName& type);
/// A foreign data wrapper of a bundled extension.
bool is_extension_wrapper(std::string_view wrapper);
/// An operator class of a bundled extension.
bool is_extension_opclass(std::string_view opclass);
/// pg_cast.castmethod b, between types of pg_catalog and of bundled extensions: the stored bytes stay as they are.
bool is_builtin_binary_cast(std::string_view from, std::string_view to);

}  // namespace pgsluice
