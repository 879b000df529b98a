// SPDX-License-Identifier: Apache-2.0
#include "report/fleet.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "base/version.hpp"

namespace pgsluice {
namespace {

/// From what a retry may mend to what somebody must, and last what says that not everything was looked at.
int rank_of(ExitCode code) {
  constexpr std::array mends_itself = {ExitCode::gate_closed, ExitCode::lock_budget, ExitCode::other_run,
                                       ExitCode::unreachable};
  constexpr std::array needs_somebody = {
      ExitCode::usage,        ExitCode::precondition, ExitCode::refused, ExitCode::release_mismatch,
      ExitCode::file_changed, ExitCode::wrong_target, ExitCode::bug,     ExitCode::terminated,
      ExitCode::interrupted};
  if (code == ExitCode::ok) return 0;
  const auto* temporary = std::find(mends_itself.begin(), mends_itself.end(), code);
  if (temporary != mends_itself.end()) return 1 + static_cast<int>(temporary - mends_itself.begin());
  const auto* lasting = std::find(needs_somebody.begin(), needs_somebody.end(), code);
  const int between = 1 + static_cast<int>(mends_itself.size());
  return lasting == needs_somebody.end() ? between
                                         : between + 1 + static_cast<int>(lasting - needs_somebody.begin());
}

std::string code_of(const TargetReport& target) {
  return std::to_string(static_cast<int>(target.code));
}

/// 170006 → "17.6"
std::string server_words(int version_num) {
  return cat(std::to_string(version_num / 10000), ".", std::to_string(version_num % 10000));
}

std::string cut(std::string_view text, std::size_t columns) {
  std::string shown = printable_line(text);
  if (static_cast<std::size_t>(display_width(shown)) <= columns) return shown;
  while (static_cast<std::size_t>(display_width(shown)) >= columns) {
    shown.resize(utf8_floor(shown, shown.size() - 1));
  }
  return shown + "…";
}

/// What it is at: the release, or where nobody names one, the migration.
std::string version_words(const TargetReport& target) {
  constexpr std::size_t widest = 20;
  const std::string& version = target.release.empty() ? target.last_migration : target.release;
  if (!target.seen) return "?";
  return version.empty() ? "nothing yet" : cut(version, widest);
}

// ---- text --------------------------------------------------------------------------------------------------------------

Words number(const TargetReport& target, std::size_t count, Style style) {
  if (!target.seen) return "?";
  return count == 0 ? Words("-") : styled(style, std::to_string(count));
}

std::vector<Words> row_of(const TargetReport& target) {
  constexpr std::size_t widest = 20;
  return {cut(target.name, widest),
          target.seen ? server_words(target.server_version_num) : std::string("?"),
          version_words(target),
          number(target, target.pending, Style::plain),
          number(target, target.held.size(), Style::warning),
          number(target, target.changed.size() + target.missing.size(), Style::warning),
          styled(target.code == ExitCode::ok ? Style::good : Style::error, code_of(target))};
}

std::vector<Words> header() {
  std::vector<Words> words;
  for (const char* name : {"target", "server", "version", "pending", "held", "drift", "exit"}) {
    words.push_back(styled(Style::heading, name));
  }
  return words;
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t most = 8;
  std::vector<std::string> shown;
  for (const std::string& name : names) {
    if (shown.size() == most) break;
    shown.push_back(printable_line(name));
  }
  if (names.size() > most) shown.push_back(count_of(names.size() - most, "more", "more"));
  return enumerate(shown, " and ");
}

/// What there is to say of a database beside its row.
std::vector<Words> notes_on(const TargetReport& target) {
  std::vector<Words> notes;
  if (target.code != ExitCode::ok) {
    notes.emplace_back(cat("exit ", code_of(target), ": ", printable_line(target.message),
                           target.hint.empty() ? "" : ". ", printable_line(target.hint)));
  }
  for (const HeldFile& file : target.held) {
    std::vector<std::string> why;
    for (const Held& hold : file.holds) why.push_back(printable_line(hold.words));
    notes.emplace_back(cat("held back: ", printable_line(file.migration), ": ", join(why, "; ")));
  }
  if (!target.changed.empty()) {
    notes.emplace_back(cat("changed since they were applied: ", listed(target.changed)));
  }
  if (!target.missing.empty())
    notes.emplace_back(cat("applied, and not in the folder: ", listed(target.missing)));
  return notes;
}

/// "2.4.0 on 12 databases; 2.3.0 on 1 database"
std::string versions(const std::vector<TargetReport>& targets) {
  std::map<std::string, std::size_t> counts;
  for (const TargetReport& target : targets) {
    if (target.seen) ++counts[version_words(target)];
  }
  std::vector<std::string> words;
  for (const auto& [version, count] : counts)
    words.push_back(cat(version, " on ", count_of(count, "database")));
  return join(words, "; ");
}

Words verdict(const std::vector<TargetReport>& targets) {
  const TargetReport* worst = worst_of(targets);
  if (worst == nullptr) return styled(Style::good, cat("exit 0: all ", count_of(targets.size(), "target")));
  const auto failed = static_cast<std::size_t>(std::count_if(
      targets.begin(), targets.end(), [](const TargetReport& one) { return one.code != ExitCode::ok; }));
  return styled(Style::error,
                cat("exit ", code_of(*worst), ", as ", printable_line(worst->name), ": the worst of ",
                    count_of(failed, "target"), " that ended with another code than 0"));
}

// ---- JSON --------------------------------------------------------------------------------------------------------------

OrderedJson text_or_null(const std::string& text) {
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

OrderedJson held_files(const std::vector<HeldFile>& files) {
  OrderedJson array = OrderedJson::array();
  for (const HeldFile& file : files) {
    OrderedJson holds = OrderedJson::array();
    for (const Held& hold : file.holds) holds.push_back({{"reason", hold.reason}, {"message", hold.words}});
    array.push_back({{"migration", file.migration}, {"held", holds}});
  }
  return array;
}

OrderedJson target_json(const TargetReport& target) {
  OrderedJson json{{"name", target.name},
                   {"labels", target.labels},
                   {"target", text_or_null(target.where)},
                   {"exit_code", static_cast<int>(target.code)},
                   {"message", text_or_null(target.message)},
                   {"hint", text_or_null(target.hint)},
                   {"seen", target.seen}};
  json["server_version_num"] = target.seen ? OrderedJson(target.server_version_num) : OrderedJson(nullptr);
  json["ledger"] = target.seen ? OrderedJson(target.ledger) : OrderedJson(nullptr);
  json["release"] = text_or_null(target.release);
  json["last_migration"] = text_or_null(target.last_migration);
  json["applied"] = target.seen ? OrderedJson(target.applied) : OrderedJson(nullptr);
  json["pending"] = target.seen ? OrderedJson(target.pending) : OrderedJson(nullptr);
  json["held"] = held_files(target.held);
  json["drift"] = {{"changed", target.changed}, {"missing", target.missing}};
  json["document"] = target.document;
  return json;
}

bool waits(const PlannedFile& file) {
  return file.state != FileState::applied && file.state != FileState::changed;
}

}  // namespace

void describe(TargetReport& report, const Plan& plan, const Ledger& ledger, int server_version_num) {
  report.seen = true;
  report.server_version_num = server_version_num;
  report.ledger = ledger.exists;
  report.release = ledger.last_release;
  std::string last;
  for (const auto& [id, row] : ledger.migrations) {
    if (!is_applied(row.state)) continue;
    ++report.applied;
    if (report.last_migration.empty() || row.applied_at > last ||
        (row.applied_at == last && natural_less(report.last_migration, id))) {
      report.last_migration = id;
      last = row.applied_at;
    }
  }
  for (const PlannedFile& file : plan.files) {
    const std::string& id = file.analysis.migration.id;
    if (file.state == FileState::changed) report.changed.push_back(id);
    if (waits(file) && file.holds.empty()) ++report.pending;
    if (!file.holds.empty()) report.held.push_back({.migration = id, .holds = file.holds});
  }
  for (const LedgerMigration& missing : plan.missing) report.missing.push_back(missing.id);
}

const TargetReport* worst_of(const std::vector<TargetReport>& targets) {
  const auto worst = std::max_element(
      targets.begin(), targets.end(),
      [](const TargetReport& a, const TargetReport& b) { return rank_of(a.code) < rank_of(b.code); });
  return worst == targets.end() || worst->code == ExitCode::ok ? nullptr : &*worst;
}

Document to_document(const std::vector<TargetReport>& targets) {
  constexpr std::size_t widest = 40;
  Table table{.header = {}, .rows = {header()}};
  List details;
  for (const TargetReport& target : targets) {
    table.rows.push_back(row_of(target));
    for (const Words& note : notes_on(target)) {
      details.items.push_back(styled(Style::info, cut(target.name, widest)) + ": " + note);
    }
  }
  Document document{table};
  if (!details.items.empty()) document.emplace_back(std::move(details));
  if (const std::string known = versions(targets); !known.empty()) document.emplace_back(Paragraph{known});
  document.emplace_back(Paragraph{verdict(targets)});
  return document;
}

std::string to_json(const std::vector<TargetReport>& targets, const std::string& command) {
  const TargetReport* worst = worst_of(targets);
  OrderedJson document{{"schema", 1},
                       {"tool", {{"name", "pgsluice"}, {"version", k_version}}},
                       {"command", command},
                       {"exit_code", worst == nullptr ? 0 : static_cast<int>(worst->code)},
                       {"worst", worst == nullptr ? OrderedJson(nullptr) : OrderedJson(worst->name)}};
  document["targets"] = OrderedJson::array();
  for (const TargetReport& target : targets) document["targets"].push_back(target_json(target));
  return dump_pretty(document);
}

}  // namespace pgsluice
