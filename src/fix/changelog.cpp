// SPDX-License-Identifier: Apache-2.0
#include "fix/changelog.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "effects/session_reset.hpp"
#include "fix/rounds.hpp"
#include "fix/scope.hpp"
#include "migration/read_text.hpp"
#include "migration/tools/liquibase.hpp"

namespace pgsluice::fix {
namespace {

using tools::Changeset;

std::string_view part(std::string_view text, const SourceRange& range) {
  return text.substr(range.begin, range.end - range.begin);
}

std::set<std::string> identities(std::string_view text) {
  std::set<std::string> all;
  for (const Changeset& changeset : tools::changesets_of(text)) all.insert(changeset.identity(text));
  return all;
}

/// A line of comment in lower case, without spaces before it: "rollback drop table t".
std::string comment_on(std::string_view line) {
  const std::string_view text = trim(line);
  return text.starts_with("--") ? to_lower(trim(text.substr(2))) : std::string();
}

bool begins_rollback(std::string_view line) {
  const std::string_view text = trim(line);
  if (comment_on(line).starts_with("rollback")) return true;
  return text.starts_with("/*") && to_lower(trim(text.substr(2))).starts_with("liquibase");
}

/// A changeset in its parts.
struct Parts {
  std::string_view line;  ///< its own, with what ends it
  std::string_view body;  ///< with that line
  std::string_view back;  ///< from its first line of rollback
  std::string_view gap;   ///< blank lines before the next
};

Parts parts_of(std::string_view text) {
  const std::size_t line = std::min(text.find('\n'), text.size() - 1) + 1;
  const std::size_t end = text.find_last_not_of(" \t\r\n") + 1;  // the changeset's line is not blank
  const std::size_t gap = std::min(text.find('\n', end), text.size() - 1) + 1;
  std::size_t back = gap;
  for (std::size_t at = 0; at < gap; at = std::min(text.find('\n', at), text.size() - 1) + 1) {
    if (!begins_rollback(text.substr(at, text.find('\n', at) - at))) continue;
    back = at;
    break;
  }
  return {.line = text.substr(0, line),
          .body = text.substr(0, back),
          .back = text.substr(back, gap - back),
          .gap = text.substr(gap)};
}

bool has_statements(std::string_view text) {
  return !parse({.path = {}, .text = std::string(text)}).statements.empty();
}

/// Why it stays as it is; empty: it need not.
std::string cannot_be_cut(const Changeset& changeset, const Parts& parts, std::string_view prolog,
                          const SourceFile& source) {
  if (changeset.id == SourceRange()) return "its line has no author:id, and Liquibase refuses it";
  if (changeset.says("runonchange", false) || changeset.says("runalways", false))
    return cat("it runs again and again", k_by_hand);
  if (!changeset.says("splitstatements", true))
    return cat("splitStatements:false sends it as one message", k_by_hand);
  if (changeset.settings.contains("runwith")) return cat("another program runs it", k_by_hand);
  if (source.reading != nullptr && !source.reading->placeholders.empty())
    return cat("it has placeholders", k_by_hand);
  if (source.reading != nullptr && (!source.reading->written.empty() || !source.reading->edits.empty()))
    return cat("what runs is not what is written, for its endDelimiter or ignoreLines", k_by_hand);
  for (const std::string_view line : lines(parts.body)) {
    const std::string comment = comment_on(line);
    if (comment.starts_with("precondition")) return cat("its preconditions are about all of it", k_by_hand);
    if (comment.starts_with("validchecksum")) return "validCheckSum says that it has run and has changed";
  }
  if (has_statements(prolog)) return "there are statements before the first changeset: give them one";
  if (has_statements(parts.back))
    return "it has statements behind a line of rollback: put those lines at its end";
  return {};
}

class Changelog {
 public:
  explicit Changelog(const Job& job)
      : job_(job),
        text_(job.input.migration.source.written()),
        changesets_(tools::changesets_of(text_)),
        applied_(job.input.applied ? identities(*job.input.applied) : std::set<std::string>()),
        known_(identities(text_)) {}

  FixedMigration run(Catalog& catalog) {
    const effects::SessionReset reset(catalog);
    const std::string_view before =
        text_.substr(0, changesets_.empty() ? text_.size() : changesets_.front().body.begin);
    prolog_ = before;
    find_minded(catalog);
    std::string out(before);
    for (const Changeset& changeset : changesets_) out += fix(changeset, catalog);
    if (!fixes_.empty() && !job_.input.applied) then_ = job_.files.tool->then;
    return {.files = {{.name = job_.input.migration.path.filename().generic_string(),
                       .text = std::move(out),
                       .phase = job_.input.migration.phase}},
            .fixes = std::move(fixes_),
            .left = std::move(left_),
            .then = then_};
  }

 private:
  [[nodiscard]] std::string_view id_of(const Changeset& changeset) const { return part(text_, changeset.id); }

  /// As if it were a file.
  [[nodiscard]] Migration migration_of(std::string text) const {
    Migration migration = job_.input.migration;
    read_text(migration, std::move(text));
    return migration;
  }

  void skip(std::string_view text, Catalog& catalog) const {
    FileAnalysis file = parse(migration_of(std::string(text)));
    replay(job_, file, catalog);
  }

  [[nodiscard]] bool is_applied(const Changeset& changeset) const {
    return applied_.contains(changeset.identity(text_));
  }

  /// As lint does, which looks at all that is new of a changelog at once.
  void find_minded(Catalog catalog) {
    std::string rest = prolog_;
    std::map<std::size_t, const Changeset*> begins;
    for (const Changeset& changeset : changesets_) {
      if (is_applied(changeset)) {
        skip(part(text_, changeset.body), catalog);
      } else {
        begins.emplace(rest.size(), &changeset);
        rest += part(text_, changeset.body);
      }
    }
    FileAnalysis file = parse(migration_of(std::move(rest)));
    predict(file, catalog, job_.table, job_.input.prediction);
    check(file, job_.rules, job_.input.checking);
    for (const Finding& finding : file.findings) {
      if (finding.allowed || finding.severity == Severity::info || !finding.statement) continue;
      const std::size_t at = file.script.statements[*finding.statement].range.begin;
      const auto next = begins.upper_bound(file.script.source.written_offset(at));
      if (next != begins.begin()) minded_.emplace(std::prev(next)->second, finding.finding);
    }
  }

  /// What stands in its place.
  std::string fix(const Changeset& changeset, Catalog& catalog) {
    std::string own(part(text_, changeset.body));
    const auto minded = minded_.find(&changeset);
    if (minded == minded_.end()) {
      skip(own, catalog);
      return own;
    }
    const Parts parts = parts_of(own);
    const int line = static_cast<int>(std::ranges::count(text_.substr(0, changeset.body.begin), '\n')) + 1;
    const Migration migration = migration_of(cat(prolog_, parts.body));
    if (std::string reason = cannot_be_cut(changeset, parts, prolog_, migration.source); !reason.empty()) {
      skip(own, catalog);
      left_.push_back({.line = line, .finding = minded->second, .reason = std::move(reason)});
      return own;
    }
    const FixInput input{.migration = migration,
                         .folder = job_.input.folder,
                         .prediction = job_.input.prediction,
                         .checking = job_.input.checking};
    NewFiles files = job_.files;
    files.begin = cat(prolog_, parts.line, parts.line.ends_with('\n') ? "" : "\n");
    const Job job{.input = input, .table = job_.table, .rules = job_.rules, .files = std::move(files)};
    FixedMigration fixed = run_rounds(job, catalog);
    take_notes(fixed, line);
    return fixed.fixes.empty() ? own : written(changeset, parts, fixed);
  }

  /// Lines of the changeset → of the changelog.
  void take_notes(FixedMigration& fixed, int line) {
    const int shift = line - 1 - static_cast<int>(std::ranges::count(prolog_, '\n'));
    for (AppliedFix& one : fixed.fixes) {
      one.line += shift;
      fixes_.push_back(one);
    }
    for (LeftAlone& one : fixed.left) {
      one.line = std::max(one.line + shift, line);
      left_.push_back(std::move(one));
    }
  }

  /// The first one has the old id and the way back of all.
  std::string written(const Changeset& changeset, const Parts& parts, const FixedMigration& fixed) {
    std::string all;
    for (std::size_t i = 0; i < fixed.files.size(); ++i) {
      std::string text = fixed.files[i].text.substr(prolog_.size());
      while (text.ends_with("\n\n")) text.pop_back();
      if (!text.ends_with('\n')) text += '\n';
      if (i == 0) {
        all += cat(text, parts.back);
        continue;
      }
      const Changeset own = tools::changesets_of(text).front();
      text.replace(own.id.begin, own.id.end - own.id.begin, new_id(changeset, fixed.files[i].name));
      if (!all.ends_with('\n')) all += '\n';
      all += cat("\n", text, parts.back.empty() ? "" : way_back(changeset));
    }
    return cat(all, parts.gap);
  }

  /// `1` → `1-index`, or the next that the changelog does not have.
  std::string new_id(const Changeset& changeset, const std::string& label) {
    const std::string_view id = id_of(changeset);
    const bool quoted = id.ends_with('"');
    const std::string_view stem = quoted ? id.substr(0, id.size() - 1) : id;
    std::string fresh;
    for (int i = 1;
         fresh.empty() || !known_.insert(tools::changeset_identity(changeset.author, fresh)).second; ++i)
      fresh = cat(stem, "-", label, i == 1 ? "" : cat("-", std::to_string(i)), quoted ? "\"" : "");
    return fresh;
  }

  [[nodiscard]] std::string way_back(const Changeset& changeset) const {
    return cat("-- ", changeset.author, ":", id_of(changeset),
               " takes back what this changeset does: roll both back.\n--rollback empty\n");
  }

  const Job& job_;
  std::string_view text_;
  std::vector<Changeset> changesets_;
  std::set<std::string> applied_;
  std::set<std::string> known_;
  std::map<const Changeset*, std::string> minded_;  ///< by a finding
  std::string prolog_;
  std::vector<AppliedFix> fixes_;
  std::vector<LeftAlone> left_;
  std::string_view then_;
};

}  // namespace

FixedMigration fix_changelog(const Job& job, Catalog& catalog) {
  return Changelog(job).run(catalog);
}

}  // namespace pgsluice::fix
