// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "pgsluice/catalog.hpp"

namespace pgsluice::effects {

/// While a file is replayed: in the end puts the session back to what it was before the file had set anything, as `apply`
/// does behind each (execute/settings.hpp). A later file does not run with the settings of an earlier one.
class SessionReset {
 public:
  explicit SessionReset(Catalog& catalog)
      : catalog_(catalog),
        search_path_(catalog.search_path),
        timezone_(catalog.timezone),
        new_tablespace_(catalog.new_tablespace),
        default_access_method_(catalog.default_access_method),
        role_(catalog.role),
        is_replica_(catalog.is_replica) {}
  SessionReset(const SessionReset&) = delete;
  SessionReset& operator=(const SessionReset&) = delete;
  ~SessionReset() {
    catalog_.search_path = std::move(search_path_);
    catalog_.timezone = std::move(timezone_);
    catalog_.new_tablespace = new_tablespace_;
    catalog_.default_access_method = default_access_method_;
    catalog_.role = role_;
    catalog_.is_replica = is_replica_;
  }

 private:
  Catalog& catalog_;
  Names search_path_;
  std::string timezone_;
  Name new_tablespace_;
  Name default_access_method_;
  Name role_;
  bool is_replica_;
};

}  // namespace pgsluice::effects
