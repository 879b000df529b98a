// SPDX-License-Identifier: Apache-2.0
#include "fix/new_files.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "migration/read_text.hpp"

namespace pgsluice::fix {
namespace {

std::string label_of(const Piece& piece) {
  const Script script = parse({.path = {}, .text = piece.text()});
  const auto has = [&](std::string_view tag) {
    return std::ranges::any_of(script.statements, [&](const Statement& statement) {
      return std::ranges::any_of(statement.commands,
                                 [&](const Command& command) { return command.tag == tag; });
    });
  };
  if (piece.phase == Phase::contract) return "contract";
  if (piece.phase == Phase::backfill) return "backfill";
  if (has("AT_ValidateConstraint")) return "validate";
  if (has("IndexStmt") || has("ReindexStmt") || has("DropStmt")) return "index";
  if (has("AT_AddConstraint")) return "constraint";
  return "rest";
}

// ---- ways back -------------------------------------------------------------------------------------------------------

std::string way_back(const std::string& own, std::string_view file) {
  return cat("-- ", printable_line(own), " takes back what ", file, " does: go back over both.\nSELECT 1;\n");
}

/// The original's takes back what all of them do.
std::string text_with_way_back(const Job& job, const Piece& piece, const std::string& down,
                               bool is_original) {
  std::string text = text_of(job.files.tool, piece);
  if (down.empty()) return text;
  if (!text.ends_with('\n')) text += '\n';
  while (text.ends_with("\n\n")) text.pop_back();
  if (!text.ends_with("\n\r\n")) text += '\n';
  if (is_original) return text + down;
  return cat(text, job.files.tool->down, "\n", way_back(name_of_original(job), "this file"));
}

/// With its own folder, where all files have the same name.
std::string named(const Job& job, const std::string& name) {
  if (!job.files.tool->names.is_folder) return name;
  if (name.starts_with("../")) return name.substr(3);
  return (job.input.migration.path.parent_path().filename() / name).generic_string();
}

/// The same, where the ways back are files of their own.
void add_ways_back(const Job& job, FixedMigration& result, const std::vector<std::string>& names) {
  const std::string own = down_name(*job.files.tool, name_of_original(job));
  const auto& beside = job.files.tool->names.is_folder ? job.input.own_folder : job.input.folder;
  if (own.empty() || std::ranges::find(beside, own) == beside.end()) return;
  for (const std::string& name : names) {
    result.files.push_back({.name = down_name(*job.files.tool, name),
                            .text = way_back(named(job, own), named(job, name)),
                            .phase = job.input.migration.phase});
  }
}

// ---- what the tool is told in a file beside ------------------------------------------------------------------------------

/// It finds out by itself that there is no transaction, or has been told.
bool is_known(const Job& job, const FixedFile& file) {
  Migration migration = job.input.migration;
  migration.path = (migration.path.parent_path() / file.name).lexically_normal();
  read_text(migration, file.text);
  return std::ranges::none_of(migration.source.reading->blocks, [](const Reading::Block& block) {
    return block.transaction == FileTransaction::one;
  });
}

void add_settings(const Job& job, FixedMigration& result, const std::vector<Piece>& pieces) {
  const ToolFormat& tool = *job.files.tool;
  if (tool.settings.empty()) return;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (!pieces[i].off || is_known(job, result.files[i])) continue;
    result.files.push_back({.name = settings_name(tool, result.files[i].name),
                            .text = std::string(tool.settings_text),
                            .phase = result.files[i].phase});
  }
}

}  // namespace

std::string name_of_original(const Job& job) {
  return job.input.migration.path.filename().generic_string();
}

std::optional<std::vector<std::string>> names_of(const Job& job, const std::vector<Piece>& pieces) {
  std::vector<std::string> labels;
  for (std::size_t i = 1; i < pieces.size(); ++i) labels.push_back(label_of(pieces[i]));
  if (!job.files.begin.empty()) return labels;  // they become ids
  if (job.files.tool != nullptr)
    return version_names(*job.files.tool, job.input.migration.path, job.input.folder, labels);
  return new_names(name_of_original(job), job.input.folder, labels);
}

FixedMigration files_of(const Job& job, const std::vector<Piece>& pieces, const std::string& down,
                        const std::vector<std::string>& names, const Notes& notes) {
  FixedMigration result{.files = {}, .fixes = notes.fixes(), .left = notes.left()};
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    result.files.push_back({.name = i == 0 ? name_of_original(job) : names[i - 1],
                            .text = text_with_way_back(job, pieces[i], down, i == 0),
                            .phase = pieces[i].phase});
  }
  if (job.files.tool != nullptr && !result.fixes.empty()) {
    add_ways_back(job, result, names);
    add_settings(job, result, pieces);
    result.then = job.files.tool->then;
  }
  if (result.fixes.empty()) result.files.front().text = job.input.migration.source.written();
  return result;
}

}  // namespace pgsluice::fix
