// SPDX-License-Identifier: Apache-2.0
#include "fix/analysis.hpp"

#include <algorithm>
#include <array>

#include "effects/session_reset.hpp"
#include "migration/read_text.hpp"

namespace pgsluice::fix {
namespace {

bool may_be_rewritten(std::string_view tag) {
  constexpr std::array<std::string_view, 8> k_tags = {"AlterTableStmt", "IndexStmt",          "DropStmt",
                                                      "ReindexStmt",    "RefreshMatViewStmt", "RenameStmt",
                                                      "UpdateStmt",     "DeleteStmt"};
  return std::ranges::find(k_tags, tag) != k_tags.end();
}

/// A file beside it, which is still to be written, says that there is no transaction.
void take_settings(const ToolFormat& tool, Migration& migration) {
  if (tool.settings.empty() || migration.source.reading == nullptr) return;
  Reading reading = *migration.source.reading;
  const bool one_message = tool.names.is_folder;
  for (Reading::Block& block : reading.blocks)
    block.transaction = one_message ? FileTransaction::message : FileTransaction::none;
  migration.source.reading = std::make_shared<const Reading>(std::move(reading));
}

Migration migration_of(const Job& job, const Piece& piece) {
  Migration migration = job.input.migration;
  if (job.files.tool != nullptr) {
    read_text(migration, text_of(job.files.tool, piece));
    if (piece.off) take_settings(*job.files.tool, migration);
  } else {
    migration.source.text = piece.text();
  }
  migration.phase = piece.phase;
  return migration;
}

bool is_of_changelog(const Job& job) {
  return job.input.migration.tool == tool::liquibase;
}

}  // namespace

void replay(const Job& job, FileAnalysis& file, Catalog& catalog) {
  if (!is_of_changelog(job)) return predict(file, catalog, job.table, job.input.prediction);
  Prediction prediction = start_prediction(file, catalog, job.table, job.input.prediction);
  while (prediction.next()) {
  }
}

Analysis analyse(const Job& job, const Piece& piece, Catalog& catalog) {
  Analysis analysis{.file = parse(migration_of(job, piece)), .before = {}};
  std::optional<effects::SessionReset> reset;
  if (!is_of_changelog(job)) reset.emplace(catalog);
  Prediction prediction = start_prediction(analysis.file, catalog, job.table, job.input.prediction);
  for (const Statement& statement : analysis.file.script.statements) {
    std::optional<Catalog> before;
    if (may_be_rewritten(statement.tag)) before = catalog;
    analysis.file.effects.push_back(*prediction.next());
    analysis.before.push_back(std::move(before));
  }
  static_cast<void>(prediction.next());
  check(analysis.file, job.rules, job.input.checking);
  return analysis;
}

}  // namespace pgsluice::fix
