// SPDX-License-Identifier: Apache-2.0
#include "support/known_cases.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iomanip>
#include <sstream>

#include "base/files.hpp"
#include "base/json.hpp"
#include "support/analysis.hpp"

namespace pgsluice::test {

namespace {

const std::string k_folder = PGSLUICE_SOURCE_DIR "/tests/known/";

std::set<std::string> strings(const Json& object, const char* key) {
  return object.contains(key) ? object.at(key).get<std::set<std::string>>() : std::set<std::string>();
}

std::vector<std::string> list(const Json& object, const char* key) {
  return object.contains(key) ? object.at(key).get<std::vector<std::string>>() : std::vector<std::string>();
}

Record read_record(const Json& json) {
  return {.versions = json.at("pg").get<std::set<int>>(),
          .error = json.value("error", ""),
          .locks = json.contains("locks") ? json.at("locks").get<std::map<std::string, std::string>>()
                                          : std::map<std::string, std::string>(),
          .rewrites = strings(json, "rewrites"),
          .scans = strings(json, "scans"),
          .may_scan = strings(json, "may_scan"),
          .index_builds = strings(json, "index_builds")};
}

KnownCase read_case(const Json& json) {
  KnownCase known{.id = json.at("id"),
                  .setup = list(json, "setup"),
                  .session = list(json, "session"),
                  .pre = list(json, "pre"),
                  .statements = list(json, "statements"),
                  .transaction = json.value("transaction", true),
                  .depends_on_rows = json.value("depends_on_rows", "")};
  if (json.contains("sql")) known.statements.push_back(json.at("sql"));
  for (const Json& record : json.at("record")) known.records.push_back(read_record(record));
  return known;
}

/// The name as the records write it.
std::string raw(const RelationName& name) {
  return name.schemaname.str() + "." + name.relname.str();
}

/// Reads through queries, or by what it runs: what is scanned then is the planner's business.
bool is_query(std::string_view tag) {
  constexpr std::array k_tags = {"SelectStmt",  "InsertStmt",        "UpdateStmt",
                                 "DeleteStmt",  "MergeStmt",         "CopyStmt",
                                 "ExplainStmt", "CreateTableAsStmt", "RefreshMatViewStmt"};
  return std::ranges::find(k_tags, tag) != k_tags.end();
}

struct Predicted {
  std::map<std::string, LockMode> locks;
  std::set<std::string> rewrites;
  std::set<std::string> scans;
  std::set<std::string> index_builds;
  std::set<std::string> query_scans;
  bool unmodeled = false;
};

/// What a record speaks of: not indexes, not composite types, nothing that is made by the case itself.
bool counts(const RelationLock& lock) {
  return !lock.is_new && std::string_view("rpfvmS").find(lock.relkind) != std::string_view::npos &&
         lock.relation.schemaname != "pg_temp";
}

/// What the case's own statements do to what was there before it.
class CaseCollector {
 public:
  CaseCollector(const FileAnalysis& file, const Catalog& after) : file_(file), after_(after) {}

  Predicted collect(std::size_t first) {
    for (const Effect& effect : file_.effects) {
      for (const RelationLock& lock : effect.locks) {
        if (lock.is_new) made_.insert(raw(lock.relation));
      }
      if (effect.statement < first) continue;
      add(effect);
      note_new_names(effect);
    }
    return predicted_;
  }

 private:
  /// The records know a relation by the name that it had before the case.
  [[nodiscard]] std::string name_before(const RelationName& name) const {
    const auto found = names_before_.find(raw(name));
    return found != names_before_.end() ? found->second : raw(name);
  }

  void note_new_names(const Effect& effect) {
    const Statement& statement = file_.script.statements[effect.statement];
    if (statement.tag != "RenameStmt" && statement.tag != "AlterObjectSchemaStmt") return;
    const Command& command = statement.commands.front();
    if (command.text("renameType") == "OBJECT_COLUMN" || command.text("renameType") == "OBJECT_TABCONSTRAINT")
      return;
    for (const RelationLock& lock : effect.locks) {
      if (lock.role != "target") continue;
      const RelationName now = statement.tag == "RenameStmt"
                                   ? RelationName{lock.relation.schemaname, command.new_name}
                                   : RelationName{command.new_name, lock.relation.relname};
      names_before_[raw(now)] = name_before(lock.relation);
    }
  }

  void add(const Effect& effect) {
    predicted_.unmodeled = predicted_.unmodeled || effect.unmodeled;
    for (const RelationLock& lock : effect.locks) {
      const std::string name = name_before(lock.relation);
      if (!counts(lock) || made_.contains(name)) continue;
      LockMode& mode = predicted_.locks.try_emplace(name, lock.mode).first->second;
      mode = std::max(mode, lock.mode);
    }
    for (const RelationName& name : effect.rewrites) {
      if (!made_.contains(raw(name))) predicted_.rewrites.insert(name_before(name));
    }
    add_names(effect.scans, is_query(file_.script.statements[effect.statement].tag) ? predicted_.query_scans
                                                                                    : predicted_.scans);
    for (const RelationName& index : effect.index_builds) {
      const Relation* found = after_.find(index);
      if (found == nullptr || !made_.contains(raw(found->table))) predicted_.index_builds.insert(raw(index));
    }
  }

  void add_names(const std::vector<RelationName>& names, std::set<std::string>& to) const {
    for (const RelationName& name : names) {
      if (!made_.contains(raw(name))) to.insert(raw(name));
    }
  }

  const FileAnalysis& file_;
  const Catalog& after_;
  std::set<std::string> made_;
  std::map<std::string, std::string> names_before_;
  Predicted predicted_;
};

void compare_locks(const Predicted& predicted, const Record& record, std::vector<Difference>& differences) {
  for (const auto& [name, mode] : predicted.locks) {
    const auto found = record.locks.find(name);
    const std::string observed = found != record.locks.end() ? found->second : "none";
    const std::optional<LockMode> seen = parse_lock_name(observed);
    if (seen == mode) continue;
    differences.push_back({.what = "lock of " + name,
                           .predicted = std::string(lock_name(mode)),
                           .observed = observed,
                           .under = seen && *seen > mode});
  }
  for (const auto& [name, mode] : record.locks) {
    if (predicted.locks.contains(name)) continue;
    differences.push_back({.what = "lock of " + name, .predicted = "none", .observed = mode, .under = true});
  }
}

std::string versions_text(const std::set<int>& versions) {
  std::string text;
  for (const int version : versions) text += (text.empty() ? "" : ",") + std::to_string(version);
  return text;
}

}  // namespace

const Record* KnownCase::record(int version) const {
  const auto found =
      std::ranges::find_if(records, [version](const Record& r) { return r.versions.contains(version); });
  return found != records.end() ? &*found : nullptr;
}

const std::vector<KnownCase>& known_cases() {
  static const std::vector<KnownCase> k_cases = [] {
    const char* part = std::getenv("PGSLUICE_CASE");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    std::vector<KnownCase> cases;
    const char* other = std::getenv("PGSLUICE_CASES");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    std::istringstream lines(read_file(other != nullptr ? other : k_folder + "cases.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      KnownCase known = read_case(Json::parse(line));
      if (part == nullptr || known.id.find(part) != std::string::npos) cases.push_back(std::move(known));
    }
    return cases;
  }();
  return k_cases;
}

const std::string& fixture_sql() {
  static const std::string k_text = read_file(k_folder + "fixture.sql");
  return k_text;
}

Catalog replay_fixture(int version) {
  Catalog catalog;
  analyse_sql(fixture_sql(), "fixture.sql", version, catalog);
  return catalog;
}

std::string joined(const std::vector<std::string>& statements) {
  std::string text;
  for (const std::string& statement : statements) text += statement + ";\n";
  return text;
}

KnownResult judge(const KnownCase& known, const Record& record, int version, Catalog catalog) {
  // As if each were a file, but in one session, which keeps what is set.
  for (const std::string& setup : known.setup)
    predict(parse({.path = "setup.sql", .text = setup}), catalog, built_in_effects(),
            {.pg_version = version});
  const std::string head = known.transaction ? "" : "-- pgsluice: transaction=off\n";
  const FileAnalysis file =
      analyse_sql(head + joined(known.session) + joined(known.pre) + joined(known.statements), "case.sql",
                  version, catalog);
  if (!file.script.errors.empty()) return {.verdict = Verdict::failed};
  const Predicted predicted = CaseCollector(file, catalog).collect(known.session.size() + known.pre.size());
  KnownResult result;
  compare_locks(predicted, record, result.differences);
  compare_names("rewrites", predicted.rewrites, record.rewrites, {}, result.differences);
  compare_names("scans", predicted.scans, record.scans, record.may_scan, result.differences);
  compare_names("index builds", predicted.index_builds, record.index_builds, {}, result.differences);
  result.verdict = verdict_of(result.differences);
  // With other rows the server does what is predicted here: too much is right, too little is not.
  if (!known.depends_on_rows.empty() && result.verdict == Verdict::over) result = {};
  if (predicted.unmodeled) result.verdict = Verdict::unmodeled;
  return result;
}

void KnownSummary::add(const KnownCase& known, int version, const KnownResult& result) {
  ++counts_[version][result.verdict];
  if (result.verdict == Verdict::exact) return;
  Gap& gap = gaps_[{known.id, result.verdict}];
  gap.versions.insert(version);
  gap.text = joined(known.setup) + joined(known.session) + joined(known.pre) + joined(known.statements) +
             describe(result.differences);
}

std::string KnownSummary::table() const {
  constexpr std::array k_verdicts = {Verdict::exact, Verdict::over, Verdict::under, Verdict::unmodeled,
                                     Verdict::failed};
  std::ostringstream out;
  out << "\n  known cases, " << source_ << "\n  PostgreSQL     cases";
  for (const Verdict verdict : k_verdicts) out << std::setw(17) << to_string(verdict);
  out << "\n";
  for (const auto& [version, counts] : counts_) {
    int all = 0;
    for (const auto& [verdict, count] : counts) all += count;
    out << "  " << std::setw(10) << version << std::setw(10) << all;
    for (const Verdict verdict : k_verdicts) {
      out << std::setw(17) << (counts.contains(verdict) ? counts.at(verdict) : 0);
    }
    out << "\n";
  }
  if (std::getenv("PGSLUICE_KNOWN_DETAILS") != nullptr) out << details();  // NOLINT(concurrency-mt-unsafe)
  return out.str();
}

std::vector<std::string> KnownSummary::gaps() const {
  std::vector<std::string> lines;
  for (const auto& [key, gap] : gaps_) {
    lines.push_back(key.first + " " + std::string(to_string(key.second)) + " " + versions_text(gap.versions));
  }
  return lines;
}

std::string KnownSummary::details() const {
  std::string text;
  for (const auto& [key, gap] : gaps_) {
    text += "\n  " + key.first + "  " + std::string(to_string(key.second)) + " on PostgreSQL " +
            versions_text(gap.versions) + "\n" + gap.text;
  }
  return text;
}

std::string KnownSummary::problems() const {
  const std::string path = k_folder + "gaps." + source_;
  std::string now;
  for (const std::string& line : gaps()) now += line + "\n";
  if (std::getenv("PGSLUICE_UPDATE_GAPS") != nullptr) {  // NOLINT(concurrency-mt-unsafe): nobody sets it
    write_file(path, now);
    return {};
  }
  if (now == read_file(path)) return {};
  return details() + "\nThe gaps differ from " + path +
         ". When each of them got better, write them anew with PGSLUICE_UPDATE_GAPS=1.\n";
}

}  // namespace pgsluice::test
