// SPDX-License-Identifier: Apache-2.0
#include "gate/backups.hpp"

#include <memory>

#include "base/calendar.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "gate/sources.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

Evidence evidence_about(std::string_view what, const std::string& cluster) {
  return {.provider = std::string(provider::recoverability), .subject = cat(what, " of Cluster ", cluster)};
}

/// Without a backup to store it in, CloudNativePG's archive_command succeeds at once: pg_stat_archiver cannot tell.
Evidence archiving_evidence(const DatabaseCluster& cluster) {
  Evidence evidence = evidence_about("WAL archiving", cluster.name);
  evidence.detail = dump({{"phase", cluster.phase},
                          {"continuous_archiving", cluster.archiving},
                          {"first_recoverability_point", cluster.first_recoverability_point}});
  const std::string who = cat("Cluster ", printable_line(cluster.name));
  if (cluster.archiving == "True") {
    evidence.verdict = Verdict::open;
    evidence.words = cat(who, " archives its WAL");
  } else if (cluster.archiving == "False") {
    evidence.verdict = Verdict::closed;
    evidence.words = cat(who, " cannot archive its WAL: ", printable_line(cluster.archiving_words));
  } else {
    evidence.words = cat(who, " does not say that its WAL is archived: has it a backup configured?");
  }
  return evidence;
}

std::string age_words(long long seconds) {
  constexpr long long minute = 60;
  constexpr long long hour = 60 * minute;
  const long long unit = seconds >= hour ? hour : seconds >= minute ? minute : 1;
  return format_duration(milliseconds(seconds / unit * unit * 1000));
}

std::string take_one(const DatabaseCluster& cluster) {
  return cat("take one, with kubectl cnpg backup ", printable_line(cluster.name));
}

Evidence base_backup_evidence(const DatabaseCluster& cluster, long long now, milliseconds max_age) {
  Evidence evidence = evidence_about("base backup", cluster.name);
  const auto end = read_timestamp(cluster.last_backup);
  const std::string who = cat("Cluster ", printable_line(cluster.name));
  evidence.detail =
      dump({{"last_backup", cluster.last_backup},
            {"age_seconds", end ? OrderedJson(now - *end) : OrderedJson(nullptr)},
            {"max_age_seconds", std::chrono::duration_cast<std::chrono::seconds>(max_age).count()}});
  if (cluster.last_backup.empty()) {
    evidence.verdict = Verdict::closed;
    evidence.words =
        cat(who, " has no base backup: what is destroyed could not be brought back; ", take_one(cluster));
  } else if (!end) {
    evidence.words = cat(who, " says of its last base backup \"", printable_line(cluster.last_backup),
                         "\", which is no time");
  } else if (std::chrono::seconds(now - *end) > max_age) {
    evidence.verdict = Verdict::closed;
    evidence.words = cat("the last base backup of ", who, " ended ", age_words(now - *end), " ago, at ",
                         printable_line(cluster.last_backup), "; --max-backup-age is ",
                         format_duration(max_age), ": ", take_one(cluster));
  } else {
    evidence.verdict = Verdict::open;
    evidence.words = cat("the last base backup of ", who, " ended at ", printable_line(cluster.last_backup));
  }
  return evidence;
}

Evidence unseen(const std::string& cluster, std::string_view why, std::string_view hint) {
  Evidence evidence = evidence_about("base backup", cluster);
  evidence.words = cat("the backups of Cluster ", printable_line(cluster), " cannot be seen: ", why,
                       hint.empty() ? "" : ". ", hint);
  return evidence;
}

}  // namespace

std::vector<Evidence> backup_evidence(const DatabaseCluster& cluster, long long now, milliseconds max_age) {
  return {archiving_evidence(cluster), base_backup_evidence(cluster, now, max_age)};
}

EvidenceSource backup_source(Cluster* cluster, const std::string& name_space, const BackupPolicy& policy,
                             long long now) {
  const auto seen = std::make_shared<std::vector<Evidence>>();  // one look for all files of a run
  return {.provider = std::string(provider::recoverability),
          .look = [=](const GateQuestion& question) -> std::vector<Evidence> {
            if (!question.destroys_data) return {};
            if (!seen->empty()) return *seen;
            if (cluster == nullptr) {
              *seen = {unseen(policy.cluster, "nobody says where Kubernetes' API is",
                              "Outside of a pod, name it with --kube-api.")};
              return *seen;
            }
            const auto answer = cluster->database_cluster(name_space, policy.cluster);
            if (const auto* failure = std::get_if<ClusterFailure>(&answer)) {
              *seen = {unseen(policy.cluster, failure->message, failure->hint)};
            } else {
              *seen = backup_evidence(std::get<DatabaseCluster>(answer), now, policy.max_age);
            }
            return *seen;
          }};
}

}  // namespace pgsluice
