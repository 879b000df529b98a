// SPDX-License-Identifier: Apache-2.0
#include "gate/query_target.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <span>

#include "base/json.hpp"
#include "base/text.hpp"
#include "gate/named_sql.hpp"
#include "gate/queries_sql.hpp"
#include "gate/query_keys.hpp"
#include "gate/query_relations.hpp"
#include "gate/query_ways.hpp"
#include "gate/written_calls.hpp"
#include "pg/arrays.hpp"

namespace pgsluice {
namespace {

// ---- texts ---------------------------------------------------------------------------------------------------------

/// What stands around a name.
using Surroundings = std::function<bool(std::string_view before, std::string_view behind)>;

/// Whether a text names it, in whatever case. A quote in a name is doubled where it is written down.
bool names(std::string_view lower_text, Name name, const Surroundings& fit = {}) {
  const std::string wanted = replace_all(to_lower(name.str()), "\"", "\"\"");
  for (std::size_t at = lower_text.find(wanted); at != std::string_view::npos;
       at = lower_text.find(wanted, at + 1)) {
    const std::size_t end = at + wanted.size();
    const bool begins = at == 0 || !is_word_part(lower_text[at - 1]) || !is_word_part(wanted.front());
    const bool ends =
        end == lower_text.size() || !is_word_part(lower_text[end]) || !is_word_part(wanted.back());
    if (begins && ends && (!fit || fit(lower_text.substr(0, at), lower_text.substr(end)))) return true;
  }
  return false;
}

/// Not new.name, which is a column.
bool names_type(std::string_view lower_code, const RelationName& type) {
  return names(lower_code, type.relname, [&type](std::string_view before, std::string_view /*behind*/) {
    if (before.ends_with('"')) before.remove_suffix(1);
    if (!before.ends_with('.')) return true;
    before.remove_suffix(1);
    if (before.ends_with('"')) before.remove_suffix(1);
    return before.ends_with(to_lower(type.schemaname.str()));
  });
}

/// A DO block: the server keeps all of its text.
bool is_code(std::string_view statement) {
  const std::string_view text = trim(statement);
  return text.size() > 2 && to_lower(text.substr(0, 2)) == "do" && !is_word_part(text[2]);
}

/// Identifiers may be written as code points: U&"d\0061ta".
bool has_escaped_names(std::string_view lower_text) {
  return lower_text.find("u&\"") != std::string_view::npos;
}

// ---- relations -----------------------------------------------------------------------------------------------------

std::set<RelationName> own_relations(const QueryTarget& target) {
  std::set<RelationName> own;
  for (const QueryTarget::Part& part : target.parts) own.insert(part.relation);
  for (const QueryTarget::Key& key : target.keys) own.insert(key.table);
  return own;
}

bool uses_parts(const QueryUse& use, const QueryTarget& target) {
  return std::ranges::any_of(target.parts, [&use](const QueryTarget::Part& part) {
    const auto found = use.relations.find(part.relation);
    return found != use.relations.end() && (part.column.empty() || found->second.contains(part.column));
  });
}

// ---- code ----------------------------------------------------------------------------------------------------------

struct Code {
  RelationName name;
  std::string language;
  std::string source;
  std::string lower_source;
  std::vector<RelationName> tables;  ///< whose triggers call it
};

std::vector<Code> read_code_of(const SqlResult& rows) {
  std::vector<Code> all;
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    Code code{.name = {.schemaname = rows.text(row, 0), .relname = rows.text(row, 1)},
              .language = rows.text(row, 2),
              .source = rows.text(row, 3),
              .lower_source = to_lower(rows.text(row, 3)),
              .tables = {}};
    for (const Json& table : Json::parse(rows.text(row, 4), nullptr, false)) {
      const Names names = names_in(table);
      if (names.size() == 2) code.tables.push_back({.schemaname = names[0], .relname = names[1]});
    }
    all.push_back(std::move(code));
  }
  return all;
}

/// A name as written may mean it.
bool may_mean(const RelationName& written, const RelationName& known) {
  return written.relname == known.relname &&
         (written.schemaname.empty() || written.schemaname == known.schemaname);
}

bool uses_types(const QueryUse& use, const QueryTarget& target) {
  return std::ranges::any_of(use.types, [&target](const RelationName& written) {
    return std::ranges::any_of(target.types,
                               [&written](const RelationName& type) { return may_mean(written, type); });
  });
}

bool uses_it(const QueryUse& use, const QueryTarget& target) {
  return uses_parts(use, target) || uses_types(use, target) || uses_keys(use, target);
}

/// The name of the sequence is an argument, which the server does not keep. One that is at rest has not been asked for its
/// next value, but may have been set to where it is.
std::span<const std::string_view> sequence_functions(const QueryTarget& target) {
  static constexpr std::array<std::string_view, 3> k_functions = {"nextval", "setval", "currval"};
  return std::span(k_functions).subspan(target.is_at_rest ? 1 : 0);
}

bool uses_a_sequence(const QueryUse& use, const QueryTarget& target) {
  return std::ranges::any_of(use.functions, [&target](const QueryCall& call) {
    return std::ranges::any_of(sequence_functions(target), [&call](std::string_view function) {
      return may_mean(call.name, {.schemaname = "pg_catalog", .relname = function});
    });
  });
}

/// Its arguments go with this one, and it is not PostgreSQL's own that is found first: that is so unless a search_path says
/// otherwise.
bool may_mean(const QueryCall& call, const QueryTarget::Overload& overload, const Names& path) {
  const bool is_found_first = !overload.is_behind || !call.name.schemaname.empty() ||
                              std::ranges::find(path, Name("pg_catalog")) != path.end();
  return may_mean(call.name, overload.name) && is_found_first &&
         (call.arguments < 0 ||
          (call.arguments >= overload.least && (overload.most < 0 || call.arguments <= overload.most)));
}

/// Of a call: nothing where it means none of them, or whether it is certain that it means what is taken away or uses that.
std::optional<bool> certainty_of(const QueryCall& call, const RelationName& function, bool certain,
                                 const QueryTarget& target, const Names& path) {
  if (!may_mean(call.name, function)) return std::nullopt;
  const auto is_it = [&function](const QueryTarget::Overload& one) {
    return one.goes && one.name == function;
  };
  if (std::ranges::none_of(target.overloads, is_it)) return certain;
  bool goes = false;
  bool stays = false;
  for (const QueryTarget::Overload& one : target.overloads) {
    if (!may_mean(call, one, path)) continue;
    goes = goes || (one.goes && one.name == function);
    stays = stays || !one.goes;
  }
  return goes ? std::optional(!stays) : std::nullopt;
}

/// Of what is written as a column of a row, as certainty_of().
std::optional<bool> row_certainty_of(const QueryUse& use, const RelationName& function,
                                     const QueryTarget& target) {
  const auto found = use.row_functions.find(function.relname);
  if (found == use.row_functions.end()) return std::nullopt;
  bool goes = false;
  bool stays = false;
  for (const QueryTarget::Overload& one : target.overloads) {
    if (!one.of_row) continue;
    goes = goes || (one.goes && one.name == function);
    stays = stays || !one.goes;
  }
  return goes ? std::optional(found->second && !stays) : std::nullopt;
}

/// SQL and PL/pgSQL, whose calls are read.
bool is_read(std::string_view language) {
  return language == "sql" || language == "plpgsql";
}

/// Calls that mean another function of that name do not count.
bool may_call(std::string_view code, std::string_view lower_code, const RelationName& function,
              const QueryTarget& target) {
  if (lower_code.find(replace_all(to_lower(function.relname.str()), "\"", "\"\"")) == std::string_view::npos)
    return false;
  if (has_escaped_names(lower_code)) return true;
  return std::ranges::any_of(written_calls(code, function.relname), [&](const QueryCall& call) {
    // The code may have a search_path of its own, in which PostgreSQL's functions come last.
    return certainty_of(call, function, true, target, {"public", "pg_catalog"}).has_value();
  });
}

/// `t.f` may be f(t), or a column of another table.
bool names_as_column(std::string_view lower_code, const QueryTarget& target) {
  return std::ranges::any_of(target.overloads, [&](const QueryTarget::Overload& one) {
    return one.goes && one.of_row &&
           names(lower_code, one.name.relname, [](std::string_view before, std::string_view /*behind*/) {
             if (before.ends_with('"')) before.remove_suffix(1);
             return before.ends_with('.');
           });
  });
}

/// Code names it, or a function that uses it. SQL that is read need not name the column: a star has it, too.
bool names_it(std::string_view code, std::string_view lower_code, std::string_view language,
              const QueryTarget& target) {
  const bool is_sql = language == "sql";
  const auto is_named = [lower_code](const RelationName& name) { return names(lower_code, name.relname); };
  const auto is_called = [&](const auto& entry) {
    return is_read(language) ? may_call(code, lower_code, entry.first, target)
                             : may_call_in_text(code, entry.first.relname);
  };
  const auto has_type = [lower_code](const RelationName& type) { return names_type(lower_code, type); };
  const auto has_key = [&](const QueryTarget::Key& key) {
    return is_named(key.table) && names(lower_code, "conflict");
  };
  return std::ranges::any_of(target.types, has_type) || std::ranges::any_of(target.functions, is_called) ||
         std::ranges::any_of(target.keys, has_key) ||
         std::ranges::any_of(target.parts, [&](const QueryTarget::Part& part) {
           return is_named(part.relation) &&
                  (is_sql || part.column.empty() || names(lower_code, part.column));
         });
}

/// As if names without a schema led to what is taken away first.
QueryUse use_by_another_path(const QueryText& text, const QueryRelations& relations,
                             const std::set<RelationName>& own) {
  const RelationFinder find = [&](const RelationName& name) { return relations.find(name, {}, own); };
  QueryUse use;
  for (const QueryShape& query : text.queries) add_use(query, find, use);
  return use;
}

/// Finds the code that uses a target, also by calling such code.
class CodeFinder {
 public:
  CodeFinder(Session& session, QueryTarget& target) : relations_(session), target_(target) {}

  /// Empty, or why it could not be found out.
  std::string run(const std::vector<Code>& all) {
    constexpr int most_rounds = 5;
    for (int round = 0; round < most_rounds; ++round) {
      bool found = false;
      for (const Code& code : all) {
        if (target_.functions.contains(code.name)) continue;
        const auto certain = uses(code);
        if (!problem_.empty()) return problem_;
        if (certain) add(code, *certain);
        found = found || certain;
      }
      if (!found) break;
    }
    return {};
  }

 private:
  void add(const Code& code, bool certain) {
    target_.functions[code.name] = certain;
    for (const RelationName& table : code.tables) target_.triggers[table] = code.name;
  }

  /// Whether it uses it, and whether that is certain: SQL is read, other code names it or does not.
  std::optional<bool> uses(const Code& code) {
    const bool is_named = names_it(code.source, code.lower_source, code.language, target_);
    if (!is_named && !names_as_column(code.lower_source, target_)) return std::nullopt;
    if (code.language != "sql") {
      if (!is_named) target_.call_an_overload.insert(code.name);
      return false;
    }
    const QueryText text = read_queries(code.source);
    if (!text.problem.empty()) return false;
    std::set<RelationName> wanted;
    for (const QueryShape& query : text.queries) add_relation_names(query, wanted);
    problem_ = relations_.load(wanted);
    const std::set<RelationName> own = own_relations(target_);
    const RelationFinder find = [&](const RelationName& name) {
      return relations_.find(name, {"public"}, own);
    };
    QueryUse use;
    for (const QueryShape& query : text.queries) add_use(query, find, use);
    if (uses_it(use, target_)) return true;
    if (uses_it(use_by_another_path(text, relations_, own), target_)) return false;
    if (target_.is_sequence && uses_a_sequence(use, target_)) return false;
    for (const auto& [function, certain] : target_.functions) {
      const auto known = row_certainty_of(use, function, target_);
      if (known && !*known) target_.call_an_overload.insert(code.name);
      if (known) return known;
    }
    for (const QueryCall& call : use.functions) {
      for (const auto& [function, certain] : target_.functions) {
        const auto known = certainty_of(call, function, certain, target_, {"public"});
        if (!known) continue;
        if (!*known && (certain || target_.call_an_overload.contains(function)))
          target_.call_an_overload.insert(code.name);
        return known;
      }
    }
    return std::nullopt;
  }

  QueryRelations relations_;
  QueryTarget& target_;
  std::string problem_;
};

/// Functions that give rows which have the column; who calls them may read it.
std::string add_row_givers(Session& session, const GateSubject& subject, QueryTarget& target) {
  if (subject.kind != GateSubject::Kind::relation || subject.column.empty() ||
      (subject.change != Change::dropped && subject.change != Change::renamed))
    return {};
  const SqlResult rows = session.query(queries::k_find_row_givers, {subject.relation.quoted()});
  if (!rows.ok) return cat("cannot read the catalogs: ", printable_line(rows.error.message));
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    const RelationName name{.schemaname = rows.text(row, 0), .relname = rows.text(row, 1)};
    if (target.functions.try_emplace(name, false).second) target.row_givers.insert(name);
  }
  return {};
}

// ---- search_path ---------------------------------------------------------------------------------------------------

/// `"$user", public` of a role.
Names schemas_in(std::string_view setting, const std::string& role) {
  Names schemas;
  for (std::string_view part : split(setting, ',')) {
    part = trim(part);
    const bool quoted = part.size() >= 2 && part.front() == '"' && part.back() == '"';
    std::string name = quoted ? replace_all(part.substr(1, part.size() - 2), "\"\"", "\"") : to_lower(part);
    if (!name.empty()) schemas.emplace_back(name == "$user" ? role : name);
  }
  return schemas;
}

}  // namespace

namespace {

/// Empty, or why the catalogs did not answer.
std::string add_named(Session& session, const GateSubject& subject, QueryTarget& target) {
  const SqlResult rows = session.query(queries::find_named(), queries::named_parameters(subject));
  if (!rows.ok) return cat("cannot read the catalogs: ", printable_line(rows.error.message));
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    const RelationName name{.schemaname = rows.text(row, 0), .relname = rows.text(row, 1)};
    if (subject.kind == GateSubject::Kind::type) {
      target.types.insert(name);
      continue;
    }
    const bool goes = rows.truth(row, 2);
    if (goes) target.functions[name] = true;
    // What is OUT, or stands in WITHIN GROUP, may be written or not.
    const bool has_any_number = rows.truth(row, 5);
    target.overloads.push_back(
        {.name = name,
         .goes = goes,
         .least = has_any_number ? 0 : static_cast<int>(rows.number(row, 3).value_or(0)),
         .most = has_any_number ? -1 : static_cast<int>(rows.number(row, 4).value_or(-1)),
         .is_behind = goes && rows.truth(row, 6),
         .of_row = rows.truth(row, 7)});
  }
  return {};
}

std::string add_parts(Session& session, const GateSubject& subject, QueryTarget& target) {
  const SqlResult parts = session.query(
      queries::k_find_targets,
      {subject.relation.quoted(), subject.column, subject.change == Change::renamed ? "t" : "f"});
  if (!parts.ok) return cat("cannot read the catalogs: ", printable_line(parts.error.message));
  for (std::size_t row = 0; row < parts.rows.size(); ++row) {
    target.parts.push_back({.relation = {.schemaname = parts.text(row, 0), .relname = parts.text(row, 1)},
                            .column = parts.text(row, 2),
                            .own = parts.number(row, 3).value_or(0) == 1,
                            .has_default = parts.truth(row, 4)});
    target.is_sequence = target.is_sequence || parts.truth(row, 5);
  }
  return {};
}

/// Of what must have a value from now on, those count that insert rows.
std::variant<QueryTarget, std::string> tightened(Session& session, const GateSubject& subject,
                                                 const std::vector<Code>& all, QueryTarget target) {
  if (std::string problem = add_ways_in(session, subject, target); !problem.empty()) return problem;
  QueryTarget inserting;
  for (const Code& code : all) {
    if (!may_leave_out(code.lower_source, target)) continue;
    inserting.functions[code.name] = false;
    for (const RelationName& table : code.tables) inserting.triggers[table] = code.name;
  }
  if (std::string problem = CodeFinder(session, inserting).run(all); !problem.empty()) return problem;
  target.functions = std::move(inserting.functions);
  target.triggers = std::move(inserting.triggers);
  return target;
}

}  // namespace

std::variant<QueryTarget, std::string> find_query_target(Session& session, const GateSubject& subject,
                                                         bool is_at_rest) {
  QueryTarget target;
  const auto add = subject.kind == GateSubject::Kind::relation ? add_parts
                   : subject.kind == GateSubject::Kind::key    ? add_keys
                                                               : add_named;
  if (std::string problem = add(session, subject, target); !problem.empty()) return problem;
  target.is_at_rest = is_at_rest;
  const SqlResult code = session.query(queries::k_find_code, {});
  if (!code.ok) return cat("cannot read the catalogs: ", printable_line(code.error.message));
  const std::vector<Code> all = read_code_of(code);
  if (subject.change == Change::tightened) return tightened(session, subject, all, std::move(target));
  std::string problem = CodeFinder(session, target).run(all);
  if (problem.empty()) problem = add_row_givers(session, subject, target);
  if (problem.empty() && !target.row_givers.empty()) problem = CodeFinder(session, target).run(all);
  if (!problem.empty()) return problem;
  return target;
}

bool may_call(std::string_view code, const QueryTarget& target) {
  const std::string lower_code = to_lower(code);
  return std::ranges::any_of(
      target.functions, [&](const auto& entry) { return may_call(code, lower_code, entry.first, target); });
}

std::variant<QueryTarget, std::string> find_named_target(Session& session, const GateSubject& subject) {
  QueryTarget target;
  if (std::string problem = add_named(session, subject, target); !problem.empty()) return problem;
  return target;
}

class QueryJudge::State {
 public:
  State(Session& session, const GateSubject& subject, const QueryTarget& target)
      : session_(session),
        subject_(subject),
        target_(target),
        relations_(session),
        own_(own_relations(target)) {
    for (const RelationName& relation : own_) words_.push_back(relation.relname);
    for (const auto& [function, certain] : target.functions) words_.push_back(function.relname);
    for (const auto& [table, function] : target.triggers) words_.push_back(table.relname);
    for (const RelationName& type : target.types) words_.push_back(type.relname);
    if (target.is_sequence) {
      const auto functions = sequence_functions(target);
      words_.insert(words_.end(), functions.begin(), functions.end());
    }
  }

  [[nodiscard]] bool may_use(std::string_view text) const {
    if (text.empty()) return true;  // nobody knows
    const std::string lower = to_lower(text);
    return has_escaped_names(lower) ||
           std::ranges::any_of(words_, [&lower](Name word) { return names(lower, word); });
  }

  std::vector<Answer> answer(const std::vector<Statement>& statements) {
    std::vector<QueryText> texts;
    std::set<RelationName> wanted;
    for (const Statement& statement : statements) {
      texts.push_back(read_queries(statement.text));
      for (const QueryShape& query : texts.back().queries) add_relation_names(query, wanted);
    }
    std::string problem = relations_.load(wanted);
    if (problem.empty()) problem = load_paths(statements);
    std::vector<Answer> answers;
    for (std::size_t i = 0; i < statements.size(); ++i) {
      answers.push_back(problem.empty() ? answer(statements[i], texts[i])
                                        : Answer{.verdict = Verdict::unknown, .words = problem});
    }
    return answers;
  }

 private:
  std::string load_paths(const std::vector<Statement>& statements) {
    std::set<std::string> roles;
    for (const Statement& statement : statements) roles.insert(statement.role);
    const std::vector<std::string> list(roles.begin(), roles.end());
    const SqlResult rows = session_.query(queries::k_find_paths, {pg::text_array(list)});
    if (!rows.ok) return cat("cannot read the catalogs: ", printable_line(rows.error.message));
    for (std::size_t row = 0; row < rows.rows.size(); ++row) {
      paths_[rows.text(row, 0)] = schemas_in(rows.text(row, 1), rows.text(row, 0));
      if (rows.truth(row, 2)) has_own_path_.insert(rows.text(row, 0));
    }
    return {};
  }

  Answer answer(const Statement& statement, const QueryText& text) {
    if (statement.text.empty())
      return {.verdict = Verdict::unknown, .words = "the server has not kept the text of a query"};
    if (!text.problem.empty())
      return {.verdict = Verdict::unknown,
              .words = cat("a query cannot be read (", printable_line(text.problem), ")")};
    if (text.queries.empty() && is_code(statement.text)) {
      const std::string lower_text = to_lower(statement.text);
      // Behind LANGUAGE may stand any, and in quotes, before the code.
      const bool is_plpgsql = !names(lower_text, "language");
      const std::string code = is_plpgsql ? code_of_do(statement.text) : statement.text;
      return names_it(code, lower_text, is_plpgsql ? "plpgsql" : "", target_) ||
                     names_as_column(lower_text, target_)
                 ? Answer{.verdict = Verdict::unknown, .words = "the code of a DO block names it"}
                 : Answer{};
    }
    const Names path = paths_.contains(statement.role) ? paths_[statement.role] : Names{"public"};
    const RelationFinder find = [&](const RelationName& name) { return relations_.find(name, path, own_); };
    QueryUse use;
    for (const QueryShape& query : text.queries) add_use(query, find, use);
    if (!use.complete) return {.verdict = Verdict::unknown, .words = "a query is too long to be read"};
    const bool is_tightened = subject_.change == Change::tightened;
    if (is_tightened ? leaves_out(use) : uses_it(use, target_))
      return {.verdict = Verdict::closed, .words = {}};
    Answer answer = by_code(use, path);
    if (answer.verdict == Verdict::open && !has_own_path_.contains(statement.role)) {
      const QueryUse other = use_by_another_path(text, relations_, own_);
      if (is_tightened ? leaves_out(other) : uses_it(other, target_))
        answer = {
            .verdict = Verdict::unknown,
            .words = "a query names it without a schema, and its session may have had another search_path",
            .for_good = true};
    }
    if (is_tightened) return answer;
    if (answer.verdict == Verdict::open && target_.is_sequence && uses_a_sequence(use, target_)) {
      answer = {.verdict = Verdict::unknown,
                .words = cat(target_.is_at_rest ? "it may have been set" : "it may have given values",
                             ", and a query asks a sequence, of which the server does not keep which"),
                .for_good = true};
    }
    return answer;
  }

  /// An INSERT that gives it no value, and nothing else does.
  [[nodiscard]] bool leaves_out(const QueryUse& use) const {
    return std::ranges::any_of(use.inserts, [this](const QueryInsert& insert) {
      return std::ranges::any_of(target_.parts, [&](const QueryTarget::Part& part) {
        return part.own && part.relation == insert.relation && !insert.given.contains(part.column) &&
               (subject_.loses_default || !part.has_default);
      });
    });
  }

  [[nodiscard]] Answer by_code(const QueryUse& use, const Names& path) const {
    Answer answer;
    for (const auto& [function, certain] : target_.functions) {
      const std::optional<bool> as_column = row_certainty_of(use, function, target_);
      std::optional<bool> called = as_column;
      for (const QueryCall& call : use.functions) {
        const auto known = certainty_of(call, function, certain, target_, path);
        if (known) called = *known || called.value_or(false);
      }
      const bool fired = std::ranges::any_of(target_.triggers, [&](const auto& trigger) {
        return trigger.second == function && use.written.contains(trigger.first);
      });
      if (!called && !fired) continue;
      if (called.value_or(false) || (fired && certain)) return {.verdict = Verdict::closed, .words = {}};
      if (answer.verdict == Verdict::unknown && !answer.for_good) continue;
      const std::string name = printable_line(function.quoted());
      const bool gives_rows = target_.row_givers.contains(function);
      const bool inserts = subject_.change == Change::tightened;
      const bool is_overload =
          gives_rows || inserts || (certain && !fired) || target_.call_an_overload.contains(function);
      answer = {.verdict = Verdict::unknown,
                .words = inserts      ? cat("a query runs ", name, ", whose code may insert rows without it")
                         : gives_rows ? cat("a query calls ", name, ", which gives whole rows")
                         : !is_overload ? cat("a query runs ", name, ", whose code names it")
                         : as_column    ? cat("a query may call ", name, " as a column of a row")
                         : !certain     ? cat("a query runs ", name, ", whose code may mean another one")
                                        : cat("a query calls ", name, ", and another one of that name stays"),
                .for_good = is_overload};
    }
    return answer;
  }

  Session& session_;
  const GateSubject& subject_;
  const QueryTarget& target_;
  QueryRelations relations_;
  std::set<RelationName> own_;
  Names words_;
  std::map<std::string, Names> paths_;
  std::set<std::string> has_own_path_;  ///< roles of which somebody has said it
};

QueryJudge::QueryJudge(Session& session, const GateSubject& subject, const QueryTarget& target)
    : state_(std::make_unique<State>(session, subject, target)) {}
QueryJudge::~QueryJudge() = default;

bool QueryJudge::may_use(std::string_view text) const {
  return state_->may_use(text);
}

std::vector<QueryJudge::Answer> QueryJudge::answer(const std::vector<Statement>& statements) {
  return state_->answer(statements);
}

}  // namespace pgsluice
