// SPDX-License-Identifier: Apache-2.0
// What a contract step rests on must not only be in the ledger: an index that an earlier step made must be valid, a
// constraint that it made must be validated, and a backfill must have seen all rows, those too that have come since.

#include <algorithm>
#include <array>
#include <initializer_list>
#include <set>

#include "base/json.hpp"
#include "base/text.hpp"
#include "gate/queries_sql.hpp"
#include "gate/query_target.hpp"
#include "gate/sources.hpp"
#include "pg/arrays.hpp"
#include "pg/sqlstate.hpp"
#include "pgsluice/query.hpp"
#include "pgsluice/undone.hpp"
#include "plan/backfill.hpp"
#include "plan/names.hpp"
#include "plan/sql_text.hpp"

namespace pgsluice {
namespace {

/// For all rows that are looked for in a run. Through a large table without an index this may take longer: then nobody knows.
constexpr milliseconds k_longest_look{15'000};

constexpr std::string_view k_invalid_indexes =
    "SELECT n FROM unnest($1::text[]) n JOIN pg_index i ON i.indexrelid = to_regclass(n)"
    " WHERE NOT (i.indisvalid AND i.indisready) ORDER BY n";

// An unnamed constraint is found by its kind.
constexpr std::string_view k_open_constraints =
    "SELECT DISTINCT k.conname, m.relation FROM jsonb_to_recordset($1::jsonb) AS m (relation text, name "
    "text, kind text)"
    " JOIN pg_constraint k ON k.conrelid = to_regclass(m.relation)"
    " AND (k.conname = m.name OR m.name = '' AND k.contype::text = m.kind) WHERE NOT k.convalidated ORDER BY "
    "2, 1";

struct MadeConstraint {
  RelationName relation;
  Name name;         ///< empty: PostgreSQL has chosen
  std::string kind;  ///< pg_constraint.contype
};

/// A table that a backfill has filled, and the rows that would lack it.
struct Filled {
  std::string file;
  RelationName relation;
  std::string from;                   ///< of FROM
  std::string written;                ///< the statement
  std::string text;                   ///< the same in small letters
  std::string sql;                    ///< empty: nobody can tell
  bool is_one_off = false;            ///< what it would find later may be there by design
  bool is_copy = false;               ///< into another table
  bool is_lost = false;               ///< what it reads is taken away: what it has not seen is lost then
  std::string row;                    ///< the name of its table in it
  std::set<std::string> set_columns;  ///< of an UPDATE
  bool has_value_asked = false;       ///< not only whether it has its default
  bool is_doubtful = false;  ///< code that it runs names what is taken away, and may mean something else
  bool reads_what_is_gone = false;  ///< a step behind it that is done has taken something away that it names
  /// Columns of the table itself that are taken away: in a row that has none of these nothing is lost.
  std::set<std::string> lost_columns;
};

/// By files that a contract step rests on.
struct Made {
  std::set<std::string> indexes;
  std::vector<MadeConstraint> constraints;
  std::vector<Filled> backfills;
  std::vector<std::string> gone;  ///< backfills whose files are no longer there
};

const RelationLock* target_of(const CommandEffect& command) {
  const auto found = std::ranges::find(command.locks, "target", &RelationLock::role);
  return found == command.locks.end() ? nullptr : &*found;
}

std::string kind_of(const Command& command) {
  return command.text("contype") == "CONSTR_FOREIGN" ? "f" : "c";
}

template <typename Visit>
void each_command(const FileAnalysis& file, Visit visit) {
  for (const Effect& effect : file.effects) {
    for (const CommandEffect& command : effect.commands) {
      if (const RelationLock* target = target_of(command))
        visit(command_of(file, effect, command), target->relation);
    }
  }
}

bool is_one_of(std::string_view tag, std::initializer_list<std::string_view> tags) {
  return std::ranges::find(tags, tag) != tags.end();
}

std::string text_of(const FileAnalysis& file, const Effect& effect) {
  const SourceRange range = file.script.statements.at(effect.statement).range;
  return file.script.source.text.substr(range.begin, range.end - range.begin);
}

/// By itself, in WITH, or in code that it runs.
bool is_backfill(const FileAnalysis& file, const Effect& effect) {
  const Statement& statement = file.script.statements.at(effect.statement);
  const bool is_phase = file.migration.phase == Phase::backfill;
  if (batch_of(file, effect.statement) != nullptr || is_one_of(statement.tag, {"UpdateStmt", "MergeStmt"}))
    return true;
  if (statement.tag == "InsertStmt") return has_word(to_lower(text_of(file, effect)), "select");
  if (is_phase && is_one_of(statement.tag, {"DoStmt", "CallStmt"})) return true;
  const bool changes_rows =
      statement.tag == "SelectStmt" && std::ranges::any_of(statement.commands, [](const Command& command) {
        return command.changes && std::ranges::find(*command.changes, RowChange::Kind::update,
                                                    &RowChange::kind) != command.changes->end();
      });
  return changes_rows || std::ranges::any_of(effect.commands, [](const CommandEffect& command) {
           return command.inner && is_one_of(command.inner->tag, {"UpdateStmt", "MergeStmt"});
         });
}

bool sets_search_path(const FileAnalysis& file) {
  return std::ranges::any_of(file.script.statements, [](const Statement& statement) {
    return std::ranges::any_of(statement.commands, [](const Command& command) {
      return command.tag == "VariableSetStmt" && command.name == "search_path";
    });
  });
}

/// As the file's own search_path has found it: this session has another.
RelationName found_by(const Effect& effect, const RelationName& written) {
  for (const RelationLock& lock : effect.locks) {
    const bool is_there = written.schemaname.empty() || written.schemaname == lock.relation.schemaname;
    if (is_there && written.relname == lock.relation.relname) return lock.relation;
  }
  return written;
}

Filled filled_by(const FileAnalysis& file, const Effect& effect) {
  const std::string_view tag = file.script.statements.at(effect.statement).tag;
  const std::string sql = text_of(file, effect);
  Filled filled{.file = file.migration.id, .written = sql, .text = to_lower(sql)};
  filled.is_one_off = tag == "DeleteStmt" || (tag == "InsertStmt" && file.migration.phase != Phase::backfill);
  const auto result = cut_statement(sql);
  if (const auto* cut = std::get_if<CutStatement>(&result)) {
    filled.relation = found_by(effect, cut->relation);
    filled.from = cat(cut->only ? "ONLY " : "", filled.relation.quoted(), " AS ", cut->qualifier);
    // Other tables stand in it as they are written.
    const bool has_others = has_word(to_lower(cut->undone), "select");
    if (!cut->undone.empty() && (!has_others || !sets_search_path(file))) filled.sql = sql;
    filled.is_copy = cut->set_columns.empty();
    filled.row = cut->qualifier;
    for (const Name column : cut->set_columns) filled.set_columns.insert(column.str());
  }
  return filled;
}

void add_made(const FileAnalysis& file, Made& made) {
  for (const Effect& effect : file.effects)
    for (const RelationName& index : effect.index_builds) made.indexes.insert(index.quoted());
  each_command(file, [&made](const Command& command, const RelationName& relation) {
    if (command.tag == "AT_AddConstraint" && command.is("skip_validation"))
      made.constraints.push_back({.relation = relation, .name = command.name, .kind = kind_of(command)});
  });
  for (const Effect& effect : file.effects) {
    if (is_backfill(file, effect)) made.backfills.push_back(filled_by(file, effect));
  }
}

std::size_t count_words(std::string_view text, std::string_view word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string_view::npos;
       at = text.find(word, at + word.size())) {
    const std::size_t begin = at == 0 ? 0 : at - 1;
    if (has_word(text.substr(begin, at + word.size() + 1 - begin), word)) ++count;
  }
  return count;
}

/// By a file behind the backfills that there are so far, whether pgsluice has run it or it was written down as done.
void tell_taken(const FileAnalysis& file, Made& made) {
  for (const std::string& name : names_taken(file)) {
    const std::string last = to_lower(name.substr(name.find_last_of(". ") + 1));
    for (Filled& filled : made.backfills)
      filled.reads_what_is_gone = filled.reads_what_is_gone || has_word(filled.text, last);
  }
}

/// It may read any column without naming it.
bool reads_whole_rows(const Filled& filled) {
  return filled.text.find(".*") != std::string::npos || has_word(filled.text, "row_to_json") ||
         has_word(filled.text, "to_json") || has_word(filled.text, "to_jsonb");
}

/// Which backfills have to do with what a step changes: a gap in the others is none of its business.
class Matters {
 public:
  Matters(Session& session, const GateQuestion& question) : session_(session), question_(question) {}

  bool operator()(Filled& filled) {
    if (question_.subjects.empty()) return filled.has_value_asked = sets_what_is_validated(filled);
    bool matters = reads_whole_rows(filled);
    std::set<std::string> columns;
    bool more = matters;
    filled.is_doubtful = !matters;
    for (const GateSubject& subject : question_.subjects) {
      const bool is_own = subject.relation == filled.relation && !subject.column.empty();
      const Use use = is_own && filled.set_columns.contains(subject.column) ? is_about_own(filled, subject)
                                                                            : is_about(filled, subject);
      if (use == Use::no) continue;
      matters = true;
      filled.is_doubtful = filled.is_doubtful && use == Use::perhaps;
      // Nobody finds the rows that have a default when that is gone.
      const bool is_lost =
          subject.change == Change::dropped || subject.change == Change::altered || subject.loses_default;
      filled.is_lost = filled.is_lost || is_lost;
      filled.has_value_asked = filled.has_value_asked || !subject.loses_default;
      if (!is_lost) continue;
      if (is_own && !subject.loses_default) columns.insert(subject.column);
      more = more || !is_own || subject.loses_default;
    }
    filled.has_value_asked = filled.has_value_asked || reads_whole_rows(filled);
    if (!more) filled.lost_columns = std::move(columns);
    return matters;
  }

 private:
  enum class Use { no, perhaps, yes };

  /// Of a column that it sets itself: it must be filled where it must have a value from now on, or loses its default. Where it
  /// goes, only what the backfill has made of it elsewhere is lost.
  Use is_about_own(const Filled& filled, const GateSubject& subject) const {
    if (subject.change == Change::tightened) return Use::yes;
    if (subject.change == Change::renamed) return Use::no;
    const bool stays = std::ranges::any_of(filled.set_columns, [&](const std::string& set) {
      return std::ranges::none_of(question_.subjects, [&](const GateSubject& other) {
        return other.relation == filled.relation && other.column == set && other.change != Change::tightened;
      });
    });
    return stays && count_words(filled.text, to_lower(subject.column)) > 1 ? Use::yes : Use::no;
  }

  /// It reads or sets it, by name or without: in a star, as part of a whole row, in a function.
  Use is_about(const Filled& filled, const GateSubject& subject) {
    const bool goes_as_a_whole =
        subject.column.empty() && subject.relation == filled.relation && subject.change == Change::dropped;
    if (goes_as_a_whole && !filled.is_copy) return Use::no;  // with all its rows
    const std::string taken = subject.column.empty() ? std::string(subject.relation.relname) : subject.column;
    return has_word(filled.text, to_lower(taken)) ? Use::yes : use_of(filled, subject);
  }

  Use use_of(const Filled& filled, GateSubject subject) {
    subject.change = Change::dropped;
    const auto [known, is_new] = targets_.try_emplace(subject.quoted());
    if (is_new) known->second = find_query_target(session_, subject);
    const auto* target = std::get_if<QueryTarget>(&known->second);
    if (target == nullptr) return Use::yes;
    const std::vector<QueryJudge::Answer> answers =
        QueryJudge(session_, subject, *target).answer({{.text = filled.written, .role = {}}});
    if (answers.front().verdict == Verdict::closed) return Use::yes;
    // What is no query says what it does in its own words.
    const bool is_unknown =
        answers.front().verdict == Verdict::unknown && read_queries(filled.written).problem.empty();
    return is_unknown ? Use::perhaps : Use::no;
  }

  /// Nothing is lost with a key or a policy; what is validated must be so in all rows.
  bool sets_what_is_validated(const Filled& filled) {
    bool sets = false;
    each_command(question_.file.analysis, [&](const Command& command, const RelationName& relation) {
      if (sets || command.tag != "AT_ValidateConstraint") return;
      const SqlResult columns = session_.query(
          "SELECT a.attname FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid"
          " AND a.attnum = ANY (k.conkey) WHERE k.conrelid = to_regclass($1) AND k.conname = $2",
          {relation.quoted(), command.name.str()});
      for (std::size_t row = 0; row < columns.rows.size(); ++row)
        sets = sets || has_word(filled.text, to_lower(columns.text(row, 0)));
      sets = sets || columns.rows.empty();
    });
    return sets;
  }

  Session& session_;
  const GateQuestion& question_;
  std::map<std::string, std::variant<QueryTarget, std::string>> targets_;
};

/// The step itself does first what the backfill did: it finds what has come since.
bool does_again(const FileAnalysis& step, const Filled& filled) {
  const auto plain = [](std::string_view text) {
    std::string words;
    for (const std::string_view word : split(replace_all(std::string(trim(text)), "\n", " "), ' ')) {
      if (!word.empty()) words += cat(words.empty() ? "" : " ", word);
    }
    return words;
  };
  return std::ranges::any_of(step.effects, [&](const Effect& effect) {
    return effect.breaks == Breaks::nobody && is_backfill(step, effect) &&
           plain(filled_by(step, effect).text) == plain(filled.text);
  });
}

/// What the contract file validates or drops itself need not be so before.
std::set<std::pair<RelationName, Name>> settled_by(const FileAnalysis& file) {
  std::set<std::pair<RelationName, Name>> settled;
  each_command(file, [&settled](const Command& command, const RelationName& relation) {
    if (command.tag == "AT_ValidateConstraint" || command.tag == "AT_DropConstraint")
      settled.emplace(relation, command.name);
  });
  return settled;
}

std::string constraints_json(const std::vector<MadeConstraint>& constraints) {
  OrderedJson all = OrderedJson::array();
  for (const MadeConstraint& made : constraints) {
    all.push_back({{"relation", made.relation.quoted()}, {"name", made.name.str()}, {"kind", made.kind}});
  }
  return dump(all);
}

/// Backfills that the step has been seen to rest on before the folder lost their files, as when migrations are put together.
/// What the ledger says of the step is of the folder as it is now from the next run on: the evidence keeps their names.
constexpr std::string_view k_gone_backfills =
    "SELECT f.id FROM pgsluice.migration m CROSS JOIN LATERAL (SELECT unnest(m.rests_on) UNION"
    " SELECT jsonb_array_elements_text(g.detail -> 'gone') FROM pgsluice.gate g WHERE g.migration_id = m.id"
    " AND g.provider = 'verified' AND jsonb_typeof(g.detail -> 'gone') = 'array') AS r (id)"
    " JOIN pgsluice.migration f ON f.id = r.id"
    " WHERE m.id = $1 AND m.fingerprint = $2 AND m.applied_at IS NULL AND f.id <> ALL ($3::text[])"
    " AND (f.phase = 'backfill' OR EXISTS (SELECT FROM pgsluice.statement s WHERE s.migration_id = f.id"
    " AND s.kind = 'UpdateStmt')) ORDER BY 1";

std::vector<std::string> gone_backfills(Session& session, const PlannedFile& step, const Plan& plan) {
  std::vector<std::string> there;
  for (const PlannedFile& file : plan.files) there.push_back(file.analysis.migration.id);
  // An older ledger knows nothing of it.
  const SqlResult rows =
      session.query(k_gone_backfills, {step.analysis.migration.id, step.fingerprint, pg::text_array(there)});
  std::vector<std::string> gone;
  for (std::size_t row = 0; row < rows.rows.size(); ++row) gone.push_back(rows.text(row, 0));
  return gone;
}

class Verification {
 public:
  /// \param time_left  for looking for rows
  Verification(Session& session, const Made& made, milliseconds& time_left)
      : session_(session), made_(made), time_left_(time_left) {}

  Evidence look(const std::set<std::pair<RelationName, Name>>& settled) {
    look_at_indexes();
    look_at_constraints(settled);
    look_at_rows();
    Evidence evidence{.provider = std::string(provider::verified)};
    evidence.detail = dump({{"indexes", made_.indexes.size()},
                            {"constraints", made_.constraints.size()},
                            {"backfills", made_.backfills.size()},
                            {"missing", missing_},
                            {"gone", made_.gone}});
    for (const std::string& file : made_.gone) {
      unseen_.push_back(cat(printable_line(file),
                            ", which it rests on, is no longer there to look for rows with that have come "
                            "since (--evidence verified=optional)"));
    }
    if (!problem_.empty()) {
      evidence.words = cat("cannot read the catalogs: ", printable_line(problem_));
    } else if (!missing_.empty()) {
      evidence.verdict = Verdict::closed;
      evidence.words = join(missing_, "; ");
    } else if (!unseen_.empty()) {
      evidence.words = join(unseen_, "; ");
      evidence.can_be_settled = true;
    } else {
      evidence.verdict = Verdict::open;
      evidence.words = "what it rests on is valid and finished";
      if (!unasked_.empty()) {
        evidence.words += cat(", but nobody can tell whether rows have come since ",
                              enumerate(std::vector<std::string>(unasked_.begin(), unasked_.end()), " and "));
      }
    }
    return evidence;
  }

 private:
  SqlResult rows(std::string_view sql, const std::string& parameter) {
    SqlResult result = session_.query(sql, {parameter});
    if (!result.ok) problem_ = result.error.message;
    return result;
  }

  void look_at_indexes() {
    if (made_.indexes.empty()) return;
    const std::vector<std::string> names(made_.indexes.begin(), made_.indexes.end());
    const SqlResult invalid = rows(k_invalid_indexes, pg::text_array(names));
    for (std::size_t row = 0; row < invalid.rows.size(); ++row) {
      missing_.push_back(cat("index ", printable_line(invalid.text(row, 0)),
                             " is not valid: REINDEX INDEX CONCURRENTLY, or drop it and make it again"));
    }
  }

  void look_at_constraints(const std::set<std::pair<RelationName, Name>>& settled) {
    if (made_.constraints.empty()) return;
    const SqlResult open = rows(k_open_constraints, constraints_json(made_.constraints));
    for (std::size_t row = 0; row < open.rows.size(); ++row) {
      const std::string name = open.text(row, 0);
      const std::string relation = open.text(row, 1);
      const bool is_settled = std::ranges::any_of(settled, [&](const auto& entry) {
        return entry.first.quoted() == relation && entry.second == name;
      });
      if (is_settled) continue;
      missing_.push_back(cat("constraint ", printable_line(quote_ident(name)), " of ",
                             printable_line(relation),
                             " is not validated: ALTER TABLE … VALIDATE CONSTRAINT"));
    }
  }

  static bool is_gone(const SqlError& error) {
    constexpr std::array states = {pg::sqlstate::undefined_column, pg::sqlstate::undefined_table,
                                   pg::sqlstate::undefined_function};
    return std::ranges::find(states, error.sqlstate) != states.end();
  }

  /// Then what the backfill reads has been taken away on purpose: its rows were looked for before that.
  bool was_rested_on(const std::string& file) {
    const SqlResult done = session_.query(
        "SELECT FROM pgsluice.migration WHERE phase = 'contract' AND state = 'applied' AND rests_on @> "
        "ARRAY[$1]",
        {file});
    return done.ok && !done.rows.empty();
  }

  /// Of the rows that it would still change. `without`: those that have no value yet, or else those that have their column's
  /// default: these may have come since, or the application may have set them so.
  std::string condition_of(const Filled& filled, bool without) {
    ColumnTypes types;
    ColumnDefaults defaults;
    const SqlResult columns = rows(
        "SELECT attname, format_type(atttypid, atttypmod), coalesce(pg_get_expr(adbin, adrelid), '')"
        " FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum AND attgenerated = "
        "''"
        " WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped",
        filled.relation.quoted());
    for (std::size_t row = 0; row < columns.rows.size(); ++row) {
      types.emplace(columns.text(row, 0), columns.text(row, 1));
      if (!without && !columns.text(row, 2).empty())
        defaults.emplace(columns.text(row, 0), columns.text(row, 2));
    }
    if (!without && defaults.empty()) return {};
    std::string condition = undone_rows(filled.sql, types, defaults);
    if (!without && condition == undone_rows(filled.sql, types, {})) return {};
    std::vector<std::string> lost;
    for (const std::string& column : filled.lost_columns) {
      if (types.contains(column)) lost.push_back(cat(filled.row, ".", quote_ident(column), " IS NOT NULL"));
    }
    return lost.empty() ? condition : cat("(", condition, ") AND (", join(lost, " OR "), ")");
  }

  /// Ends when the program is asked to stop. Rows that a policy hides from this role are rows: an error is better than none.
  SqlResult ask(const Filled& filled, const std::string& condition) {
    const auto begun = std::chrono::steady_clock::now();
    session_.script(cat("BEGIN READ ONLY; SET LOCAL row_security = off; SET LOCAL statement_timeout = ",
                        std::to_string(std::max(time_left_, milliseconds(1)).count())));
    SqlResult found = session_.run({.sql = cat("SELECT ", queries::k_own_look, " EXISTS (SELECT FROM ",
                                               filled.from, " WHERE ", condition, ")"),
                                    .interruptible = Interruptible::yes});
    if (!found.connection_lost) session_.script("ROLLBACK");
    time_left_ -= std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun);
    return found;
  }

  void tell_unasked(const Filled& filled) {
    const std::string file = printable_line(filled.file);
    if (filled.is_lost && !filled.is_one_off) {
      unseen_.push_back(
          cat("rows may have come that ", file,
              " has not seen, and nobody can look for them: it makes something of what is taken away, and "
              "not with UPDATE … SET column = value (--evidence verified=optional)"));
    } else {
      unasked_.insert(file);
    }
  }

  /// The release that was at work during a backfill goes on writing rows as it knows them.
  void look_at_rows() {
    for (const Filled& filled : made_.backfills) {
      if (filled.sql.empty()) {
        tell_unasked(filled);
        continue;
      }
      if (!filled.has_value_asked) {
        look_at_defaults(filled);
        continue;
      }
      const SqlResult found = ask(filled, condition_of(filled, true));
      const std::string what = cat(printable_line(filled.relation.quoted()), " may have rows that ",
                                   printable_line(filled.file), " has not seen");
      if (found.ok && found.truth(0, 0) && filled.is_doubtful) {
        unseen_.push_back(cat(printable_line(filled.relation.quoted()), " has rows that have come since ",
                              printable_line(filled.file),
                              " and lack what it sets, and code that it runs names what is taken away, or "
                              "something else of that name (--evidence verified=optional)"));
      } else if (found.ok && found.truth(0, 0)) {
        missing_.push_back(cat(printable_line(filled.relation.quoted()), " has rows that have come since ",
                               printable_line(filled.file),
                               filled.is_copy
                                   ? ", or of which the copy has been deleted: if they are missing, "
                                   : " and lack what it sets: ",
                               "bring it again under another name, or say with --evidence verified=optional "
                               "that they may"));
      } else if (found.ok) {
        look_at_defaults(filled);
      } else if (is_gone(found.error) && (filled.reads_what_is_gone || was_rested_on(filled.file))) {
        unasked_.insert(printable_line(filled.file));
      } else {
        unseen_.push_back(
            cat(what, ", and cannot be asked: ", why_not(found.error), " (--evidence verified=optional)"));
      }
    }
  }

  static std::string why_not(const SqlError& error) {
    return error.sqlstate == pg::sqlstate::query_canceled
               ? cat("it takes more than ", format_duration(k_longest_look))
               : printable_line(error.message);
  }

  /// Only where the value cannot be made any more: whose it is nobody can tell.
  void look_at_defaults(const Filled& filled) {
    if (!filled.is_lost) return;
    const std::string condition = condition_of(filled, false);
    if (condition.empty()) return;
    const SqlResult found = ask(filled, condition);
    if (found.ok && !found.truth(0, 0)) return;
    const std::string file = printable_line(filled.file);
    unseen_.push_back(
        cat(printable_line(filled.relation.quoted()),
            found.ok ? " has rows with a default that " : " may have rows with a default that ", file,
            " would set otherwise: they have come since, or the application has set them so",
            found.ok ? "" : cat(", and cannot be asked: ", why_not(found.error)),
            "; look at them, and mend those that have come since (--evidence verified=optional)"));
  }

  Session& session_;
  const Made& made_;
  milliseconds& time_left_;
  std::vector<std::string> unseen_;
  std::set<std::string> unasked_;
  std::vector<std::string> missing_;
  std::string problem_;
};

}  // namespace

EvidenceSource verification_source(Session& session, const Plan& plan) {
  return {
      .provider = std::string(provider::verified),
      .look = [&session, &plan,
               time_left = k_longest_look](const GateQuestion& question) mutable -> std::vector<Evidence> {
        Made made;
        for (const PlannedFile& file : plan.files) {
          if (file.state == FileState::applied) tell_taken(file.analysis, made);
          if (std::ranges::count(question.file.rests_on, file.analysis.migration.id) > 0)
            add_made(file.analysis, made);
        }
        Matters matters(session, question);
        std::erase_if(made.backfills, [&](Filled& filled) {
          return !matters(filled) || does_again(question.file.analysis, filled);
        });
        made.gone = gone_backfills(session, question.file, plan);
        if (made.indexes.empty() && made.constraints.empty() && made.backfills.empty() && made.gone.empty())
          return {};
        return {Verification(session, made, time_left).look(settled_by(question.file.analysis))};
      }};
}

}  // namespace pgsluice
