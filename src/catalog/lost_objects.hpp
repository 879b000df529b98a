// SPDX-License-Identifier: Apache-2.0
// Objects that are no relations and go: who uses them.
#pragma once

#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "builtins.hpp"
#include "dependencies.hpp"
#include "pgsluice/code.hpp"

namespace pgsluice {

/// The text search configuration that a call names: a constant is taken for it when the query is read. Empty: none.
std::string named_configuration(const FunctionCall& call);

/// The sequence that nextval() and its kin name by a constant, as it is written. Empty: none.
std::string named_sequence(const FunctionCall& call);

/// Types, functions, extensions and other objects that a DROP takes away, by the ways in which relations use them.
class LostObjects {
 public:
  explicit LostObjects(const Catalog& catalog) : catalog_(catalog) {}
  void add(const CatalogObject& object);

  [[nodiscard]] bool function(const FunctionCall& call) const;
  [[nodiscard]] bool functions(std::span<const FunctionCall> calls) const;
  [[nodiscard]] bool type(const TypeName& type) const;
  [[nodiscard]] bool types(std::span<const TypeName> types) const;
  [[nodiscard]] bool expression(const Box<Expression>& expression) const;
  [[nodiscard]] bool text(const Text& text) const;
  [[nodiscard]] bool statements(std::span<const CodeStep> steps) const;
  [[nodiscard]] bool collation(Name name) const { return other("OBJECT_COLLATION", name); }
  [[nodiscard]] bool access_method(Name name) const;
  [[nodiscard]] bool server(Name server) const;
  /// The operator class of an index column: the one that is written, or the default one of its type.
  [[nodiscard]] bool opclass(Name written, Name access_method, const TypeName* type) const;

 private:
  [[nodiscard]] bool other(std::string_view objtype, Name name) const;
  [[nodiscard]] bool is_made_here(const FunctionCall& call) const;
  [[nodiscard]] bool names_configuration(const FunctionCall& call) const;
  template <typename Has>
  [[nodiscard]] bool any_extension(Has has) const {
    for (const Extension* extension : extensions_) {
      if (has(*extension)) return true;
    }
    return false;
  }

  const Catalog& catalog_;
  std::set<RelationName> types_;
  std::set<RelationName> functions_;
  std::vector<CatalogObject> others_;
  std::vector<const Extension*> extensions_;
  /// Of an extension that nobody here knows: it may have brought whatever has no other origin.
  bool unknown_extension_ = false;
  /// Which configurations use a dictionary, parser or template that goes is not known.
  bool any_configuration_ = false;
};

}  // namespace pgsluice
