// SPDX-License-Identifier: Apache-2.0
#include "cli/preview_files.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/files.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "cli/database.hpp"
#include "execute/documents.hpp"
#include "migration/read_text.hpp"
#include "plan/breaks.hpp"

namespace pgsluice::cli {
namespace {

/// Standard input can be read once, but files are planned more often than that.
void read_again(Migration& migration, Files& files, bool checksum) {
  if (!is_standard_input(migration)) {
    read(migration);
    if (checksum) migration.sha256 = sha256_hex(read_file(migration.path));
    return;
  }
  if (!files.standard_input) files.standard_input = read_stdin();
  read_text(migration, *files.standard_input);
  if (checksum) migration.sha256 = sha256_hex(*files.standard_input);
}

Plan plan_all(Files& files, const PreviewBasis& basis) {
  std::vector<Migration> migrations = files.all.migrations;
  for (Migration& migration : migrations) read_again(migration, files, basis.checksums);
  return make_plan(analyse_folder(std::move(migrations),
                                  {.pg_version = basis.pg_version,
                                   .schemas = basis.schemas,
                                   .ledger = basis.ledger,
                                   .live = basis.there},
                                  basis.rules),
                   basis.ledger, {.phase = {}, .release = {}, .unused_database = true});
}

std::vector<std::string> contract_work_in(const Plan& plan, const std::set<std::size_t>& history) {
  std::vector<std::string> found;
  for (std::size_t i = 0; i < plan.files.size(); ++i) {
    const FileAnalysis& file = plan.files[i].analysis;
    const Finding* breaks = first_break(file);
    if (history.contains(i) || breaks == nullptr) continue;
    found.push_back(cat(file.migration.path.string(), " (", breaks->finding,
                        "): it is contract work; say so with -- pgsluice: phase=contract"));
  }
  return found;
}

/// The only file of that name; none: it may be another one's.
std::optional<std::size_t> index_of(const std::vector<Migration>& migrations, const std::string& id) {
  if (std::ranges::count(migrations, id, &Migration::id) != 1) return std::nullopt;
  return static_cast<std::size_t>(std::ranges::find(migrations, id, &Migration::id) - migrations.begin());
}

}  // namespace

void Files::leave_out(std::size_t at, const std::string& place, std::string_view why) {
  left_out.push_back(cat(place, ": ", why));
  all.migrations.erase(all.migrations.begin() + static_cast<std::ptrdiff_t>(at));
  std::set<std::size_t> moved;
  for (const std::size_t i : all.history) {
    if (i != at) moved.insert(i < at ? i : i - 1);
  }
  all.history = std::move(moved);
}

void Files::leave_out_history() {
  std::vector<Migration> named;
  for (std::size_t i = 0; i < all.migrations.size(); ++i) {
    if (!all.history.contains(i)) named.push_back(std::move(all.migrations[i]));
  }
  all = {.migrations = std::move(named), .history = {}};
}

void refuse(const PlanProblem& problem) {
  throw Error(ExitCode::usage, cat(place_of(problem), ": ", problem.message), problem.hint);
}

Plan plan_of(Files& files, const PreviewBasis& basis) {
  for (;;) {
    Plan plan = plan_all(files, basis);
    if (plan.refusal() == nullptr) {
      files.contract_work = contract_work_in(plan, files.all.history);
      return plan;
    }
    PlanProblem problem = *plan.refusal();
    const auto at = index_of(files.all.migrations, problem.path);
    if (at) problem.path = files.all.migrations[*at].path.string();  // where an editor finds it
    if (problem.code == ExitCode::file_changed)
      throw Error(problem.code, cat(place_of(problem), ": ", problem.message), problem.hint);
    if (!at) refuse(problem);
    if (!files.all.history.contains(*at) && !files.refused) files.refused = problem;
    files.leave_out(*at, place_of(problem), problem.message);
    if (!files.has_more_than_history()) refuse(*files.refused);
  }
}

std::string catalog_digest(Snapshot snapshot) {
  snapshot.taken_at.clear();
  return sha256_hex(write_snapshot(std::move(snapshot)));
}

}  // namespace pgsluice::cli
