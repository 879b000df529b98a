// SPDX-License-Identifier: Apache-2.0
#pragma once

// What has been added to the ledger's tables since version 1. A new ledger is made from version 1 and all of these, an
// older one is brought forward by those that it lacks: so that both are the same.

#include <array>
#include <string_view>

namespace pgsluice {

struct LedgerChange {
  int version = 0;  ///< that the ledger has afterwards
  std::string_view sql;
};

inline constexpr std::string_view k_add_lease = R"sql(
CREATE TABLE pgsluice.lease (
  scope text PRIMARY KEY,
  run_id uuid,
  token bigint NOT NULL,
  owner text,
  backend_pid integer,
  acquired_at timestamptz,
  heartbeat_at timestamptz,
  expires_at timestamptz
);
INSERT INTO pgsluice.lease (scope, token) VALUES ('run', 0);
COMMENT ON TABLE pgsluice.lease IS 'Who may write the ledger now. Beside the advisory lock, which the server frees by itself, it says whether the holder is alive.';
COMMENT ON COLUMN pgsluice.lease.run_id IS 'NULL: nobody.';
COMMENT ON COLUMN pgsluice.lease.token IS 'Grows with each holder. A write of the ledger that shows an older token does nothing.';
COMMENT ON COLUMN pgsluice.lease.owner IS 'Host and process.';
COMMENT ON COLUMN pgsluice.lease.heartbeat_at IS 'Written every few seconds, from a session of its own.';
COMMENT ON COLUMN pgsluice.lease.expires_at IS 'From then on the holder counts as dead, and the next run ends what is left of its sessions.';
)sql";

inline constexpr std::array k_ledger_changes{LedgerChange{.version = 2, .sql = k_add_lease}};

}  // namespace pgsluice
