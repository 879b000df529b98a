// SPDX-License-Identifier: Apache-2.0
#include "preview/programs.hpp"

#include <algorithm>
#include <cstdlib>

#include <unistd.h>

#include "base/process.hpp"
#include "base/text.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

namespace fs = std::filesystem;

bool has_programs(const fs::path& folder) {
  return access((folder / "postgres").c_str(), X_OK) == 0 && access((folder / "initdb").c_str(), X_OK) == 0;
}

/// `folder`/<something>/`below` for everything in it.
void add_each(std::vector<fs::path>& places, const fs::path& folder, std::string_view begins,
              std::string_view below) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().filename().string().starts_with(begins)) places.push_back(entry.path() / below);
  }
}

std::vector<fs::path> known_places() {
  std::vector<fs::path> places;
  if (const char* path = std::getenv("PATH"); path != nullptr) {
    for (const std::string_view folder : split(path, ':')) places.emplace_back(folder);
  }
  add_each(places, "/usr/lib/postgresql", "", "bin");
  add_each(places, "/usr", "pgsql-", "bin");
  add_each(places, "/opt/homebrew/opt", "postgresql", "bin");
  add_each(places, "/usr/local/opt", "postgresql", "bin");
  add_each(places, "/Library/PostgreSQL", "", "bin");
  places.emplace_back("/usr/local/pgsql/bin");
  return places;
}

std::optional<ServerPrograms> programs_in(const fs::path& folder) {
  if (!has_programs(folder)) return std::nullopt;
  const std::optional<std::string> release =
      release_of(run_process({(folder / "postgres").string(), "--version"}).out);
  if (!release) return std::nullopt;
  return ServerPrograms{.folder = folder, .release = *release, .major = std::atoi(release->c_str())};
}

/// `there`: whether other majors are.
std::string how_to_get(std::optional<int> major, bool there) {
  if (!major)
    return "Install PostgreSQL's server (on Debian: apt-get install postgresql), or name the folder of its "
           "programs with --pg-bin.";
  return cat("Install that server (on Debian: apt-get install postgresql-", std::to_string(*major),
             ", from PostgreSQL's own repository where Debian does not have it), or name the folder of its "
             "programs with "
             "--pg-bin",
             there ? "; or try another major with --pg-version." : ".");
}

}  // namespace

std::optional<std::string> release_of(std::string_view said) {
  constexpr std::string_view k_before = "(PostgreSQL) ";
  const std::size_t at = said.find(k_before);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = trim(said.substr(at + k_before.size()));
  return std::string(rest.substr(0, rest.find_first_of(" \n")));
}

ServerPrograms find_programs(const fs::path& folder, std::optional<int> major) {
  if (!folder.empty()) {
    const std::optional<ServerPrograms> programs = programs_in(folder);
    if (!programs)
      throw Error(ExitCode::usage, cat(folder.string(), " has no PostgreSQL server"),
                  "--pg-bin takes the folder with initdb and postgres in it.");
    if (major && programs->major != *major)
      throw Error(
          ExitCode::usage,
          cat(folder.string(), " has PostgreSQL ", programs->release, ", not ", std::to_string(*major)),
          cat("Give --pg-version ", std::to_string(programs->major),
              " to run on that one: else it is the major of the --catalog."));
    return *programs;
  }
  std::optional<ServerPrograms> best;
  std::vector<std::string> others;
  for (const fs::path& place : known_places()) {
    std::optional<ServerPrograms> programs = programs_in(place);
    if (!programs) continue;
    if (major && programs->major != *major) {
      others.emplace_back(cat(programs->release, " in ", programs->folder.string()));
    } else if (!best || natural_less(best->release, programs->release)) {
      best = std::move(programs);
    }
  }
  if (best) return *best;
  throw Error(ExitCode::usage,
              cat("no server programs of PostgreSQL", major ? " " + std::to_string(*major) : "",
                  " on this machine", others.empty() ? "" : cat("; there are ", join(others, ", "))),
              how_to_get(major, !others.empty()));
}

}  // namespace pgsluice
