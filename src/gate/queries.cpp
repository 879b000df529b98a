// SPDX-License-Identifier: Apache-2.0
#include "gate/queries.hpp"

#include <algorithm>
#include <set>

#include "base/json.hpp"
#include "base/text.hpp"
#include "gate/queries_sql.hpp"
#include "gate/query_target.hpp"
#include "gate/sources.hpp"
#include "pgsluice/migration.hpp"
#include "plan/sql_text.hpp"

namespace pgsluice {
namespace {

using queries::Extension;

constexpr std::size_t k_most_named = 3;
constexpr std::size_t k_query_length = 100;

struct Found {
  std::optional<Extension> extension;
  std::string problem;  ///< why the server did not answer
};

/// A run asks it before anything of an extension that most databases lack: what find_extension() asks takes ten times as long.
bool may_have_extension(Session& session) {
  const SqlResult there =
      session.query("SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements')", {});
  return !there.ok || there.truth(0, 0);
}

Found find_extension(Session& session) {
  const SqlResult row = session.query(queries::k_find_extension, {});
  if (!row.ok) return {.extension = std::nullopt, .problem = printable_line(row.error.message)};
  return {.extension = Extension{.schema = row.text(0, 0),
                                 .track = row.text(0, 1),
                                 .query_ids = row.text(0, 2),
                                 .utility = row.truth(0, 3),
                                 .readable = row.truth(0, 4),
                                 .role = row.text(0, 5),
                                 .has_info = row.truth(0, 6),
                                 .has_toplevel = row.truth(0, 7),
                                 .has_since = row.truth(0, 8),
                                 .untracked = row.text(0, 9),
                                 .most = row.number(0, 10).value_or(0),
                                 .has_snapshots = row.truth(0, 11),
                                 .has_sequences = row.truth(0, 12)},
          .problem = {}};
}

/// Why nothing can be learnt on this server; empty: something can.
std::string why_blind(const Extension& extension) {
  if (extension.schema.empty())
    return "pg_stat_statements is not in this database: CREATE EXTENSION pg_stat_statements";
  if (extension.track.empty())
    return "the server has not loaded pg_stat_statements: name it in shared_preload_libraries, and restart";
  if (!extension.readable)
    return cat("this role may not see the statements of others: GRANT pg_read_all_stats TO ",
               printable_line(extension.role));
  if (extension.track == "none") return "nothing is counted: pg_stat_statements.track is none";
  if (extension.query_ids == "off") return "nothing is counted: compute_query_id is off";
  if (!extension.untracked.empty())
    return cat("statements of ", printable_line(extension.untracked),
               " are not counted: ALTER ROLE has set pg_stat_statements.track or compute_query_id");
  return {};
}

// ---- since when ----------------------------------------------------------------------------------------------------

struct Window {
  std::string since;  ///< ISO 8601, UTC
  milliseconds lasts{0};
  std::string lost;  ///< why what ran in it may not be counted any more
  long long evicted = 0;
};

std::string what_was_lost(const SqlResult& row, const Extension& extension, const std::string& since) {
  if (row.truth(0, 2)) return cat("the statistics have been reset since ", since);
  const long long evictions = row.number(0, 3).value_or(0);
  const std::string larger = "; a larger pg_stat_statements.max keeps more";
  if (evictions > 0) {
    return cat("statements were evicted ", count_of(static_cast<std::size_t>(evictions), "time"), " since ",
               since, ", and may have been any", larger);
  }
  const long long gone = row.number(0, 4).value_or(0);
  if (gone > 0) {
    return cat(count_of(static_cast<std::size_t>(gone), "statement"), " that was counted at ", since,
               " is gone: reset or evicted");
  }
  // Before 14 the server does not say that it evicts; it does when it is full, five in a hundred at once.
  constexpr long long full = 94;
  if (!extension.has_info && row.number(0, 5).value_or(0) * 100 >= extension.most * full)
    return cat("pg_stat_statements is full, so that statements may have been evicted since ", since, larger);
  return {};
}

// ---- what ran ------------------------------------------------------------------------------------------------------

struct Ran {
  std::string queryid;
  std::string role;
  long long calls = 0;
  std::string text;
};

std::vector<Ran> read_ran(const SqlResult& rows, const std::vector<std::string>& ignored_roles) {
  std::vector<Ran> ran;
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    if (std::ranges::count(ignored_roles, rows.text(row, 1)) > 0) continue;
    ran.push_back({.queryid = rows.text(row, 0),
                   .role = rows.text(row, 1),
                   .calls = rows.number(row, 2).value_or(0),
                   .text = rows.text(row, 3)});
  }
  return ran;
}

/// What is against it, and what nobody can tell.
struct Seen {
  std::vector<const Ran*> against;
  std::vector<const Ran*> unclear;
  std::string why_unclear;      ///< of the first one
  bool can_be_settled = false;  ///< nothing will ever tell by itself
};

std::string words_of(const Ran& ran) {
  return cat("query ", ran.queryid, " of ",
             printable_line(ran.role.empty() ? "a role that is gone" : ran.role), ", ",
             count_of(static_cast<std::size_t>(ran.calls), "call"), ": ",
             printable_line(redacted_sql(ran.text, k_query_length)));
}

OrderedJson json_of(const std::vector<const Ran*>& statements) {
  constexpr std::size_t most = 20;
  OrderedJson all = OrderedJson::array();
  for (const Ran* ran : statements) {
    if (all.size() == most) break;
    all.push_back({{"queryid", ran->queryid},
                   {"role", ran->role},
                   {"calls", ran->calls},
                   {"query", redacted_sql(ran->text, k_query_length)}});
  }
  return all;
}

std::string some_of(const std::vector<const Ran*>& statements) {
  std::vector<std::string> some;
  for (const Ran* ran : statements) {
    if (some.size() < k_most_named) some.push_back(words_of(*ran));
  }
  if (statements.size() > k_most_named)
    some.push_back(cat(std::to_string(statements.size() - k_most_named), " more"));
  return join(some, "; ");
}

std::string period(const Window& window) {
  return cat("in the ", format_duration(std::chrono::duration_cast<std::chrono::seconds>(window.lasts)),
             " since ", window.since);
}

Evidence judge(const GateSubject& subject, const Seen& seen, const Window& window,
               const Extension& extension) {
  Evidence evidence{.provider = std::string(provider::queries), .subject = subject.quoted()};
  evidence.detail = dump({{"since", window.since},
                          {"used_by", json_of(seen.against)},
                          {"unclear", json_of(seen.unclear)},
                          {"lost", window.lost}});
  const std::string what = printable_line(subject.quoted());
  const bool leaves_out = subject.change == Change::tightened;
  if (!seen.against.empty()) {
    evidence.verdict = Verdict::closed;
    evidence.words = cat(leaves_out ? "rows came without " : "", what, leaves_out ? " " : " was used ",
                         period(window), ": ", some_of(seen.against));
  } else if (!window.lost.empty()) {
    evidence.words =
        cat("whether ", what, " was used nobody can tell: ", window.lost, "; the next run compares with now");
  } else if (!seen.unclear.empty()) {
    evidence.words =
        cat(seen.why_unclear, leaves_out ? ", so rows may have come without " : ", so it may use ", what,
            " (--evidence queries=optional): ", some_of(seen.unclear));
    evidence.can_be_settled = seen.can_be_settled;
  } else {
    evidence.verdict = Verdict::open;
    evidence.words = cat(
        leaves_out ? "no row came without " : "no statement used ", what, " ", period(window),
        extension.utility ? ""
                          : " (COPY and cursors are not counted: pg_stat_statements.track_utility is off)");
  }
  return evidence;
}

Evidence unknown(const GateSubject& subject, std::string words) {
  return {.provider = std::string(provider::queries), .subject = subject.quoted(), .words = std::move(words)};
}

/// What is altered goes on being used under the same text: nothing can be learnt from that.
bool can_tell(const GateSubject& subject) {
  return subject.change == Change::dropped || subject.change == Change::renamed ||
         (subject.change == Change::tightened && !subject.column.empty());
}

/// Looks at one file.
class Look {
 public:
  Look(Session& session, const Extension& extension, std::string file,
       const std::vector<std::string>& ignored_roles)
      : session_(session), extension_(extension), file_(std::move(file)), ignored_roles_(ignored_roles) {}

  Evidence at(const GateSubject& subject) {
    const std::string blind = why_blind(extension_);
    if (!blind.empty()) return unknown(subject, blind);
    if (!read_statements() || !problem_.empty()) {
      return unknown(subject, problem_.empty()
                                  ? "there is no earlier moment to compare with yet: apply or hook keeps "
                                    "what is counted now, and a later run looks again"
                                  : problem_);
    }
    const Standing sequence = standing_of(subject);
    const auto target = find_query_target(session_, subject, sequence.at_rest);
    if (const auto* why = std::get_if<std::string>(&target)) return unknown(subject, *why);
    Evidence evidence = judge(subject, sort_out(subject, std::get<QueryTarget>(target)), window_, extension_);
    if (evidence.verdict == Verdict::open && sequence.was_asked) {
      evidence.verdict = Verdict::unknown;
      evidence.can_be_settled = true;
      evidence.words = cat(printable_line(subject.quoted()), " has given values ", period(window_),
                           ", and no statement tells who has asked it: code may, or the server has crashed "
                           "(--evidence queries=optional)");
    }
    return evidence;
  }

  /// Nothing of what is no key that ON CONFLICT may need.
  std::optional<Evidence> at_key(const GateSubject& key) {
    const auto target = find_query_target(session_, key);
    const auto* found = std::get_if<QueryTarget>(&target);
    if (found != nullptr && found->keys.empty()) return std::nullopt;
    return at(key);
  }

 private:
  /// False: there is nothing to compare with.
  bool read_statements() {
    if (read_) return has_base_;
    read_ = true;
    if (!extension_.has_snapshots) return false;
    const SqlResult lost = session_.query(queries::what_is_lost(extension_), {file_});
    if (!lost.ok) return fail(lost.error);
    if (lost.rows.empty()) return false;
    has_base_ = true;
    window_ = {.since = lost.text(0, 0), .lasts = milliseconds(lost.number(0, 1).value_or(0)), .lost = {}};
    window_.lost = what_was_lost(lost, extension_, window_.since);
    const SqlResult rows = session_.query(queries::what_has_run(extension_), {file_});
    if (!rows.ok) return fail(rows.error);
    ran_ = read_ran(rows, ignored_roles_);
    return true;
  }

  struct Standing {
    bool at_rest = false;
    bool was_asked = false;  ///< by no column's default
  };

  /// Neither: it is no sequence, or nobody knows.
  Standing standing_of(const GateSubject& subject) {
    if (!extension_.has_sequences || subject.kind != GateSubject::Kind::relation || !subject.column.empty())
      return {};
    const SqlResult row = session_.query(queries::where_sequence_is(), {file_, subject.relation.quoted()});
    if (!row.ok || row.rows.empty()) return {};
    return {.at_rest = row.truth(0, 0), .was_asked = row.truth(0, 1)};
  }

  bool fail(const SqlError& error) {
    problem_ = cat("cannot read pg_stat_statements: ", printable_line(error.message));
    return false;
  }

  Seen sort_out(const GateSubject& subject, const QueryTarget& target) {
    Seen seen;
    QueryJudge judge(session_, subject, target);
    std::vector<const Ran*> candidates;
    std::vector<QueryJudge::Statement> statements;
    for (const Ran& ran : ran_) {
      if (!judge.may_use(ran.text)) continue;
      candidates.push_back(&ran);
      statements.push_back({.text = ran.text, .role = ran.role});
    }
    const std::vector<QueryJudge::Answer> answers = judge.answer(statements);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i].verdict == Verdict::closed) seen.against.push_back(candidates[i]);
      if (answers[i].verdict != Verdict::unknown) continue;
      if (seen.unclear.empty()) seen.why_unclear = answers[i].words;
      seen.can_be_settled = answers[i].for_good && (seen.unclear.empty() || seen.can_be_settled);
      seen.unclear.push_back(candidates[i]);
    }
    return seen;
  }

  Session& session_;
  const Extension& extension_;
  std::string file_;
  const std::vector<std::string>& ignored_roles_;
  bool read_ = false;
  bool has_base_ = false;
  std::string problem_;
  Window window_;
  std::vector<Ran> ran_;
};

/// Somebody may hold a lock on a sequence: that must not cost what is known of the queries.
void keep_snapshot(Session& session, const Extension& extension, const std::string& file) {
  if (!session.query(queries::keep_snapshot(extension, true), {file}).ok)
    session.query(queries::keep_snapshot(extension, false), {file});
}

bool can_keep(const Found& found) {
  return found.extension && found.extension->has_snapshots && why_blind(*found.extension).empty();
}

}  // namespace

EvidenceSource query_source(Session& session, std::vector<std::string> ignored_roles) {
  return {.provider = std::string(provider::queries),
          .look = [&session, ignored = std::move(ignored_roles)](
                      const GateQuestion& question) -> std::vector<Evidence> {
            std::vector<Evidence> evidence;
            if (question.keys.empty() && std::ranges::none_of(question.subjects, can_tell)) return evidence;
            const Found found = find_extension(session);
            std::optional<Look> look;
            if (found.extension)
              look.emplace(session, *found.extension, question.file.analysis.migration.id, ignored);
            for (const GateSubject& subject : question.subjects) {
              if (!can_tell(subject)) continue;
              evidence.push_back(look ? look->at(subject)
                                      : unknown(subject, cat("cannot read the catalogs: ", found.problem)));
            }
            for (const GateSubject& key : question.keys) {
              std::optional<Evidence> seen = look ? look->at_key(key) : std::nullopt;
              if (seen) evidence.push_back(*std::move(seen));
            }
            return evidence;
          }};
}

bool has_query_statistics(Session& session) {
  const Found found = find_extension(session);
  return !found.extension || !found.extension->schema.empty();
}

void keep_query_snapshots(Session& session, const std::vector<std::string>& files) {
  if (files.empty()) return;
  const Found found = find_extension(session);
  if (!can_keep(found)) return;
  for (const std::string& file : files) keep_snapshot(session, *found.extension, file);
}

void pin_query_snapshot(Session& session, const std::string& file) {
  session.query(
      "INSERT INTO pgsluice.query_snapshot (migration_id, taken_at, stats_reset, dealloc, entries, "
      "statements, sequences)"
      " SELECT $1, taken_at, stats_reset, dealloc, entries, statements, sequences FROM "
      "pgsluice.query_snapshot"
      " WHERE migration_id = '' ON CONFLICT DO NOTHING",
      {file});
}

std::string own_statements(Session& session) {
  if (!may_have_extension(session)) return {};
  const Found found = find_extension(session);
  if (!can_keep(found)) return {};
  const SqlResult own = session.query(queries::own_now(*found.extension), {});
  return own.ok ? own.text(0, 0) : "";
}

void close_query_statistics(Session& session, const std::string& before) {
  if (!may_have_extension(session)) return;
  const Found found = find_extension(session);
  if (!can_keep(found)) return;
  session.query(queries::absorb_own(*found.extension), {before.empty() ? "{}" : before});
  keep_snapshot(session, *found.extension, "");
  session.query(
      "DELETE FROM pgsluice.query_snapshot q USING pgsluice.migration m WHERE m.id = q.migration_id"
      " AND m.applied_at IS NOT NULL",
      {});
}

}  // namespace pgsluice
