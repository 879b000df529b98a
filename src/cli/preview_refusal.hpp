// SPDX-License-Identifier: Apache-2.0
#pragma once

// Why a server refuses a statement of a preview, and what to do about that.

#include <string>

#include "pgsluice/error.hpp"
#include "pgsluice/preview.hpp"

namespace pgsluice::cli {

/// What there was before the statement.
struct Surroundings {
  bool catalog = false;  ///< what a snapshot has; else what the files make
  bool history = false;  ///< of the files, earlier ones of their folder
  bool complete = true;  ///< of the catalog, everything
  bool filled = false;   ///< rows that were made up
};

/// By a server that was made for the preview.
Error refused_here(const SqlError& error, const std::string& place, const Surroundings& there);
/// `has_timeout`: statements run no longer than --statement-timeout says.
Error refused_by_clone(const SqlError& error, const std::string& place, bool has_timeout);

}  // namespace pgsluice::cli
