// SPDX-License-Identifier: Apache-2.0
// Entries of another tool's ledger → files of a folder.

#include <algorithm>
#include <map>

#include "adopt/tools.hpp"
#include "base/text.hpp"
#include "migration/tools/liquibase.hpp"

namespace pgsluice {
namespace {

using adopting::FileName;
using adopting::Tool;

const Tool& tool_of(const ForeignLedger& ledger) {
  const auto all = adopting::tools();
  return *std::find_if(all.begin(), all.end(), [&](const Tool& tool) { return tool.name == ledger.tool; });
}

std::string words(const ForeignEntry& entry) {
  std::vector<std::string> parts;
  for (const std::string& part : {entry.scope, entry.version, entry.name}) {
    if (!part.empty()) parts.push_back(part);
  }
  return printable_line(join(parts, " "));
}

/// A file of Liquibase is applied when all of its changesets are.
void take_changesets(const FileName& file, const std::string& id,
                     const std::vector<const ForeignEntry*>& entries, Adoption& adoption) {
  const std::vector<tools::Changeset> wanted = tools::changesets_of(file.text);
  const auto is_done = [&](const tools::Changeset& changeset) {
    const std::string identity = changeset.identity(file.text);
    return std::any_of(entries.begin(), entries.end(),
                       [&](const ForeignEntry* entry) { return entry->name == identity; });
  };
  if (std::all_of(wanted.begin(), wanted.end(), is_done)) {
    adoption.applied.insert(id);
  } else {
    adoption.in_part.push_back(id);
  }
}

bool reaches(const Tool& tool, const FileName& file, const ForeignEntry& entry) {
  if (entry.state != ForeignEntry::State::up_to) return tool.is_file_of(file, entry);
  return adopting::is_version_up_to(adopting::leading_version(tool, file), entry.version);
}

/// Alembic keeps its last revision, whose name does not say what came before: the folder's order does.
void take_history(const Tool& tool, const ForeignLedger& ledger, const std::vector<Migration>& migrations,
                  Adoption& adoption) {
  for (const ForeignEntry& entry : ledger.entries) {
    auto last = migrations.end();
    for (auto migration = migrations.begin(); migration != migrations.end(); ++migration) {
      if (tool.is_file_of(adopting::file_name(*migration), entry)) last = migration;
    }
    if (last == migrations.end()) {
      adoption.without_file.push_back(words(entry));
      continue;
    }
    for (auto migration = migrations.begin(); migration <= last; ++migration)
      adoption.applied.insert(migration->id);
  }
}

}  // namespace

std::vector<std::string> foreign_tools() {
  std::vector<std::string> names;
  for (const Tool& tool : adopting::tools()) names.emplace_back(tool.name);
  return names;
}

Adoption match_files(const ForeignLedger& ledger, const std::vector<Migration>& migrations) {
  const Tool& tool = tool_of(ledger);
  Adoption adoption;
  for (const ForeignEntry& entry : ledger.entries) {
    if (entry.state == ForeignEntry::State::failed) adoption.failed.push_back(words(entry));
  }
  if (tool.name == tool::alembic) {
    take_history(tool, ledger, migrations, adoption);
    return adoption;
  }
  std::set<const ForeignEntry*> found;
  std::map<std::string, std::size_t> versions;  // of a change of Sqitch, in the order of the files
  for (const Migration& migration : migrations) {
    const FileName file = adopting::file_name(migration);
    if (adopting::is_way_back(file)) continue;
    std::vector<const ForeignEntry*> entries;
    for (const ForeignEntry& entry : ledger.entries) {
      if (entry.state != ForeignEntry::State::failed && reaches(tool, file, entry)) entries.push_back(&entry);
    }
    if (entries.empty()) continue;
    found.insert(entries.begin(), entries.end());
    // Each version of a change that has been reworked is an entry of the same name.
    if (tool.name == tool::sqitch && ++versions[adopting::sqitch_change(file)] > entries.size()) continue;
    if (tool.name == tool::liquibase) {
      take_changesets(file, migration.id, entries, adoption);
    } else {
      adoption.applied.insert(migration.id);
    }
  }
  for (const ForeignEntry& entry : ledger.entries) {
    if (entry.state == ForeignEntry::State::done && found.find(&entry) == found.end()) {
      adoption.without_file.push_back(words(entry));
    }
  }
  return adoption;
}

}  // namespace pgsluice
