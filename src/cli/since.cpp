// SPDX-License-Identifier: Apache-2.0
#include "cli/since.hpp"

#include <algorithm>

#include "base/process.hpp"
#include "base/text.hpp"
#include "migration/read_text.hpp"
#include "migration/tools/liquibase.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice::cli {
namespace {

namespace fs = std::filesystem;

/// Where it is, without links; what is not there keeps its name.
fs::path real_path(const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::weakly_canonical(path, error);
  return error ? path : real;
}

fs::path folder_of(const Migration& migration) {
  return real_path(migration.path).parent_path();
}

ProcessResult git(const fs::path& folder, std::vector<std::string> arguments) {
  // fsmonitor would start what the repository's configuration names.
  std::vector<std::string> command{"git", "-c",           "core.fsmonitor=false", "--literal-pathspecs",
                                   "-C",  folder.string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_process(command);
}

std::string said_by_git(const ProcessResult& result) {
  const std::string text = printable_line(trim(result.err.substr(0, result.err.find('\n'))));
  return text.empty() ? std::string() : cat("git says: ", text);
}

fs::path find_root(const fs::path& folder) {
  ProcessResult result = git(folder, {"rev-parse", "--show-toplevel"});
  if (result.code != 0) {
    throw Error(ExitCode::usage,
                cat("--since asks git, and ", printable_line(folder.string()), " is in no repository of it"),
                said_by_git(result));
  }
  if (result.out.ends_with('\n')) result.out.pop_back();
  return real_path(result.out);
}

/// The commit's hash, so that no later command takes the name for something else.
std::string find_commit(const fs::path& root, const std::string& ref) {
  const bool is_name = !ref.empty() && ref.front() != '-';  // git has no names that begin like an option
  const ProcessResult result =
      is_name ? git(root, {"rev-parse", "--verify", "--quiet", ref + "^{commit}"}) : ProcessResult{.code = 1};
  if (result.code != 0) {
    throw Error(ExitCode::usage, cat("--since: git knows no commit \"", printable_line(ref), "\""),
                "A branch, a tag or a hash; in CI, the branch may have to be fetched first: "
                "git fetch origin main, or fetch-depth: 0.");
  }
  return std::string(trim(result.out));
}

std::string find_branching_point(const fs::path& root, const std::string& commit, const std::string& ref) {
  const ProcessResult result = git(root, {"merge-base", commit, "HEAD"});
  if (result.code != 0) {
    throw Error(
        ExitCode::usage, cat("--since: ", printable_line(ref), " and HEAD have no history in common"),
        "Of a shallow clone git has only the end of the history: fetch all of it, with fetch-depth: 0 or "
        "git fetch --unshallow.");
  }
  return std::string(trim(result.out));
}

std::string list_files(const fs::path& root, std::vector<std::string> arguments) {
  ProcessResult result = git(root, std::move(arguments));
  if (result.code != 0) {
    throw Error(ExitCode::usage, "--since: git cannot say which files have changed", said_by_git(result));
  }
  return std::move(result.out);
}

/// With the lines that name them.
std::set<std::string> texts_of_changesets(std::string_view text) {
  std::set<std::string> texts;
  for (const tools::Changeset& changeset : tools::changesets_of(text)) {
    const SourceRange& body = changeset.body;
    texts.emplace(trim(text.substr(body.begin, body.end - body.begin)));
  }
  return texts;
}

}  // namespace

ChangedFiles::ChangedFiles(const std::string& ref, const std::vector<Migration>& migrations) {
  const auto first = std::ranges::find_if_not(migrations, is_standard_input);
  root_ = find_root(first == migrations.end() ? fs::current_path() : folder_of(*first));
  base_ = find_branching_point(root_, find_commit(root_, ref), ref);
  std::string names = list_files(
      root_, {"diff", "--name-only", "--no-renames", "--no-ext-diff", "--diff-filter=d", "-z", base_, "--"});
  std::vector<std::string> untracked{"ls-files", "--others", "-z", "--"};
  for (const Migration& migration : migrations) {
    const std::string folder = folder_of(migration).string();
    const bool known = std::ranges::find(untracked, folder) != untracked.end();
    if (!is_standard_input(migration) && !known && (folder + "/").starts_with(root_.string() + "/")) {
      untracked.push_back(folder);
    }
  }
  names += list_files(root_, std::move(untracked));
  for (const std::string_view name : split(names, '\0')) {
    if (!name.empty()) changed_.insert(real_path(root_ / name));
  }
}

bool ChangedFiles::contains(const Migration& migration) const {
  if (is_standard_input(migration)) return true;
  const fs::path real = real_path(migration.path);
  return !real.string().starts_with(root_.string() + "/") || changed_.contains(real);
}

std::string ChangedFiles::before(const Migration& migration) const {
  const fs::path real = real_path(migration.path);
  if (is_standard_input(migration) || !real.string().starts_with(root_.string() + "/")) return {};
  const std::string name = cat(base_, ":", fs::relative(real, root_).generic_string());
  ProcessResult result = git(root_, {"cat-file", "blob", name});
  return result.code == 0 ? std::move(result.out) : std::string();
}

std::vector<SourceRange> ChangedFiles::unchanged_in(const Migration& migration) const {
  if (migration.tool != tool::liquibase || migration.source.reading == nullptr) return {};
  const std::string old = before(migration);
  const std::set<std::string> known = texts_of_changesets(old);
  std::vector<SourceRange> unchanged;
  for (const Reading::Block& block : migration.source.reading->blocks) {
    if (block.is_migration && known.contains(std::string(trim(migration.source.written(block.range)))))
      unchanged.push_back(block.range);
  }
  return unchanged;
}

}  // namespace pgsluice::cli
