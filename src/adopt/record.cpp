// SPDX-License-Identifier: Apache-2.0
// Writing down what was applied before.

#include "base/text.hpp"
#include "execute/lease.hpp"
#include "execute/ledger.hpp"
#include "pgsluice/adopt.hpp"
#include "plan/sql_text.hpp"

namespace pgsluice {
namespace {

SqlResult insert(Session& session, const AdoptedFile& file, const std::string& adopted_from,
                 const World& world) {
  const Migration& migration = file.migration;
  return session.query(
      "INSERT INTO pgsluice.migration AS m (id, phase, tool, sha256, fingerprint, state, applied_at, "
      "applied_by,"
      " adopted_from, needs_app) VALUES ($1, $2, $3, $4, $5, 'baselined', clock_timestamp(), $6::uuid,"
      " nullif($7, ''), nullif($8, ''))"
      " ON CONFLICT (id) DO UPDATE SET state = excluded.state, applied_at = excluded.applied_at,"
      " applied_by = excluded.applied_by, adopted_from = excluded.adopted_from,"
      " needs_app = excluded.needs_app WHERE m.state = 'held'",
      {migration.id, std::string(to_string(migration.phase)), migration.tool, migration.sha256,
       fingerprint_of(migration.source.text), world.run_id, adopted_from, file.needs_app});
}

}  // namespace

void record_baseline(const std::vector<AdoptedFile>& files, const std::string& adopted_from, Worker& worker,
                     const World& world, const std::function<void(Session&)>& also) {
  Session& session = *worker.session;
  RunOptions options;
  options.command = "baseline";
  open_run(worker, world, options);
  SqlResult result = session.script("BEGIN");
  for (auto file = files.begin(); result.ok && file != files.end(); ++file) {
    result = insert(session, *file, adopted_from, world);
  }
  if (result.ok) {
    try {
      also(session);
    } catch (const Error&) {
      session.script("ROLLBACK");
      throw;
    }
    result = session.script("COMMIT");
  }
  if (!result.ok) {
    if (!result.connection_lost) session.script("ROLLBACK");
    throw Error(result.connection_lost ? ExitCode::unreachable : ExitCode::precondition,
                cat("cannot write the ledger: ", printable_line(result.error.message)));
  }
  close_run(worker, world, options, "applied", ExitCode::ok);
}

}  // namespace pgsluice
