// SPDX-License-Identifier: Apache-2.0
#include "cli/receipt.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "cli/events.hpp"

namespace pgsluice::cli {
namespace {

constexpr int k_schema = 1;

/// Of all locks of a file in their order, so that two rehearsals can be compared.
std::string lock_digest(const PreviewedFile& file) {
  std::string text;
  for (const PreviewedStatement& statement : file.statements) {
    for (const auto& [name, lock] : statement.observed.locks)
      text += cat(std::to_string(statement.planned->index), " ", name, " ", lock_name(lock.mode), "\n");
  }
  return sha256_hex(text);
}

PlanProblem problem_of(const std::string& path, std::string message) {
  return {.code = ExitCode::refused,
          .path = path,
          .position = {.line = 0, .column = 0},
          .message = std::move(message),
          .hint = "Rehearse what will run: pgsluice preview DIR --receipt FILE"};
}

}  // namespace

std::string write_receipt(const Preview& preview, int pg_version, const std::string& catalog) {
  OrderedJson files = OrderedJson::array();
  for (const PreviewedFile& file : preview.files) {
    if (file.history) continue;
    files.push_back({{"id", file.analysis->migration.id},
                     {"sha256", file.analysis->migration.sha256},
                     {"statements", file.statements.size()},
                     {"locks", lock_digest(file)}});
  }
  return dump_pretty({{"schema", k_schema},
                      {"tool", {{"name", "pgsluice"}, {"version", k_version}}},
                      {"rehearsed_at", utc_now("%Y-%m-%dT%H:%M:%SZ")},
                      {"server", preview.server},
                      {"pg_version", pg_version},
                      {"catalog", catalog},
                      {"files", std::move(files)}});
}

Receipt parse_receipt(std::string_view text, std::string_view file_name) {
  const Json document = parse_json(text, file_name);
  const JsonPlace top{.file = std::string(file_name), .pointer = ""};
  if (!document.is_object() || !document.contains("rehearsed_at"))
    json_error(top, "is no receipt", "pgsluice preview DIR --receipt FILE writes one.");
  if (find_integer(document, "schema", top) != k_schema)
    json_error(top / "schema", "is not the one that this program reads, 1",
               "Rehearse anew with this pgsluice.");
  Receipt receipt{.pg_version = static_cast<int>(find_integer(document, "pg_version", top).value_or(0)),
                  .files = {}};
  const Json& files = get_member(document, "files", top);
  if (!files.is_array()) json_error(top / "files", "is no array", "");
  for (std::size_t i = 0; i < files.size(); ++i) {
    const JsonPlace place = top / "files" / std::to_string(i);
    receipt.files[get_string(files[i], "sha256", place)] = get_string(files[i], "id", place);
  }
  return receipt;
}

void expect_rehearsed(Plan& plan, const Receipt& receipt, const std::string& receipt_file, int pg_version) {
  std::vector<PlanProblem> problems;
  for (const PlannedFile& file : plan.files) {
    const Migration& migration = file.analysis.migration;
    if (file.steps.empty() || receipt.files.contains(migration.sha256)) continue;
    const bool known =
        std::ranges::any_of(receipt.files, [&](const auto& one) { return one.second == migration.id; });
    problems.push_back(problem_of(migration.path.string(),
                                  known ? cat("has changed since it was rehearsed for ", receipt_file)
                                        : cat("has not been rehearsed: it is not in ", receipt_file)));
  }
  if (plan.pending_steps() > 0 && receipt.pg_version != pg_version)
    problems.push_back(problem_of(receipt_file, cat("is of PostgreSQL ", std::to_string(receipt.pg_version),
                                                    ", and this server is ", std::to_string(pg_version))));
  plan.problems.insert(plan.problems.begin(), problems.begin(), problems.end());
}

}  // namespace pgsluice::cli
