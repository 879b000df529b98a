// SPDX-License-Identifier: Apache-2.0
#include "findings/baseline.hpp"

#include <algorithm>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace pgsluice {
namespace {

namespace fs = std::filesystem;

BaselineEntry read_entry(const Json& json, const JsonPlace& place) {
  expect_object(json, place, {"finding", "path", "fingerprint"});
  return {.finding = get_string(json, "finding", place),
          .path = get_string(json, "path", place),
          .fingerprint = get_string(json, "fingerprint", place)};
}

}  // namespace

Baseline Baseline::load(const fs::path& file) {
  Baseline baseline;
  baseline.file_ = file;
  const JsonPlace place{.file = printable_line(file.string()), .pointer = {}};
  const Json json = parse_json(read_file(file), place.file);
  expect_object(json, place, {"schema", "findings"});
  if (find_integer(json, "schema", place) != 1) {
    json_error(place / "schema", "is not 1: this is no baseline that lint has written",
               "Write it with lint --baseline FILE --write-baseline.");
  }
  const Json& entries = get_member(json, "findings", place);
  expect_array(entries, place / "findings");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    BaselineEntry entry = read_entry(entries[i], place / "findings" / i);
    std::string fingerprint = entry.fingerprint;
    baseline.left_.emplace(std::move(fingerprint), std::move(entry));
  }
  return baseline;
}

void Baseline::mark(FileAnalysis& file) {
  const std::string path = path_seen_from(parent_folder(file_), file.migration.path);
  seen_.insert(path);
  for (Finding& finding : file.findings) {
    if (finding.allowed) continue;
    const auto [first, last] = left_.equal_range(finding.fingerprint);
    if (first == last) continue;
    // That of the same file rather than one that has moved here from another.
    const auto same = std::find_if(first, last, [&](const auto& entry) { return entry.second.path == path; });
    left_.erase(same == last ? first : same);
    finding.allowed = cat("known to the baseline ", file_.generic_string());
    finding.in_baseline = true;
  }
}

std::vector<BaselineEntry> Baseline::stale() const {
  std::vector<BaselineEntry> entries;
  for (const auto& [fingerprint, entry] : left_) {
    std::error_code error;
    const bool gone = entry.path != "-" && !fs::exists(parent_folder(file_) / entry.path, error);
    if (gone || seen_.contains(entry.path)) entries.push_back(entry);
  }
  std::ranges::stable_sort(entries, {}, &BaselineEntry::path);
  return entries;
}

}  // namespace pgsluice
