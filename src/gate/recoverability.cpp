// SPDX-License-Identifier: Apache-2.0
// Before something is destroyed: could it be brought back?

#include "base/json.hpp"
#include "base/text.hpp"
#include "gate/sources.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_archiver =
    "SELECT current_setting('archive_mode'), archived_count, failed_count,"
    " coalesce(last_archived_wal, ''), coalesce(last_failed_wal, ''),"
    " coalesce(extract(epoch FROM clock_timestamp() - last_archived_time)::bigint, -1),"
    " coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) FROM pg_stat_archiver";

Evidence judge(const SqlResult& row) {
  Evidence evidence{.provider = std::string(provider::recoverability), .subject = "WAL archiving"};
  if (!row.ok) {
    evidence.words = cat("cannot read pg_stat_archiver: ", printable_line(row.error.message));
    return evidence;
  }
  const long long age = row.number(0, 5).value_or(-1);
  evidence.detail = dump({{"archive_mode", row.text(0, 0)},
                          {"archived", row.number(0, 1).value_or(0)},
                          {"failed", row.number(0, 2).value_or(0)},
                          {"last_archived_wal", row.text(0, 3)},
                          {"last_failed_wal", row.text(0, 4)},
                          {"last_archived_seconds_ago", age < 0 ? OrderedJson(nullptr) : OrderedJson(age)}});
  if (row.text(0, 0) == "off") {
    evidence.words = "archive_mode is off: what is destroyed comes back only as far as the last backup";
  } else if (row.truth(0, 6)) {
    evidence.verdict = Verdict::closed;
    evidence.words = cat("WAL archiving fails, last with ", printable_line(row.text(0, 4)),
                         ": the server's log says what archive_command answers");
  } else if (age < 0) {
    evidence.words = "no WAL has been archived yet";
  } else {
    evidence.verdict = Verdict::open;
    evidence.words = cat("WAL is archived, last ", printable_line(row.text(0, 3)));
  }
  return evidence;
}

}  // namespace

EvidenceSource recoverability_source(Session& session) {
  return {.provider = std::string(provider::recoverability),
          .look = [&session](const GateQuestion& question) -> std::vector<Evidence> {
            if (!question.destroys_data) return {};
            return {judge(session.query(k_archiver, {}))};
          }};
}

}  // namespace pgsluice
