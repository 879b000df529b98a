// SPDX-License-Identifier: Apache-2.0
// Liquibase's formatted SQL: a file is a list of changesets, each with settings of its own and a transaction of its own.
// (Liquibase: parser/core/formattedsql, AbstractFormattedChangeLogParser.java)
#include "migration/tools/liquibase.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "migration/tools/rows.hpp"
#include "sql/lexer.hpp"

namespace pgsluice::tools {
namespace {

bool begins_with(std::string_view text, std::string_view lower) {
  return text.size() >= lower.size() && to_lower(text.substr(0, lower.size())) == lower;
}

/// name:value and name:"a value" of a line, under their names in lower case.
std::map<std::string, std::string> settings_of(std::string_view line) {
  std::map<std::string, std::string> settings;
  std::size_t at = 0;
  while (at < line.size()) {
    const std::size_t colon = line.find(':', at);
    if (colon == std::string_view::npos) break;
    const std::size_t space = line.find_last_of(" \t", colon);
    const std::size_t begin = space == std::string_view::npos || space < at ? at : space + 1;
    const bool quoted = colon + 1 < line.size() && line[colon + 1] == '"';
    const std::size_t from = colon + 1 + (quoted ? 1 : 0);
    const std::size_t end =
        std::min(quoted ? line.find('"', from) : line.find_first_of(" \t", from), line.size());
    settings[to_lower(trim(line.substr(begin, colon - begin)))] = line.substr(from, end - from);
    at = end + 1;
  }
  return settings;
}

/// `--changeset author:id key:value …`; none: another line.
std::optional<Changeset> changeset_of(const Line& line) {
  const std::string_view comment = comment_of(line.text);
  constexpr std::string_view word = "changeset ";
  if (!begins_with(comment, word)) return std::nullopt;
  const std::string_view rest = trim(comment.substr(word.size()));
  // The author may be quoted, and the first colon is that between author and id.
  const std::size_t colon = rest.find(':', rest.starts_with('"') ? rest.find('"', 1) : 0);
  if (colon == std::string_view::npos) return Changeset{.body = line.range};
  const std::size_t id = std::min(rest.find_first_not_of(" \t", colon + 1), rest.size());
  const bool quoted = id < rest.size() && rest[id] == '"';
  const std::size_t id_end = quoted ? std::min(rest.find('"', id + 1), rest.size() - 1) + 1
                                    : std::min(rest.find_first_of(" \t", id), rest.size());
  const std::size_t begin = line.range.begin + static_cast<std::size_t>(rest.data() - line.text.data());
  return Changeset{.body = line.range,
                   .author = std::string(rest.substr(0, colon)),
                   .id = {.begin = begin + id, .end = begin + id_end},
                   .settings = settings_of(rest.substr(id_end))};
}

bool is_for_postgresql(const Changeset& changeset) {
  const auto dbms = changeset.settings.find("dbms");
  if (dbms == changeset.settings.end()) return true;
  bool only_others = false;
  for (const std::string_view part : split(dbms->second, ',')) {
    const std::string name = to_lower(trim(part));
    if (name == "postgresql" || name == "all") return true;
    if (name == "!postgresql") return false;
    only_others = only_others || !name.starts_with('!');
  }
  return !only_others;
}

FileTransaction transaction_of(const Changeset& changeset) {
  if (changeset.says("runintransaction", true)) return FileTransaction::one;
  return changeset.says("splitstatements", true) ? FileTransaction::none : FileTransaction::message;
}

/// A delimiter stands at the end of a line, outside of quotes and comments: there a statement ends.
void end_statements(const Changeset& changeset, Draft& draft) {
  const auto setting = changeset.settings.find("enddelimiter");
  if (setting == changeset.settings.end()) return;
  const std::string delimiter = replace_all(replace_all(setting->second, "\\n", ""), "\\r", "");
  if (delimiter.empty() || delimiter == ";") return;
  const std::string text = draft.text();
  sql::Lexer lexer(std::string_view(text).substr(0, changeset.body.end), changeset.body.begin);
  for (sql::Token token = lexer.next(); token.kind != sql::TokenKind::end; token = lexer.next()) {
    if (to_lower(text.substr(token.begin, delimiter.size())) != to_lower(delimiter)) continue;
    const std::size_t end = token.begin + delimiter.size();
    const std::size_t line_end = std::min(text.find('\n', end), text.size());
    if (!trim(std::string_view(text).substr(end, line_end - end)).empty()) continue;
    draft.end_statement({.begin = token.begin, .end = end});
    lexer.seek(end);
  }
}

/// No statement goes on behind its changeset, whether it has a semicolon or not.
void end_at_next(const std::vector<Changeset>& changesets, Draft& draft) {
  for (std::size_t i = 0; i + 1 < changesets.size(); ++i) {
    const std::string& text = draft.text();
    const SourceRange body = changesets[i].body;
    sql::Lexer lexer(std::string_view(text).substr(0, body.end), body.begin);
    bool open = false;
    for (sql::Token token = lexer.next(); token.kind != sql::TokenKind::end; token = lexer.next())
      open = token.kind != sql::TokenKind::semicolon;
    if (open)
      draft.end_statement(
          {.begin = body.end, .end = std::min(text.find_first_of("\r\n", body.end), text.size())});
  }
}

/// --ignoreLines:3, or from --ignoreLines:start to --ignoreLines:end.
void ignore_lines(const std::vector<Line>& all, Draft& draft) {
  constexpr std::string_view word = "ignorelines:";
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string_view comment = comment_of(all[i].text);
    if (!begins_with(comment, word)) continue;
    const std::string what = to_lower(trim(comment.substr(word.size())));
    std::size_t last = i;
    if (what == "start") {
      while (last + 1 < all.size() && to_lower(comment_of(all[last].text)) != "ignorelines:end") ++last;
    } else if (begins_with_number(what)) {
      last = std::min(i + std::min<std::size_t>(std::strtoul(what.c_str(), nullptr, 10), all.size()),
                      all.size() - 1);
    }
    draft.blank({.begin = all[i].next, .end = std::max(all[last].range.end, all[i].next)});
    i = last;
  }
}

void take_property(std::string_view comment, Draft& draft) {
  constexpr std::string_view word = "property ";
  if (!begins_with(comment, word)) return;
  std::map<std::string, std::string> settings = settings_of(comment.substr(word.size()));
  const auto dbms = settings.find("dbms");
  if (dbms != settings.end() && dbms->second.find("postgresql") == std::string::npos) return;
  if (settings.contains("name") && settings.contains("value"))
    draft.values.emplace(settings["name"], settings["value"]);
}

}  // namespace

bool is_liquibase_text(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  const std::string_view first = text.substr(begin, text.find('\n', begin) - begin);
  return begins_with(comment_of(first), "liquibase formatted sql");
}

bool Changeset::says(const std::string& name, bool preset) const {
  const auto found = settings.find(name);
  return found == settings.end() ? preset : to_lower(found->second) == "true";
}

std::string changeset_identity(std::string_view author, std::string_view id) {
  const auto bare = [](std::string_view word) {
    return word.size() > 1 && word.front() == '"' && word.back() == '"' ? word.substr(1, word.size() - 2)
                                                                        : word;
  };
  return cat(bare(author), ":", bare(id));
}

std::string Changeset::identity(std::string_view text) const {
  return changeset_identity(author, text.substr(id.begin, id.end - id.begin));
}

std::vector<Changeset> changesets_of(std::string_view text) {
  std::vector<Changeset> changesets;
  for (const Line& line : lines_of(text)) {
    auto changeset = changeset_of(line);
    if (!changeset) continue;
    if (!changesets.empty()) changesets.back().body.end = line.range.begin;
    changesets.push_back(std::move(*changeset));
  }
  if (!changesets.empty()) changesets.back().body.end = text.size();
  return changesets;
}

void read_liquibase(const FileContext& /*file*/, Draft& draft) {
  const std::vector<Line> all = lines_of(draft.text());
  for (const Line& line : all) take_property(comment_of(line.text), draft);
  const std::vector<Changeset> changesets = changesets_of(draft.text());
  if (!changesets.empty()) {
    draft.add_block({.begin = 0, .end = changesets.front().body.begin}, FileTransaction::none);
  }
  for (const Changeset& changeset : changesets) {
    draft.add_block(changeset.body, transaction_of(changeset), true);
    end_statements(changeset, draft);
    if (is_for_postgresql(changeset)) continue;
    const std::size_t body = draft.text().find('\n', changeset.body.begin);
    if (body < changeset.body.end) draft.blank({.begin = body, .end = changeset.body.end});
  }
  ignore_lines(all, draft);
  end_at_next(changesets, draft);
}

}  // namespace pgsluice::tools
