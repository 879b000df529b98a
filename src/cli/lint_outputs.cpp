// SPDX-License-Identifier: Apache-2.0
#include "cli/lint_outputs.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <span>

#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/options.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice::cli {
namespace {

std::vector<std::string> format_names() {
  std::vector<std::string> names;
  for (const LintFormat& format : lint_formats()) names.emplace_back(format.name);
  return names;
}

const LintFormat* find_format(std::string_view name) {
  const auto formats = lint_formats();
  const auto found = std::ranges::find(formats, name, &LintFormat::name);
  return found == formats.end() ? nullptr : &*found;
}

std::string check_format(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  if (find_format(name) == nullptr) {
    return cat("\"", printable_line(name), "\" is none of ", enumerate(format_names(), " and "));
  }
  return equals + 1 == text.size() ? cat(name, "= needs the name of a file") : std::string();
}

/// One form at most may go to standard output, or to the files of --output.
const LintFormat* read_formats(const std::vector<std::string>& formats, std::vector<LintOutput>& files) {
  const LintFormat* chosen = nullptr;
  for (const std::string& text : formats) {
    const std::size_t equals = text.find('=');
    const LintFormat* format = find_format(text.substr(0, equals));
    if (equals != std::string::npos) {
      files.push_back({.format = format, .file = text.substr(equals + 1)});
    } else if (chosen != nullptr && chosen != format) {
      throw Error(ExitCode::usage,
                  cat("--format ", chosen->name, " and --format ", format->name, " for the same output"),
                  cat("Write one of them to a file: --format ", format->name, "=FILE."));
    } else {
      chosen = format;
    }
  }
  return chosen;
}

/// The second of two reports would take the place of the first.
void expect_different_files(const std::vector<LintOutput>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto before = std::span(files).first(i);
    if (std::ranges::find(before, files[i].file, &LintOutput::file) != before.end()) {
      throw Error(ExitCode::usage, cat("two reports for the file ", printable_line(files[i].file)),
                  "Each needs a file of its own.");
    }
  }
}

}  // namespace

void add_lint_outputs(CLI::App& app, std::vector<std::string>& formats, std::vector<std::string>& outputs) {
  app.add_option("--format", formats,
                 cat("form of the report: ", enumerate(format_names(), " or "),
                     "; with =FILE, one more, written to that file; may be given several times"))
      ->check(CLI::Validator(check_format, ""))
      ->type_name("FORMAT[=FILE]")
      ->default_str(std::string(lint_formats().front().name))
      ->allow_extra_args(false);
  // Behind --format: its values would be written over.
  app.add_option_function<std::string>(
         "--html", [&formats](const std::string& file) { formats.push_back(cat("html=", file)); },
         "write a page to this file, beside the report: short for --format html=FILE")
      ->check(CLI::Validator(
          [](const std::string& file) { return file.empty() ? "needs the name of a file" : std::string(); },
          ""))
      ->type_name("FILE");
  app.add_option(
         "--output", outputs,
         "write the report to this file, without --format in the form of its extension (.json, .sarif, "
         ".xml, .md, .html); may be given several times")
      ->type_name("FILE")
      ->allow_extra_args(false);
}

std::vector<LintOutput> read_lint_outputs(const std::vector<std::string>& formats,
                                          const std::vector<std::string>& outputs) {
  std::vector<LintOutput> files;
  const LintFormat* chosen = read_formats(formats, files);
  const LintFormat* preset = &lint_formats().front();
  for (const std::string& file : outputs) {
    const LintFormat* of_name = find_lint_format(file);
    files.push_back({.format = chosen != nullptr    ? chosen
                               : of_name != nullptr ? of_name
                                                    : preset,
                     .file = file});
  }
  expect_different_files(files);
  if (outputs.empty())
    files.insert(files.begin(), {.format = chosen == nullptr ? preset : chosen, .file = {}});
  return files;
}

LintOutputs::LintOutputs(std::vector<LintOutput> outputs) {
  for (LintOutput& output : outputs) {
    open_.push_back(std::make_unique<Open>());
    open_.back()->output = std::move(output);
  }
}

LintReport& LintOutputs::open(const std::function<LintSettings(int)>& settings) {
  std::vector<LintReport*> reports;
  for (const std::unique_ptr<Open>& one : open_) {
    const bool shown = one->output.file.empty();
    std::ostream& out = shown ? std::cout : one->document;
    one->report = one->output.format->make(settings(shown ? STDOUT_FILENO : -1), out);
    reports.push_back(one->report.get());
  }
  if (!baseline_.empty()) {
    baseline_report_ = make_lint_baseline(baseline_, baseline_document_);
    reports.push_back(baseline_report_.get());
  }
  if (reports.size() == 1) return *reports.front();
  all_ = make_lint_reports(std::move(reports));
  return *all_;
}

void LintOutputs::close() {
  for (const std::unique_ptr<Open>& one : open_) {
    if (!one->output.file.empty()) write_file(one->output.file, one->document.view());
  }
  if (!baseline_.empty()) write_file(baseline_, baseline_document_.view());
}

bool LintOutputs::says_it() const {
  return std::ranges::any_of(open_,
                             [](const std::unique_ptr<Open>& one) { return one->output.file.empty(); });
}

}  // namespace pgsluice::cli
