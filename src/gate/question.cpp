// SPDX-License-Identifier: Apache-2.0
// What a contract file takes away from releases that still run, by the effects of its statements.

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "gate/names_before.hpp"
#include "gate/sources.hpp"
#include "sql/object_name.hpp"

namespace pgsluice {
namespace {

Change change_of(const Command& command, const EffectRow& row) {
  if (sql::is_rename(command)) return Change::renamed;
  if (command.tag == "DropStmt") return Change::dropped;
  if (row.breaks == Breaks::writers) return Change::tightened;
  return command.tag == "AT_DropColumn" || row.destroys_data ? Change::dropped : Change::altered;
}

bool takes_default(const Command& command) {
  return command.tag == "AT_ColumnDefault" || command.tag == "AT_DropIdentity";
}

/// The column that it is about; empty: the relation as a whole.
std::string column_of(const Command& command) {
  const bool of_column = command.tag == "AT_DropColumn" || command.tag == "AT_AlterColumnType" ||
                         command.tag == "AT_SetNotNull" || command.tag == "AT_ColumnDefault" ||
                         command.tag == "AT_DropIdentity" || command.text("renameType") == "OBJECT_COLUMN";
  return of_column ? std::string(command.name) : "";
}

bool is_one_of(std::string_view what, std::initializer_list<std::string_view> all) {
  return std::ranges::find(all, what) != all.end();
}

/// What statements name is lost: a relation, or a column. Keys, rights, policies, owners and rows of a partition are lost
/// without anybody's naming them, and the table is in use as before.
bool takes_what_is_named(const Command& command, const EffectRow& row) {
  if (!column_of(command).empty() || row.destroys_data) return true;
  if (!sql::is_rename(command) &&
      !is_one_of(command.tag, {"DropStmt", "DropOwnedStmt", "RefreshMatViewStmt"}))
    return false;
  return !is_one_of(sql::object_kind(command),
                    {"OBJECT_POLICY", "OBJECT_TRIGGER", "OBJECT_RULE", "OBJECT_TABCONSTRAINT"});
}

/// A schema, a type or a role takes tables, or columns of them, along.
bool goes_along(const Command& command) {
  const std::string_view what = command.text("removeType");
  return command.tag == "DropOwnedStmt" || what == "OBJECT_SCHEMA" || what == "OBJECT_TYPE" ||
         what == "OBJECT_DOMAIN";
}

/// What else is dropped takes parts of tables along that nobody names: defaults, generated columns, columns of its types.
bool takes_parts(const Command& command) {
  const std::string_view what = command.text("removeType");
  const bool is_relation = what == "OBJECT_TABLE" || what == "OBJECT_VIEW" || what == "OBJECT_MATVIEW" ||
                           what == "OBJECT_FOREIGN_TABLE" || what == "OBJECT_INDEX";
  return command.tag == "DropStmt" && command.text("behavior") == "DROP_CASCADE" && !is_relation &&
         !goes_along(command);
}

bool is_index(const RelationLock& lock) {
  return lock.relkind == relkind::index || lock.relkind == relkind::partitioned_index;
}

bool is_table(const RelationLock& lock) {
  constexpr std::string_view kinds = "rpf";
  return kinds.find(lock.relkind) != std::string_view::npos;
}

template <typename T>
void add_once(std::vector<T>& all, T one) {
  if (std::ranges::find(all, one) == all.end()) all.push_back(std::move(one));
}

bool makes_function(const FileAnalysis& file, Name name) {
  return std::ranges::any_of(file.script.statements, [name](const Statement& statement) {
    return std::ranges::any_of(statement.commands, [name](const Command& command) {
      const bool makes = command.tag == "CreateFunctionStmt" || command.tag == "DefineStmt";
      return makes && command.name == name;
    });
  });
}

/// Functions and types are no relations, and nobody waits for them; they are lost by name all the same.
std::optional<GateSubject> named_by(const FileAnalysis& file, const Command& command) {
  if (command.tag != "DropStmt" && !sql::is_rename(command)) return std::nullopt;
  const std::string_view what = sql::object_kind(command);
  const bool is_function =
      is_one_of(what, {"OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE", "OBJECT_AGGREGATE"});
  if (!is_function && !is_one_of(what, {"OBJECT_TYPE", "OBJECT_DOMAIN"})) return std::nullopt;
  GateSubject subject{.relation = sql::object_name(command), .column = {}};
  subject.kind = is_function ? GateSubject::Kind::function : GateSubject::Kind::type;
  subject.change = sql::is_rename(command) ? Change::renamed : Change::dropped;
  if (is_function) {
    subject.arguments = command.text("arguments");
    // Its callers get the new one.
    if (makes_function(file, command.name)) subject.change = Change::altered;
  }
  return subject;
}

/// Who leaves the column out gets a value again, or none is needed.
bool gives_value(const Command& command) {
  if (command.tag == "AT_ColumnDefault")
    return !command.is("drop_default") && command.expression && !command.expression->null_literal;
  return command.tag == "AT_AddIdentity" || command.tag == "AT_DropNotNull" || command.tag == "AT_DropColumn";
}

/// Of which tables, the target and its children.
std::set<RelationName> tables_of(const CommandEffect& command) {
  std::set<RelationName> tables;
  for (const RelationLock& lock : command.locks) {
    if (is_table(lock)) tables.insert(lock.relation);
  }
  return tables;
}

/// A column that loses its default and gets another in the same transaction loses nothing that anybody sees.
class Defaults {
 public:
  explicit Defaults(const FileAnalysis& file) {
    for (const Effect& effect : file.effects) {
      for (const CommandEffect& command : effect.commands)
        add(command_of(file, effect, command), effect, command);
    }
  }

  [[nodiscard]] bool are_given_again(const GateSubject& subject) const {
    const auto found = lost_.find({subject.relation, subject.column});
    return subject.loses_default && found != lost_.end() && found->second.is_given;
  }

 private:
  struct Lost {
    std::optional<int> transaction;
    std::set<RelationName> tables;
    bool is_given = false;
  };

  void add(const Command& written, const Effect& effect, const CommandEffect& command) {
    const auto target = std::ranges::find(command.locks, "target", &RelationLock::role);
    if (target == command.locks.end()) return;
    const std::pair key{target->relation, std::string(written.name)};
    if (gives_value(written)) {
      const auto found = lost_.find(key);
      if (found == lost_.end()) return;
      Lost& lost = found->second;
      lost.is_given = effect.transaction && effect.transaction == lost.transaction &&
                      std::ranges::includes(tables_of(command), lost.tables);
    } else if (takes_default(written)) {
      Lost& lost = lost_[key];
      const std::set<RelationName> tables = tables_of(command);
      // What has been lost before, and not been given since, is lost since then.
      const bool is_gap = !lost.tables.empty() && !lost.is_given;
      lost.transaction = is_gap && lost.transaction != effect.transaction ? std::nullopt : effect.transaction;
      lost.tables.insert(tables.begin(), tables.end());
      lost.is_given = false;
    }
  }

  std::map<std::pair<RelationName, std::string>, Lost> lost_;
};

/// A constraint or an index that is dropped, or a constraint that is renamed.
std::optional<GateSubject> key_in(const Command& command, const CommandEffect& effect) {
  const auto target = std::ranges::find(effect.locks, "target", &RelationLock::role);
  if (target == effect.locks.end() || target->is_new) return std::nullopt;
  const bool is_renamed = sql::is_rename(command);
  const bool is_constraint =
      command.tag == "AT_DropConstraint" || command.text("renameType") == "OBJECT_TABCONSTRAINT";
  if (!is_constraint && (command.tag != "DropStmt" || !is_index(*target))) return std::nullopt;
  return GateSubject{.relation = target->relation,
                     .column = is_constraint ? command.name.str() : "",
                     .change = is_renamed ? Change::renamed : Change::dropped,
                     .kind = GateSubject::Kind::key};
}

/// A schema that is dropped or renamed, an extension that is dropped.
std::optional<GateContainer> container_in(const Command& command) {
  const bool is_renamed = command.tag == "RenameStmt";
  if ((!is_renamed && command.tag != "DropStmt") || command.name.empty()) return std::nullopt;
  const std::string_view what = sql::object_kind(command);
  const bool is_extension = what == "OBJECT_EXTENSION";
  if (!is_extension && what != "OBJECT_SCHEMA") return std::nullopt;
  return GateContainer{.kind = is_extension ? GateContainer::Kind::extension : GateContainer::Kind::schema,
                       .name = command.name.str(),
                       .change = is_renamed ? Change::renamed : Change::dropped};
}

/// What is renamed and then dropped is dropped.
void add_subject(std::vector<GateSubject>& all, GateSubject subject) {
  const auto renamed = std::ranges::find_if(all, [&subject](const GateSubject& one) {
    return one.change == Change::renamed && one.kind == subject.kind && one.relation == subject.relation &&
           one.column == subject.column;
  });
  if (renamed == all.end() || subject.change != Change::dropped) return add_once(all, std::move(subject));
  *renamed = std::move(subject);
}

void add_subjects(const FileAnalysis& file, const Effect& effect, const CommandEffect& command,
                  const NamesBefore& names, GateQuestion& question) {
  if (command.row == nullptr) return;
  question.destroys_data = question.destroys_data || command.row->destroys_data;
  const Command& written = command_of(file, effect, command);
  if (auto key = key_in(written, command)) add_once(question.keys, *std::move(key));
  if (command.row->breaks == Breaks::nobody && !command.row->destroys_data) return;
  const bool is_named = takes_what_is_named(written, *command.row);
  if (auto named = named_by(file, written)) add_once(question.subjects, *std::move(named));
  if (auto container = container_in(written)) add_once(question.containers, *std::move(container));
  for (const RelationLock& lock : command.locks) {
    const bool is_dependent = lock.role == "dependents";
    if (!lock.is_new && is_dependent && is_table(lock) && takes_parts(written))
      add_once(question.taken_along, lock.relation);
    if (!is_named || is_index(lock)) continue;
    if (lock.is_new || (lock.role != "target" && !(is_dependent && goes_along(written)))) continue;
    GateSubject subject{
        .relation = names.of(lock.relation), .column = {}, .change = change_of(written, *command.row)};
    subject.column = names.of(subject.relation, column_of(written));
    subject.loses_default = subject.change == Change::tightened && takes_default(written);
    add_subject(question.subjects, std::move(subject));
  }
}

}  // namespace

const Command& command_of(const FileAnalysis& file, const Effect& effect, const CommandEffect& command) {
  const Statement& statement = command.inner ? *command.inner : file.script.statements.at(effect.statement);
  return statement.commands.at(command.command);
}

std::string_view to_string(Change change) {
  switch (change) {
    case Change::dropped: return "dropped";
    case Change::renamed: return "renamed";
    case Change::altered: return "altered";
    case Change::tightened: return "tightened";
  }
  return "dropped";
}

std::string GateSubject::quoted() const {
  if (kind == Kind::key)
    return column.empty() ? cat("key ", relation.quoted())
                          : cat("key ", quote_ident(column), " of ", relation.quoted());
  if (kind != Kind::relation) {
    const std::string name = relation.schemaname.empty() ? quote_ident(relation.relname) : relation.quoted();
    if (kind == Kind::type) return cat("type ", name);
    return cat("function ", name, arguments == "*" ? "" : cat("(", replace_all(arguments, ",", ", "), ")"));
  }
  return column.empty() ? relation.quoted() : cat(relation.quoted(), ".", quote_ident(column));
}

GateQuestion question_of(const PlannedFile& file) {
  GateQuestion question{.file = file,
                        .needs = parse_app_needs(file.analysis.directives.needs_app),
                        .subjects = {},
                        .keys = {},
                        .taken_along = {},
                        .containers = {}};
  NamesBefore names;
  for (const Effect& effect : file.analysis.effects) {
    question.destroys_data = question.destroys_data || effect.destroys_data;
    for (const CommandEffect& command : effect.commands) {
      add_subjects(file.analysis, effect, command, names, question);
      names.follow(command_of(file.analysis, effect, command), command);
    }
  }
  const Defaults defaults(file.analysis);
  std::erase_if(question.subjects,
                [&defaults](const GateSubject& subject) { return defaults.are_given_again(subject); });
  return question;
}

}  // namespace pgsluice
