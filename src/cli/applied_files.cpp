// SPDX-License-Identifier: Apache-2.0
#include "cli/applied_files.hpp"

#include <iostream>

#include "base/files.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "cli/database.hpp"
#include "cli/ledger_ids.hpp"
#include "plan/sql_text.hpp"

namespace pgsluice::cli {
namespace {

/// Its bytes, or the SQL that its tool would run.
bool is_what_was_applied(Migration migration, const LedgerMigration& row) {
  if (sha256_hex(read_file(migration.path)) == row.sha256) return true;
  read(migration);
  return fingerprint_of(migration.source.text) == row.fingerprint;
}

bool may_change(const Migration& migration) {
  return migration.repeatable || migration.tool == tool::liquibase;
}

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
    const std::string id = migration.folder.empty() ? ids.id_of(migration.path) : migration.id;
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
