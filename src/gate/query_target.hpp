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
  /// Functions and procedures whose code names it, or which give rows that have it, by schema and name; whether that is certain.
  std::map<RelationName, bool> functions;
  /// Of functions that are taken away themselves: all of the same name, those too that stay. A query calls one of them.
  struct Overload {
    RelationName name;
    bool goes = false;
    int least = 0;           ///< arguments
    int most = -1;           ///< -1: any number
    bool is_behind = false;  ///< PostgreSQL has one of the same arguments, which comes first
    bool of_row = false;     ///< `t.f` may be a call of it
  };
  std::vector<Overload> overloads;
  std::set<RelationName> call_an_overload;  ///< functions that may call one of these, nobody knows which
  std::set<RelationName> row_givers;        ///< of the functions, those that only give rows which have it
  std::set<RelationName> types;             ///< by schema and name
  /// What is asked for by ON CONFLICT.
  struct Key {
    RelationName table;
    Name constraint;  ///< may be empty
    std::set<Name> columns;
    bool has_expressions = false;
    bool is_only_renamed = false;
  };
  std::vector<Key> keys;
  bool is_sequence = false;  ///< functions use it by a name that nobody keeps
  bool is_at_rest = false;   ///< of a sequence: it has not moved, so nobody has asked it for a value
  std::map<RelationName, RelationName> triggers;  ///< tables that call one of these when they are written
};

/// Asks the catalogs; a text: why they did not answer.
/// \param is_at_rest  a sequence that nobody has asked for a value
std::variant<QueryTarget, std::string> find_query_target(Session& session, const GateSubject& subject,
                                                         bool is_at_rest = false);

/// Whether code in SQL or PL/pgSQL may call a function that is taken away, rather than another one of its name, or a table.
bool may_call(std::string_view code, const QueryTarget& target);
/// The functions or types that are taken away, and those of their names that stay, without the code that uses them.
std::variant<QueryTarget, std::string> find_named_target(Session& session, const GateSubject& subject);

class QueryJudge {
 public:
  struct Statement {
    std::string text;
    std::string role;  ///< whose search_path it ran with
  };
  struct Answer {
    Verdict verdict = Verdict::open;  ///< closed: it does use it
    std::string words;                ///< of unknown: why
    bool for_good = false;            ///< of unknown: nothing will ever tell
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
