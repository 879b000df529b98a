// SPDX-License-Identifier: Apache-2.0
// A statement explained: what is the same on all majors once, the rest side by side.
#include <algorithm>

#include "base/quantity.hpp"
#include "base/text.hpp"
#include "report/advice.hpp"
#include "report/explain.hpp"
#include "report/style.hpp"

namespace pgsluice {
namespace {

using Field = Fields::Field;

constexpr std::size_t k_most_relations = 40;  // of a list; beyond that nobody reads

// ---- locks -----------------------------------------------------------------------------------------------------------

Style style_of(const RelationLock& lock) {
  if (lock.is_new) return Style::faint;
  if (blocks_reads(lock.mode)) return Style::error;
  return blocks_writes(lock.mode) ? Style::warning : Style::plain;
}

Document locks(const Effect& effect) {
  Table table{.header = {"relation", "lock", "as"}, .rows = {}};
  for (const RelationLock& lock : effect.locks) {
    if (table.rows.size() == k_most_relations) break;
    Words role = replace_all(lock.role, "_", " ");
    if (lock.is_new) role += ", new: nobody can wait for it";
    table.rows.push_back({code(lock.relation.quoted()), styled(style_of(lock), lock_sql(lock.mode)), role});
  }
  if (effect.unmodeled && table.rows.empty())
    return paragraph("not known: the worst, on whatever it touches");
  if (table.rows.empty()) return paragraph("none on a relation");
  Document document{table};
  if (const std::size_t more = effect.locks.size() - table.rows.size(); more > 0) {
    document.emplace_back(Paragraph{cat("… and ", count_of(more, "more lock"), "; --format json has all")});
  }
  return document;
}

// ---- work ------------------------------------------------------------------------------------------------------------

Words size_words(const RelationName& relation, const Explanation& explanation) {
  const auto found = explanation.sizes.find(relation);
  if (found == explanation.sizes.end()) return {};
  std::vector<std::string> parts;
  if (found->second.reltuples)
    parts.push_back(cat("about ", rounded_words(*found->second.reltuples), " rows"));
  if (found->second.bytes) parts.push_back(byte_words(*found->second.bytes));
  return cat(" (", join(parts, ", "), ")");
}

Words with_sizes(const std::vector<RelationName>& relations, const Explanation& explanation) {
  if (relations.size() > k_most_relations) return name_words(relations, k_most_relations);
  std::vector<Words> items;
  for (const RelationName& relation : relations) {
    items.push_back(code(relation.quoted()) + size_words(relation, explanation));
  }
  return enumerate(items, " and ");
}

/// Of a statement that rewrites, verifies and builds nothing.
std::string_view other_work(const ExplainedStatement& statement, const ExplainedCase& one) {
  if (one.effect.unmodeled) return "not known: no row knows the statement on this version";
  const bool works =
      std::ranges::any_of(one.meanwhile, [](const Meanwhile& m) { return m.hold == Hold::work; });
  if (!works) return "none that grows with the data";
  if (statement.tag == "VacuumStmt") return "grows with what there is to clean or to sample";
  if (one.effect.needs_no_transaction) return "waits for the transactions that use the table";
  return "grows with the rows that it reads and writes";
}

Document work(const ExplainedStatement& statement, const ExplainedCase& one, const Explanation& explanation) {
  Document document;
  const auto add = [&](std::string_view before, const std::vector<RelationName>& relations,
                       std::string_view after) {
    if (relations.empty()) return;
    document.emplace_back(Paragraph{Words(before) + with_sizes(relations, explanation) + after});
  };
  add("writes ", one.effect.rewrites, " anew");
  add("reads every row of ", one.effect.scans, " to verify them");
  add("builds ", one.effect.index_builds, "");
  if (document.empty()) return paragraph(other_work(statement, one));
  return document;
}

// ---- what it means for others ----------------------------------------------------------------------------------------

Words list(const std::vector<std::string_view>& items) {
  std::vector<std::string> texts(items.begin(), items.end());
  return Words(join(texts, "; "));
}

Document meanwhile(const ExplainedCase& one) {
  Document document;
  for (const Meanwhile& part : one.meanwhile) {
    document.emplace_back(Paragraph{Words("on ") + name_words(part.relations, k_most_relations) + ", " +
                                    hold_words(part.hold) + ":"});
    Fields answers;
    if (!part.waiting.empty()) answers.fields.push_back({"wait", paragraph(list(part.waiting))});
    if (!part.going_on.empty()) answers.fields.push_back({"go on", paragraph(list(part.going_on))});
    document.emplace_back(answers);
  }
  if (!document.empty()) return document;
  return paragraph(one.effect.unmodeled ? "not known: everybody may have to wait" : "nobody has to wait");
}

Document breaks(const Effect& effect) {
  if (effect.unmodeled) return paragraph("not known");
  std::string words = effect.breaks == Breaks::nobody ? "nobody"
                      : effect.breaks == Breaks::writers
                          ? "writers: INSERT or UPDATE of the running release may fail"
                          : "readers: queries of the running release may fail, its SELECT too";
  if (effect.destroys_data) words += "; what it removes does not come back";
  return paragraph(words);
}

Document transaction(const Effect& effect) {
  if (effect.unmodeled) return paragraph("not known");
  return paragraph(effect.needs_no_transaction ? "cannot run in a transaction block"
                                               : "may run in one, and holds its locks until that ends");
}

Document outcome(const Effect& effect) {
  if (effect.outcome == Outcome::skipped) return paragraph("PostgreSQL skips it: there is nothing to do");
  if (effect.outcome == Outcome::error) return paragraph(styled(Style::error, "PostgreSQL refuses it"));
  return {};
}

// ---- why -------------------------------------------------------------------------------------------------------------

/// Rows of the same function with the same note are told together.
Document rows(const ExplainedCase& one) {
  std::vector<std::pair<std::string, std::vector<Words>>> told;
  for (const RowUse& use : one.rows) {
    std::string source = cat("from ", use.row->source);
    if (!use.row->note.empty()) source += "\n" + use.row->note;
    auto same = std::ranges::find(told, source, &decltype(told)::value_type::first);
    if (same == told.end()) same = told.insert(told.end(), {source, {}});
    Words name = code(use.row->id);
    if (use.versions != one.versions) name += cat(" (", version_words(use.versions), ")");
    same->second.push_back(name);
  }
  Document document;
  for (const auto& [source, names] : told) {
    document.emplace_back(Paragraph{enumerate(names, " and ") + ", " + source});
  }
  return document;
}

Document assumed(const Effect& effect) {
  List items;
  for (const std::string& text : effect.assumed) {
    if (items.items.size() == k_most_relations) break;
    items.items.emplace_back(text);
  }
  if (items.items.empty()) return {};
  return {items};
}

Document findings(const ExplainedCase& one) {
  Document document;
  for (const Finding& finding : one.findings) {
    Words words =
        styled(style_of(finding.severity), cat(to_string(finding.severity), "[", finding.finding, "]"));
    words += " " + finding.message;
    if (finding.allowed) words += cat(" (allowed: ", *finding.allowed, ")");
    document.emplace_back(Paragraph{words});
  }
  return document;
}

Document instead(const ExplainedCase& one) {
  return advice(join(one.instead, "\n\n"));
}

std::vector<Field> fields_of(const ExplainedStatement& statement, const ExplainedCase& one,
                             const Explanation& explanation) {
  return {{"outcome", outcome(one.effect)},
          {"locks", locks(one.effect)},
          {"work", work(statement, one, explanation)},
          {"meanwhile", meanwhile(one)},
          {"transaction", transaction(one.effect)},
          {"breaks", breaks(one.effect)},
          {"assumed", assumed(one.effect)},
          {"row", rows(one)},
          {"findings", findings(one)},
          {"instead", instead(one)}};
}

// ---- versions side by side ---------------------------------------------------------------------------------------------

/// The majors whose field is the same, and the field.
struct Share {
  std::vector<int> versions;
  Document blocks;
};

std::vector<Share> shares(const ExplainedStatement& statement, const std::vector<std::vector<Field>>& by_case,
                          std::size_t field) {
  std::vector<Share> result;
  for (std::size_t i = 0; i < by_case.size(); ++i) {
    const Document& blocks = by_case[i][field].blocks;
    auto same = std::ranges::find_if(result, [&](const Share& share) { return share.blocks == blocks; });
    if (same == result.end()) same = result.insert(result.end(), {.versions = {}, .blocks = blocks});
    const std::vector<int>& more = statement.cases[i].versions;
    same->versions.insert(same->versions.end(), more.begin(), more.end());
    std::ranges::sort(same->versions);
  }
  return result;
}

void add_field(const std::string& label, const std::vector<Share>& parts, Fields& fields) {
  if (parts.size() == 1) {
    if (!parts.front().blocks.empty()) fields.fields.push_back({label, parts.front().blocks});
    return;
  }
  Fields versions;
  for (const Share& part : parts) {
    versions.fields.push_back(
        {version_words(part.versions), part.blocks.empty() ? paragraph("none") : part.blocks});
  }
  fields.fields.push_back({label, {versions}});
}

Fields side_by_side(const ExplainedStatement& statement, const Explanation& explanation) {
  std::vector<std::vector<Field>> by_case;
  for (const ExplainedCase& one : statement.cases) by_case.push_back(fields_of(statement, one, explanation));
  std::string versions = cat("PostgreSQL ", version_words(explanation.versions));
  if (statement.cases.size() > 1) {
    versions += ", with differences";
  } else if (explanation.versions.size() > 1) {
    versions += ", the same on all of them";
  }
  Fields fields{.fields = {{"on", paragraph(versions)}}};
  for (std::size_t i = 0; i < by_case.front().size(); ++i) {
    add_field(by_case.front()[i].label, shares(statement, by_case, i), fields);
  }
  return fields;
}

bool has_assumptions(const Explanation& explanation) {
  return std::ranges::any_of(explanation.statements, [](const ExplainedStatement& statement) {
    return std::ranges::any_of(statement.cases,
                               [](const ExplainedCase& one) { return !one.effect.assumed.empty(); });
  });
}

}  // namespace

Words name_words(const std::vector<RelationName>& relations, std::size_t most) {
  std::vector<Words> items;
  for (std::size_t i = 0; i < std::min(relations.size(), most); ++i) {
    items.push_back(code(relations[i].quoted()));
  }
  if (relations.size() > most) items.emplace_back(cat(std::to_string(relations.size() - most), " more"));
  return enumerate(items, " and ");
}

std::string_view hold_words(Hold hold) {
  switch (hold) {
    case Hold::instant: return "for an instant";
    case Hold::work: return "for as long as the work takes";
    case Hold::unknown: return "for nobody knows how long";
  }
  return {};
}

std::string version_words(const std::vector<int>& versions) {
  std::vector<std::string> ranges;
  for (std::size_t i = 0; i < versions.size();) {
    std::size_t last = i;
    while (last + 1 < versions.size() && versions[last + 1] == versions[last] + 1) ++last;
    const std::string first = std::to_string(versions[i]);
    ranges.push_back(
        last == i ? first : cat(first, last == i + 1 ? " and " : " to ", std::to_string(versions[last])));
    i = last + 1;
  }
  return join(ranges, ", ");
}

Document to_document(const Explanation& explanation) {
  Document document;
  for (const ExplainedStatement& statement : explanation.statements) {
    document.emplace_back(Code{.language = "sql", .text = statement.sql});
    document.emplace_back(side_by_side(statement, explanation));
  }
  if (has_assumptions(explanation)) {
    document.emplace_back(Paragraph{styled(Style::faint,
                                           "What is assumed is the worst that is likely; --after MIGRATIONS "
                                           "or --catalog tells what is there.")});
  }
  return document;
}

}  // namespace pgsluice
