// SPDX-License-Identifier: Apache-2.0
#include "cli/applied_files.hpp"

#include <iostream>

#include "base/files.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "cli/database.hpp"
#include "plan/sql_text.hpp"

namespace pgsluice::cli {
namespace {

namespace fs = std::filesystem;

/// Its bytes, or the SQL that its tool would run.
bool is_what_was_applied(Migration migration, const LedgerMigration& row) {
  if (sha256_hex(read_file(migration.path)) == row.sha256) return true;
  read(migration);
  return fingerprint_of(migration.source.text) == row.fingerprint;
}

bool may_change(const Migration& migration) {
  return migration.repeatable || migration.tool == tool::liquibase;
}

/// The ids that the ledger has for files. One that was named by itself tells its folder, and not of which its id is a part.
class LedgerIds {
 public:
  explicit LedgerIds(const Ledger& ledger) : ledger_(ledger) {}

  std::string id_of(const Migration& migration) {
    if (!migration.folder.empty()) return migration.id;
    const fs::path path = fs::absolute(migration.path).lexically_normal();
    fs::path best = path.parent_path();
    fs::path above = best;
    for (int i = 0; i < k_levels && above.has_relative_path(); ++i) {
      above = above.parent_path();
      if (files_in(above) >= files_in(best)) best = above;  // a folder that is new has no say
    }
    return path.lexically_relative(best).generic_string();
  }

 private:
  static constexpr int k_levels = 8;  ///< of folders above a file that may be that of the migrations

  /// How many of the ledger's files there are.
  std::size_t files_in(const fs::path& folder) {
    const auto [known, is_new] = counts_.try_emplace(folder, 0);
    if (!is_new) return known->second;
    for (const auto& [id, row] : ledger_.migrations) {
      std::error_code error;
      if (fs::exists(folder / id, error)) ++known->second;
    }
    return known->second;
  }

  const Ledger& ledger_;
  std::map<fs::path, std::size_t> counts_;
};

}  // namespace

Ledger load_ledger(const std::string& url, const GlobalOptions& global) {
  const RealWorld real(url, pg::Access::any, global);
  const std::unique_ptr<Session> session = connect_once(real.world());
  Ledger ledger = read_ledger(*session);
  if (ledger.exists) {
    expect_target(ledger, read_binding(*session));
  } else {
    std::cerr << "warning: " << printable_line(real.world().target)
              << " has no ledger of pgsluice: nothing counts as applied\n";
  }
  return ledger;
}

AppliedFiles::AppliedFiles(const Ledger& ledger, const std::vector<Migration>& migrations) {
  LedgerIds ids(ledger);
  for (const Migration& migration : migrations) {
    const std::string id = ids.id_of(migration);
    if (!ledger.is_applied(id)) continue;
    const LedgerMigration& row = ledger.migrations.at(id);
    if (is_what_was_applied(migration, row)) {
      same_.insert(migration.path);
    } else if (!may_change(migration)) {
      changed_.emplace(migration.path, row.applied_at);
    }
  }
}

bool AppliedFiles::contains(const Migration& migration) const {
  return same_.contains(migration.path);
}

std::optional<std::string> AppliedFiles::changed_since(const Migration& migration) const {
  const auto found = changed_.find(migration.path);
  return found == changed_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace pgsluice::cli
