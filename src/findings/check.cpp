// SPDX-License-Identifier: Apache-2.0
// Rules × subjects → findings; then what `allow` covers, and what is wrong with the directives themselves.
#include <algorithm>
#include <deque>
#include <span>
#include <tuple>

#include "base/text.hpp"
#include "effects/session_reset.hpp"
#include "findings/subject.hpp"

namespace pgsluice {
namespace {

using findings::File;
using findings::Match;
using findings::Problem;
using findings::Subject;

bool holds(const FindingRule::Condition& condition, const Subject& subject) {
  const FactValue value = condition.fact->value(subject);
  if (std::holds_alternative<Unknown>(value)) return true;
  const bool* flag = std::get_if<bool>(&value);
  return std::any_of(condition.any_of.begin(), condition.any_of.end(), [&](const auto& wanted) {
    if (flag != nullptr) return std::holds_alternative<bool>(wanted) && std::get<bool>(wanted) == *flag;
    const std::string* text = std::get_if<std::string>(&wanted);
    return text != nullptr && *text == std::get<std::string_view>(value);
  });
}

bool hold(const std::vector<FindingRule::Condition>& conditions, const Subject& subject) {
  return std::all_of(conditions.begin(), conditions.end(),
                     [&](const FindingRule::Condition& condition) { return holds(condition, subject); });
}

Finding judge(const Match& match) {
  Finding finding = findings::to_finding(match);
  const FindingRule& rule = *match.rule;
  if (!rule.error_when.empty() && hold(rule.error_when, *match.subjects.front()))
    finding.severity = Severity::error;
  if (!rule.info_when.empty() && hold(rule.info_when, *match.subjects.front()))
    finding.severity = Severity::info;
  return finding;
}

/// One finding for all relations that one command does the same to. `subjects` begins with one for which the rule holds.
void apply_rule(const FindingRule& rule, std::span<const Subject> subjects, std::vector<Finding>& out) {
  std::vector<Match> matches;
  for (const Subject& subject : subjects) {
    if (&subject != subjects.data() && !hold(rule.when, subject)) continue;
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

/// Subjects of one scope.
void apply_rules(const RuleBook& rules, Scope scope, const std::vector<Subject>& subjects,
                 std::vector<Finding>& out) {
  if (subjects.empty()) return;
  for (const std::size_t i : rules.of(scope)) {
    const FindingRule& rule = rules.rules()[i];
    const auto first =
        std::ranges::find_if(subjects, [&](const Subject& subject) { return hold(rule.when, subject); });
    if (first != subjects.end()) apply_rule(rule, {first, subjects.end()}, out);
  }
}

/// What is to be said of pieces of text: subjects of the scopes syntax, directive and file.
class TextSubjects {
 public:
  TextSubjects(const File& file, Scope scope) : file_(file), scope_(scope) {}
  void add(const SourceRange& range, Problem problem) {
    problems_.push_back(std::move(problem));
    subjects_.push_back({.file = &file_, .scope = scope_, .range = range, .problem = &problems_.back()});
  }
  void judge(const RuleBook& rules, std::vector<Finding>& out) const {
    apply_rules(rules, scope_, subjects_, out);
  }

 private:
  const File& file_;
  Scope scope_;
  std::deque<Problem> problems_;  // where one is, it stays
  std::vector<Subject> subjects_;
};

TextSubjects syntax_subjects(const File& file) {
  TextSubjects subjects(file, Scope::syntax);
  for (const SyntaxError& error : file.script.errors) {
    subjects.add(error.range, {.kind = "syntax_error", .detail = error.message, .hint = error.hint});
  }
  for (const ClientCommand& command : file.script.client_commands) {
    if (command.kind == "meta-command") {
      subjects.add(command.range,
                   {.kind = "meta_command", .detail = std::string(file.script.text(command.range))});
    } else {
      subjects.add(command.range, {.kind = "copy_data", .detail = "data of COPY … FROM stdin"});
    }
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

Problem unknown_name(const std::string& name, const RuleBook& rules) {
  std::vector<std::string> names;
  for (const FindingRule& rule : rules.rules()) names.push_back(rule.name);
  const auto meant = closest(name, names);
  return {.kind = "not_understood",
          .detail = cat("there is no finding \"", name, "\" to allow"),
          .hint = meant ? cat("Did you mean \"", *meant, "\"?") : std::string()};
}

void apply_allow(const File& file, const Allow& allow, const RuleBook& rules, std::vector<Finding>& found,
                 TextSubjects& problems) {
  const Validity valid = validity(allow, file.options.today);
  if (valid == Validity::no_reason) problems.add(allow.range, {.kind = "no_reason"});
  if (valid == Validity::expired)
    problems.add(allow.range, {.kind = "expired", .detail = cat("ended on ", allow.until)});
  for (const std::string& name : allow.findings) {
    if (rules.find(name) == nullptr) {
      problems.add(range_of_word(file, allow.range, name), unknown_name(name, rules));
    } else if (valid == Validity::valid && !mark_allowed(allow, name, found)) {
      if (!allow.statement && !file.options.unreported.empty())
        continue;  // it may be for what is not looked at
      const std::string_view where = allow.statement ? "the next statement" : "this file";
      problems.add(range_of_word(file, allow.range, name),
                   {.kind = "unused", .detail = cat(name, " does not occur in ", where)});
    }
  }
}

TextSubjects directive_subjects(const File& file, const RuleBook& rules, std::vector<Finding>& found) {
  TextSubjects subjects(file, Scope::directive);
  for (const DirectiveProblem& problem : file.directives.problems) {
    subjects.add(problem.range, {.kind = "not_understood", .detail = problem.message, .hint = problem.hint});
  }
  for (const Allow& allow : file.directives.allows) apply_allow(file, allow, rules, found, subjects);
  return subjects;
}

/// What is to be said of the whole file stands at its first line.
TextSubjects file_subjects(const File& file) {
  TextSubjects subjects(file, Scope::file);
  if (const std::optional<std::string>& at = file.options.changed_since) {
    const std::string_view text = file.script.source.text;
    subjects.add({.begin = 0, .end = std::min(text.find('\n'), text.size())},
                 {.kind = "changed", .detail = at->empty() ? std::string() : cat(" at ", *at)});
  }
  return subjects;
}

void sort_findings(std::vector<Finding>& found) {
  const auto comes_before = [](const Finding& a, const Finding& b) {
    return std::tie(a.range.begin, b.severity, a.finding) < std::tie(b.range.begin, a.severity, b.finding);
  };
  if (!std::is_sorted(found.begin(), found.end(), comes_before)) {
    std::stable_sort(found.begin(), found.end(), comes_before);
  }
}

}  // namespace

class Checker::State {
 public:
  State(const Script& script, const Directives& directives, const RuleBook& rules,
        const CheckOptions& options)
      : rules_(rules), file_{.script = script, .directives = directives, .options = options} {}

  void add(const Effect& effect) {
    if (file_.is_unreported(file_.script.statements[effect.statement].range)) return;
    history_.step(effect);
    findings::find_subjects(file_, effect, subjects_);
    apply_rules(rules_, Scope::relation, subjects_.relation, found_);
    apply_rules(rules_, Scope::statement, subjects_.statement, found_);
    apply_rules(rules_, Scope::transaction, subjects_.transaction, found_);
  }

  std::vector<Finding> finish() {
    syntax_subjects(file_).judge(rules_, found_);
    file_subjects(file_).judge(rules_, found_);
    directive_subjects(file_, rules_, found_).judge(rules_, found_);
    std::erase_if(found_, [&](const Finding& finding) { return file_.is_unreported(finding.range); });
    sort_findings(found_);
    return std::move(found_);
  }

 private:
  const RuleBook& rules_;
  File file_;
  findings::HistoryWalk history_{file_};
  findings::Subjects subjects_;
  std::vector<Finding> found_;
};

Checker::Checker(const Script& script, const Directives& directives, const RuleBook& rules,
                 const CheckOptions& options)
    : state_(std::make_unique<State>(script, directives, rules, options)) {}
Checker::Checker(Checker&&) noexcept = default;
Checker& Checker::operator=(Checker&&) noexcept = default;
Checker::~Checker() = default;

void Checker::add(const Effect& effect) {
  state_->add(effect);
}

std::vector<Finding> Checker::finish() {
  return state_->finish();
}

FileAnalysis open(Migration migration) {
  FileAnalysis file;
  const std::string path = migration.source.path;
  file.script = open_script(std::move(migration.source));  // the text lives there from now on
  migration.source = {.path = path, .text = {}};
  file.directives = read_directives(file.script);
  if (file.directives.phase) migration.phase = *file.directives.phase;
  file.migration = std::move(migration);
  return file;
}

FileAnalysis parse(Migration migration) {
  FileAnalysis file = open(std::move(migration));
  while (parse_more(file.script)) {
  }
  return file;
}

Prediction start_prediction(const FileAnalysis& file, Catalog& catalog, const EffectTable& table,
                            PredictOptions options) {
  options.transaction = file.directives.transaction;
  return {file.script, catalog, table, options};
}

Checker start_check(const FileAnalysis& file, const RuleBook& rules, CheckOptions options) {
  options.phase = file.migration.phase;
  options.order_conflicts = &file.order_conflicts;
  if (options.knows_queries) options.uses = &file.uses;
  options.lock_timeout_told = file.lock_timeout_told;
  options.changed_since = file.changed_since;
  options.unreported = file.unreported;
  return {file.script, file.directives, rules, options};
}

void predict(FileAnalysis& file, Catalog& catalog, const EffectTable& table, PredictOptions options) {
  options.transaction = file.directives.transaction;
  const effects::SessionReset reset(catalog);
  file.effects = predict(file.script, catalog, table, options);
}

void check(FileAnalysis& file, const RuleBook& rules, CheckOptions options) {
  Checker checker = start_check(file, rules, std::move(options));
  for (const Effect& effect : file.effects) checker.add(effect);
  file.findings = checker.finish();
}

FileAnalysis analyse(Migration migration, Catalog& catalog, const EffectTable& table, const RuleBook& rules,
                     const PredictOptions& predict_options, const CheckOptions& check_options) {
  FileAnalysis file = parse(std::move(migration));
  predict(file, catalog, table, predict_options);
  check(file, rules, check_options);
  return file;
}

}  // namespace pgsluice
