// SPDX-License-Identifier: Apache-2.0
// Prisma, Drizzle and Sqitch: what else is in the folder says which files there are and in which order.
#include <algorithm>
#include <array>
#include <map>

#include "base/contains.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "migration/tools/rows.hpp"

namespace pgsluice::tools {
namespace {

constexpr std::string_view k_breakpoint = "--> statement-breakpoint";
constexpr std::string_view k_journal = "meta/_journal.json";
constexpr std::string_view k_plan = "sqitch.plan";

bool is_in_own_folder(std::string_view file) {
  return base_name(file) == "migration.sql" && !folder_of(file).empty();
}

bool has_own_folders(const Layout& layout) {
  return std::ranges::any_of(layout.files, [](const std::string& file) { return is_in_own_folder(file); });
}

/// By the names of the folders, as text.
Files by_folder(const Layout& layout) {
  Files files = select(layout, is_in_own_folder);
  std::ranges::stable_sort(files, {}, [](const std::string& file) { return base_name(folder_of(file)); });
  return files;
}

// ---- Drizzle's journal

std::vector<std::string> journal_tags(const std::filesystem::path& journal) {
  std::vector<std::string> tags;
  const Json json = Json::parse(small_file(journal), nullptr, false);
  if (!json.is_object() || !json.contains("entries") || !json["entries"].is_array()) return tags;
  for (const Json& entry : json["entries"]) {
    if (entry.is_object() && entry.contains("tag") && entry["tag"].is_string()) tags.push_back(entry["tag"]);
  }
  return tags;
}

/// A word of psql's: 'a word' has quotes that are not part of it.
std::string_view unquoted(std::string_view word) {
  const bool quoted = word.size() > 1 && word.front() == '\'' && word.back() == '\'';
  return quoted ? word.substr(1, word.size() - 2) : word;
}

// ---- Sqitch's plan: App::Sqitch::Plan

struct PlannedChange {
  std::string name;
  std::string file;  ///< without .sql; a change that is reworked later has the tag before that in its name
};

std::vector<PlannedChange> read_plan(const std::string& text) {
  std::vector<PlannedChange> changes;
  std::map<std::string, std::size_t, std::less<>> last;
  std::vector<std::pair<std::size_t, std::string>> tags;  // how many changes stand before each
  for (const std::string_view raw : lines(text)) {
    const std::string_view line = trim(raw.substr(0, raw.find('#')));
    if (line.empty() || line.starts_with('%') || line.starts_with('-')) continue;
    const std::string_view word = line.substr(0, line.find_first_of(" \t["));
    if (word.starts_with('@')) {
      tags.emplace_back(changes.size(), word);
      continue;
    }
    const std::string name(word.starts_with('+') ? trim(line.substr(1, line.find_first_of(" \t[", 1) - 1))
                                                 : word);
    if (const auto before = last.find(name); before != last.end()) {
      for (const auto& [count, tag] : tags) {
        if (count <= before->second) continue;
        changes[before->second].file += tag;
        break;
      }
    }
    last[name] = changes.size();
    changes.push_back({.name = name, .file = name});
  }
  return changes;
}

/// The folder of deploy scripts, as the layout's files have it; none: it is no project of Sqitch.
struct Project {
  bool found = false;
  std::string plan;
  std::string deploy;
};
Project sqitch_project(const Layout& layout) {
  for (const std::string& file : layout.files) {
    if (base_name(file) != k_plan) continue;
    const std::string folder = folder_of(file).empty() ? std::string() : cat(folder_of(file), "/");
    return {.found = true, .plan = small_file(layout.directory / file), .deploy = folder + "deploy/"};
  }
  std::error_code error;
  const std::filesystem::path here = std::filesystem::absolute(layout.directory, error).lexically_normal();
  const std::filesystem::path folder = here.has_filename() ? here : here.parent_path();
  if (folder.filename() != "deploy") return {};
  const std::string plan = small_file(folder.parent_path() / k_plan);
  return {.found = !plan.empty(), .plan = plan, .deploy = {}};
}

}  // namespace

// ---- Prisma: schema-engine sends a file to the server in one piece

bool is_prisma_layout(const Layout& layout) {
  return has_own_folders(layout) && !has_file(layout, "snapshot.json");
}

Files prisma_files(const Layout& layout) {
  return by_folder(layout);
}

void read_as_message(const FileContext& /*file*/, Draft& draft) {
  draft.add_block(draft.whole(), FileTransaction::message);
}

// ---- Drizzle: drizzle-orm/src/migrator.ts, pg-core/dialect.ts

bool is_drizzle_layout(const Layout& layout) {
  return has_file(layout, k_journal) || (has_own_folders(layout) && has_file(layout, "snapshot.json"));
}

bool is_drizzle_text(std::string_view text) {
  return contains(text, k_breakpoint);
}

Files drizzle_files(const Layout& layout) {
  if (!has_file(layout, k_journal)) return by_folder(layout);
  Files files;
  for (const std::string& file : layout.files) {
    if (!file.ends_with(k_journal)) continue;
    const std::string folder = file.substr(0, file.size() - k_journal.size());
    for (const std::string& tag : journal_tags(layout.directory / file)) {
      std::string name = cat(folder, tag, ".sql");
      if (std::ranges::find(layout.files, name) != layout.files.end()) files.push_back(std::move(name));
    }
  }
  return files;
}

void read_drizzle(const FileContext& /*file*/, Draft& draft) {
  const std::string text = draft.text();
  for (std::size_t at = text.find(k_breakpoint); at != std::string::npos;
       at = text.find(k_breakpoint, at + 1)) {
    draft.end_statement({.begin = at, .end = at + k_breakpoint.size()});
  }
  draft.add_block(draft.whole(), FileTransaction::one);
}

// ---- Sqitch: psql runs the scripts, and they have their own BEGIN and COMMIT

bool is_sqitch_layout(const Layout& layout) {
  return sqitch_project(layout).found;
}

bool is_sqitch_text(std::string_view text) {
  return text.starts_with("-- Deploy ");
}

Files sqitch_files(const Layout& layout) {
  const Project project = sqitch_project(layout);
  // Without a plan, or told to by --tool: what is no way back and no test.
  if (!project.found) return plain_files(layout);
  Files files;
  for (const PlannedChange& change : read_plan(project.plan)) {
    std::string name = cat(project.deploy, change.file, ".sql");
    if (std::ranges::find(layout.files, name) != layout.files.end()) files.push_back(std::move(name));
  }
  return files;
}

void read_one_by_one(const FileContext& /*file*/, Draft& draft) {
  draft.add_block(draft.whole(), FileTransaction::none);
}

/// Where psql runs a file, what it does itself and no server sees is no surprise; \set tells a placeholder.
void read_psql(const FileContext& file, Draft& draft) {
  constexpr std::array<std::string_view, 9> harmless = {"\\set",      "\\unset",      "\\echo",
                                                        "\\qecho",    "\\timing",     "\\pset",
                                                        "\\restrict", "\\unrestrict", "\\encoding"};
  for (const Line& line : lines_of(draft.text())) {
    const std::vector<std::string_view> words = split(line.text, ' ');
    if (std::ranges::find(harmless, words.front()) == harmless.end()) continue;
    if (words.front() == "\\set" && words.size() == 3) draft.values.emplace(words[1], unquoted(words[2]));
    draft.blank(line.range);
  }
  read_one_by_one(file, draft);
}

}  // namespace pgsluice::tools
