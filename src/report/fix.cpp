// SPDX-License-Identifier: Apache-2.0
#include "report/fix.hpp"

#include "base/diff.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "base/version.hpp"

namespace pgsluice {
namespace {

Style style_of(std::string_view line) {
  if (line.starts_with("--- ") || line.starts_with("+++ ")) return Style::heading;
  if (line.starts_with("@@")) return Style::info;
  if (line.starts_with("+")) return Style::good;
  return line.starts_with("-") ? Style::error : Style::plain;
}

std::string painted(const std::string& diff, const Painter& paint) {
  std::string out;
  for (const std::string_view line : lines(diff)) out += paint(style_of(line), printable(line)) + "\n";
  return out;
}

std::string_view original_of(const FixedPath& migration, std::size_t file) {
  return file == 0 ? std::string_view(migration.original) : std::string_view();
}

std::string findings_of(const std::vector<std::string>& findings) {
  return findings.empty() ? std::string() : cat(" (", join(findings, ", "), ")");
}

std::string place(const FixedPath& migration, int line) {
  return cat(printable_line(migration.path_of(migration.result.files.front())), ":", std::to_string(line),
             ": ");
}

OrderedJson to_json(const AppliedFix& fix) {
  return {{"fix", fix.kind},
          {"line", fix.line},
          {"relation", fix.relation.empty() ? OrderedJson() : OrderedJson(fix.relation.quoted())},
          {"findings", fix.findings}};
}

OrderedJson to_json(const FixedPath& migration) {
  OrderedJson files = OrderedJson::array();
  for (std::size_t i = 0; i < migration.result.files.size(); ++i) {
    const FixedFile& file = migration.result.files[i];
    files.push_back({{"path", migration.path_of(file)},
                     {"new", i > 0},
                     {"changed", original_of(migration, i) != file.text},
                     {"phase", to_string(file.phase)},
                     {"text", file.text}});
  }
  OrderedJson fixes = OrderedJson::array();
  for (const AppliedFix& fix : migration.result.fixes) fixes.push_back(to_json(fix));
  OrderedJson left = OrderedJson::array();
  for (const LeftAlone& one : migration.result.left)
    left.push_back({{"line", one.line}, {"finding", one.finding}, {"reason", one.reason}});
  return {{"path", migration.path_of(migration.result.files.front())},
          {"files", std::move(files)},
          {"fixes", std::move(fixes)},
          {"left", std::move(left)},
          {"then", migration.result.then}};
}

}  // namespace

std::string FixedPath::path_of(const FixedFile& file) const {
  if (folder.empty()) return file.name;
  const std::filesystem::path path = folder / file.name;
  return (file.name.starts_with("../") ? path.lexically_normal() : path).generic_string();
}

std::string fix_diff(const std::vector<FixedPath>& migrations, const Painter& paint, bool for_people) {
  std::string out;
  for (const FixedPath& migration : migrations) {
    for (std::size_t i = 0; i < migration.result.files.size(); ++i) {
      const FixedFile& file = migration.result.files[i];
      const std::string name = printable_line(migration.path_of(file));
      const std::string diff =
          unified_diff(i == 0 ? name : "/dev/null", name, original_of(migration, i), file.text);
      out += for_people ? painted(diff, paint) : diff;
    }
  }
  return out;
}

std::string fix_notes(const std::vector<FixedPath>& migrations, const Painter& paint) {
  std::string out;
  for (const FixedPath& migration : migrations) {
    for (const AppliedFix& fix : migration.result.fixes) {
      out += cat(place(migration, fix.line), paint(Style::good, fix.kind), fix.relation.empty() ? "" : " ",
                 printable_line(fix.relation.quoted()), findings_of(fix.findings), "\n");
    }
    for (const LeftAlone& one : migration.result.left) {
      out += cat(place(migration, one.line), paint(Style::warning, "left alone"), " ",
                 printable_line(one.finding), ": ", printable_line(one.reason), "\n");
    }
    if (!migration.result.then.empty())
      out += cat(printable_line(migration.path_of(migration.result.files.front())), ": ",
                 paint(Style::warning, "then"), " ", migration.result.then, "\n");
  }
  return out;
}

std::string fix_json(const std::vector<FixedPath>& migrations, int pg_version) {
  OrderedJson all = OrderedJson::array();
  std::size_t fixes = 0;
  std::size_t left = 0;
  for (const FixedPath& migration : migrations) {
    fixes += migration.result.fixes.size();
    left += migration.result.left.size();
    if (!migration.result.fixes.empty() || !migration.result.left.empty()) all.push_back(to_json(migration));
  }
  return dump_pretty({{"schema", 1},
                      {"tool", {{"name", "pgsluice"}, {"version", k_version}}},
                      {"pg_version", pg_version},
                      {"migrations", std::move(all)},
                      {"summary", {{"migrations", migrations.size()}, {"fixes", fixes}, {"left", left}}}});
}

}  // namespace pgsluice
