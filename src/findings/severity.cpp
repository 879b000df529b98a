// SPDX-License-Identifier: Apache-2.0
#include "findings/severity.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_any = "*";

std::optional<Severity> read_severity(std::string_view word, std::string_view text) {
  if (word == "off") return std::nullopt;
  for (const Severity severity : {Severity::info, Severity::warning, Severity::error}) {
    if (word == to_string(severity)) return severity;
  }
  throw Error(ExitCode::usage, cat("--severity ", printable_line(text), ": \"", printable_line(word),
                                   "\" is none of error, warning, info and off"));
}

void expect_finding(const std::string& name, std::string_view text, const RuleBook& rules) {
  if (name == k_any || rules.find(name) != nullptr) return;
  std::vector<std::string> names;
  for (const FindingRule& rule : rules.rules()) names.push_back(rule.name);
  const std::optional<std::string> meant = closest(name, names);
  throw Error(
      ExitCode::usage,
      cat("--severity ", printable_line(text), ": there is no finding \"", printable_line(name), "\""),
      meant ? cat("Did you mean \"", *meant, "\"?") : "pgsluice lint --list shows all of them.");
}

/// `*` is tried with as little as possible, and with more when what follows does not fit.
bool is_like(std::string_view pattern, std::string_view text) {
  std::size_t star = std::string_view::npos;
  std::size_t from = 0;
  std::size_t p = 0;
  std::size_t t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++from;
    } else {
      return false;
    }
  }
  return pattern.substr(p).find_first_not_of('*') == std::string_view::npos;
}

}  // namespace

bool matches_path(std::string_view pattern, std::string_view path) {
  if (is_like(pattern, path)) return true;
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/', slash + 1)) {
    if (is_like(pattern, path.substr(slash + 1))) return true;
  }
  return false;
}

SeverityOverrides::SeverityOverrides(const std::vector<std::string>& texts, const RuleBook& rules) {
  for (const std::string& text : texts) overrides_.push_back(read(text, rules));
}

SeverityOverrides::Override SeverityOverrides::read(std::string_view text, const RuleBook& rules) {
  const std::size_t equals = text.rfind('=');
  if (equals == std::string_view::npos) {
    throw Error(ExitCode::usage, cat("--severity ", printable_line(text), " does not say which severity"),
                "For example: unbatched-dml=off, or legacy/*:blocks-writes-during-work=warning.");
  }
  const std::string_view what = text.substr(0, equals);
  const std::size_t colon = what.rfind(':');
  Override result;
  if (colon != std::string_view::npos) result.path = trim(what.substr(0, colon));
  result.finding = trim(colon == std::string_view::npos ? what : what.substr(colon + 1));
  result.severity = read_severity(trim(text.substr(equals + 1)), text);
  expect_finding(result.finding, text, rules);
  return result;
}

void SeverityOverrides::apply(FileAnalysis& file) const {
  if (overrides_.empty()) return;
  const std::string path = file.migration.path.generic_string();
  std::vector<const Override*> here;
  for (const Override& one : overrides_) {
    if (one.path.empty() || matches_path(one.path, path)) here.push_back(&one);
  }
  if (here.empty()) return;
  std::erase_if(file.findings, [&](Finding& finding) {
    bool off = false;
    for (const Override* one : here) {
      if (one->finding != k_any && one->finding != finding.finding) continue;
      off = !one->severity;
      if (one->severity) finding.severity = *one->severity;
    }
    return off;
  });
}

RuleWorth SeverityOverrides::of(const FindingRule& rule) const {
  RuleWorth worth{.severity = rule.severity,
                  .may_be_error = rule.severity == Severity::error || !rule.error_when.empty(),
                  .elsewhere = {}};
  for (const Override& one : overrides_) {
    if (one.finding != k_any && one.finding != rule.name) continue;
    if (!one.path.empty()) {
      worth.elsewhere.push_back({.pattern = one.path, .severity = one.severity});
    } else {  // what was said before of some files counts no more
      worth = {.severity = one.severity, .may_be_error = one.severity == Severity::error, .elsewhere = {}};
    }
  }
  return worth;
}

}  // namespace pgsluice
