// SPDX-License-Identifier: Apache-2.0
#include "lost_objects.hpp"

#include <algorithm>
#include <array>

#include "object_names.hpp"

namespace pgsluice {

namespace {

bool agree(Name a, Name b) {
  return a.empty() || b.empty() || a == b;
}

/// Functions that take a configuration before the text.
bool takes_configuration(const FunctionCall& call) {
  constexpr std::array<std::string_view, 8> k_names = {
      "to_tsvector",          "to_tsquery",  "plainto_tsquery",  "phraseto_tsquery",
      "websearch_to_tsquery", "ts_headline", "json_to_tsvector", "jsonb_to_tsvector"};
  return std::ranges::find(k_names, std::string_view(call.name)) != k_names.end();
}

/// PostgreSQL's own are called after the type that they are for, those of bundled extensions are listed.
bool is_known_opclass(Name name) {
  constexpr std::array<std::string_view, 9> k_kinds = {"array", "enum", "kd",    "multirange", "network",
                                                       "poly",  "quad", "range", "record"};
  const std::string_view kind = std::string_view(name).substr(0, name.find("_"));
  return std::ranges::find(k_kinds, kind) != k_kinds.end() ||
         is_builtin_type({.schemaname = {}, .name = kind}) || is_extension_opclass(name.str());
}

}  // namespace

std::string named_configuration(const FunctionCall& call) {
  if (!takes_configuration(call) || call.arguments < 2 || !call.texts || call.texts->empty()) return {};
  const Text& text = call.texts->front();
  if (text.kind != Text::Kind::constant) return {};
  return text.value.substr(text.value.rfind('.') + 1);
}

std::string named_sequence(const FunctionCall& call) {
  const bool draws = call.name == "nextval" || call.name == "setval" || call.name == "currval";
  if (!draws || !call.texts || call.texts->empty()) return {};
  const Text* text = &call.texts->front();
  if (text->kind == Text::Kind::call && text->value == "regclass" && !text->parts.empty())
    text = &text->parts.front();
  return text->kind == Text::Kind::constant ? text->value : std::string();
}

void LostObjects::add(const CatalogObject& object) {
  using Kind = CatalogObject::Kind;
  if (object.kind == Kind::type) types_.insert(object.name);
  if (object.kind == Kind::function) functions_.insert(object.name);
  if (object.kind == Kind::extension) {
    const Extension* extension = bundled_extension(object.name.relname);
    if (extension != nullptr) extensions_.push_back(extension);
    unknown_extension_ = unknown_extension_ || extension == nullptr;
  }
  if (object.kind != Kind::other) return;
  others_.push_back(object);
  if (is_caller(object.objtype)) functions_.insert(object.name);
  any_configuration_ = any_configuration_ || object.objtype == "OBJECT_TSDICTIONARY" ||
                       object.objtype == "OBJECT_TSPARSER" || object.objtype == "OBJECT_TSTEMPLATE";
}

bool LostObjects::other(std::string_view objtype, Name name) const {
  return std::ranges::any_of(others_, [&](const CatalogObject& object) {
    return object.objtype == objtype && object.name.relname == name;
  });
}

bool LostObjects::is_made_here(const FunctionCall& call) const {
  return !catalog_.functions(call).empty();
}

bool LostObjects::names_configuration(const FunctionCall& call) const {
  const std::string name = named_configuration(call);
  return !name.empty() && (any_configuration_ || other("OBJECT_TSCONFIGURATION", name));
}

bool LostObjects::function(const FunctionCall& call) const {
  const std::vector<const CatalogFunction*> found = catalog_.functions(call);
  if (!found.empty()) {
    return std::ranges::any_of(
        found, [this](const CatalogFunction* made) { return functions_.contains(made->name); });
  }
  const bool named = std::ranges::any_of(functions_, [&call](const RelationName& lost) {
    return lost.relname == call.name && agree(lost.schemaname, call.schemaname);
  });
  return named || names_configuration(call) || any_extension([&call](const Extension& extension) {
           return extension.functions.contains(call.name.str());
         }) ||
         (unknown_extension_ && !is_builtin_function(call.name));
}

bool LostObjects::functions(std::span<const FunctionCall> calls) const {
  return std::ranges::any_of(calls, [this](const FunctionCall& call) { return function(call); });
}

bool LostObjects::type(const TypeName& type) const {
  if (const CatalogType* made = catalog_.find_type(type)) return types_.contains(made->name);
  const RelationName written{.schemaname = type.schemaname, .relname = type.name};
  if (types_.contains(written)) return true;
  if (is_builtin_type(type) || catalog_.find(written) != nullptr) return false;
  return std::ranges::any_of(types_,
                             [&type](const RelationName& lost) {
                               return lost.relname == type.name && agree(lost.schemaname, type.schemaname);
                             }) ||
         any_extension(
             [&type](const Extension& extension) { return extension.types.contains(type.name.str()); }) ||
         (unknown_extension_ && !is_extension_type(type));
}

bool LostObjects::types(std::span<const TypeName> types) const {
  return std::ranges::any_of(types, [this](const TypeName& each) { return type(each); });
}

bool LostObjects::expression(const Box<Expression>& expression) const {
  return expression && (functions(expression->functions) || types(expression->casts));
}

/// A call in the text is one of a function that goes.
bool LostObjects::text(const Text& text) const {
  const FunctionCall call{.name = text.value, .arguments = static_cast<int>(text.parts.size())};
  if (text.kind == Text::Kind::call && function(call)) return true;
  return std::ranges::any_of(text.parts, [this](const Text& part) { return this->text(part); });
}

bool LostObjects::statements(std::span<const CodeStep> steps) const {
  return std::ranges::any_of(steps, [this](const CodeStep& step) {
    return std::ranges::any_of(step.statement.commands,
                               [this](const Command& command) { return functions(command.functions); });
  });
}

bool LostObjects::access_method(Name name) const {
  if (other("OBJECT_ACCESS_METHOD", name)) return true;
  if (any_extension([name](const Extension& e) { return e.access_methods.contains(name.str()); }))
    return true;
  if (!unknown_extension_ || name.empty()) return false;
  constexpr std::array<std::string_view, 8> k_known = {"heap", "btree",  "hash", "gist",
                                                       "gin",  "spgist", "brin", "bloom"};
  return std::ranges::find(k_known, std::string_view(name)) == k_known.end();
}

/// The wrapper of a server that no file makes is not known, nor is one that a snapshot of before does not have.
bool LostObjects::server(Name server) const {
  if (server.empty()) return false;
  if (other("OBJECT_FOREIGN_SERVER", server)) return true;
  const Name wrapper = catalog_.wrapper(server);
  const bool may_be_any = wrapper.empty();
  if (unknown_extension_ && !is_extension_wrapper(wrapper.str())) return true;
  if (other("OBJECT_FDW", wrapper)) return true;
  if (may_be_any && std::ranges::find(others_, "OBJECT_FDW", &CatalogObject::objtype) != others_.end())
    return true;
  return any_extension([&](const Extension& extension) {
    return may_be_any ? !extension.wrappers.empty() : extension.wrappers.contains(wrapper.str());
  });
}

bool LostObjects::opclass(Name written, Name access_method, const TypeName* type) const {
  // A family that was made for a class has its name.
  if (!written.empty()) {
    return other("OBJECT_OPCLASS", written) || other("OBJECT_OPFAMILY", written) ||
           any_extension([&](const Extension& e) { return e.opclasses.contains(written.str()); }) ||
           (unknown_extension_ && !is_known_opclass(written));
  }
  if (type == nullptr || extensions_.empty()) return false;
  TypeName base = *type;
  const CatalogType* made = catalog_.find_type(base);
  for (; made != nullptr && made->typtype == 'd'; made = catalog_.find_type(base)) base = made->base;
  const std::string name = base.array                                ? "anyarray"
                           : made != nullptr && made->typtype == 'e' ? "anyenum"
                                                                     : base.name.str();
  return any_extension(
      [&](const Extension& e) { return e.default_for.contains(access_method.str() + "/" + name); });
}

}  // namespace pgsluice
