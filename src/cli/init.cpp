// SPDX-License-Identifier: Apache-2.0
// pgsluice init: writes what others need to run it.

#include <filesystem>
#include <iostream>

#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "gate/record.hpp"
#include "manifests/argocd.hpp"

namespace pgsluice::cli {
namespace {

enum class Target { argocd };

struct InitOptions {
  Target target = Target::argocd;
  std::string directory = "migrations";
  std::string output = "deploy";
  bool check = false;
  std::optional<std::chrono::milliseconds> deadline;
  ArgocdOptions argocd;
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

ExitCode run_init(InitOptions options, const GlobalOptions& global) {
  const std::vector<Migration> migrations = discover(options.directory);
  options.argocd.digest = bundle_digest(migrations);
  options.argocd.deadline = options.deadline.value_or(options.argocd.deadline);
  bool stale = false;
  for (const ManifestFile& file : argocd_manifests(options.argocd, migrations)) {
    const std::filesystem::path path = std::filesystem::path(options.output) / file.path;
    const Found found = look_at(path, file);
    if (found == Found::same) continue;
    stale = true;
    if (!options.check) write(path, file);
    if (!global.quiet) {
      std::cout << (!options.check            ? "wrote "
                    : found == Found::missing ? "missing "
                                              : "stale ")
                << printable_line(path.string()) << '\n';
    }
  }
  if (!stale && !global.quiet) std::cout << "everything is up to date\n";
  return options.check && stale ? ExitCode::findings : ExitCode::ok;
}

void add_names(CLI::App& app, ArgocdOptions& options) {
  app.add_option("--app", options.app, "application: the label app.kubernetes.io/name of its workloads")
      ->type_name("NAME")
      ->required();
  app.add_option("--release", options.release, "version of the application that is deployed with these files")
      ->type_name("VERSION")
      ->required();
  app.add_option("--image", options.image, "image of the hooks and the guard: pgsluice, with /migrations")
      ->type_name("IMAGE")
      ->required();
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
  app.add_option("--output", options.output, "folder to write to")->type_name("DIR")->capture_default_str();
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

}  // namespace

Runner add_init(CLI::App& app) {
  const auto options = std::make_shared<InitOptions>();
  add_choice<Target>(app, "TARGET", options->target, {{"argocd", Target::argocd}}, "what to write")
      ->required();
  add_names(app, options->argocd);
  add_places(app, *options);
  add_shapes(app, options->argocd);
  add_duration(app, "--deadline", options->deadline,
               "activeDeadlineSeconds of a hook, which ends by itself before (default 1h)");
  app.add_flag("--check", options->check, "write nothing; end with 1 when something would be written");
  return [options](const GlobalOptions& global) { return run_init(*options, global); };
}

}  // namespace pgsluice::cli
