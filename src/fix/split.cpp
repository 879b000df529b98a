// SPDX-License-Identifier: Apache-2.0
#include "fix/split.hpp"

#include <algorithm>
#include <array>
#include <ranges>

#include "base/text.hpp"
#include "fix/words.hpp"
#include "sql/lexer.hpp"

namespace pgsluice::fix {
namespace {

/// A sub-command of ALTER TABLE; what a new column's definition brings along belongs to it.
struct Part {
  std::size_t first = 0;  ///< of the statement's commands
  std::string comments;   ///< about it, each on a line of its own
  bool taken_out = false;
  std::set<std::size_t> inline_taken_out;
};

/// tablecmds.c AlterTablePass: PostgreSQL does not go by the order in which they are written.
int pass_of(const Command& command) {
  constexpr std::array<std::string_view, 3> k_before = {"AT_DropColumn", "AT_DropConstraint",
                                                        "AT_DropNotNull"};
  if (std::ranges::find(k_before, command.tag) != k_before.end()) return 0;
  if (command.tag == "AT_AlterColumnType") return 1;
  if (command.tag == "AT_AddColumn") return 2;
  if (command.tag == "AT_ColumnDefault" || command.tag == "AT_SetNotNull") return 3;
  return command.tag == "AT_AddConstraint" ? 4 : 5;
}

/// What stands on the line of a comma is about what is before it, all else about what comes.
void share_comments(std::string_view gap, std::string& before, std::string& behind) {
  sql::Lexer lexer(gap);
  for (sql::Token token = lexer.next_with_comments(); token.kind != sql::TokenKind::end;
       token = lexer.next_with_comments()) {
    if (token.kind != sql::TokenKind::line_comment && token.kind != sql::TokenKind::block_comment) continue;
    const bool same_line = gap.substr(0, token.begin).find('\n') == std::string_view::npos;
    (same_line ? before : behind) += cat(trim(lexer.text(token)), "\n");
  }
}

/// Between the parts, in the order in which they are written.
void find_comments(const Subject& subject, std::vector<Part>& parts) {
  const Statement& statement = subject.statement();
  std::size_t end = statement.range.begin;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const SourceRange range = statement.commands[parts[i].first].range;
    std::string& before = i == 0 ? parts[i].comments : parts[i - 1].comments;
    share_comments(subject.text({end, range.begin}), before, parts[i].comments);
    end = range.end;
  }
}

std::vector<Part> parts_of(const Subject& subject, const std::set<std::size_t>& taken_out) {
  const Statement& statement = subject.statement();
  std::vector<Part> parts;
  for (std::size_t i = 0; i < statement.commands.size(); ++i) {
    const bool taken = taken_out.contains(i);
    if (statement.commands[i].is("inline") && !parts.empty()) {
      if (taken) parts.back().inline_taken_out.insert(i);
    } else {
      parts.push_back({.first = i, .comments = {}, .taken_out = taken, .inline_taken_out = {}});
    }
  }
  find_comments(subject, parts);
  std::ranges::stable_sort(parts, {},
                           [&](const Part& part) { return pass_of(statement.commands[part.first]); });
  return parts;
}

/// REFERENCES t (a) in a column's definition → FOREIGN KEY (c) REFERENCES t (a).
std::string table_constraint(const Subject& subject, const Constraint& constraint) {
  std::string text = tidy(subject.text(constraint.range));
  const std::string columns = column_list(constraint.columns);
  if (const auto keyword = find_keyword(text, {"references"})) {
    text.insert(keyword->begin, cat("FOREIGN KEY ", columns, " "));
  } else if (const auto unique = find_keyword(text, {"unique", "key"})) {
    text.insert(unique->end, cat(" ", columns));
  }
  return text;
}

/// The sub-command's text without the constraints that get statements of their own.
std::string without(const Subject& subject, const Part& part) {
  const Command& command = subject.statement().commands[part.first];
  std::string text(subject.text(command.range));
  for (const std::size_t taken : std::ranges::reverse_view(part.inline_taken_out)) {
    const SourceRange range = subject.statement().commands[taken].constraints.front().range;
    std::size_t begin = range.begin - command.range.begin;
    const std::size_t end = range.end - command.range.begin;
    while (begin > 0 && (text[begin - 1] == ' ' || text[begin - 1] == '\t')) --begin;
    text.erase(begin, end - begin);
  }
  return text;
}

bool is_deferrable(const Subject& subject, const Part& part) {
  return std::ranges::any_of(part.inline_taken_out, [&](std::size_t i) {
    return subject.statement().commands[i].constraints.front().deferrable;
  });
}

Rewritten split_drop(const Subject& subject) {
  const std::string_view if_exists = find_keyword(subject.sql(), {"if"}) ? "IF EXISTS " : "";
  Replacement statements;
  for (const Command& command : subject.statement().commands) {
    const RelationRef* target = command.relation("target");
    if (target == nullptr) return Refusal{"it names something else than indexes"};
    statements.emplace_back(cat("DROP INDEX ", if_exists, target->name.quoted()));
  }
  return statements;
}

}  // namespace

bool has_several_parts(const Statement& statement) {
  return statement.commands.size() > 1;
}

Rewritten split(const Subject& subject, const std::set<std::size_t>& taken_out) {
  const Statement& statement = subject.statement();
  if (statement.tag == "DropStmt") return split_drop(subject);
  if (statement.tag != "AlterTableStmt")
    return Refusal{"several things are done by one statement: write one for each"};
  const std::string prefix =
      tidy(subject.text({statement.range.begin, statement.commands.front().range.begin}));
  Replacement statements;
  bool open = false;
  for (const Part& part : parts_of(subject, taken_out)) {
    if (is_deferrable(subject, part))
      return Refusal{"a deferrable constraint stands in a column's definition: write it as one of the table"};
    const std::string text = without(subject, part);
    if (open && !part.taken_out) {
      statements.back().sql += cat(",\n  ", replace_all(part.comments, "\n", "\n  "), text);
    } else {
      statements.emplace_back(cat(part.comments, prefix, " ", text));
    }
    open = !part.taken_out && part.inline_taken_out.empty();
    for (const std::size_t i : part.inline_taken_out) {
      const Constraint& constraint = statement.commands[i].constraints.front();
      statements.emplace_back(cat(prefix, " ADD ", table_constraint(subject, constraint)));
    }
  }
  return statements;
}

}  // namespace pgsluice::fix
