// SPDX-License-Identifier: Apache-2.0
#pragma once

// The manifests that let Argo CD run migrations around a release, from templates/argocd. Pure: options in, files out.

#include <chrono>
#include <string>
#include <vector>

#include "pgsluice/migration.hpp"

namespace pgsluice {

struct ArgocdOptions {
  enum class Shape { presync, sync };
  enum class HookKind { job, pod };
  enum class MigrationsIn { image, config_map };

  std::string app;
  std::string name_space;   ///< empty: as the application
  std::string image;        ///< of the hooks and of the guard
  std::string release;      ///< version of the application
  std::string cluster;      ///< CloudNativePG Cluster; empty: APP-db
  std::string database;     ///< empty: as the application
  std::string secret;       ///< with the role that migrates; empty: CLUSTER-migrator
  std::string application;  ///< Kustomize folder with the application's Deployment, seen from base/
  std::string repository = "https://git.example/deploy.git";
  std::string path = ".";  ///< of the output, in the repository
  std::vector<std::string> overlays = {"staging", "production"};
  Shape shape = Shape::presync;
  HookKind hook_kind = HookKind::job;
  MigrationsIn migrations_in = MigrationsIn::image;
  bool postsync = false;
  std::chrono::milliseconds deadline{3'600'000};
  std::string digest;  ///< of the migrations: "sha256:…"
  /// How a hook is to read the migrations: options of the command line, one word each.
  std::vector<std::string> reading;
};

struct ManifestFile {
  std::string path;  ///< relative to the output
  std::string text;
  bool once = false;  ///< belongs to the user from then on
};

/// Throws Error(usage) for names that Kubernetes would not take, and for migrations that fit into no ConfigMap.
std::vector<ManifestFile> argocd_manifests(const ArgocdOptions& options,
                                           const std::vector<Migration>& migrations);

}  // namespace pgsluice
