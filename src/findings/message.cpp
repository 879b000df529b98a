// SPDX-License-Identifier: Apache-2.0
// Subjects → words. Placeholders are one table; templates know nothing else.
#include <algorithm>
#include <array>
#include <functional>
#include <span>

#include "base/sha256.hpp"
#include "base/text.hpp"
#include "effects/safe_form.hpp"
#include "findings/subject.hpp"
#include "sql/lexer.hpp"

namespace pgsluice::findings {
namespace {

/// How people write a sub-command of ALTER TABLE; the name that it is about stands between the two halves.
struct Phrase {
  std::string_view tag;
  std::string_view before;
  std::string_view after;
};
constexpr std::array<Phrase, 24> k_phrases{{
    {"AlterObjectSchemaStmt", "SET SCHEMA", ""},
    {"RenameStmt", "RENAME", ""},
    {"AT_AddColumn", "ADD COLUMN", ""},
    {"AT_ColumnDefault", "ALTER COLUMN", "SET DEFAULT"},
    {"AT_DropNotNull", "ALTER COLUMN", "DROP NOT NULL"},
    {"AT_SetNotNull", "ALTER COLUMN", "SET NOT NULL"},
    {"AT_SetExpression", "ALTER COLUMN", "SET EXPRESSION"},
    {"AT_DropExpression", "ALTER COLUMN", "DROP EXPRESSION"},
    {"AT_DropColumn", "DROP COLUMN", ""},
    {"AT_AddConstraint", "ADD CONSTRAINT", ""},
    {"AT_AlterConstraint", "ALTER CONSTRAINT", ""},
    {"AT_ValidateConstraint", "VALIDATE CONSTRAINT", ""},
    {"AT_DropConstraint", "DROP CONSTRAINT", ""},
    {"AT_AlterColumnType", "ALTER COLUMN", "TYPE"},
    {"AT_ClusterOn", "CLUSTER ON", ""},
    {"AT_SetLogged", "SET LOGGED", ""},
    {"AT_SetUnLogged", "SET UNLOGGED", ""},
    {"AT_SetAccessMethod", "SET ACCESS METHOD", ""},
    {"AT_SetTableSpace", "SET TABLESPACE", ""},
    {"AT_AttachPartition", "ATTACH PARTITION", ""},
    {"AT_DetachPartition", "DETACH PARTITION", ""},
    {"AT_AddInherit", "INHERIT", ""},
    {"AT_AddIdentity", "ALTER COLUMN", "ADD IDENTITY"},
    {"AT_DropIdentity", "ALTER COLUMN", "DROP IDENTITY"},
}};

std::string name_of(const Command& command) {
  if (!command.name.empty()) return command.name;
  if (!command.columns.empty()) return command.columns.front().name;
  return command.constraints.empty() ? Name() : command.constraints.front().name;
}

/// The first words of a command that is not in the table: `DROP TABLE`, `CREATE UNIQUE INDEX`.
std::string leading_keywords(std::string_view sql) {
  static constexpr std::array<std::string_view, 34> k_keywords = {
      "alter",   "attach",    "call",     "cluster", "comment", "concurrently", "copy",
      "create",  "delete",    "detach",   "do",      "domain",  "drop",         "enable",
      "disable", "function",  "index",    "insert",  "lock",    "materialized", "merge",
      "or",      "partition", "policy",   "refresh", "reindex", "rename",       "replace",
      "table",   "trigger",   "truncate", "unique",  "update",  "view"};
  sql::Lexer lexer(sql);
  std::string words;
  for (sql::Token token = lexer.next(); token.kind == sql::TokenKind::word; token = lexer.next()) {
    const std::string_view word = lexer.text(token);
    const bool keyword = std::any_of(k_keywords.begin(), k_keywords.end(),
                                     [&](std::string_view known) { return sql::is_keyword(word, known); });
    if (!keyword && !words.empty()) break;
    if (!words.empty()) words += ' ';
    for (const char c : word) words += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    if (!keyword) break;
  }
  return words;
}

const Subject& first(const Match& match) {
  return *match.subjects.front();
}

std::string command_words(const Match& match) {
  const Subject& subject = first(match);
  const Command* command = subject.written();
  const SourceRange range = command == nullptr ? subject.statement().range : subject.range;
  const auto phrase = std::find_if(k_phrases.begin(), k_phrases.end(), [&](const Phrase& candidate) {
    return command != nullptr && candidate.tag == command->tag;
  });
  if (phrase == k_phrases.end()) {
    const std::string words = leading_keywords(subject.file->script.text(range));
    return words.empty() ? leading_keywords(subject.file->script.text(subject.statement().range)) : words;
  }
  std::string words(phrase->before);
  const std::string_view renamed = command->text("renameType");
  if (renamed == "OBJECT_COLUMN") words += " COLUMN";
  if (renamed == "OBJECT_ATTRIBUTE") words += " ATTRIBUTE";
  if (renamed == "OBJECT_TABCONSTRAINT") words += " CONSTRAINT";
  if (const std::string name = name_of(*command); !name.empty()) words += " " + quote_ident(name);
  if (!phrase->after.empty()) words += cat(" ", phrase->after);
  return words;
}

/// "a", "a and b", "a, b and 7 more".
std::string list_names(std::vector<std::string> names) {
  constexpr std::size_t most = 3;
  std::vector<std::string> distinct;
  effects::Places<std::string, std::hash<std::string>> places;
  for (std::string& name : names) {
    if (places.find(distinct, name, std::identity()) == distinct.size()) distinct.push_back(std::move(name));
  }
  if (distinct.size() > most) {
    const std::size_t more = distinct.size() - most + 1;
    distinct.resize(most - 1);
    distinct.push_back(cat(std::to_string(more), " more"));
  }
  return enumerate(distinct, " and ");
}

std::string list_relations(const std::vector<RelationName>& relations) {
  std::vector<std::string> names;
  names.reserve(relations.size());
  for (const RelationName& relation : relations) names.push_back(relation.quoted());
  return list_names(std::move(names));
}

/// The tables, when there are any: who knows that a table is locked need not hear of its indexes.
std::string relations(const Match& match) {
  std::vector<std::string> tables;
  std::vector<std::string> all;
  for (const Subject* subject : match.subjects) {
    if (subject->lock == nullptr) continue;
    all.push_back(subject->lock->relation.quoted());
    if (is_table_like(subject->lock->relkind)) tables.push_back(all.back());
  }
  if (all.empty()) return "the database";
  return list_names(std::move(tables.empty() ? all : tables));
}

/// The statement as it is written, on one line, up to where it gets long, or to a string: that may be a secret.
std::string written_words(std::string_view sql) {
  constexpr std::size_t most = 60;
  sql::Lexer lexer(sql);
  std::string words;
  std::size_t end = 0;
  for (sql::Token token = lexer.next(); token.kind != sql::TokenKind::end; token = lexer.next()) {
    if (token.kind == sql::TokenKind::semicolon) break;
    const std::string_view text = lexer.text(token);
    if (token.kind == sql::TokenKind::string || token.kind == sql::TokenKind::unterminated ||
        words.size() + text.size() > most)
      return words + " …";
    if (!words.empty() && token.begin > end) words += ' ';
    words += text;
    end = token.end;
  }
  return words;
}

/// "DROP COLUMN active on public.products"; "DROP TYPE status", which is about no relation.
std::string what_words(const Match& match) {
  const Subject& subject = first(match);
  if (subject.lock != nullptr) return cat(command_words(match), " on ", subject.lock->relation.quoted());
  const bool is_inner = subject.command != nullptr && subject.command->inner != nullptr;
  const SourceRange& range = is_inner ? subject.range : subject.statement().range;
  return printable_line(written_words(subject.file->script.text(range)));
}

std::string lock_words(const Match& match) {
  const RelationLock* lock = first(match).lock;
  return lock == nullptr ? "a lock" : std::string(lock_sql(lock->mode));
}

/// The strongest lock that the statement takes on an existing relation, and on which.
const RelationLock* strongest(const Subject& subject) {
  const RelationLock* strongest = nullptr;
  for (const RelationLock& lock : subject.effect->locks) {
    if (!is_in_use(lock)) continue;
    const bool first = strongest == nullptr || strongest->mode < lock.mode;
    if (first || (strongest->mode == lock.mode && lock.role == "target")) strongest = &lock;
  }
  return strongest;
}

std::string strongest_lock(const Match& match) {
  const RelationLock* lock = strongest(first(match));
  return lock == nullptr ? "a lock" : cat(lock_sql(lock->mode), " on ", lock->relation.quoted());
}

std::string work_words(const Match& match) {
  const Subject& subject = first(match);
  const CommandEffect& command = *subject.command;
  const std::string_view what = work(*subject.effect, subject.statement(), command);
  if (what == "rewrite") return cat("writes ", list_relations(command.rewrites), " anew");
  if (what == "scan") return cat("reads every row of ", list_relations(command.scans));
  if (what == "index_build" && command.index_builds.empty()) return "builds all its indexes";
  if (what == "index_build") return cat("builds ", list_relations(command.index_builds));
  return "works";
}

std::string held_words(const Match& match) {
  std::vector<std::string> names;
  for (const Subject* subject : match.subjects) {
    names.push_back(cat(subject->lock->relation.quoted(), " (", lock_sql(subject->lock->mode), ")"));
  }
  return list_names(std::move(names));
}

/// "lines 3 to 9": from the first lock to the end of the transaction.
std::string window_words(const Match& match) {
  const Subject& subject = first(match);
  const LineIndex& lines = subject.file->lines();
  std::size_t begin = subject.range.begin;
  for (const HeldLock& held : subject.history().held) begin = std::min(begin, held.begin);
  const SourceRange& last = subject.history().transaction_end;
  const int from = lines.position(begin).line;
  const int to = lines.position(std::max(last.begin, last.end) - 1).line;
  return from == to ? cat("line ", std::to_string(from))
                    : cat("lines ", std::to_string(from), " to ", std::to_string(to));
}

std::string lock_timeout_words(const Match& match) {
  const History& history = first(match).history();
  if (history.lock_timeout == "long")
    return cat("lock_timeout is ", format_duration(std::chrono::milliseconds(*history.lock_timeout_ms)));
  return history.lock_timeout == "zero" ? "lock_timeout is 0" : "no lock_timeout is set";
}

std::string how_long_words(const Match& match) {
  return first(match).history().lock_timeout == "long" ? "too long" : "without end";
}

std::string refusal_words(const Match& match) {
  return first(match).effect->refusal;
}

std::string order_words(const Match& match) {
  const OrderConflict& conflict = *first(match).history().order_conflict;
  return cat(conflict.second.quoted(), " after ", conflict.first.quoted(), ", and ", conflict.other,
             " locks them the other way round");
}

std::string upgraded_words(const Match& match) {
  return list_relations(first(match).history().upgraded);
}

std::string rows_words(const Match& match) {
  const Command* command = first(match).written();
  const FactValue* where = command == nullptr ? nullptr : command->fact("has_where");
  return where != nullptr && *where == FactValue(false) ? "every row" : "an unknown number of rows";
}

/// Why nobody can say what the statement locks.
std::string unknown_words(const Match& match) {
  const std::string& unseen = first(match).effect->unseen;
  return unseen.empty() ? "no row describes it, so the worst is assumed" : unseen;
}

struct Placeholder {
  std::string_view name;
  std::string (*text)(const Match&);
};
constexpr std::array<Placeholder, 17> k_placeholders{{
    {"command", command_words},
    {"what", what_words},
    {"rows", rows_words},
    {"relation", relations},
    {"lock", lock_words},
    {"strongest", strongest_lock},
    {"work", work_words},
    {"held", held_words},
    {"window", window_words},
    {"lock_timeout", lock_timeout_words},
    {"how_long", how_long_words},
    {"refusal", refusal_words},
    {"order", order_words},
    {"upgraded", upgraded_words},
    {"unknown", unknown_words},
    {"detail", [](const Match& match) { return first(match).problem->detail; }},
    {"hint", [](const Match& match) { return first(match).problem->hint; }},
}};

const Placeholder* find_placeholder(std::string_view name) {
  const auto found = std::find_if(k_placeholders.begin(), k_placeholders.end(),
                                  [&](const Placeholder& placeholder) { return placeholder.name == name; });
  return found == k_placeholders.end() ? nullptr : &*found;
}

/// The rule book has made sure that every placeholder is known.
std::string fill(std::string_view text, const Match& match) {
  std::string out;
  out.reserve(2 * text.size());
  for (std::size_t open = text.find('{'); open != std::string_view::npos; open = text.find('{')) {
    const std::size_t close = text.find('}', open);
    out += text.substr(0, open);
    out += find_placeholder(text.substr(open + 1, close - open - 1))->text(match);
    text.remove_prefix(close + 1);
  }
  out += text;
  return out;
}

std::string instead_of(const Match& match, const EffectRow* row) {
  const Subject& subject = first(match);
  if (match.rule->row_instead && row != nullptr && !row->instead.empty()) {
    return effects::safe_form(*row, subject.statement(), *subject.written(),
                              subject.file->script.source.text);
  }
  return fill(match.rule->instead, match);
}

/// Of a rule that asks for them: "2 queries use it: line 3: SELECT …".
std::string queries_of(const Match& match) {
  constexpr std::size_t most = 5;
  const ObjectUse* use = use_of(first(match));
  const bool asks =
      std::any_of(match.rule->when.begin(), match.rule->when.end(),
                  [](const FindingRule::Condition& condition) { return condition.fact->name == "used"; });
  if (!asks || use == nullptr || use->queries.empty()) return {};
  std::string words = cat(" ", count_of(use->queries.size(), "query uses it", "queries use it"), ": ");
  for (std::size_t i = 0; i < std::min(use->queries.size(), most); ++i)
    words += cat(i == 0 ? "" : "; ", use->queries[i]);
  if (use->queries.size() > most) words += cat("; and ", std::to_string(use->queries.size() - most), " more");
  return words;
}

std::string why_of(const Match& match, const EffectRow* row) {
  const Subject& subject = first(match);
  const CheckOptions& options = subject.file->options;
  const bool depends = match.rule->row_instead && row != nullptr && (row->pg_min > 0 || row->pg_max < 999);
  const std::string queries = queries_of(match);
  if (!depends || !options.pg_version_assumed) return cat(match.rule->why, queries);
  return cat(match.rule->why, queries, " This is so on PostgreSQL ", std::to_string(options.pg_version),
             ", which was assumed; --pg-version says which it is.");
}

RelationName relation_of(const Subject& subject) {
  return subject.lock == nullptr ? RelationName() : subject.lock->relation;
}

}  // namespace

bool is_placeholder(std::string_view name) {
  return find_placeholder(name) != nullptr;
}

std::string fingerprint(std::string_view finding, const RelationName& relation, std::string_view sql) {
  std::string text;
  text.reserve(finding.size() + relation.schemaname.size() + relation.relname.size() + 2 * sql.size());
  text.append(finding).append("\n");
  relation.append_quoted(text);
  text += '\n';
  sql::Lexer lexer(sql);
  for (sql::Token token = lexer.next(); token.kind != sql::TokenKind::end; token = lexer.next()) {
    const std::size_t word = text.size();
    text += lexer.text(token);
    if (token.kind == sql::TokenKind::word) {
      for (char& c : std::span(text).subspan(word))
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    text += ' ';
  }
  return sha256_hex(text).substr(0, 16);
}

Finding to_finding(const Match& match) {
  const Subject& subject = first(match);
  const EffectRow* row = subject.command == nullptr ? nullptr : subject.command->row;
  Finding finding;
  finding.finding = match.rule->name;
  finding.severity = match.rule->severity;
  finding.range = subject.range;
  if (subject.effect != nullptr) finding.statement = subject.effect->statement;
  finding.relation = relation_of(subject);
  finding.message = fill(match.rule->message, match);
  finding.why = why_of(match, row);
  finding.instead = instead_of(match, row);
  finding.row = row == nullptr ? std::string() : row->id;
  // Of the sub-command, where one is to blame: its neighbours may change, and may have findings of their own.
  finding.fingerprint =
      fingerprint(finding.finding, finding.relation, subject.file->script.text(subject.range));
  return finding;
}

}  // namespace pgsluice::findings
