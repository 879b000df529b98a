// SPDX-License-Identifier: Apache-2.0
#pragma once

// A run in Prometheus's text format, for node_exporter's textfile collector or a push gateway.

#include <string>

#include "pgsluice/execute.hpp"

namespace pgsluice {

/// `now`: seconds since 1970, when the run ended.
std::string metrics_text(const RunReport& report, long long now);

}  // namespace pgsluice
