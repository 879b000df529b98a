// SPDX-License-Identifier: Apache-2.0
// pgsluice init: writes what others need to run it.

#include <filesystem>
#include <iostream>

#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "cli/commands.hpp"
#include "cli/reading.hpp"
#include "gate/record.hpp"
#include "manifests/argocd.hpp"
#include "manifests/ci.hpp"

namespace pgsluice::cli {
namespace {

enum class Target { argocd, github, gitlab, pre_commit };

struct InitOptions {
  Target target = Target::argocd;
  std::string directory = "migrations";
  Conventions reading;
  std::string output;
  bool check = false;
  std::optional<std::chrono::milliseconds> deadline;
  ArgocdOptions argocd;
  CiOptions ci;
};

enum class Found { same, missing, other };

Found look_at(const std::filesystem::path& path, const ManifestFile& file) {
  if (!std::filesystem::exists(path)) return Found::missing;
  return file.once || read_file(path) == file.text ? Found::same : Found::other;
}

void write(const std::filesystem::path& path, const ManifestFile& file) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) {
    throw Error(ExitCode::usage, cat("cannot make the folder ", printable_line(path.parent_path().string()),
                                     ": ", error.message()));
  }
  write_file(path, file.text);
}

void expect_given(std::string_view option, const std::string& value, std::string_view target) {
  if (!value.empty()) return;
  throw Error(ExitCode::usage, cat(option, " is required for init ", target), "See pgsluice init --help.");
}

std::vector<std::string> words_of(const Conventions& reading) {
  std::vector<std::string> words;
  if (!reading.tool.empty()) words.insert(words.end(), {"--tool", reading.tool});
  for (const auto& [name, value] : reading.placeholders)
    words.insert(words.end(), {"--placeholder", cat(name, "=", value)});
  return words;
}

std::vector<ManifestFile> argocd_files(InitOptions& options) {
  expect_given("--app", options.argocd.app, "argocd");
  expect_given("--release", options.argocd.release, "argocd");
  expect_given("--image", options.argocd.image, "argocd");
  const std::vector<Migration> migrations = discover(options.directory, options.reading);
  options.argocd.digest = bundle_digest(migrations);
  options.argocd.reading = words_of(options.reading);
  options.argocd.deadline = options.deadline.value_or(options.argocd.deadline);
  return argocd_manifests(options.argocd, migrations);
}

std::vector<ManifestFile> files_for_ci(InitOptions& options) {
  const bool github = options.target == Target::github;
  const bool gitlab = options.target == Target::gitlab;
  expect_given("--source", options.ci.source, github ? "github" : gitlab ? "gitlab" : "pre-commit");
  options.ci.folder = options.directory;
  return ci_files(github ? CiSystem::github : gitlab ? CiSystem::gitlab : CiSystem::pre_commit, options.ci);
}

/// A file of the user's that other things stand in as well: what is missing there is for the user to add.
bool lacks_us(const std::filesystem::path& path, const ManifestFile& file) {
  return file.once && read_file(path).find("pgsluice") == std::string::npos;
}

void say(std::string_view word, const std::filesystem::path& path) {
  std::cout << word << ' ' << printable_line(path.string()) << '\n';
}

/// The guard is a patch of a Deployment that only its owner knows.
void tell_unused_guard(const InitOptions& options) {
  if (options.target != Target::argocd || !options.argocd.application.empty()) return;
  std::cout << "nothing uses base/guard.yaml yet: name the Kustomize folder of the application with "
               "--application, or "
               "patch it into its Deployment yourself, so that pods wait for their migrations\n";
}

ExitCode write_files(const std::vector<ManifestFile>& files, const InitOptions& options,
                     const GlobalOptions& global) {
  bool stale = false;
  for (const ManifestFile& file : files) {
    const std::filesystem::path path = std::filesystem::path(options.output) / file.path;
    const Found found = look_at(path, file);
    const bool to_add = options.target != Target::argocd && found == Found::same && lacks_us(path, file);
    if (found == Found::same && !to_add) continue;
    stale = true;
    if (!options.check && !to_add) write(path, file);
    if (global.quiet) continue;
    say(to_add                    ? "add this to"
        : !options.check          ? "wrote"
        : found == Found::missing ? "missing"
                                  : "stale",
        path);
    if (to_add) std::cout << file.text;
  }
  if (!stale && !global.quiet) std::cout << "everything is up to date\n";
  if (stale && !global.quiet) tell_unused_guard(options);
  return options.check && stale ? ExitCode::findings : ExitCode::ok;
}

ExitCode run_init(InitOptions options, const GlobalOptions& global) {
  const bool argocd = options.target == Target::argocd;
  if (options.output.empty()) options.output = argocd ? "deploy" : ".";
  return write_files(argocd ? argocd_files(options) : files_for_ci(options), options, global);
}

void add_names(CLI::App& app, ArgocdOptions& options) {
  app.add_option("--app", options.app, "application: the label app.kubernetes.io/name of its workloads")
      ->type_name("NAME");
  app.add_option("--release", options.release, "version of the application that is deployed with these files")
      ->type_name("VERSION");
  app.add_option("--image", options.image, "image of the hooks and the guard: pgsluice, with /migrations")
      ->type_name("IMAGE");
  app.add_option("--namespace", options.name_space, "where the application runs (default: its name)")
      ->type_name("NAME");
  app.add_option("--cluster", options.cluster, "CloudNativePG Cluster with its database (default: APP-db)")
      ->type_name("NAME");
  app.add_option("--database", options.database, "database, and its owner (default: the application's name)")
      ->type_name("NAME");
  app.add_option("--secret", options.secret,
                 "Secret with username and password of the role that migrates (default: CLUSTER-migrator)")
      ->type_name("NAME");
}

void add_shapes(CLI::App& app, ArgocdOptions& options) {
  using Shape = ArgocdOptions::Shape;
  using HookKind = ArgocdOptions::HookKind;
  using MigrationsIn = ArgocdOptions::MigrationsIn;
  add_choice<Shape>(app, "--shape", options.shape, {{"presync", Shape::presync}, {"sync", Shape::sync}},
                    "when the hook runs: before the sync, or in it, at wave -1, as a first install needs");
  add_choice<HookKind>(app, "--hook-kind", options.hook_kind,
                       {{"job", HookKind::job}, {"pod", HookKind::pod}},
                       "what the hook is; of a Pod, Argo CD shows the last message");
  add_choice<MigrationsIn>(app, "--migrations-in", options.migrations_in,
                           {{"image", MigrationsIn::image}, {"configmap", MigrationsIn::config_map}},
                           "where the hook has the migrations from");
  app.add_flag("--postsync", options.postsync,
               "a PostSync hook as well, which tries the contract steps of this release");
}

void add_places(CLI::App& app, InitOptions& options) {
  app.add_option("--migrations", options.directory, "folder of migrations")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--output", options.output,
                 "folder to write to (default: deploy for argocd, else the current one)")
      ->type_name("DIR");
  app.add_option(
         "--application", options.argocd.application,
         "Kustomize folder of the application, seen from base/: the guard is patched into its Deployment")
      ->type_name("DIR");
  app.add_option("--overlay", options.argocd.overlays,
                 "stages, in the order in which a release reaches them; may be repeated")
      ->type_name("NAME")
      ->default_str("staging production");
  app.add_option("--repository", options.argocd.repository, "Git repository that Argo CD reads")
      ->type_name("URL")
      ->capture_default_str();
  app.add_option("--path", options.argocd.path, "where in it the output is")
      ->type_name("DIR")
      ->capture_default_str();
}

void add_ci(CLI::App& app, CiOptions& options) {
  app.add_option("--source", options.source, "Git repository that CI gets pgsluice from")->type_name("URL");
  app.add_option("--revision", options.revision, "branch or tag of it")
      ->type_name("REF")
      ->default_str(options.revision);
}

}  // namespace

Runner add_init(CLI::App& app) {
  const auto options = std::make_shared<InitOptions>();
  add_choice<Target>(app, "TARGET", options->target,
                     {{"argocd", Target::argocd},
                      {"github", Target::github},
                      {"gitlab", Target::gitlab},
                      {"pre-commit", Target::pre_commit}},
                     "what to write: for Argo CD, or to lint in CI")
      ->required();
  options->ci.revision = cat("v", k_version);
  add_names(app, options->argocd);
  add_places(app, *options);
  add_reading(app, options->reading);
  add_shapes(app, options->argocd);
  add_ci(app, options->ci);
  add_duration(app, "--deadline", options->deadline,
               "activeDeadlineSeconds of a hook, which ends by itself before (default 1h)");
  app.add_flag("--check", options->check, "write nothing; end with 1 when something would be written");
  return [options](const GlobalOptions& global) { return run_init(*options, global); };
}

}  // namespace pgsluice::cli
