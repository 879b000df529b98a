// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a statement uses what a contract step takes away: the table or column itself, what goes with it, views that read
// it, and code that does.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "pgsluice/gate.hpp"
#include "sql/query_use.hpp"

namespace pgsluice {

/// What counts as use.
struct QueryTarget {
  struct Part {
    RelationName relation;
    Name column;               ///< empty: any mention of the relation
    bool own = false;          ///< the subject itself, or the same of a partition
    bool has_default = false;  ///< an INSERT need not name it
  };
  std::vector<Part> parts;
  /// Functions and procedures whose code names it, by schema and name; whether that is certain.
  std::map<RelationName, bool> functions;
  /// The function that is taken away itself; another one of its name stays, and a query calls one of them.
  std::optional<RelationName> ambiguous;
  std::set<RelationName> types;                   ///< by schema and name
  bool is_sequence = false;                       ///< functions use it by a name that nobody keeps
  std::map<RelationName, RelationName> triggers;  ///< tables that call one of these when they are written
};

/// Asks the catalogs; a text: why they did not answer.
std::variant<QueryTarget, std::string> find_query_target(Session& session, const GateSubject& subject);

class QueryJudge {
 public:
  struct Statement {
    std::string text;
    std::string role;  ///< whose search_path it ran with
  };
  struct Answer {
    Verdict verdict = Verdict::open;  ///< closed: it does use it
    std::string words;                ///< of unknown: why
  };

  QueryJudge(Session& session, const GateSubject& subject, const QueryTarget& target);
  ~QueryJudge();
  QueryJudge(const QueryJudge&) = delete;
  QueryJudge& operator=(const QueryJudge&) = delete;
  /// False: its text names nothing of it.
  [[nodiscard]] bool may_use(std::string_view text) const;
  /// One for each statement.
  std::vector<Answer> answer(const std::vector<Statement>& statements);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace pgsluice
