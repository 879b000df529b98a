// SPDX-License-Identifier: Apache-2.0
#include "manifests/argocd.hpp"

#include <algorithm>
#include <set>

#include "base/base64.hpp"
#include "base/embedded.hpp"
#include "base/files.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "manifests/template.hpp"
#include "manifests/yaml.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_templates = "argocd/";
/// Every way in which the program ends badly: contract of the command line.
constexpr std::string_view k_exit_codes = "2, 3, 4, 10, 11, 12, 13, 14, 15, 16, 17, 18, 70, 130, 143";
/// What etcd takes is 1 MiB, with the names and everything else.
constexpr std::size_t k_largest_config_map = 1'000'000;
constexpr std::size_t k_longest_name = 63;
/// "-migrations-" and twelve digits behind the name of the application.
constexpr std::size_t k_longest_app = k_longest_name - 24;

bool is_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
  });
}

constexpr std::string_view k_capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool ends_well(std::string_view text) {
  constexpr std::string_view inner = "-._";
  return !text.empty() && inner.find(text.front()) == std::string_view::npos &&
         inner.find(text.back()) == std::string_view::npos;
}

std::string in_quotes(std::string_view text) {
  return cat("\"", printable_line(text), "\"");
}

void expect_name(std::string_view option, const std::string& name, std::size_t longest) {
  if (ends_well(name) && is_of(name, "-") && name.size() <= longest) return;
  throw Error(
      ExitCode::usage, cat(option, " ", in_quotes(name), " is no name for Kubernetes"),
      cat("At most ", std::to_string(longest), " of a-z, 0-9 and -, which does not begin or end with -."));
}

void expect_chars(std::string_view option, const std::string& text, std::string_view others) {
  if (!text.empty() && is_of(text, cat(k_capitals, others))) return;
  throw Error(ExitCode::usage, cat(option, " ", in_quotes(text), " has characters that do not belong there"));
}

void expect_sound(const ArgocdOptions& options) {
  expect_name("--app", options.app, k_longest_app);
  expect_name("--namespace", options.name_space, k_longest_name);
  expect_name("--cluster", options.cluster, k_longest_name - 4);
  expect_name("--secret", options.secret, k_longest_name);
  for (const std::string& overlay : options.overlays) expect_name("--overlay", overlay, k_longest_app);
  expect_chars("--image", options.image, "._/:@-");
  expect_chars("--path", options.path, "._/-");
  expect_chars("--repository", options.repository, "._/:@~+-");
  if (!options.application.empty()) expect_chars("--application", options.application, "._/-");
  expect_chars("--release", options.release, "._-");
  if (!ends_well(options.release) || options.release.size() > k_longest_name) {
    throw Error(ExitCode::usage,
                cat("--release ", in_quotes(options.release), " is no value for a label of Kubernetes"));
  }
}

ArgocdOptions completed(ArgocdOptions options) {
  if (options.name_space.empty()) options.name_space = options.app;
  if (options.cluster.empty()) options.cluster = options.app + "-db";
  if (options.database.empty()) options.database = options.app;
  if (options.secret.empty()) options.secret = options.cluster + "-migrator";
  expect_sound(options);
  return options;
}

/// Names of PostgreSQL roles without quotes: as the application, with underscores.
std::string role_of(const ArgocdOptions& options) {
  return cat(replace_all(options.app, "-", "_"), "_migrator");
}

// ---- migrations in a ConfigMap -------------------------------------------------------------------------------------

/// A key of a ConfigMap may not have a slash; which file it is, the items of the volume say.
std::string key_of(const std::string& id, std::set<std::string>& taken) {
  std::string key;
  for (const char c : id) key += is_of(std::string_view(&c, 1), cat(k_capitals, "._-")) ? c : '_';
  while (!taken.insert(key).second) key += '_';
  return key;
}

bool fits_block(std::string_view text) {
  const bool plain = printable(text) == text && text.find('\t') == std::string_view::npos;
  constexpr std::string_view no_character = "\xEF\xBF\xBE";  // U+FFFE, which YAML does not take as it is
  return plain && text.find(no_character) == std::string_view::npos && text.ends_with('\n') &&
         !text.ends_with("\n\n") && text.front() != ' ' && text.front() != '\n';
}

/// Readable where YAML's literal form keeps every byte, quoted elsewhere.
std::string yaml_value(std::string_view text) {
  if (text.empty() || !fits_block(text)) return cat(" ", yaml_quoted(text), "\n");
  std::string block = " |\n";
  for (const std::string_view line : split(text.substr(0, text.size() - 1), '\n')) {
    block += line.empty() ? std::string("\n") : cat("  ", line, "\n");
  }
  return block;
}

/// A byte order mark, or bytes that are no UTF-8: what the guard's digest is made of must arrive as it is.
bool is_binary(const Migration& migration) {
  const std::string_view text = migration.source.written();
  return first_invalid_utf8(text) || (!migration.sha256.empty() && sha256_hex(text) != migration.sha256);
}

void add_migrations(const std::vector<Migration>& migrations, TemplateContext& context) {
  std::set<std::string> taken;
  std::string files;
  std::string binary;
  std::string items;
  for (const Migration& migration : migrations) {
    const std::string key = key_of(migration.id, taken);
    if (is_binary(migration)) {
      binary += cat(yaml_quoted(key), ": ", base64(read_file(migration.path)), "\n");
    } else {
      files += cat(yaml_quoted(key), ":", yaml_value(std::string(migration.source.written())));
    }
    items += cat("- {key: ", yaml_quoted(key), ", path: ", yaml_quoted(migration.id), "}\n");
  }
  if (const std::size_t size = files.size() + binary.size(); size > k_largest_config_map) {
    throw Error(ExitCode::usage,
                cat("the migrations are too large for a ConfigMap: ", std::to_string(size), " bytes"),
                "Put them into the image: --migrations-in image.");
  }
  context.data["files"] = files.empty() ? "{}\n" : files;
  context.data["binary"] = binary;
  if (!binary.empty()) context.words.insert("binary");
  context.data["items"] = items.empty() ? "[]\n" : items;
}

// ---- the whole -------------------------------------------------------------------------------------------------------

void add_fleet(const ArgocdOptions& options, TemplateContext& context) {
  std::string fleet;
  std::string steps;
  for (const std::string& overlay : options.overlays) {
    fleet += cat("- {name: ", yaml_scalar(overlay), ", server: \"https://kubernetes.default.svc\"}\n");
    steps += cat("- matchExpressions:\n    - {key: pgsluice/stage, operator: In, values: [",
                 yaml_scalar(overlay), "]}\n");
  }
  context.texts["fleet"] = fleet.empty() ? "[]\n" : fleet;
  context.texts["steps"] = steps.empty() ? "[]\n" : steps;
}

TemplateContext context_of(const ArgocdOptions& options, const std::vector<Migration>& migrations) {
  constexpr std::size_t short_digest = 12;
  constexpr std::chrono::milliseconds most_reserve{120'000};
  const auto budget = options.deadline - std::min(options.deadline / 10, most_reserve);
  TemplateContext context;
  context.values = {
      {"app", options.app},
      {"namespace", options.name_space},
      {"image", options.image},
      {"release", yaml_quoted(options.release)},
      {"cluster", options.cluster},
      {"database", yaml_quoted(options.database)},
      {"owner", yaml_quoted(options.database)},
      {"secret", options.secret},
      {"role", role_of(options)},
      {"application", options.application},
      {"repository", yaml_quoted(options.repository)},
      {"path", options.path},
      {"deadline", std::to_string(options.deadline.count() / 1000)},
      {"budget", format_duration(budget)},
      {"exit_codes", std::string(k_exit_codes)},
      {"needs", options.digest},
      {"digest", options.digest.substr(options.digest.find(':') + 1).substr(0, short_digest)},
  };
  context.names = {"app", "namespace", "image", "cluster", "secret", "role", "application"};
  context.words = {options.shape == ArgocdOptions::Shape::presync ? "presync" : "sync",
                   options.hook_kind == ArgocdOptions::HookKind::job ? "job" : "pod"};
  if (options.migrations_in == ArgocdOptions::MigrationsIn::config_map) context.words.insert("configmap");
  if (options.postsync) context.words.insert("postsync");
  if (!options.application.empty()) context.words.insert("application");
  if (context.words.count("configmap") > 0) add_migrations(migrations, context);
  add_fleet(options, context);
  for (const std::string& word : options.reading)
    context.data["reading"] += cat("- ", yaml_quoted(word), "\n");
  if (!options.reading.empty()) context.words.insert("reading");
  for (const EmbeddedFile& file : embedded_templates()) {
    constexpr std::string_view parts = "argocd/parts/";
    if (!file.path.starts_with(parts)) continue;
    std::string_view name = file.path.substr(parts.size());
    name.remove_suffix(std::string_view(".yaml").size());
    context.texts.emplace(name, file.contents);
  }
  return context;
}

bool is_wanted(std::string_view path, const TemplateContext& context) {
  if (path.starts_with("parts/") || path.starts_with("overlay/")) return false;
  if (path == "base/migrations.yaml") return context.words.count("configmap") > 0;
  if (path == "base/hook-postsync.yaml") return context.words.count("postsync") > 0;
  return true;
}

}  // namespace

std::vector<ManifestFile> argocd_manifests(const ArgocdOptions& given,
                                           const std::vector<Migration>& migrations) {
  const ArgocdOptions options = completed(given);
  const TemplateContext context = context_of(options, migrations);
  std::vector<ManifestFile> files;
  for (const EmbeddedFile& file : embedded_templates()) {
    if (!file.path.starts_with(k_templates)) continue;
    const std::string path(file.path.substr(k_templates.size()));
    if (is_wanted(path, context)) files.push_back({.path = path, .text = fill_in(file.contents, context)});
    if (path != "overlay/kustomization.yaml") continue;
    for (const std::string& overlay : options.overlays) {
      files.push_back({.path = cat("overlays/", overlay, "/kustomization.yaml"),
                       .text = fill_in(file.contents, context),
                       .once = true});
    }
  }
  return files;
}

}  // namespace pgsluice
