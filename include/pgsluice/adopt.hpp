// SPDX-License-Identifier: Apache-2.0
// What other tools remember of the migrations that they have applied, and which files of a folder those are; and what
// they would have to remember of ours, so that going back to them stays possible.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/execute.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {

/// One entry of another tool's ledger.
struct ForeignEntry {
  enum class State {
    done,
    up_to,   ///< the tool keeps only the last version: everything before it is done, too
    failed,  ///< begun and not finished, in the tool's own words
  };
  State state = State::done;
  std::string version;
  std::string name;   ///< of the file, change or migration, as the tool wrote it
  std::string scope;  ///< what the name is unique in: a Django app, a Liquibase file
};

/// Another tool's ledger, as it is in the database.
struct ForeignLedger {
  std::string tool;      ///< "flyway"
  std::string relation;  ///< quoted
  std::vector<ForeignEntry> entries;
};

std::vector<std::string> foreign_tools();

/// Every ledger that is there; where a tool has several, the one that search_path finds first. Throws Error(unreachable,
/// precondition).
std::vector<ForeignLedger> find_foreign_ledgers(Session& session);

/// Files of the folder, by what the ledger says.
struct Adoption {
  std::set<std::string> applied;          ///< ids
  std::vector<std::string> failed;        ///< what the tool has left unfinished, for people
  std::vector<std::string> without_file;  ///< applied, and not in the folder
  std::vector<std::string> in_part;       ///< ids of files of which only some of the changes are applied
};
Adoption match_files(const ForeignLedger& ledger, const std::vector<Migration>& migrations);

/// The tools whose ledgers can be kept in step with ours.
std::vector<std::string> kept_tools();
/// SQL that tells the tool's ledger that the file, whose contents are `text`, has been applied. Throws Error(refused) for
/// a file that is not named as the tool's files are.
std::string kept_row(const ForeignLedger& ledger, const Migration& migration, std::string_view text);

/// A file that was applied before, and what it asks of releases from now on.
struct AdoptedFile {
  Migration migration;
  std::string needs_app;  ///< of a contract step: its directive
};
/// Marks files as applied without running them, and writes down what follows from that, in one transaction. Those that the
/// ledger knows already stay as they are.
void record_baseline(const std::vector<AdoptedFile>& files, const std::string& adopted_from, Worker& worker,
                     const World& world, const std::function<void(Session&)>& also);

}  // namespace pgsluice
