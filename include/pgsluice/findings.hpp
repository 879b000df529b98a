// SPDX-License-Identifier: Apache-2.0
// Stage 4: do we mind? Opinions as data (rules/findings), matched on named facts of an effect.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pgsluice/effects.hpp"
#include "pgsluice/migration.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice {

enum class Severity { info, warning, error };
std::string_view to_string(Severity severity);

struct Finding {
  std::string finding;  ///< name of the rule: "blocks-reads-during-work"
  Severity severity = Severity::error;
  bool in_baseline = false;  ///< `allowed` says which
  SourceRange range;
  std::optional<std::size_t> statement;  ///< index into Script::statements
  RelationName relation;                 ///< may be empty
  std::string message;
  std::string why;
  std::string instead;
  std::string row;                     ///< effects row that it rests on, may be empty
  std::string fingerprint;             ///< stable under moves and reformatting
  std::optional<std::string> allowed;  ///< the reason of the `allow` that covers it, or which baseline
};

namespace findings {
struct FactRow;  // src/findings/subject.hpp
}

/// What a rule judges. `transaction` is a lock that an earlier statement of the transaction holds.
enum class Scope { relation, statement, transaction, syntax, directive, file };
inline constexpr std::array k_scopes = {Scope::relation, Scope::statement, Scope::transaction,
                                        Scope::syntax,   Scope::directive, Scope::file};
std::string_view to_string(Scope scope);

/// One opinion: rules/findings/<name>/rule.json.
struct FindingRule {
  struct Condition {
    const findings::FactRow* fact = nullptr;
    std::vector<std::variant<bool, std::string>> any_of;
  };
  std::string name;
  std::string title;  ///< what it minds, in a few words
  Severity severity = Severity::error;
  Scope scope = Scope::statement;
  std::vector<Condition> when;
  std::vector<Condition> error_when;  ///< then it is an error, whatever `severity` says
  std::vector<Condition> info_when;   ///< then it is no more than worth knowing
  std::string message;                ///< template with {relation}, {lock}, {work}, {command} …
  std::string why;
  std::string instead;
  bool row_instead = false;  ///< the effects row's own safe form is better than `instead`, when it has one
  std::vector<std::string> see;
};

class RuleBook {
 public:
  static RuleBook load(const std::filesystem::path& directory);
  [[nodiscard]] const std::vector<FindingRule>& rules() const { return rules_; }
  /// By index into rules().
  [[nodiscard]] const std::vector<std::size_t>& of(Scope scope) const {
    return by_scope_.at(static_cast<std::size_t>(scope));
  }
  [[nodiscard]] const FindingRule* find(std::string_view name) const;

 private:
  std::vector<FindingRule> rules_;
  std::array<std::vector<std::size_t>, k_scopes.size()> by_scope_;
};

/// Two folders of migrations lock two relations in opposite order, so that each may wait for the other.
struct OrderConflict {
  std::size_t statement = 0;  ///< that takes the second lock
  RelationName first;
  RelationName second;
  std::string other;  ///< the file that takes them the other way round
};

/// Which queries of the application use what a statement takes away, or leave out what it wants from now on.
struct ObjectUse {
  std::size_t statement = 0;
  bool known = false;                ///< false: nobody can say it of this kind of statement
  std::vector<std::string> queries;  ///< each with its place
};

struct CheckOptions {
  int pg_version = 0;
  /// Nobody said which version: findings that depend on it say so.
  bool pg_version_assumed = false;
  Phase phase = Phase::expand;
  /// The runner sets lock_timeout itself, so the file need not.
  bool runner_sets_lock_timeout = false;
  /// It has been said of an earlier file that no lock_timeout is set: who mends that mends it for all of them.
  bool lock_timeout_told = false;
  std::string today;                                            ///< ISO date, for `until=`
  const std::vector<OrderConflict>* order_conflicts = nullptr;  ///< of the file
  bool knows_queries = false;                                   ///< of the application
  const std::vector<ObjectUse>* uses = nullptr;                 ///< of the file, when they are known
  std::optional<std::string> changed_since;                     ///< see FileAnalysis
  std::vector<SourceRange> unreported;                          ///< see FileAnalysis
};

/// Judges one file, statement by statement, so that none of the effects need be kept. What it is made of must outlive it.
class Checker {
 public:
  Checker(const Script& script, const Directives& directives, const RuleBook& rules,
          const CheckOptions& options);
  Checker(Checker&&) noexcept;
  Checker& operator=(Checker&&) noexcept;
  ~Checker();
  /// The effects come in the order of their statements.
  void add(const Effect& effect);
  /// In source order; findings that an `allow` covers carry its reason and do not count.
  std::vector<Finding> finish();

 private:
  class State;
  std::unique_ptr<State> state_;
};

/// The facts about a subject that rules may name, with one sentence each.
const std::vector<Vocabulary>& known_finding_facts();

/// Everything that is known about one file: what lint reports and what a plan is made of.
struct FileAnalysis {
  Migration migration;
  Script script;
  Directives directives;
  std::vector<Effect> effects;
  std::vector<OrderConflict> order_conflicts;
  std::vector<ObjectUse> uses;
  bool lock_timeout_told = false;  ///< see CheckOptions
  /// When it was applied, in another form than it has now: ISO 8601, or empty when nobody knows. None: it was not.
  std::optional<std::string> changed_since;
  std::vector<SourceRange> unreported;  ///< of the text: what was there before, and only says what there is
  std::vector<Finding> findings;
};

// The stages of one file. Only predict() needs to know the files before it; the others may run in any thread.
FileAnalysis parse(Migration migration);  ///< parse → directives → phase
FileAnalysis open(Migration migration);  ///< as far as open_script() parses: the rest comes with parse_more()
/// Advances the catalog.
void predict(FileAnalysis& file, Catalog& catalog, const EffectTable& table, PredictOptions options);
void check(FileAnalysis& file, const RuleBook& rules, CheckOptions options);

/// Some statement of the file, of which the effects are known, waits without a lock_timeout, and no `allow` says so.
bool waits_without_lock_timeout(const FileAnalysis& file, const CheckOptions& options);

/// The same statement by statement, for files whose effects are not kept.
Prediction start_prediction(const FileAnalysis& file, Catalog& catalog, const EffectTable& table,
                            PredictOptions options);
Checker start_check(const FileAnalysis& file, const RuleBook& rules, CheckOptions options);

/// All of them for one file.
FileAnalysis analyse(Migration migration, Catalog& catalog, const EffectTable& table, const RuleBook& rules,
                     const PredictOptions& predict_options, const CheckOptions& check_options);

}  // namespace pgsluice
