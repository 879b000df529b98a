// SPDX-License-Identifier: Apache-2.0
// Stage 5: analysed files and the ledger → steps. Pure: values in, a value out.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pgsluice/cut.hpp"
#include "pgsluice/error.hpp"
#include "pgsluice/findings.hpp"
#include "pgsluice/ledger.hpp"

namespace pgsluice {

/// What to do about a statement that cannot run in a transaction and was begun by a run that did not finish it.
enum class Resume {
  repeat,            ///< running it again is harmless (VACUUM, ALTER SYSTEM)
  create_index,      ///< CREATE INDEX CONCURRENTLY: the catalog says whether the index is there and valid
  drop_index,        ///< DROP INDEX CONCURRENTLY: done when it is gone
  reindex,           ///< REINDEX CONCURRENTLY: drop the invalid copies, then again
  detach_partition,  ///< DETACH PARTITION CONCURRENTLY: FINALIZE what is pending
  repeat_or_done,    ///< CREATE DATABASE and the like: "already exists" then means that it was done
  unknown,           ///< nobody can tell: a person must
};

struct PlannedStatement {
  std::size_t index = 0;  ///< into Script::statements
  SourceRange range;
  std::string sql;
  std::string tag;
  std::string fingerprint;
  Limits limits;                                               ///< its own directives over the file's
  std::optional<std::chrono::milliseconds> file_lock_timeout;  ///< by a SET in the file
  bool changes_settings = false;
  std::vector<RelationLock> locks;  ///< predicted, without those made in this transaction
  bool works = false;               ///< its time grows with the data, or nobody knows what it does
};

/// A statement that is run in ranges of a key.
struct Backfill {
  CutStatement cut;
  std::vector<std::string> key;  ///< columns; empty: those of the primary key
  long long size = 0;            ///< rows of the first batch
  std::optional<std::chrono::milliseconds> max_lag;
};

/// What commits together, or one statement that cannot run in a transaction.
struct Step {
  std::string id;        ///< "0002_orders.sql#1": ordinals from 1
  std::size_t file = 0;  ///< index into Plan::files
  bool in_transaction = true;
  std::string begin = "BEGIN";
  std::vector<PlannedStatement> statements;
  std::vector<RelationLock> locks;  ///< predicted, each relation once, without those made in this transaction
  Limits limits;
  std::vector<std::string>
      settings;  ///< the file's SET statements before this step: a resumed run repeats them
  Resume resume = Resume::repeat;
  bool concurrent = false;  ///< its waits for old snapshots block nobody: it may wait long
  std::optional<Backfill>
      backfill;       ///< then it is the step's only statement, and each batch commits by itself
  bool last = false;  ///< the file is applied when it is done
};

enum class FileState { pending, running, partial, failed, applied, changed, held };
std::string_view to_string(FileState state);

/// Why a file that is pending does not run now.
struct Held {
  std::string reason;  ///< "phase": it was not asked for; "order", "release", or the evidence that is missing
  std::string words;
};

struct PlannedFile {
  FileAnalysis analysis;
  std::string fingerprint;  ///< of the text without comments and layout
  FileState state = FileState::pending;
  std::vector<Step> steps;  ///< what is still to be done, if it may be done now
  std::vector<Held> holds;
  std::vector<std::string> rests_on;  ///< of a contract file: ids of expand and backfill files
  bool new_relations = false;         ///< of a contract file: what it touches came with this very release
  /// SQL of ours that commits with its last step: another tool's ledger is told.
  std::string companion;
};

/// Why a plan cannot be run, or something worth knowing about it.
struct PlanProblem {
  ExitCode code = ExitCode::ok;  ///< ok: only a warning
  std::string path;
  Position position;  ///< line 0: the whole file
  std::string message;
  std::string hint;
};

struct Plan {
  std::vector<PlannedFile> files;
  std::vector<LedgerMigration> missing;  ///< in the ledger, not on disk
  std::vector<PlanProblem> problems;
  bool contract_last = false;  ///< run the contract files behind all others

  [[nodiscard]] const PlanProblem* refusal() const;  ///< the first one that stops the run
  [[nodiscard]] std::size_t pending_steps() const;
};

/// What a database has before a run, but for what extensions have made.
struct Present {
  std::vector<RelationName> relations;  ///< tables, views and the like
  std::set<std::string> others;         ///< names of functions and types
};

struct PlanOptions {
  std::optional<Phase> phase;          ///< none: all
  std::string release;                 ///< that brings what is new; empty: nobody says
  std::string app;                     ///< that the release is one of; empty: nobody says
  bool earlier_releases_only = false;  ///< contract files that come with this release wait for the next one
  bool unused_database = false;        ///< no release is running that a file could break
  bool unseen_database = false;    ///< its catalogs could not be read: what files seem to make may be there
  std::optional<Present> present;  ///< none: not known
};

/// `files` in the order in which they run, all of them, analysed one after the other.
Plan make_plan(std::vector<FileAnalysis> files, const Ledger& ledger, const PlanOptions& options);

/// Why a contract file waits for an earlier one that is held back and touches the same: it was analysed as if that one had
/// run. None: there is no such one.
std::optional<Held> held_behind(const Plan& plan, const PlannedFile& file);

/// When it is known what is held back: refuses a file that makes a name which a contract step that is held back has not
/// taken away yet.
void keep_names_apart(Plan& plan);

}  // namespace pgsluice
