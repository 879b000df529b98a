// SPDX-License-Identifier: Apache-2.0
#include "plan/order.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "pgsluice/release.hpp"
#include "plan/given_names.hpp"
#include "plan/names.hpp"

namespace pgsluice {
namespace {

using Relations = std::set<RelationName>;

const std::string& id_of(const PlannedFile& file) {
  return file.analysis.migration.id;
}

bool is_contract(const PlannedFile& file) {
  return file.analysis.migration.phase == Phase::contract;
}

/// What a file touches, and which part of that it makes itself.
struct Touched {
  Relations found;  ///< it was there before
  Relations made;
};

/// Relations under the names that they had at first: one that is renamed stays the same.
class FirstNames {
 public:
  [[nodiscard]] RelationName of(const RelationName& name) const {
    const auto found = first_.find(name);
    return found == first_.end() ? name : found->second;
  }
  /// A new relation is another one than that which had its name before.
  void make(const RelationName& name) {
    const bool taken = std::any_of(first_.begin(), first_.end(), [&name](const auto& entry) {
      return entry.second == name && entry.first != name;
    });
    if (taken) {
      first_[name] = {.schemaname = name.schemaname, .relname = cat(name.relname, " made again")};
    } else {
      first_.erase(name);
    }
  }
  void follow(const FileAnalysis& file, const Effect& effect) {
    for (const CommandEffect& command : effect.commands) {
      const Statement& statement =
          command.inner ? *command.inner : file.script.statements.at(effect.statement);
      const Command& written = statement.commands.at(command.command);
      const auto target = std::find_if(command.locks.begin(), command.locks.end(),
                                       [](const RelationLock& lock) { return lock.role == "target"; });
      if (target == command.locks.end() || !is_of_its_own(target->relkind)) continue;
      RelationName renamed = target->relation;
      if (written.tag == "AlterObjectSchemaStmt") {
        renamed.schemaname = written.new_name;
      } else if (written.tag == "RenameStmt" && written.name.empty()) {
        renamed.relname = written.new_name;
      } else {
        continue;
      }
      first_[renamed] = of(target->relation);
    }
  }

 private:
  std::map<RelationName, RelationName> first_;
};

Touched touched_by(const PlannedFile& file, FirstNames& names) {
  Touched touched;
  for (const Effect& effect : file.analysis.effects) {
    for (const RelationLock& lock : effect.locks) {
      if (lock.is_new) names.make(lock.relation);
      const RelationName name = names.of(lock.relation);
      if (!is_of_its_own(lock.relkind) || touched.made.count(name) != 0) continue;
      if (lock.is_new && touched.found.count(name) == 0) {
        touched.made.insert(name);
      } else {
        touched.found.insert(name);
      }
    }
    names.follow(file.analysis, effect);
  }
  return touched;
}

bool meet(const Relations& a, const Relations& b) {
  return std::any_of(a.begin(), a.end(), [&b](const RelationName& name) { return b.count(name) != 0; });
}

/// "a, b and 3 more"
std::string some_of(const std::vector<std::string>& ids) {
  constexpr std::size_t most = 3;
  std::vector<std::string> named;
  for (const std::string& id : ids) {
    if (named.size() < most) named.push_back(printable_line(id));
  }
  if (ids.size() > most) named.push_back(cat(std::to_string(ids.size() - most), " more"));
  return enumerate(named, " and ");
}

class Order {
 public:
  Order(Plan& plan, const Ledger& ledger, const PlanOptions& options)
      : plan_(plan),
        ledger_(ledger),
        options_(options),
        releases_(releases_of(ledger.brought, options.app, options.release)) {
    FirstNames names;
    for (const PlannedFile& file : plan.files) touched_.push_back(touched_by(file, names));
  }

  void hold(std::size_t index) {
    PlannedFile& file = plan_.files[index];
    refuse_later_names(index);
    file.new_relations = is_only_of_this_release(index);
    std::vector<std::string> waiting;
    std::vector<std::string> together;
    for (const std::size_t earlier : rests_on(index)) {
      file.rests_on.push_back(id_of(plan_.files[earlier]));
      sort_out(plan_.files[earlier], waiting, together);
    }
    if (file.new_relations) return;
    keep_what_is_newer(index);
    add(file, "order", waiting, " applied before it");
    add(file, "release", together, cat(" in an earlier release than ", this_release()));
    if (options_.earlier_releases_only && is_of_this_release(file)) {
      file.holds.push_back(
          {"release", cat(when_it_came(file), ": a later release runs it", why_there_is_no_later_one())});
    }
    if (file.holds.empty()) return;
    file.state = FileState::held;
    file.steps.clear();
  }

 private:
  /// Earlier expand and backfill files that touch what it touches; where there are none, those of its release. Those that
  /// made what it takes away under the same name (a column, a function), and what it names itself.
  [[nodiscard]] std::vector<std::size_t> rests_on(std::size_t index) const {
    std::vector<std::size_t> same_relations;
    std::vector<std::size_t> same_release;
    for (std::size_t i = 0; i < index; ++i) {
      if (is_contract(plan_.files[i])) continue;
      if (meet(touched_[i].found, touched_[index].found) || meet(touched_[i].made, touched_[index].found)) {
        same_relations.push_back(i);
      }
      if (is_of_this_release(plan_.files[i])) same_release.push_back(i);
    }
    std::vector<std::size_t> found = same_relations.empty() ? same_release : same_relations;
    for (std::size_t i = 0; i < index; ++i) {
      if ((is_named(i, index) || made_for(i, index)) &&
          std::find(found.begin(), found.end(), i) == found.end())
        found.push_back(i);
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  [[nodiscard]] bool made_for(std::size_t file, std::size_t contract) const {
    if (is_contract(plan_.files[file])) return false;
    const std::set<std::string> taken = names_taken(plan_.files[contract].analysis);
    const std::set<std::string> made = names_made(plan_.files[file].analysis);
    return std::any_of(made.begin(), made.end(),
                       [&taken](const std::string& name) { return taken.count(name) != 0; });
  }

  [[nodiscard]] bool is_named(std::size_t file, std::size_t by) const {
    const std::vector<std::string>& names = plan_.files[by].analysis.directives.depends_on;
    return std::find(names.begin(), names.end(), id_of(plan_.files[file])) != names.end();
  }

  /// What it names must come before it: in the order of the files nothing else can be waited for.
  void refuse_later_names(std::size_t index) {
    const FileAnalysis& file = plan_.files[index].analysis;
    for (std::size_t later = index + 1; later < plan_.files.size(); ++later) {
      if (!is_named(later, index)) continue;
      plan_.problems.push_back(
          {.code = ExitCode::refused,
           .path = file.migration.id,
           .position = LineIndex(file.script.source).position(file.directives.depends_on_range.begin),
           .message = cat("depends on ", id_of(plan_.files[later]), ", which comes after it"),
           .hint = "Files run in the order of their names: give this one a later name."});
    }
  }

  /// A file that waits and has been changed is another one, which comes with this release.
  [[nodiscard]] const LedgerMigration* row_of(const PlannedFile& file) const {
    const auto found = ledger_.migrations.find(id_of(file));
    if (found == ledger_.migrations.end()) return nullptr;
    const LedgerMigration& row = found->second;
    return row.state == MigrationState::held && row.fingerprint != file.fingerprint ? nullptr : &row;
  }

  /// It is not in the ledger yet, or no release that is known to be older than this one has been at work with it.
  [[nodiscard]] bool is_of_this_release(const PlannedFile& file) const {
    const LedgerMigration* row = row_of(file);
    return row == nullptr || !is_of_earlier_release(*row);
  }

  /// Without a name each is another release. Of another application nothing follows, unless both are of one release (the
  /// gate asks for that one), or it came anew: then it has come with whoever brought it since.
  [[nodiscard]] bool is_of_earlier_release(const LedgerMigration& row) const {
    const bool foreign = !row.app.empty() && !options_.app.empty() && row.app != options_.app;
    if (options_.release.empty() || row.release.empty()) return true;
    if (foreign) return !is_this_release(row.release) && (!row.left_out_by || has_come_since(row));
    if (!is_older(row.release)) return false;
    const auto has_come_with = [&](std::string_view release) {
      return is_older(release) && compare_releases(release, row.release, releases_).value_or(0) >= 0;
    };
    return std::ranges::any_of(row.passed, has_come_with) ||
           std::ranges::any_of(ledger_.brought, [&](const BroughtRelease& brought) {
             return brought.may_be_of(options_.app) && brought.at >= row.brought_at &&
                    has_come_with(brought.release);
           });
  }

  /// Of a step of another application that came anew: with another release than this one, of either.
  [[nodiscard]] bool has_come_since(const LedgerMigration& row) const {
    const auto is_another = [this](std::string_view release) { return !is_this_release(release); };
    return std::ranges::any_of(row.passed, is_another) ||
           std::ranges::any_of(ledger_.brought, [&](const BroughtRelease& brought) {
             return (brought.app == row.app || brought.may_be_of(options_.app)) &&
                    brought.at >= row.brought_at && is_another(brought.release) &&
                    compare_releases(brought.release, row.release, releases_).value_or(0) >= 0;
           });
  }

  [[nodiscard]] bool is_older(std::string_view release) const {
    return compare_releases(release, options_.release, releases_).value_or(-1) < 0;
  }

  [[nodiscard]] bool is_this_release(std::string_view release) const {
    return !options_.release.empty() &&
           compare_releases(release, options_.release, releases_).value_or(1) == 0;
  }

  /// It has been brought before, and may be at work since.
  [[nodiscard]] bool may_be_at_work() const {
    return std::ranges::any_of(
        ledger_.brought, [this](const BroughtRelease& brought) { return is_this_release(brought.release); });
  }

  /// Made by a file that nobody can have used the relations of.
  [[nodiscard]] bool is_news(const PlannedFile& file) const {
    const LedgerMigration* row = row_of(file);
    return row == nullptr || (!may_be_at_work() && is_this_release(row->release));
  }

  /// What no earlier release knows, no earlier release needs: so does a new database get all of its history at once.
  [[nodiscard]] bool is_only_of_this_release(std::size_t index) const {
    if (options_.unseen_database) return false;
    Relations made;
    std::set<std::string> names;
    for (std::size_t i = 0; i < index; ++i) {
      if (!is_news(plan_.files[i])) continue;
      made.insert(touched_[i].made.begin(), touched_[i].made.end());
      names.merge(names_made(plan_.files[i].analysis));
    }
    const Relations& found = touched_[index].found;
    const auto is_made = [&made](const Relations& all) {
      return std::includes(made.begin(), made.end(), all.begin(), all.end());
    };
    if (!is_made(found) || (found.empty() && (made.empty() || !knows_no_other_release()))) return false;
    return options_.unused_database || takes_relations_only(plan_.files[index].analysis) ||
           has_nothing_else(made, names);
  }

  /// The database has only what this release has made so far.
  [[nodiscard]] bool has_nothing_else(const Relations& made, const std::set<std::string>& names) const {
    if (!options_.present || !knows_no_other_release()) return false;
    const auto is_made = [&made](const RelationName& name) { return made.contains(name); };
    return std::ranges::all_of(options_.present->relations, is_made) &&
           std::ranges::includes(names, options_.present->others);
  }

  [[nodiscard]] bool knows_no_other_release() const {
    return !may_be_at_work() &&
           std::all_of(ledger_.migrations.begin(), ledger_.migrations.end(),
                       [this](const auto& entry) { return is_this_release(entry.second.release); });
  }

  /// It comes late: what a later file has made under the same name meanwhile, it would take away.
  void keep_what_is_newer(std::size_t index) {
    const std::set<std::string> taken = names_taken(plan_.files[index].analysis);
    for (std::size_t later = index + 1; later < plan_.files.size(); ++later) {
      const PlannedFile& other = plan_.files[later];
      if (other.state != FileState::applied && other.state != FileState::changed) continue;
      for (const std::string& name : names_made(other.analysis)) {
        if (taken.count(name) == 0) continue;
        plan_.files[index].holds.push_back(
            {"order", cat(printable_line(id_of(other)), ", which comes after it, has made ",
                          printable_line(name), " again: it would take that away")});
        return;
      }
    }
  }

  void sort_out(const PlannedFile& earlier, std::vector<std::string>& waiting,
                std::vector<std::string>& together) const {
    if (earlier.state == FileState::applied || earlier.state == FileState::changed) {
      if (is_of_this_release(earlier) && !is_contract(earlier)) together.push_back(id_of(earlier));
    } else {
      // Whether another contract step runs in this run is not known before its gate has been asked.
      (earlier.steps.empty() || is_contract(earlier) ? waiting : together).push_back(id_of(earlier));
    }
  }

  static void add(PlannedFile& file, std::string reason, const std::vector<std::string>& ids,
                  std::string_view when) {
    if (ids.empty()) return;
    file.holds.push_back({std::move(reason), cat("it needs ", some_of(ids), when)});
  }

  [[nodiscard]] std::string when_it_came(const PlannedFile& file) const {
    const LedgerMigration* row = row_of(file);
    if (row == nullptr || is_this_release(row->release))
      return cat("it comes with ", this_release(), " itself");
    return row->left_out_by ? cat(row->left_out_by->empty() ? "a release" : printable_line(*row->left_out_by),
                                  ", which was let through after ", printable_line(row->release),
                                  ", has come without it: it comes anew with ", this_release())
                            : cat("it has come with ", printable_line(row->release), ", and ", this_release(),
                                  " is not known to follow that");
  }

  /// Images that are all called "latest".
  [[nodiscard]] std::string why_there_is_no_later_one() const {
    // One that somebody has brought with and without a name of the application may be the same folder.
    std::map<std::string, int> by_app;
    int folders = 0;
    for (const BroughtRelease& brought : ledger_.brought) {
      if (brought.may_be_of(options_.app) && is_this_release(brought.release))
        folders = std::max(folders, ++by_app[brought.app]);
    }
    if (folders < 2) return "";
    return cat(", and ", std::to_string(folders), " folders have been brought as ", this_release(),
               ": give each release a name of its own");
  }

  [[nodiscard]] std::string this_release() const {
    return options_.release.empty() ? "this one" : printable_line(options_.release);
  }

  Plan& plan_;
  const Ledger& ledger_;
  const PlanOptions& options_;
  std::vector<std::string> releases_;  ///< oldest first, for those that are no versions
  std::vector<Touched> touched_;
};

/// The first name that a file which is to run makes, and an earlier one is to take away.
struct Clash {
  const PlannedFile* later = nullptr;
  std::string name;
};

Clash clash_of(const Plan& plan, std::size_t index) {
  const std::set<std::string> taken = names_taken(plan.files[index].analysis);
  for (std::size_t i = index + 1; i < plan.files.size(); ++i) {
    if (plan.files[i].steps.empty()) continue;
    for (const std::string& name : names_made(plan.files[i].analysis)) {
      if (taken.count(name) != 0) return {.later = &plan.files[i], .name = name};
    }
  }
  return {};
}

PlanProblem in_the_way(const Clash& clash, const PlannedFile& held) {
  return {.code = ExitCode::refused,
          .path = id_of(*clash.later),
          .position = {.line = 0, .column = 0},
          .message = cat("makes ", clash.name, ", which the contract step ", id_of(held),
                         " has not taken away yet: it is held back"),
          .hint = cat("It is held back because ", held.holds.front().words,
                      ". Bring this one in a later release, or use another name.")};
}

/// A later file that is to run and means a relation or a column by the name that a step which is held back gives it.
Clash misnamed_behind(const Plan& plan, std::size_t index) {
  const std::vector<GivenName> given = names_given(plan.files[index].analysis);
  for (std::size_t i = index + 1; !given.empty() && i < plan.files.size(); ++i) {
    const PlannedFile& later = plan.files[i];
    if (later.steps.empty() || is_contract(later)) continue;
    for (const Effect& effect : later.analysis.effects) {
      for (const GivenName& name : given) {
        if (may_mean(later.analysis, effect, name))
          return {.later = &later,
                  .name = name.column.empty() ? name.relname : cat(name.relname, ".", name.column)};
      }
    }
  }
  return {};
}

PlanProblem means_another(const Clash& clash, const PlannedFile& held) {
  return {.code = ExitCode::refused,
          .path = id_of(*clash.later),
          .position = {.line = 0, .column = 0},
          .message = cat("means ", clash.name, " as the contract step ", id_of(held),
                         " leaves it, which is held back: now that name means something else, or nothing"),
          .hint = cat("It is held back because ", held.holds.front().words,
                      ". Bring this one in a later release.")};
}

}  // namespace

std::optional<Held> held_behind(const Plan& plan, const PlannedFile& file) {
  FirstNames names;
  std::vector<std::pair<const PlannedFile*, Relations>> held;
  for (const PlannedFile& other : plan.files) {
    const Touched touched = touched_by(other, names);
    if (&other == &file) {
      for (const auto& [earlier, relations] : held) {
        if (meet(relations, touched.found) || meet(relations, touched.made))
          return Held{.reason = "order", .words = cat("it needs ", id_of(*earlier), " applied before it")};
      }
      return std::nullopt;
    }
    const bool waits = is_contract(other) && !other.holds.empty() && other.state != FileState::applied;
    if (waits) held.emplace_back(&other, touched.found);
  }
  return std::nullopt;
}

void keep_names_apart(Plan& plan) {
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    const PlannedFile& file = plan.files[i];
    if (!is_contract(file) || (file.steps.empty() && file.state != FileState::held)) continue;
    if (file.state == FileState::held) {
      if (const Clash clash = misnamed_behind(plan, i); clash.later != nullptr)
        plan.problems.push_back(means_another(clash, file));
    } else if (file.new_relations || misnamed_behind(plan, i).later != nullptr) {
      plan.contract_last = false;
    }
    const Clash clash = clash_of(plan, i);
    if (clash.later == nullptr) continue;
    if (file.state == FileState::held) {
      plan.problems.push_back(in_the_way(clash, file));
    } else {
      plan.contract_last = false;  // here the order of the files is the only one
    }
  }
}

void hold_contracts(Plan& plan, const Ledger& ledger, const PlanOptions& options) {
  const auto waits = [](const PlannedFile& file) {
    return is_contract(file) && !file.steps.empty() && file.state != FileState::running &&
           file.state != FileState::partial;  // what has begun is brought to its end
  };
  if (std::none_of(plan.files.begin(), plan.files.end(), waits)) return;
  Order order(plan, ledger, options);
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    if (waits(plan.files[i])) order.hold(i);
  }
}

}  // namespace pgsluice
