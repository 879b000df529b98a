// SPDX-License-Identifier: Apache-2.0
// Stage 4, for people: what a statement does on each major and what that means for everybody else; and the pages of the
// rules. Values, which report/ shows.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/findings.hpp"

namespace pgsluice {

// The majors that the rows tell of.
inline constexpr int k_first_version = 12;
inline constexpr int k_last_version = 18;

// ---- a statement -----------------------------------------------------------------------------------------------------

/// Something that others do with a relation, and the locks that it needs for that.
struct Activity {
  std::string_view words;
  std::string_view relkinds;  ///< of which relations: letters of pg_class.relkind
  LockMode lock = LockMode::AccessShare;
  /// CREATE INDEX CONCURRENTLY waits for the end of transactions, too, that hold what conflicts with this.
  LockMode waits_out = LockMode::AccessShare;
};
std::span<const Activity> activities();
/// Whether it must wait while somebody holds a lock in this mode.
bool waits(const Activity& activity, LockMode held);

/// How long a statement holds a lock when it runs alone.
enum class Hold { instant, work, unknown };
/// Of a lock of that mode, by the statement's own work.
Hold hold_of(const Effect& effect, const Statement& statement, LockMode mode);

/// What others can do while a statement holds its locks: of all relations with the same answer.
struct Meanwhile {
  LockMode mode = LockMode::AccessShare;
  Hold hold = Hold::instant;
  std::vector<RelationName> relations;
  std::vector<std::string_view> waiting;
  std::vector<std::string_view> going_on;
};

/// A row that said so, and on which majors.
struct RowUse {
  const EffectRow* row = nullptr;
  std::vector<int> versions;
  bool operator==(const RowUse&) const = default;
};

/// A statement on majors on which it does the same.
struct ExplainedCase {
  std::vector<int> versions;
  Effect effect;
  std::vector<RowUse> rows;
  std::vector<Meanwhile> meanwhile;
  std::vector<Finding> findings;
  std::vector<std::string> instead;  ///< the rows' safe forms
};

struct ExplainedStatement {
  std::string sql;
  std::string_view tag;
  std::vector<ExplainedCase> cases;  ///< by their first major
};

struct Explanation {
  std::vector<int> versions;
  std::vector<ExplainedStatement> statements;
  std::map<RelationName, RelationSize> sizes;  ///< of the relations above, as far as the catalog knows
};

struct ExplainInput {
  Catalog catalog;                ///< what is there before everything else
  std::vector<Migration> before;  ///< then these run, in order
  Script script;                  ///< then what is to be explained
  std::vector<int> versions;      ///< majors
  std::string today;              ///< ISO date
};
Explanation explain(const ExplainInput& input, const EffectTable& table, const RuleBook& rules);

// ---- pages -----------------------------------------------------------------------------------------------------------

/// A condition of a row or rule with the sentence that documents its fact.
struct Criterion {
  std::string fact;
  std::string values;  ///< "rewrite, scan or index_build"
  std::string_view sentence;
};

/// What happens to a role's relations.
struct RoleEffect {
  std::string role;
  std::string_view sentence;
  std::optional<LockMode> lock;
  bool rewritten = false;
  bool scanned = false;
  bool built = false;
};

struct RowPage {
  const EffectRow* row = nullptr;
  std::vector<Criterion> when;
  std::vector<RoleEffect> roles;
  std::string instead;  ///< with the example's names
};

/// Rows whose ids begin alike: the variants of one form of a command.
struct RowGroup {
  std::string name;  ///< "add_column"
  std::string form;  ///< "ALTER TABLE … ADD COLUMN"
  std::vector<RowPage> rows;
};

/// Groups whose forms begin alike, so that many can be read: "ALTER TABLE", "CREATE", "other commands".
struct RowChapter {
  std::string title;
  std::vector<RowGroup> groups;
};

/// An example of a finding, and what lint says of it.
struct FindingExample {
  std::string_view name;  ///< "unsafe.sql"
  FileAnalysis analysis;
};

struct FindingPage {
  const FindingRule* rule = nullptr;
  std::vector<Criterion> when;
  std::vector<Criterion> error_when;
  std::vector<Criterion> info_when;
  std::vector<FindingExample> examples;
};

FindingPage finding_page(const FindingRule& rule, const EffectTable& table, const RuleBook& rules,
                         const std::string& rules_folder, int pg_version);
std::vector<RowChapter> row_chapters(const EffectTable& table);

}  // namespace pgsluice
