// SPDX-License-Identifier: Apache-2.0
// The pages of findings and rows, alone and as a book.
#include <algorithm>
#include <sstream>

#include "base/text.hpp"
#include "report/advice.hpp"
#include "report/explain.hpp"
#include "report/lint.hpp"
#include "report/style.hpp"

namespace pgsluice {
namespace {

constexpr int k_code_width = 96;  // of what lint says, shown as code

Document criteria(const std::vector<Criterion>& when) {
  Table table{.header = {"fact", "is", "meaning"}, .rows = {}};
  for (const Criterion& criterion : when) {
    table.rows.push_back({code(criterion.fact), code(criterion.values), Words(criterion.sentence)});
  }
  if (table.rows.empty()) return {};
  return {table};
}

/// What lint says of an example: its findings, or that there are none.
std::string verdict(const FindingExample& example) {
  LintTotals totals;
  totals.add(example.analysis);
  const bool found = totals.findings.errors + totals.findings.warnings + totals.findings.infos > 0;
  std::ostringstream out;
  const std::unique_ptr<LintReport> report =
      make_lint_text({.text = {.width = k_code_width, .quiet = found}}, out);
  report->add_whole(example.analysis);
  report->finish(totals);
  return std::string(trim(out.view()));
}

void add(Fields& fields, std::string_view label, Document blocks) {
  if (!blocks.empty()) fields.fields.push_back({std::string(label), std::move(blocks)});
}

// ---- findings --------------------------------------------------------------------------------------------------------

/// {relation} → RELATION: a template for people who have not met it yet.
std::string template_words(std::string_view text) {
  std::string out;
  bool inside = false;
  for (const char c : text) {
    if (c == '{' || c == '}') {
      inside = c == '{';
    } else {
      out += inside && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  return out;
}

/// All of it comes from the file: there is nothing to say beforehand.
bool is_placeholder(std::string_view text) {
  return text.starts_with('{') && text.find('}') == text.size() - 1;
}

Document safe_form(const FindingRule& rule) {
  Document document;
  if (!is_placeholder(rule.instead)) document = advice(template_words(rule.instead));
  if (rule.row_instead)
    document.emplace_back(Paragraph{"Where the row of the command has a safe form, that."});
  return document;
}

Document see(const FindingRule& rule) {
  List links;
  for (const std::string& target : rule.see) links.items.push_back(link(target, target));
  if (links.items.empty()) return {};
  return {links};
}

std::string judged(Scope scope) {
  if (scope == Scope::file) return "a whole file";
  return cat("each ", scope == Scope::syntax ? "piece of text" : to_string(scope), " of a file");
}

Fields finding_fields(const FindingPage& page) {
  const FindingRule& rule = *page.rule;
  Fields fields;
  if (!is_placeholder(rule.message)) add(fields, "says", paragraph(template_words(rule.message)));
  add(fields, "why", paragraph(Words(rule.why)));
  add(fields, "instead", safe_form(rule));
  add(fields, "judges", paragraph(judged(rule.scope)));
  add(fields, "when", criteria(page.when));
  add(fields, "error when", criteria(page.error_when));
  add(fields, "info when", criteria(page.info_when));
  add(fields, "see", see(rule));
  add(fields, "accept",
      paragraph(code(cat("-- pgsluice: allow ", rule.name, " because \"…\"")) + " before the statement"));
  return fields;
}

/// The page without its heading.
Document finding_body(const FindingPage& page) {
  Document document{finding_fields(page)};
  for (const FindingExample& example : page.examples) {
    document.emplace_back(Paragraph{code(example.name)});
    document.emplace_back(Code{.language = "sql", .text = example.analysis.script.source.text});
    document.emplace_back(Code{.language = "", .text = verdict(example)});
  }
  return document;
}

// ---- rows ------------------------------------------------------------------------------------------------------------

std::string range_words(const EffectRow& row) {
  const bool from = row.pg_min > k_first_version;
  const bool to = row.pg_max < k_last_version;
  if (!from && !to) return "all";
  if (row.pg_min == row.pg_max) return std::to_string(row.pg_min);
  if (!to) return cat("from ", std::to_string(row.pg_min));
  if (!from) return cat("up to ", std::to_string(row.pg_max));
  return cat(std::to_string(row.pg_min), " to ", std::to_string(row.pg_max));
}

std::string role_words(std::string_view role) {
  return replace_all(role, "_", " ");
}

/// Roles by lock, strongest first: "ACCESS EXCLUSIVE: target, children".
Words lock_cell(const RowPage& page) {
  std::vector<Words> parts;
  for (int mode = static_cast<int>(LockMode::AccessExclusive); mode > 0; --mode) {
    std::vector<std::string> roles;
    for (const RoleEffect& role : page.roles) {
      if (role.lock == static_cast<LockMode>(mode)) roles.push_back(role_words(role.role));
    }
    if (!roles.empty()) {
      parts.push_back(styled(Style::strong, lock_sql(static_cast<LockMode>(mode))) + ": " +
                      join(roles, ", "));
    }
  }
  return parts.empty() ? Words("none") : join(parts, "\n");
}

Words work_cell(const RowPage& page) {
  std::vector<Words> parts;
  const auto list = [&](std::string_view verb, auto does) {
    std::vector<std::string> roles;
    for (const RoleEffect& role : page.roles) {
      if (role.*does) roles.push_back(role_words(role.role));
    }
    if (!roles.empty()) parts.push_back(styled(Style::strong, verb) + " " + join(roles, ", "));
  };
  list("writes anew", &RoleEffect::rewritten);
  list("reads", &RoleEffect::scanned);
  list("builds", &RoleEffect::built);
  return join(parts, "\n");
}

std::string notes(const EffectRow& row) {
  std::vector<std::string> parts;
  if (row.transaction == TransactionNeed::forbidden) parts.emplace_back("Not in a transaction block.");
  if (row.breaks != Breaks::nobody)
    parts.push_back(cat("Breaks ", to_string(row.breaks), " of the running release."));
  if (row.destroys_data) parts.emplace_back("Destroys data.");
  if (!row.note.empty()) parts.push_back(row.note);
  return join(parts, " ");
}

std::string condition_words(const RowPage& page) {
  std::vector<std::string> parts;
  for (const Criterion& criterion : page.when) parts.push_back(cat(criterion.fact, " = ", criterion.values));
  return join(parts, ", ");
}

Table row_table(const RowChapter& chapter) {
  Table table{.header = {"row and example", "locks", "work", "PostgreSQL", "notes"}, .rows = {}};
  for (const RowGroup& group : chapter.groups) {
    for (const RowPage& page : group.rows) {
      const EffectRow& row = *page.row;
      Words name = anchor(row.id) + styled(Style::strong, row.id) + "\n" + code(row.example);
      if (!page.when.empty()) name += "\nwhen " + condition_words(page);
      table.rows.push_back(
          {name, lock_cell(page), work_cell(page), Words(range_words(row)), Words(notes(row))});
    }
  }
  return table;
}

Document role_table(const RowPage& page) {
  Table table{.header = {"role", "lock", "work", "meaning"}, .rows = {}};
  for (const RoleEffect& role : page.roles) {
    std::vector<std::string> work;
    if (role.rewritten) work.emplace_back("written anew");
    if (role.scanned) work.emplace_back("read through");
    if (role.built) work.emplace_back("built");
    table.rows.push_back({code(role_words(role.role)), Words(role.lock ? lock_sql(*role.lock) : "none"),
                          Words(join(work, ", ")), Words(role.sentence)});
  }
  if (table.rows.empty()) return paragraph("none on a relation");
  return {table};
}

/// One row among others.
Fields short_fields(const RowPage& page) {
  Fields fields;
  const std::string range = range_words(*page.row);
  add(fields, "such as", paragraph(code(page.row->example)));
  if (!page.when.empty()) add(fields, "when", paragraph(condition_words(page)));
  if (range != "all") add(fields, "on", paragraph(cat("PostgreSQL ", range)));
  add(fields, "locks", paragraph(lock_cell(page)));
  if (const Words work = work_cell(page); !work.empty()) add(fields, "work", paragraph(work));
  if (const std::string words = notes(*page.row); !words.empty()) add(fields, "notes", paragraph(words));
  return fields;
}

Fields row_fields(const RowPage& page) {
  const EffectRow& row = *page.row;
  Fields fields;
  add(fields, "on", paragraph(cat("PostgreSQL ", range_words(row) == "all" ? "12 to 18" : range_words(row))));
  add(fields, "when", page.when.empty() ? paragraph("always") : criteria(page.when));
  add(fields, "locks", role_table(page));
  add(fields, "notes", notes(row).empty() ? Document() : paragraph(Words(notes(row))));
  add(fields, "source", paragraph(Words(row.source)));
  const std::string setup = row.setup.empty() ? "" : replace_all(row.setup, "; ", ";\n") + ";\n";
  add(fields, "example", {Code{.language = "sql", .text = cat(setup, row.example, ";")}});
  if (!page.instead.empty()) {
    add(fields, "instead", {Code{.language = "sql", .text = page.instead}});
  }
  return fields;
}

// ---- lists -----------------------------------------------------------------------------------------------------------

/// What the finding says of its own example.
std::string summary_of(const FindingPage& page) {
  for (const FindingExample& example : page.examples) {
    for (const Finding& finding : example.analysis.findings) {
      if (finding.finding == page.rule->name) return finding.message;
    }
  }
  return page.rule->message;
}

Document finding_list(const std::vector<FindingPage>& pages, bool linked) {
  Table table{.header = {"finding", "severity", "for example"}, .rows = {}};
  for (const FindingPage& page : pages) {
    const std::string& name = page.rule->name;
    table.rows.push_back({linked ? link(name, "#" + name) : code(name),
                          styled(style_of(page.rule->severity), to_string(page.rule->severity)),
                          Words(summary_of(page))});
  }
  return {table};
}

/// The name that forges give its heading.
std::string anchor_of(const RowChapter& chapter) {
  return replace_all(to_lower(chapter.title), " ", "-");
}

/// A safe form once, under the rows that share it.
Document safe_forms(const RowChapter& chapter) {
  std::vector<std::pair<std::string, std::vector<Words>>> forms;
  for (const RowGroup& group : chapter.groups) {
    for (const RowPage& page : group.rows) {
      if (page.instead.empty()) continue;
      auto found = std::ranges::find(forms, page.instead, &decltype(forms)::value_type::first);
      if (found == forms.end()) found = forms.insert(forms.end(), {page.instead, {}});
      found->second.push_back(link(page.row->id, "#" + page.row->id));
    }
  }
  Document document;
  for (const auto& [text, rows] : forms) {
    document.emplace_back(Paragraph{Words("Instead of ") + enumerate(rows, " and ") + ":"});
    document.emplace_back(Code{.language = "sql", .text = text});
  }
  return document;
}

void append(Document& document, Document more) {
  document.insert(document.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

void add_chapter(Document& document, const RowChapter& chapter) {
  document.emplace_back(Heading{.level = 3, .words = chapter.title});
  document.emplace_back(row_table(chapter));
  append(document, safe_forms(chapter));
}

/// Each chapter with links to the first row of each of its groups.
List contents(const std::vector<RowChapter>& chapters) {
  List list;
  for (const RowChapter& chapter : chapters) {
    std::vector<Words> groups;
    for (const RowGroup& group : chapter.groups) {
      const bool tells_more = group.form.starts_with(chapter.title + " ");
      std::string form = tells_more ? group.form.substr(chapter.title.size() + 1) : group.form;
      if (form == chapter.title) form = group.name;
      if (form.starts_with("… ")) form = form.substr(std::string_view("… ").size());
      groups.push_back(link(form, "#" + group.rows.front().row->id));
    }
    list.items.push_back(link(chapter.title, "#" + anchor_of(chapter)) + ": " + join(groups, " · "));
  }
  return list;
}

}  // namespace

Document to_document(const FindingPage& page) {
  const FindingRule& rule = *page.rule;
  Document document{Heading{
      .level = 1,
      .words = Words(rule.name) + " (" + styled(style_of(rule.severity), to_string(rule.severity)) + ")"}};
  append(document, finding_body(page));
  return document;
}

Document to_document(const RowPage& page) {
  return {Heading{.level = 1, .words = page.row->id}, row_fields(page)};
}

Document to_document(const RowGroup& group) {
  if (group.rows.size() == 1) return to_document(group.rows.front());
  Document document{Heading{.level = 1, .words = cat(group.name, ": ", group.form)},
                    Paragraph{"The first row whose conditions hold counts; a fact that is not known holds."}};
  for (const RowPage& page : group.rows) {
    document.emplace_back(Heading{.level = 2, .words = page.row->id});
    document.emplace_back(short_fields(page));
  }
  document.emplace_back(Paragraph{styled(Style::faint, cat("pgsluice explain ", group.rows.front().row->id,
                                                           " shows one with its source and safe form."))});
  return document;
}

Document list_document(const std::vector<FindingPage>& findings, const std::vector<RowChapter>& chapters) {
  Document document{Heading{.level = 2, .words = "Findings: what lint minds"}};
  append(document, finding_list(findings, false));
  for (const RowChapter& chapter : chapters) {
    document.emplace_back(Heading{.level = 2, .words = cat("Effects rows: ", chapter.title)});
    Table table{.header = {"rows", "command"}, .rows = {}};
    for (const RowGroup& group : chapter.groups) {
      table.rows.push_back({code(group.name), Words(group.form), Words(count_of(group.rows.size(), "row"))});
    }
    table.header.emplace_back("");
    document.emplace_back(table);
  }
  document.emplace_back(Heading{.level = 2, .words = "How to go on"});
  document.emplace_back(
      Table{.header = {"type", "to see"},
            .rows = {{code("pgsluice explain blocks-reads-during-work"), Words("a finding's page")},
                     {code("pgsluice explain add_column"), Words("the rows of a command")},
                     {code("pgsluice explain --sql \"DROP TABLE t\""), Words("what a statement does")}}});
  return document;
}

Document book_document(const std::vector<FindingPage>& findings, const std::vector<RowChapter>& chapters) {
  Document document{Heading{.level = 1, .words = "What pgsluice knows, and what it minds"}};
  append(
      document,
      paragraph(
          Words("Findings are opinions: what ") + code("lint") +
          " minds. Rows are facts about PostgreSQL on which they rest: what each form of a command locks and "
          "what work it does, each proved by its example on PostgreSQL 12 to 18. This page is written by " +
          code("scripts/rules-page") + " from the files beside it; " + code("pgsluice explain NAME") +
          " shows the same in a terminal, and " + code("pgsluice explain --sql \"ALTER TABLE …\"") +
          " what a statement does."));
  document.emplace_back(Heading{.level = 2, .words = "Contents"});
  std::vector<Words> names;
  for (const FindingPage& page : findings) names.push_back(link(page.rule->name, "#" + page.rule->name));
  List list = contents(chapters);
  list.items.insert(list.items.begin(), link("Findings", "#findings") + ": " + join(names, " · "));
  document.emplace_back(list);
  document.emplace_back(Heading{.level = 2, .words = "Findings"});
  append(document, finding_list(findings, true));
  for (const FindingPage& page : findings) {
    document.emplace_back(Heading{.level = 3, .words = page.rule->name});
    append(document, paragraph(Words("Severity: ") +
                               styled(style_of(page.rule->severity), to_string(page.rule->severity))));
    append(document, finding_body(page));
  }
  document.emplace_back(Heading{.level = 2, .words = "Rows by command"});
  append(document,
         paragraph("The rows of one command stand worst first: the first one whose conditions hold counts, "
                   "and a fact that is not known holds. PostgreSQL's words for the locks; who waits for whom "
                   "stands in its manual under Explicit Locking."));
  for (const RowChapter& chapter : chapters) add_chapter(document, chapter);
  return document;
}

}  // namespace pgsluice
