// SPDX-License-Identifier: Apache-2.0
// The settings of the session that matter for locks, as SET, SET LOCAL and RESET in the file leave them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/catalog.hpp"

namespace pgsluice::effects {

class Settings {
 public:
  /// What the session has before the file sets anything, and again after RESET.
  void start(const Catalog& catalog);
  /// A VariableSetStmt or DiscardStmt. SET LOCAL outside a transaction does nothing, as on the server.
  void set(const Command& command, bool in_transaction);
  void end_transaction(bool roll_back);

  /// ms; 0: waits for ever; none: the file never set it.
  [[nodiscard]] std::optional<long long> lock_timeout() const { return now_.lock_timeout; }
  [[nodiscard]] const std::string& timezone() const { return now_.timezone; }
  [[nodiscard]] const Names& search_path() const { return now_.search_path; }
  [[nodiscard]] Name role() const { return now_.role; }
  [[nodiscard]] Name tablespace() const { return now_.tablespace; }
  [[nodiscard]] Name access_method() const { return now_.access_method; }
  [[nodiscard]] bool is_replica() const { return now_.is_replica; }
  [[nodiscard]] bool check_function_bodies() const { return now_.check_function_bodies; }

 private:
  struct Values {
    std::optional<long long> lock_timeout;
    std::string timezone;
    Names search_path;
    Name role;
    Name tablespace;          ///< default_tablespace
    Name access_method;       ///< default_table_access_method
    bool is_replica = false;  ///< session_replication_role
    bool check_function_bodies = true;
  };
  void assign(Values& values, const Command& command) const;

  Values now_;
  Values session_;  ///< what stays after COMMIT
  Values before_;   ///< what stays after ROLLBACK
  Values default_;
};

/// A setting of time as the server reads it: "2s", "500ms", "1min", or a number of milliseconds.
std::optional<long long> parse_milliseconds(std::string_view text);

}  // namespace pgsluice::effects
