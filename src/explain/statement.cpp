// SPDX-License-Identifier: Apache-2.0
// One statement on several majors: what it does on each, told once where that is the same.
#include <algorithm>
#include <tuple>

#include "effects/safe_form.hpp"
#include "explain/meanwhile.hpp"
#include "pgsluice/explain.hpp"

namespace pgsluice {
namespace {

template <typename T>
void add_unique(std::vector<T>& list, const T& value) {
  if (std::ranges::find(list, value) == list.end()) list.push_back(value);
}

std::vector<RowUse> rows_of(const Effect& effect, int version) {
  std::vector<RowUse> rows;
  for (const CommandEffect& command : effect.commands) {
    if (command.row != nullptr) add_unique(rows, {.row = command.row, .versions = {version}});
  }
  return rows;
}

bool touches_only_new(const CommandEffect& command) {
  return !command.locks.empty() && std::ranges::all_of(command.locks, &RelationLock::is_new);
}

/// Of the rows; when they have none, of the errors that were found.
std::vector<std::string> safe_forms(const FileAnalysis& file, const Effect& effect,
                                    const std::vector<Finding>& findings) {
  const Statement& statement = file.script.statements[effect.statement];
  std::vector<std::string> forms;
  for (const CommandEffect& command : effect.commands) {
    if (command.row == nullptr || command.row->instead.empty() || touches_only_new(command)) continue;
    add_unique(forms, effects::safe_form(*command.row, statement, statement.commands[command.command],
                                         file.script.source.text));
  }
  if (!forms.empty()) return forms;
  for (const Finding& finding : findings) {
    if (finding.severity == Severity::error && !finding.instead.empty()) add_unique(forms, finding.instead);
  }
  return forms;
}

std::vector<Finding> findings_of(const FileAnalysis& file, std::size_t statement) {
  std::vector<Finding> findings;
  std::ranges::copy_if(file.findings, std::back_inserter(findings),
                       [statement](const Finding& finding) { return finding.statement == statement; });
  return findings;
}

ExplainedCase explain_case(const FileAnalysis& file, Effect effect, int version) {
  const std::size_t statement = effect.statement;
  std::stable_partition(effect.locks.begin(), effect.locks.end(),
                        [](const RelationLock& lock) { return lock.role == "target"; });
  ExplainedCase result{.versions = {version}, .rows = rows_of(effect, version)};
  result.meanwhile = explaining::meanwhile(effect, file.script.statements[statement]);
  result.findings = findings_of(file, statement);
  result.instead = safe_forms(file, effect, result.findings);
  result.effect = std::move(effect);
  return result;
}

bool same_lock(const RelationLock& a, const RelationLock& b) {
  return std::tie(a.relation, a.relkind, a.mode, a.role, a.is_new) ==
         std::tie(b.relation, b.relkind, b.mode, b.role, b.is_new);
}

bool same_finding(const Finding& a, const Finding& b) {
  return std::tie(a.finding, a.severity, a.message, a.instead) ==
         std::tie(b.finding, b.severity, b.message, b.instead);
}

/// For whoever reads it; another row may have said so.
bool same(const ExplainedCase& a, const ExplainedCase& b) {
  const auto parts = [](const Effect& e) {
    return std::tie(e.rewrites, e.scans, e.index_builds, e.needs_no_transaction, e.unmodeled, e.breaks,
                    e.destroys_data, e.outcome, e.assumed);
  };
  return parts(a.effect) == parts(b.effect) &&
         std::ranges::equal(a.effect.locks, b.effect.locks, same_lock) &&
         std::ranges::equal(a.findings, b.findings, same_finding) && a.instead == b.instead;
}

void join_case(ExplainedCase& known, const ExplainedCase& other) {
  known.versions.insert(known.versions.end(), other.versions.begin(), other.versions.end());
  for (const RowUse& use : other.rows) {
    const auto found = std::ranges::find(known.rows, use.row, &RowUse::row);
    if (found == known.rows.end()) {
      known.rows.push_back(use);
    } else {
      found->versions.insert(found->versions.end(), use.versions.begin(), use.versions.end());
    }
  }
}

void add_case(ExplainedStatement& statement, ExplainedCase added) {
  const auto known =
      std::ranges::find_if(statement.cases, [&](const ExplainedCase& c) { return same(c, added); });
  if (known == statement.cases.end()) {
    statement.cases.push_back(std::move(added));
  } else {
    join_case(*known, added);
  }
}

void note_sizes(const Effect& effect, const Catalog& catalog, std::map<RelationName, RelationSize>& sizes) {
  for (const RelationLock& lock : effect.locks) {
    const Relation* relation = catalog.find(lock.relation);
    if (relation == nullptr || !relation->size) continue;
    sizes[lock.relation] = *relation->size;
  }
}

/// The statements as a migration of their own.
FileAnalysis own_file(const Script& script) {
  FileAnalysis file;
  file.script = script;
  file.directives = read_directives(script);
  file.migration.phase = file.directives.phase.value_or(Phase::expand);
  return file;
}

}  // namespace

Explanation explain(const ExplainInput& input, const EffectTable& table, const RuleBook& rules) {
  Explanation result{.versions = input.versions};
  std::vector<FileAnalysis> before;
  for (const Migration& migration : input.before) before.push_back(parse(migration));
  FileAnalysis file = own_file(input.script);
  for (const Statement& statement : file.script.statements) {
    result.statements.push_back(
        {.sql = std::string(file.script.text(statement.range)), .tag = statement.tag});
  }
  for (const int version : input.versions) {
    const PredictOptions options{.pg_version = version, .transaction = FileTransaction::one};
    Catalog catalog = input.catalog;
    for (FileAnalysis& earlier : before) predict(earlier, catalog, table, options);
    const Catalog at_start = catalog;
    predict(file, catalog, table, options);
    check(file, rules, {.pg_version = version, .today = input.today});
    for (const Effect& effect : file.effects) {
      note_sizes(effect, at_start, result.sizes);
      add_case(result.statements[effect.statement], explain_case(file, effect, version));
    }
  }
  return result;
}

}  // namespace pgsluice
