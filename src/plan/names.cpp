// SPDX-License-Identifier: Apache-2.0
#include "plan/names.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace pgsluice {
namespace {

std::string relation_of(const Command& command) {
  return command.relations.empty() ? "" : std::string(command.relations.front().name.relname);
}

/// A relation, a part of one, or something else.
std::string key_of(const std::string& relation, std::string_view name) {
  if (relation.empty()) return std::string(name);
  return name.empty() ? cat("relation ", relation) : cat(relation, ".", name);
}

/// Two functions may have one name.
std::string with_arguments(Name name, std::string_view types) {
  return cat(name, "(", types, ")");
}

/// DROP FUNCTION f(int) leaves f(text); without arguments it means the only one.
std::string taken_by(const Command& command) {
  const std::string_view types = command.text("arguments");
  const bool is_one = command.fact("arguments") != nullptr && types != "*" &&
                      command.text("removeType") != "OBJECT_AGGREGATE";
  return key_of(relation_of(command),
                is_one ? with_arguments(command.name, types) : std::string(command.name));
}

bool takes(const Command& command) {
  return command.tag == "DropStmt" || command.tag == "AT_DropColumn" || command.tag == "RenameStmt";
}

/// Relations are found by the effects, which know what IF NOT EXISTS comes to.
bool makes(const Command& command) {
  const bool creates = command.tag.starts_with("Create") || command.tag == "DefineStmt" ||
                       command.tag == "RuleStmt" || command.tag == "AT_AddColumn";
  return creates && !command.name.empty();
}

bool takes_nothing(std::string_view tag) {
  constexpr std::array harmless = {"VariableSetStmt", "TransactionStmt", "CommentStmt", "SecLabelStmt"};
  return std::ranges::find(harmless, tag) != harmless.end() || tag.starts_with("Create");
}

bool has_relation(const FileAnalysis& file, std::size_t statement, std::size_t command) {
  return std::ranges::any_of(file.effects, [&](const Effect& effect) {
    return effect.statement == statement &&
           std::ranges::any_of(effect.commands, [&](const CommandEffect& seen) {
             return seen.command == command && !seen.inner &&
                    std::ranges::any_of(seen.locks, is_of_its_own, &RelationLock::relkind);
           });
  });
}

bool takes_relations(const FileAnalysis& file, std::size_t statement) {
  const std::vector<Command>& commands = file.script.statements.at(statement).commands;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const Command& command = commands[i];
    if (command.tag == "DoStmt" || command.tag == "CallStmt") return false;
    if (!relation_of(command).empty() && has_relation(file, statement, i)) continue;
    if (!takes_nothing(command.tag)) return false;
  }
  return true;
}

std::string key_after_rename(const Command& command) {
  const std::string relation = relation_of(command);
  return relation.empty() || command.name.empty() ? key_of(std::string(command.new_name), "")
                                                  : key_of(relation, std::string(command.new_name));
}

}  // namespace

bool is_of_its_own(char relkind) {
  constexpr std::string_view kinds = "rpvmf";
  return kinds.find(relkind) != std::string_view::npos;
}

std::set<std::string> names_taken(const FileAnalysis& file) {
  std::set<std::string> names;
  for (const Statement& statement : file.script.statements) {
    for (const Command& command : statement.commands) {
      if (takes(command)) names.insert(taken_by(command));
    }
  }
  return names;
}

std::set<std::string> names_made(const FileAnalysis& file) {
  std::set<std::string> names;
  for (const Statement& statement : file.script.statements) {
    for (const Command& command : statement.commands) {
      if (makes(command)) names.insert(key_of(relation_of(command), std::string(command.name)));
      if (command.tag == "CreateFunctionStmt")
        names.insert(with_arguments(command.name, command.text("arguments")));
      if (command.tag == "RenameStmt") names.insert(key_after_rename(command));
    }
  }
  for (const Effect& effect : file.effects) {
    for (const RelationLock& lock : effect.locks) {
      if (lock.is_new) names.insert(key_of(std::string(lock.relation.relname), ""));
    }
  }
  return names;
}

bool takes_relations_only(const FileAnalysis& file) {
  for (std::size_t i = 0; i < file.script.statements.size(); ++i) {
    if (!takes_relations(file, i)) return false;
  }
  return true;
}

}  // namespace pgsluice
