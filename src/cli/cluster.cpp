// SPDX-License-Identifier: Apache-2.0
#include "cli/cluster.hpp"

#include <cstdlib>

#include <CLI/CLI.hpp>

#include "base/secrets.hpp"
#include "base/text.hpp"
#include "cli/options.hpp"
#include "cluster/cluster.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice::cli {
namespace {

std::vector<VersionSource> parse_sources(const std::string& text) {
  std::vector<VersionSource> sources;
  for (const std::string_view word : split(text, ',')) {
    if (word == "label") sources.push_back(VersionSource::label);
    if (word == "annotation") sources.push_back(VersionSource::annotation);
    if (word == "image") sources.push_back(VersionSource::image);
  }
  return sources;
}

std::string check_sources(const std::string& text) {
  if (parse_sources(text).size() == split(text, ',').size()) return {};
  return cat("\"", printable_line(text), "\" is no list of label, annotation and image");
}

void add_access(CLI::App& app, ClusterOptions& options) {
  app.add_option("--kube-api", options.api, "Kubernetes' API server; in a pod, its own is found")
      ->type_name("URL");
  app.add_option("--kube-token-file", options.token_file, "with --kube-api: file with the bearer token")
      ->type_name("FILE");
  app.add_option("--kube-ca", options.ca_file, "with --kube-api: certificates of its authority, PEM")
      ->type_name("FILE");
  app.add_option("--kube-namespace", options.policy.selection.name_space,
                 "namespace of the application (default: the pod's own)")
      ->type_name("NAME");
}

void add_versions(CLI::App& app, AppSelection& selection) {
  app.add_option_function<std::string>(
         "--version-from",
         [&selection](const std::string& text) { selection.version_from = parse_sources(text); },
         "what tells the version that a pod runs, first come first served")
      ->check(CLI::Validator(check_sources, ""))
      ->type_name("LIST")
      ->default_str("label,annotation,image");
  app.add_option("--version-label", selection.version_label, "label of a pod that tells its version")
      ->type_name("KEY")
      ->capture_default_str();
  app.add_option("--version-annotation", selection.version_annotation,
                 "annotation of a pod that tells its version")
      ->type_name("KEY")
      ->capture_default_str();
  app.add_option("--version-container", selection.container,
                 "container whose image's tag tells the version (default: the pod's default one)")
      ->type_name("NAME");
}

}  // namespace

void add_cluster_access(CLI::App& app, ClusterOptions& options) {
  add_access(app, options);
  app.add_option("--argo-application", options.policy.selection.argo_applications,
                 "Argo CD Application whose history must fit as well; may be repeated")
      ->type_name("NAMESPACE/NAME");
  app.add_option("--cnpg-cluster", options.backups.cluster,
                 "CloudNativePG Cluster that has the database: what destroys data needs a base backup of it "
                 "(also PGSLUICE_CNPG_CLUSTER)")
      ->envname("PGSLUICE_CNPG_CLUSTER")
      ->type_name("NAME");
}

void add_kube_job(CLI::App& app, std::string& job) {
  app.add_option(
         "--kube-job", job,
         "Job whose annotation pgsluice/status tells what the hook does, for Argo CD (also PGSLUICE_JOB)")
      ->envname("PGSLUICE_JOB")
      ->type_name("NAME");
}

void add_cluster_options(CLI::App& app, ClusterOptions& options) {
  add_cluster_access(app, options);
  add_duration(app, "--max-backup-age", options.max_backup_age, "how old that may be (default 36h)");
  app.add_option("--kube-selector", options.policy.selection.selector,
                 "labels of the application's workloads (default: app.kubernetes.io/name=APP of needs-app)")
      ->type_name("SELECTOR");
  add_versions(app, options.policy.selection);
  app.add_option("--rollback-horizon", options.policy.rollback_horizon,
                 "how many earlier revisions must fit as well")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber.description(""))
      ->capture_default_str();
}

namespace {

/// Of the pod that this runs in.
std::optional<cluster::Access> own_access() {
  return cluster::in_cluster_access([](const char* name) { return std::getenv(name); },
                                    cluster::k_service_account);
}

}  // namespace

bool is_cluster_there(const ClusterOptions& options) {
  return !options.api.empty() || own_access().has_value();
}

std::unique_ptr<Cluster> open_cluster(const ClusterOptions& options, Clock& clock,
                                      const Interrupt& interrupt) {
  std::optional<cluster::Access> access;
  if (options.api.empty()) {
    access = own_access();
    if (!access) return nullptr;
  } else {
    if (!options.api.starts_with("https://")) {
      throw Error(
          ExitCode::usage,
          cat("--kube-api ", printable_line(without_passwords(options.api)), " does not begin with https://"),
          "The token must not travel in the clear.");
    }
    if (options.token_file.empty() || options.ca_file.empty()) {
      throw Error(ExitCode::usage, "--kube-api needs --kube-token-file and --kube-ca");
    }
    access = cluster::Access{
        .peer = {.url = options.api, .token_file = options.token_file, .ca_file = options.ca_file},
        .name_space = options.policy.selection.name_space};
    while (access->peer.url.ends_with('/')) access->peer.url.pop_back();
  }
  return cluster::make_cluster(open_http(access->peer, interrupt), access->name_space, clock, interrupt, {});
}

}  // namespace pgsluice::cli
