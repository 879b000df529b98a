// SPDX-License-Identifier: Apache-2.0
#include "cli/targets.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/toml.hpp"
#include "cluster/client.hpp"
#include "pg/conninfo.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice::cli {
namespace {

constexpr std::array<std::string_view, 4> k_places = {"database-url", "database-url-env", "database-url-file",
                                                      "service"};

/// Reads the list of a file: a section for each target.
class TargetReader {
 public:
  TargetReader(std::string file, std::string base) : file_(std::move(file)), base_(std::move(base)) {}

  std::vector<Target> read() {
    const TomlFile toml = read_toml(read_file(file_), printable_line(file_), "[shop-eu]");
    expect_sound(toml);
    std::vector<Target> targets;
    for (const TomlSection& section : toml.sections) targets.push_back(target_of(section, toml.entries));
    return targets;
  }

 private:
  static constexpr const char* k_form =
      "A target is a section with its name, such as [shop-eu], and under it one of database-url, "
      "database-url-env, "
      "database-url-file and service.";

  static std::string in_quotes(const std::string& text) { return cat("\"", printable_line(text), "\""); }
  [[noreturn]] void fail(int line, const std::string& message, const std::string& hint) const {
    throw Error(ExitCode::usage, cat(printable_line(file_), ":", std::to_string(line), ": ", message), hint);
  }

  void expect_sound(const TomlFile& toml) const {
    for (const TomlEntry& entry : toml.entries) {
      if (entry.section.empty()) fail(entry.line, "this key belongs to no target", k_form);
    }
    if (toml.sections.empty()) fail(1, "there is no target in this file", k_form);
    std::set<std::string> names;
    for (const TomlSection& section : toml.sections) {
      if (names.insert(section.name).second) continue;
      fail(section.line, cat("there are two targets ", in_quotes(section.name)),
           "Each needs a name of its own.");
    }
  }

  Target target_of(const TomlSection& section, const std::vector<TomlEntry>& entries) const {
    Target target{.name = section.name, .labels = {}, .cnpg_cluster = {}, .name_space = {}, .conninfo = {}};
    for (const TomlEntry& entry : entries) {
      if (entry.section != section.name) continue;
      if (entry.key == "labels") {
        read_labels(entry, target);
        continue;
      }
      if (std::find(k_places.begin(), k_places.end(), entry.key) == k_places.end()) {
        fail(entry.line, cat("a target has no key ", in_quotes(entry.key)), k_form);
      }
      if (target.conninfo) fail(entry.line, cat(in_quotes(section.name), " has two databases"), k_form);
      target.conninfo = conninfo_of(entry);
    }
    if (!target.conninfo)
      fail(section.line, cat("nothing says where ", in_quotes(section.name), " is"), k_form);
    return target;
  }

  void read_labels(const TomlEntry& entry, Target& target) const {
    for (const std::string& label : entry.values) {
      const std::size_t equals = label.find('=');
      if (equals == 0 || equals == std::string::npos) {
        fail(entry.line, cat("the label ", in_quotes(label), " is no key=value"),
             "Such as labels = [\"stage=production\"].");
      }
      target.labels[label.substr(0, equals)] = label.substr(equals + 1);
    }
  }

  std::function<std::string()> conninfo_of(const TomlEntry& entry) const {
    if (entry.values.size() != 1 || entry.values.front().empty()) {
      fail(entry.line, cat(entry.key, " needs one value"), k_form);
    }
    const std::string& value = entry.values.front();
    if (entry.key == "service") {
      return [base = base_, value] { return pg::conninfo_with(base, {{"service", value}}); };
    }
    if (entry.key == "database-url-env") {
      return [base = base_, value] { return over(base, of_environment(value)); };
    }
    if (entry.key == "database-url-file") {
      const std::filesystem::path path = std::filesystem::path(file_).parent_path() / value;
      return [base = base_, path] { return over(base, trim(read_file(path))); };
    }
    expect_no_password(entry, value);
    return [base = base_, value] { return over(base, value); };
  }

  static std::string over(const std::string& base, std::string_view conninfo) {
    return pg::conninfo_with(base, pg::read_conninfo(conninfo).parameters);
  }

  /// A list of databases is kept with other files and shown to others.
  void expect_no_password(const TomlEntry& entry, const std::string& value) const {
    for (const auto& [key, setting] : parameters_of(entry, value)) {
      if (key != "password" && key != "sslpassword") continue;
      fail(entry.line, cat("the database-url of ", in_quotes(entry.section), " has a password"),
           "Put it into libpq's passfile, or the whole URL into a file (database-url-file) or an environment "
           "variable (database-url-env).");
    }
  }

  pg::Parameters parameters_of(const TomlEntry& entry, const std::string& value) const {
    try {
      return pg::read_conninfo(value).parameters;
    } catch (const Error& error) {
      if (error.code() != ExitCode::usage) throw;
      fail(entry.line, error.what(), error.hint());
    }
  }

  static std::string of_environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value != nullptr && *value != '\0') return value;
    throw Error(ExitCode::usage, cat("the environment variable ", printable_line(name), " is not set"),
                "It holds where the database is, as URI or key=value.");
  }

  std::string file_;
  std::string base_;
};

/// Of its primary, by the name that the certificate has, too.
std::string conninfo_of(const DatabaseCluster& cluster, const std::string& base) {
  if (cluster.hibernated) {
    throw Error(ExitCode::unreachable, cat("the Cluster ", printable_line(cluster.name), " is hibernated"),
                "Its annotation cnpg.io/hibernation says so.");
  }
  return pg::conninfo_with(
      base, {{"host", cat(cluster.name, "-rw.", cluster.name_space, ".svc")}, {"dbname", cluster.database}});
}

}  // namespace

std::vector<Target> read_targets(const std::string& file, const std::string& base) {
  return TargetReader(file, base).read();
}

std::vector<Target> find_database_clusters(Cluster& cluster, const std::string& name_space,
                                           const std::string& selector, const std::string& base) {
  auto answer = cluster.database_clusters(name_space, selector);
  if (const auto* failure = std::get_if<ClusterFailure>(&answer)) {
    throw Error(ExitCode::precondition, failure->message, failure->hint);
  }
  std::vector<Target> targets;
  for (const DatabaseCluster& found : std::get<std::vector<DatabaseCluster>>(answer)) {
    // In all namespaces there may be two of a name.
    const bool everywhere = name_space == cluster::k_all_namespaces;
    targets.push_back({.name = everywhere ? cat(found.name_space, "/", found.name) : found.name,
                       .labels = found.labels,
                       .cnpg_cluster = found.name,
                       .name_space = found.name_space,
                       .conninfo = [found, base] { return conninfo_of(found, base); }});
  }
  if (targets.empty()) {
    throw Error(
        ExitCode::usage, cat("no CloudNativePG Cluster has the labels ", printable_line(selector)),
        "kubectl get clusters.postgresql.cnpg.io --show-labels says which there are; --kube-namespace says "
        "where to look.");
  }
  return targets;
}

}  // namespace pgsluice::cli
