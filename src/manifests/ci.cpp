// SPDX-License-Identifier: Apache-2.0
#include "manifests/ci.hpp"

#include <algorithm>
#include <cctype>

#include "base/embedded.hpp"
#include "base/text.hpp"
#include "manifests/template.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

void expect_plain(std::string_view option, const std::string& text, std::string_view others) {
  const auto is_plain = [&](unsigned char c) {
    return std::isalnum(c) != 0 || others.find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!text.empty() && text.front() != '-' && std::ranges::all_of(text, is_plain)) return;
  throw Error(ExitCode::usage,
              cat(option, " \"", printable_line(text), "\" has characters that do not belong there"));
}

/// "owner/name", by which GitHub finds an action.
std::string action_of(const std::string& source) {
  constexpr std::string_view home = "https://github.com/";
  if (!source.starts_with(home)) {
    throw Error(ExitCode::usage,
                cat("--source ", source, " is not on github.com, where workflows find actions"),
                "For example: --source https://github.com/OWNER/pgsluice, a fork too.");
  }
  std::string name = source.substr(home.size());
  if (name.ends_with(".git")) name.resize(name.size() - std::string_view(".git").size());
  return name;
}

std::string text_of(std::string_view path, const TemplateContext& context) {
  for (const EmbeddedFile& file : embedded_templates()) {
    if (file.path == path) return fill_in(file.contents, context);
  }
  throw Error(ExitCode::bug, cat("there is no template ", path));
}

}  // namespace

std::vector<ManifestFile> ci_files(CiSystem system, const CiOptions& options) {
  expect_plain("--migrations", options.folder, "._/-");
  expect_plain("--source", options.source, "._/:@~+-");
  expect_plain("--revision", options.revision, "._/-");
  TemplateContext context;
  context.values = {{"folder", options.folder}, {"source", options.source}, {"revision", options.revision}};
  switch (system) {
    case CiSystem::github:
      context.values.emplace("action", action_of(options.source));
      return {{.path = ".github/workflows/migrations.yml", .text = text_of("ci/github.yaml", context)}};
    case CiSystem::gitlab:
      return {{.path = ".gitlab/pgsluice.yml", .text = text_of("ci/gitlab.yaml", context)},
              {.path = ".gitlab-ci.yml", .text = text_of("ci/gitlab-include.yaml", context), .once = true}};
    case CiSystem::pre_commit:
      return {
          {.path = ".pre-commit-config.yaml", .text = text_of("ci/pre-commit.yaml", context), .once = true}};
  }
  return {};
}

}  // namespace pgsluice
