// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a SQLSTATE means for a run: try again, connect again, or tell the user.

#include <string_view>

namespace pgsluice::pg {

enum class Failure {
  lock_timeout,  ///< 55P03: the lock was not free within lock_timeout
  conflict,      ///< 40P01, 40001: deadlock or serialization failure; the same again may succeed
  cancelled,     ///< 57014: statement_timeout, or somebody cancelled
  connection,    ///< 08xxx, 57P01…: the server went away; connect again
  read_only,     ///< 25006: this server takes no writes (any more)
  data,          ///< 23xxx: the data violates a constraint
  privilege,     ///< 42501
  statement,     ///< everything else: the statement itself
};

Failure classify(std::string_view sqlstate);

// A vocabulary: PostgreSQL's own condition names (errcodes.txt).
// NOLINTBEGIN(readability-identifier-naming)
namespace sqlstate {
inline constexpr std::string_view lock_not_available = "55P03";
inline constexpr std::string_view active_transaction = "25001";
inline constexpr std::string_view invalid_transaction_termination = "2D000";
inline constexpr std::string_view query_canceled = "57014";
inline constexpr std::string_view insufficient_privilege = "42501";
inline constexpr std::string_view connection_failure = "08006";
inline constexpr std::string_view disk_full = "53100";
inline constexpr std::string_view duplicate_column = "42701";
inline constexpr std::string_view duplicate_function = "42723";
inline constexpr std::string_view duplicate_object = "42710";
inline constexpr std::string_view duplicate_schema = "42P06";
inline constexpr std::string_view duplicate_table = "42P07";
inline constexpr std::string_view feature_not_supported = "0A000";
inline constexpr std::string_view undefined_column = "42703";
inline constexpr std::string_view undefined_file = "58P01";
inline constexpr std::string_view undefined_function = "42883";
inline constexpr std::string_view undefined_object = "42704";
inline constexpr std::string_view undefined_table = "42P01";
inline constexpr std::string_view invalid_parameter_value = "22023";
inline constexpr std::string_view invalid_schema_name = "3F000";
inline constexpr std::string_view invalid_text_representation = "22P02";
inline constexpr std::string_view invalid_sql_statement_name = "26000";
}  // namespace sqlstate
// NOLINTEND(readability-identifier-naming)

}  // namespace pgsluice::pg
