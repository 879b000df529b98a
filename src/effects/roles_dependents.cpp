// SPDX-License-Identifier: Apache-2.0
// What goes with an object that is no relation, when DROP … CASCADE takes it: dependency.c, from what the catalog knows
// of columns, constraints, indexes, triggers, policies and views.
#include <algorithm>
#include <string>

#include "builtins.hpp"
#include "members.hpp"

namespace pgsluice::effects {

namespace {

/// What DROP takes away, by the ways in which relations use it.
class Lost {
 public:
  explicit Lost(const Subject& subject) : catalog_(subject.catalog), name_(subject.command.name) {
    kind_ = subject.command.text("removeType");
    if (kind_ == "OBJECT_EXTENSION") extension_ = bundled_extension(name_);
  }

  [[nodiscard]] bool function(const FunctionCall& call) const {
    if (is_any("OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"))
      return call.name == name_;
    if (kind_ == "OBJECT_LANGUAGE") return !catalog_.volatility(call).empty();
    return extension_ != nullptr && extension_->functions.contains(call.name.str()) &&
           catalog_.volatility(call).empty();
  }
  [[nodiscard]] bool functions(const std::vector<FunctionCall>& calls) const {
    return std::ranges::any_of(calls, [this](const FunctionCall& call) { return function(call); });
  }
  [[nodiscard]] bool expression(const Box<Expression>& expression) const {
    if (!expression) return false;
    return functions(expression->functions) ||
           std::ranges::any_of(expression->casts, [this](const TypeName& cast) { return type(cast); });
  }
  [[nodiscard]] bool type(const TypeName& type) const {
    return extension_ != nullptr && extension_->types.contains(type.name.str()) &&
           catalog_.find_type(type) == nullptr;
  }
  [[nodiscard]] bool collation(Name name) const { return kind_ == "OBJECT_COLLATION" && name == name_; }
  [[nodiscard]] bool access_method(Name name) const {
    if (kind_ == "OBJECT_ACCESS_METHOD") return name == name_;
    return extension_ != nullptr && extension_->access_methods.contains(name.str());
  }
  [[nodiscard]] bool server(Name server) const {
    if (kind_ == "OBJECT_FOREIGN_SERVER") return server == name_;
    const Name wrapper = catalog_.wrapper(server);
    if (kind_ == "OBJECT_FDW") return wrapper == name_;
    return extension_ != nullptr && extension_->wrappers.contains(wrapper.str());
  }
  /// The operator class of an index column: the one that is written, or the default one of its type.
  [[nodiscard]] bool opclass(Name written, Name access_method, const TypeName* type) const {
    // A family that was made for a class has its name.
    if (is_any("OBJECT_OPCLASS", "OBJECT_OPFAMILY")) return written == name_;
    if (extension_ == nullptr) return false;
    if (!written.empty()) return extension_->opclasses.contains(written.str());
    if (type == nullptr) return false;
    TypeName base = *type;
    for (const CatalogType* found = catalog_.find_type(base); found != nullptr && found->typtype == 'd';
         found = catalog_.find_type(base)) {
      base = found->base;
    }
    const CatalogType* made = catalog_.find_type(base);
    const std::string name = made != nullptr && made->typtype == 'e' ? "anyenum" : base.name.str();
    return extension_->default_for.contains(access_method.str() + "/" + name);
  }
  /// An extension that nobody here knows may have brought anything.
  [[nodiscard]] bool is_unknown_extension() const {
    return kind_ == "OBJECT_EXTENSION" && extension_ == nullptr;
  }

 private:
  template <typename... Kinds>
  [[nodiscard]] bool is_any(Kinds... kinds) const {
    return ((kind_ == kinds) || ...);
  }

  const Catalog& catalog_;
  Name name_;
  std::string_view kind_;
  const Extension* extension_ = nullptr;
};

/// A column goes; of one that is not generated, a lost function takes only the default.
bool loses_column(const Relation& relation, const Lost& lost) {
  return std::ranges::any_of(relation.columns, [&](const CatalogColumn& column) {
    return lost.type(column.type) || lost.collation(column.collation) ||
           (!column.generated.empty() && lost.expression(column.default_expression));
  });
}

/// A constraint, trigger or policy of it goes, or a column or a default.
bool loses_part(const Relation& relation, const Lost& lost) {
  if (relation.relkind == relkind::composite_type) return false;
  const auto calls = [&](const auto& part) { return lost.functions(part.functions); };
  const auto fires = [&](const CatalogTrigger& trigger) {
    return lost.function({.schemaname = trigger.function.schemaname, .name = trigger.function.relname});
  };
  const auto defaults = [&](const CatalogColumn& column) {
    return lost.expression(column.default_expression);
  };
  return loses_column(relation, lost) || std::ranges::any_of(relation.columns, defaults) ||
         std::ranges::any_of(relation.constraints, calls) || std::ranges::any_of(relation.triggers, fires) ||
         std::ranges::any_of(relation.policies, calls);
}

bool index_goes(const Subject& subject, const Relation& index, const Lost& lost) {
  if (!index.index) return false;
  const IndexDef& definition = *index.index;
  const Relation* table = subject.catalog.find(index.table);
  return lost.access_method(definition.access_method) || lost.expression(definition.predicate) ||
         std::ranges::any_of(definition.elements, [&](const IndexElement& element) {
           const CatalogColumn* column = table != nullptr ? table->column(element.column) : nullptr;
           if (lost.expression(element.expression) || lost.collation(element.collation)) return true;
           return lost.opclass(element.opclass, definition.access_method,
                               column != nullptr ? &column->type : nullptr);
         });
}

/// The relation itself goes.
bool goes(const Subject& subject, const Relation& relation, const Lost& lost) {
  switch (relation.relkind) {
    case relkind::index:
    case relkind::partitioned_index: return index_goes(subject, relation, lost);
    case relkind::view: return lost.functions(relation.calls);
    case relkind::materialized_view:
      return lost.functions(relation.calls) || lost.access_method(relation.access_method);
    case relkind::foreign_table: return lost.server(relation.server);
    default: return lost.access_method(relation.access_method);
  }
}

}  // namespace

Members dependents(const Subject& subject) {
  const Lost lost(subject);
  Members gone;
  Members altered;
  for (const Relation* relation : subject.catalog.all()) {
    if (lost.is_unknown_extension() || goes(subject, *relation, lost)) {
      add(gone, member(*relation));
    } else if (loses_part(*relation, lost)) {
      add(altered, member(*relation));
      // Views of a column that goes; those of the other columns stay, but who knows which a view needs?
      if (loses_column(*relation, lost)) add_all(gone, subject.catalog.readers(relation->name));
    }
  }
  for (std::size_t i = 0; i < gone.size(); ++i) {
    const RelationName name = gone[i].name;
    add_all(gone, subject.catalog.readers(name));
    add_all(altered, subject.catalog.indexes(name));
    add_all(altered, subject.catalog.referencing(name));
    add_all(altered, subject.catalog.owned_sequences(name));
    const Relation* index = subject.catalog.find(name);
    if (index != nullptr && !index->table.empty()) add(altered, member(subject, index->table));
  }
  add_all(gone, altered);
  return gone;
}

}  // namespace pgsluice::effects
