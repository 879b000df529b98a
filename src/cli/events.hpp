// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the events of a run reach whoever started it: on standard error, in the form and the amount that was asked for.

#include "cli/options.hpp"
#include "pgsluice/execute.hpp"

namespace pgsluice::cli {

/// One line for each event; on a terminal also where the run stands, drawn anew below them.
EventSink event_sink(const GlobalOptions& options);

/// Seconds since 1970 as text in UTC, in strftime's form.
std::string utc_now(const char* format);

}  // namespace pgsluice::cli
