// SPDX-License-Identifier: Apache-2.0
#pragma once

// The files that let a forge, or git itself, lint what is about to be merged, from templates/ci. Pure: options in, files out.

#include <string>
#include <vector>

#include "manifests/argocd.hpp"

namespace pgsluice {

enum class CiSystem { github, gitlab, pre_commit };

struct CiOptions {
  std::string folder = "migrations";
  std::string source;    ///< Git repository of pgsluice
  std::string revision;  ///< branch or tag of it
};

/// Throws Error(usage) for what would mean something else in YAML or in a shell.
std::vector<ManifestFile> ci_files(CiSystem system, const CiOptions& options);

}  // namespace pgsluice
