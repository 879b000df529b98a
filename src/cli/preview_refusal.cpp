// SPDX-License-Identifier: Apache-2.0
#include "cli/preview_refusal.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.hpp"
#include "pg/sqlstate.hpp"
#include "preview/gone.hpp"

namespace pgsluice::cli {
namespace {

/// Table, column, object, function, schema.
bool is_missing(std::string_view sqlstate) {
  static constexpr std::array k_missing = {pg::sqlstate::undefined_table, pg::sqlstate::undefined_column,
                                           pg::sqlstate::undefined_object, pg::sqlstate::undefined_function,
                                           pg::sqlstate::invalid_schema_name};
  return std::ranges::count(k_missing, sqlstate) > 0;
}

/// Table, column, object, function, schema: another file has made it, or somebody else.
bool is_there_already(const SqlError& error) {
  static constexpr std::array k_there = {pg::sqlstate::duplicate_table, pg::sqlstate::duplicate_column,
                                         pg::sqlstate::duplicate_object, pg::sqlstate::duplicate_function,
                                         pg::sqlstate::duplicate_schema};
  // column "a" specified more than once, says a statement that names it twice.
  return std::ranges::count(k_there, error.sqlstate) > 0 && !error.message.ends_with("more than once");
}

/// extension "postgis" is not available; before 15 the file of that name is not there.
bool wants_extension(const SqlError& error) {
  return error.message.find("extension") != std::string::npos &&
         (error.sqlstate == pg::sqlstate::feature_not_supported ||
          error.sqlstate == pg::sqlstate::undefined_file);
}

/// Of values: data exceptions, and constraints that are violated.
bool is_of_rows(std::string_view sqlstate) {
  return sqlstate.starts_with("22") || sqlstate.starts_with("23");
}

std::string hint_of(const SqlError& error, const Surroundings& there) {
  if (is_disk_full(error)) return std::string(k_more_room);
  if (pg::classify(error.sqlstate) == pg::Failure::connection)
    return "The server is gone. Nothing is left of it; try again.";
  if (wants_extension(error))
    return "The server programs on this machine do not have it: install it for them, or name others with "
           "--pg-bin.";
  if (is_there_already(error) && there.catalog)
    return "The catalog has it: name only files that have not been applied there.";
  if (is_there_already(error) && there.history)
    return "An earlier file of the folder has made it: leave those out with --no-history.";
  if (is_missing(error.sqlstate) && there.catalog)
    return there.complete ? "The catalog does not have it: apply would fail there, too."
                          : "It may be among what of the catalog is not here, which is listed; if not, apply "
                            "would fail there, too.";
  if (is_missing(error.sqlstate))
    return "Nothing is there but what these files make: name the files that make it, too, or give --catalog "
           "what pgsluice snapshot writes where it is.";
  if (is_of_rows(error.sqlstate) && there.filled)
    return "The rows here are made up (--rows): apply fails there only if the rows there are like them.";
  return "Unless it is for want of something that only the real server has, apply would fail there, too.";
}

}  // namespace

Error refused_here(const SqlError& error, const std::string& place, const Surroundings& there) {
  const std::string words = cat(place, ": ", error.message, " (", error.sqlstate, ")");
  const bool lost = pg::classify(error.sqlstate) == pg::Failure::connection && !is_disk_full(error);
  return {lost ? ExitCode::unreachable : ExitCode::statement_failed, words, hint_of(error, there)};
}

Error refused_by_clone(const SqlError& error, const std::string& place, bool has_timeout) {
  const std::string words = cat(place, ": ", error.message, " (", error.sqlstate, ")");
  if (error.sqlstate == pg::sqlstate::query_canceled && has_timeout)
    return {ExitCode::statement_failed, words,
            "It may run longer than --statement-timeout lets it: give a longer one. Nothing was changed."};
  switch (pg::classify(error.sqlstate)) {
    case pg::Failure::connection:
      return {ExitCode::unreachable, words, "The server is gone. Nothing was committed; try again."};
    case pg::Failure::lock_timeout:
    case pg::Failure::conflict:
      return {ExitCode::lock_budget, words,
              "Others were in the way. Nothing was changed; try again, or give a longer --lock-timeout."};
    case pg::Failure::data:
      return {ExitCode::data_violation, words, "The rows of the clone violate it. Nothing was changed."};
    default:
      return {ExitCode::statement_failed, words,
              is_there_already(error)
                  ? "Name the new files only, if another tool has applied this one. Nothing was changed."
                  : "apply would fail here, too. Nothing was changed."};
  }
}

}  // namespace pgsluice::cli
