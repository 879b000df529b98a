// SPDX-License-Identifier: Apache-2.0
#pragma once

// The row of a backfill in the ledger: where it is, and how it may go on. It is read before each batch, because people
// change it while it runs, and is written in the transaction of the batch.

#include <optional>
#include <string>
#include <vector>

#include "execute/ledger.hpp"

namespace pgsluice {

/// Values of the key's columns, as texts.
using KeyValues = std::vector<std::string>;

struct BackfillRow {
  bool exists = false;
  bool begun = false;  ///< says the row of its statement
  std::string fingerprint;
  std::string relation;
  std::vector<std::string> key;
  std::optional<KeyValues> cursor;     ///< none: nothing is done yet
  std::optional<KeyValues> range_end;  ///< none: the table was empty
  long long walked = 0;
  long long done = 0;
  std::optional<long long> estimate;
  long long batch_size = 1;
  long long max_batch_size = 1;
  milliseconds target{250};
  milliseconds sleep{0};
  milliseconds max_lag{0};
  std::string state = "running";
};

/// What one batch has come to.
struct BatchDone {
  KeyValues upto;
  long long walked = 0;
  long long done = 0;
  milliseconds took{0};
  long long next_size = 1;
  bool last = false;
};

SqlResult read_row(Session& session, const LedgerTarget& target, BackfillRow& row);
/// Together with the intent of the statement.
SqlResult add_row(Session& session, const LedgerTarget& target, const BackfillRow& row);
/// Part of the batch's transaction. Does nothing, and has failed, when the cursor is no longer that of `row`.
SqlResult advance_row(Session& session, const LedgerTarget& target, const BackfillRow& row,
                      const BatchDone& batch);
SqlResult set_batch_size(Session& session, const LedgerTarget& target, long long size);
/// throttled with a reason, or running; leaves alone what people have paused.
SqlResult set_throttled(Session& session, const LedgerTarget& target, const std::string& reason);

}  // namespace pgsluice
