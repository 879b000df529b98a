// SPDX-License-Identifier: Apache-2.0
// Rules and rows as pages: what they say, with the sentences that document the words they use.
#include <algorithm>
#include <utility>

#include "base/embedded.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "effects/safe_form.hpp"
#include "effects/subject.hpp"
#include "findings/lock_order.hpp"
#include "findings/subject.hpp"
#include "pgsluice/explain.hpp"
#include "sql/lexer.hpp"

namespace pgsluice {
namespace {

std::string words_of(const std::vector<std::variant<bool, std::string>>& any_of) {
  std::vector<std::string> values;
  for (const auto& value : any_of) {
    const bool* flag = std::get_if<bool>(&value);
    values.push_back(flag == nullptr ? std::get<std::string>(value) : *flag ? "true" : "false");
  }
  return enumerate(values, " or ");
}

std::string_view sentence_of(const std::vector<Vocabulary>& vocabulary, std::string_view name) {
  const auto found = std::ranges::find(vocabulary, name, &Vocabulary::name);
  return found == vocabulary.end() ? std::string_view() : found->sentence;
}

// ---- findings ----------------------------------------------------------------------------------------------------

std::vector<Criterion> criteria(const std::vector<FindingRule::Condition>& conditions) {
  std::vector<Criterion> result;
  for (const FindingRule::Condition& condition : conditions) {
    result.push_back({.fact = std::string(condition.fact->name),
                      .values = words_of(condition.any_of),
                      .sentence = condition.fact->sentence});
  }
  return result;
}

/// Of the folder that adds to the built-in rules, else built in; none: the rule has no such example.
std::optional<std::string> example_text(const std::string& rule, std::string_view name,
                                        const std::string& folder) {
  const std::filesystem::path path = std::filesystem::path(folder) / "findings" / rule / name;
  if (!folder.empty() && std::filesystem::exists(path)) return read_file(path);
  const std::string embedded = cat("findings/", rule, "/", name);
  for (const EmbeddedFile& file : embedded_rules()) {
    if (file.path == embedded) return std::string(file.contents);
  }
  return std::nullopt;
}

Migration example(std::string text, std::string_view name) {
  Migration migration;
  migration.path = name;
  migration.source = {.path = std::string(name), .text = std::move(text)};
  return migration;
}

/// What stands beside the examples of some rules.
struct Surroundings {
  std::optional<std::string> other;    ///< a migration of another folder, where the rule is about two of them
  std::optional<std::string> applied;  ///< the file as it was applied, where the rule is about that
};

FileAnalysis analyse_example(const std::string& text, std::string_view name, const Surroundings& around,
                             const EffectTable& table, const RuleBook& rules, int pg_version) {
  const CheckOptions checking{.pg_version = pg_version, .today = "2026-01-01"};
  if (around.other) {
    return analyse_beside(example(*around.other, "other.sql"), example(text, name), table, rules,
                          {.pg_version = pg_version}, checking);
  }
  Catalog catalog;
  FileAnalysis file = parse(example(text, name));
  if (around.applied && *around.applied != text) file.changed_since = "2025-12-24";
  predict(file, catalog, table, {.pg_version = pg_version});
  check(file, rules, checking);
  return file;
}

// ---- rows --------------------------------------------------------------------------------------------------------

std::vector<RoleEffect> role_effects(const EffectRow& row) {
  std::vector<RoleEffect> roles;
  const auto at = [&roles](const effects::Role* role) -> RoleEffect& {
    const auto found = std::ranges::find(roles, role->name, &RoleEffect::role);
    if (found != roles.end()) return *found;
    return roles.emplace_back(RoleEffect{.role = std::string(role->name), .sentence = role->sentence});
  };
  for (const EffectRow::RoleLock& lock : row.locks) at(lock.role).lock = lock.mode;
  for (const effects::Role* role : row.rewrites) at(role).rewritten = true;
  for (const effects::Role* role : row.scans) at(role).scanned = true;
  for (const effects::Role* role : row.index_builds) at(role).built = true;
  std::stable_partition(roles.begin(), roles.end(),
                        [](const RoleEffect& role) { return role.role == "target"; });
  return roles;
}

RowPage row_page(const EffectRow& row) {
  RowPage page{.row = &row, .roles = role_effects(row), .instead = effects::safe_form(row)};
  for (const EffectRow::Condition& condition : row.when) {
    page.when.push_back({.fact = std::string(condition.fact),
                         .values = words_of(condition.any_of),
                         .sentence = sentence_of(known_facts(), condition.fact)});
  }
  return page;
}

// The form of a command is what its examples have in common: they write keywords in capitals, and names are not.

using Form = std::vector<std::string>;
constexpr std::string_view k_gap = "…";
constexpr std::string_view k_others = "Other commands";

bool is_keyword(std::string_view word) {
  return std::ranges::all_of(word, [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; });
}

/// ALTER TABLE … ADD COLUMN …: what stands in parentheses does not belong to it.
Form form_of(std::string_view sql) {
  Form form;
  int depth = 0;
  sql::Lexer lexer(sql);
  for (sql::Token token = lexer.next(); token.kind != sql::TokenKind::end; token = lexer.next()) {
    depth += token.kind == sql::TokenKind::left_paren    ? 1
             : token.kind == sql::TokenKind::right_paren ? -1
                                                         : 0;
    const bool word = depth == 0 && token.kind == sql::TokenKind::word && is_keyword(lexer.text(token));
    if (word) {
      form.emplace_back(lexer.text(token));
    } else if (!form.empty() && form.back() != k_gap) {
      form.emplace_back(k_gap);
    }
  }
  return form;
}

/// The commonest word at a place.
const std::string& commonest(const std::vector<Form>& forms, std::size_t at) {
  const auto votes = [&forms, at](const Form& candidate) {
    return std::ranges::count_if(forms, [&](const Form& f) { return f[at] == candidate[at]; });
  };
  return (*std::ranges::max_element(forms, {}, votes))[at];
}

/// As far as most examples agree; some may show the command on another kind of object.
std::string common_form(std::vector<Form> forms) {
  constexpr int most_gaps = 2;
  const std::size_t all = forms.size();
  Form common;
  for (int gaps = 0; gaps <= most_gaps;) {
    std::erase_if(forms, [&](const Form& form) { return form.size() <= common.size(); });
    if (forms.empty()) break;
    const std::size_t at = common.size();
    const std::string word = commonest(forms, at);
    std::erase_if(forms, [&](const Form& form) { return form[at] != word; });
    if (2 * forms.size() <= all) break;
    common.push_back(word);
    gaps += word == k_gap ? 1 : 0;
  }
  while (!common.empty() && common.back() == k_gap) common.pop_back();
  return join(common, " ");
}

std::string group_name(const EffectRow& row) {
  return row.id.substr(0, row.id.find('.'));
}

std::vector<RowGroup> row_groups(const EffectTable& table) {
  std::map<std::string, RowGroup> groups;
  for (const EffectRow& row : table.rows()) {
    RowGroup& group = groups[group_name(row)];
    group.name = group_name(row);
    group.rows.push_back(row_page(row));
  }
  std::vector<RowGroup> result;
  for (auto& [name, group] : groups) {
    std::vector<Form> forms;
    for (const RowPage& page : group.rows) forms.push_back(form_of(page.row->example));
    group.form = common_form(std::move(forms));
    result.push_back(std::move(group));
  }
  std::ranges::stable_sort(result, {}, &RowGroup::form);
  return result;
}

/// A chapter of many groups is one for its first two words, a chapter of some for its first word.
std::string chapter_title(const RowGroup& group, const std::vector<RowGroup>& groups) {
  constexpr std::size_t many = 12;
  constexpr std::size_t some = 6;
  const std::vector<std::string_view> words = split(group.form, ' ');
  const auto begin_with = [&groups](const std::string& title) {
    return static_cast<std::size_t>(std::ranges::count_if(
        groups, [&](const RowGroup& g) { return cat(g.form, " ").starts_with(cat(title, " ")); }));
  };
  std::string two = words.size() < 2 ? std::string() : cat(words[0], " ", words[1]);
  if (!two.empty() && begin_with(two) >= many) return two;
  std::string one(words[0]);
  return begin_with(one) >= some ? one : std::string(k_others);
}

}  // namespace

FindingPage finding_page(const FindingRule& rule, const EffectTable& table, const RuleBook& rules,
                         const std::string& rules_folder, int pg_version) {
  FindingPage page{.rule = &rule,
                   .when = criteria(rule.when),
                   .error_when = criteria(rule.error_when),
                   .info_when = criteria(rule.info_when)};
  const Surroundings around{.other = example_text(rule.name, "other.sql", rules_folder),
                            .applied = example_text(rule.name, "applied.sql", rules_folder)};
  for (const std::string_view name : {"unsafe.sql", "safe.sql"}) {
    if (std::optional<std::string> text = example_text(rule.name, name, rules_folder)) {
      page.examples.push_back(
          {.name = name, .analysis = analyse_example(*text, name, around, table, rules, pg_version)});
    }
  }
  return page;
}

std::vector<RowChapter> row_chapters(const EffectTable& table) {
  const std::vector<RowGroup> groups = row_groups(table);
  std::map<std::string, RowChapter> chapters;
  for (const RowGroup& group : groups) {
    const std::string title = chapter_title(group, groups);
    chapters[title].title = title;
    chapters[title].groups.push_back(group);
  }
  std::vector<RowChapter> result;
  for (auto& [title, chapter] : chapters) result.push_back(std::move(chapter));
  // The narrow chapters first, what belongs to none last.
  std::stable_partition(result.begin(), result.end(),
                        [](const RowChapter& c) { return c.title != k_others; });
  std::stable_partition(result.begin(), result.end(), [](const RowChapter& c) {
    return c.title != k_others && c.title.find(' ') != std::string::npos;
  });
  return result;
}

}  // namespace pgsluice
