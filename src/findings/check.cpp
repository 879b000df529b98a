// SPDX-License-Identifier: Apache-2.0
// Rules × subjects → findings; then what `allow` covers, and what is wrong with the directives themselves.
#include <algorithm>
#include <set>
#include <tuple>

#include "base/text.hpp"
#include "findings/subject.hpp"

namespace pgsluice {
namespace {

using findings::File;
using findings::Match;
using findings::Subject;

bool holds(const EffectRow::Condition& condition, const Subject& subject) {
  const FactValue value = findings::find_fact(subject.scope, condition.fact)->value(subject);
  if (std::holds_alternative<Unknown>(value)) return true;
  return std::any_of(condition.any_of.begin(), condition.any_of.end(), [&](const auto& wanted) {
    if (const bool* flag = std::get_if<bool>(&wanted)) {
      return std::holds_alternative<bool>(value) && std::get<bool>(value) == *flag;
    }
    return std::holds_alternative<std::string_view>(value) &&
           std::get<std::string_view>(value) == std::get<std::string>(wanted);
  });
}

bool hold(const std::vector<EffectRow::Condition>& conditions, const Subject& subject) {
  return std::all_of(conditions.begin(), conditions.end(),
                     [&](const EffectRow::Condition& condition) { return holds(condition, subject); });
}

Finding judge(const Match& match) {
  Finding finding = findings::to_finding(match);
  const FindingRule& rule = *match.rule;
  if (!rule.error_when.empty() && hold(rule.error_when, *match.subjects.front()))
    finding.severity = Severity::error;
  return finding;
}

/// One finding for all relations that one command does the same to.
void apply_rule(const FindingRule& rule, const std::vector<Subject>& subjects, std::vector<Finding>& out) {
  std::vector<Match> matches;
  for (const Subject& subject : subjects) {
    if (rule.scope != subject.scope || !hold(rule.when, subject)) continue;
    const bool joins = !matches.empty() && subject.effect != nullptr &&
                       matches.back().subjects.front()->effect == subject.effect &&
                       matches.back().subjects.front()->command == subject.command;
    if (!joins) matches.push_back({.rule = &rule, .subjects = {}});
    matches.back().subjects.push_back(&subject);
  }
  for (Match& match : matches) {
    // The strongest lock first, and the command's target before what it drags along: the first names the finding.
    std::stable_sort(match.subjects.begin(), match.subjects.end(), [](const Subject* a, const Subject* b) {
      if (a->lock == nullptr || b->lock == nullptr) return false;
      return std::pair(b->lock->mode, a->lock->role != "target") <
             std::pair(a->lock->mode, b->lock->role != "target");
    });
    out.push_back(judge(match));
  }
}

void apply_rules(const RuleBook& rules, const std::vector<Subject>& subjects, std::vector<Finding>& out) {
  for (const FindingRule& rule : rules.rules()) apply_rule(rule, subjects, out);
}

std::vector<Subject> syntax_subjects(const File& file) {
  std::vector<Subject> subjects;
  for (const SyntaxError& error : file.script.errors) {
    subjects.push_back({.file = &file,
                        .scope = "syntax",
                        .range = error.range,
                        .problem = "syntax_error",
                        .detail = error.message,
                        .hint = error.hint});
  }
  for (const ClientCommand& command : file.script.client_commands) {
    const bool meta = command.kind == "meta-command";
    subjects.push_back({.file = &file,
                        .scope = "syntax",
                        .range = command.range,
                        .problem = meta ? "meta_command" : "copy_data",
                        .detail = {},
                        .hint = {}});
    subjects.back().detail =
        meta ? std::string(file.script.text(command.range)) : "data of COPY … FROM stdin";
  }
  return subjects;
}

// ---- allow -------------------------------------------------------------------------------------------------------

enum class Validity { valid, no_reason, expired };

Validity validity(const Allow& allow, std::string_view today) {
  if (allow.because.empty()) return Validity::no_reason;
  const bool expired =
      !allow.until.empty() && !today.empty() && allow.until < today;  // ISO dates sort as text
  return expired ? Validity::expired : Validity::valid;
}

/// The place of a word inside a directive.
SourceRange range_of_word(const File& file, const SourceRange& comment, std::string_view word) {
  const std::size_t at = file.script.text(comment).find(word);
  return at == std::string_view::npos ? comment
                                      : SourceRange{comment.begin + at, comment.begin + at + word.size()};
}

bool covers(const Allow& allow, const std::string& name, const Finding& finding) {
  return finding.finding == name && (!allow.statement || allow.statement == finding.statement);
}

/// Marks what the allow covers; false: nothing.
bool mark_allowed(const Allow& allow, const std::string& name, std::vector<Finding>& found) {
  bool used = false;
  for (Finding& finding : found) {
    if (!covers(allow, name, finding)) continue;
    if (!finding.allowed) finding.allowed = allow.because;
    used = true;
  }
  return used;
}

Subject directive_subject(const File& file, const SourceRange& range, std::string_view problem,
                          std::string detail, std::string hint) {
  return {.file = &file,
          .scope = "directive",
          .range = range,
          .problem = problem,
          .detail = std::move(detail),
          .hint = std::move(hint)};
}

Subject unknown_name(const File& file, const Allow& allow, const std::string& name, const RuleBook& rules) {
  std::vector<std::string> names;
  for (const FindingRule& rule : rules.rules()) names.push_back(rule.name);
  const auto meant = closest(name, names);
  return directive_subject(file, range_of_word(file, allow.range, name), "not_understood",
                           cat("there is no finding \"", name, "\" to allow"),
                           meant ? cat("Did you mean \"", *meant, "\"?") : std::string());
}

void apply_allow(const File& file, const Allow& allow, const RuleBook& rules, std::vector<Finding>& found,
                 std::vector<Subject>& problems) {
  const Validity valid = validity(allow, file.options.today);
  if (valid == Validity::no_reason)
    problems.push_back(directive_subject(file, allow.range, "no_reason", {}, {}));
  if (valid == Validity::expired) {
    problems.push_back(directive_subject(file, allow.range, "expired", cat("ended on ", allow.until), {}));
  }
  for (const std::string& name : allow.findings) {
    if (rules.find(name) == nullptr) {
      problems.push_back(unknown_name(file, allow, name, rules));
    } else if (valid == Validity::valid && !mark_allowed(allow, name, found)) {
      const std::string_view where = allow.statement ? "the next statement" : "this file";
      problems.push_back(directive_subject(file, range_of_word(file, allow.range, name), "unused",
                                           cat(name, " does not occur in ", where), {}));
    }
  }
}

std::vector<Subject> directive_subjects(const File& file, const RuleBook& rules,
                                        std::vector<Finding>& found) {
  std::vector<Subject> subjects;
  for (const DirectiveProblem& problem : file.directives.problems) {
    subjects.push_back(
        directive_subject(file, problem.range, "not_understood", problem.message, problem.hint));
  }
  for (const Allow& allow : file.directives.allows) apply_allow(file, allow, rules, found, subjects);
  return subjects;
}

void sort_findings(std::vector<Finding>& found) {
  const auto comes_before = [](const Finding& a, const Finding& b) {
    return std::tuple(a.range.begin, static_cast<int>(b.severity), a.finding) <
           std::tuple(b.range.begin, static_cast<int>(a.severity), b.finding);
  };
  if (!std::is_sorted(found.begin(), found.end(), comes_before)) {
    std::stable_sort(found.begin(), found.end(), comes_before);
  }
}

}  // namespace

std::vector<Finding> check(const Script& script, const Directives& directives,
                           const std::vector<Effect>& effects, const RuleBook& rules,
                           const CheckOptions& options) {
  const File file = findings::make_file(script, directives, effects, options);
  std::vector<Finding> found;
  for (const Effect& effect : effects) apply_rules(rules, findings::subjects_of(file, effect), found);
  apply_rules(rules, syntax_subjects(file), found);
  apply_rules(rules, directive_subjects(file, rules, found), found);
  sort_findings(found);
  return found;
}

FileAnalysis parse(Migration migration) {
  FileAnalysis file;
  const std::string path = migration.source.path;
  file.script = parse(std::move(migration.source));  // the text lives there from now on
  migration.source = {.path = path, .text = {}};
  file.directives = read_directives(file.script);
  if (file.directives.phase) migration.phase = *file.directives.phase;
  file.migration = std::move(migration);
  return file;
}

void predict(FileAnalysis& file, Catalog& catalog, const EffectTable& table, PredictOptions options) {
  options.transaction = file.directives.transaction;
  file.effects = predict(file.script, catalog, table, options);
}

void check(FileAnalysis& file, const RuleBook& rules, CheckOptions options) {
  options.phase = file.migration.phase;
  file.findings = check(file.script, file.directives, file.effects, rules, options);
}

FileAnalysis analyse(Migration migration, Catalog& catalog, const EffectTable& table, const RuleBook& rules,
                     const PredictOptions& predict_options, const CheckOptions& check_options) {
  FileAnalysis file = parse(std::move(migration));
  predict(file, catalog, table, predict_options);
  check(file, rules, check_options);
  return file;
}

}  // namespace pgsluice
