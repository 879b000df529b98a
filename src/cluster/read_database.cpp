// SPDX-License-Identifier: Apache-2.0
// Clusters and Backups of CloudNativePG → values.

#include "base/calendar.hpp"
#include "cluster/read.hpp"

namespace pgsluice::cluster {
namespace {

std::map<std::string, std::string> labels_of(const Json& object) {
  std::map<std::string, std::string> labels;
  const Json& found = member_at(object, {"metadata", "labels"});
  if (!found.is_object()) return labels;
  for (const auto& [key, value] : found.items()) {
    if (value.is_string()) labels[key] = value.get<std::string>();
  }
  return labels;
}

/// Its first database stands where it has been made from: nothing, a backup, or another server.
std::string database_of(const Json& object) {
  for (const char* way : {"initdb", "recovery", "pg_basebackup"}) {
    std::string database = text_at(object, {"spec", "bootstrap", way, "database"});
    if (!database.empty()) return database;
  }
  return "app";  // CloudNativePG's own default
}

void read_archiving(const Json& object, DatabaseCluster& cluster) {
  const Json& conditions = member_at(object, {"status", "conditions"});
  if (!conditions.is_array()) return;
  for (const Json& condition : conditions) {
    if (text_at(condition, {"type"}) != "ContinuousArchiving") continue;
    cluster.archiving = text_at(condition, {"status"});
    cluster.archiving_words = text_at(condition, {"message"});
  }
}

}  // namespace

DatabaseCluster read_database_cluster(const Json& object) {
  DatabaseCluster cluster{
      .name_space = text_at(object, {"metadata", "namespace"}),
      .name = text_at(object, {"metadata", "name"}),
      .labels = labels_of(object),
      .database = database_of(object),
      .phase = text_at(object, {"status", "phase"}),
      .hibernated = text_at(object, {"metadata", "annotations", "cnpg.io/hibernation"}) == "on",
      .archiving = {},
      .archiving_words = {},
      .first_recoverability_point = text_at(object, {"status", "firstRecoverabilityPoint"}),
      .last_backup = text_at(object, {"status", "lastSuccessfulBackup"})};
  read_archiving(object, cluster);
  return cluster;
}

std::string last_backup_of(const std::vector<Json>& backups, const std::string& cluster) {
  std::string last;
  std::optional<long long> last_end;
  for (const Json& backup : backups) {
    if (text_at(backup, {"spec", "cluster", "name"}) != cluster) continue;
    if (text_at(backup, {"status", "phase"}) != "completed") continue;
    std::string stopped = text_at(backup, {"status", "stoppedAt"});
    const auto end = read_timestamp(stopped);
    if (!end || (last_end && *end <= *last_end)) continue;
    last = std::move(stopped);
    last_end = end;
  }
  return last;
}

}  // namespace pgsluice::cluster
