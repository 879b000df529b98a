// SPDX-License-Identifier: Apache-2.0
#pragma once

// The JSON Schema of pgsluice.toml, made of the options themselves, so that editors know what a key takes.

#include <string>

namespace CLI {
class App;
}

namespace pgsluice::cli {

std::string config_schema(const CLI::App& app);

}  // namespace pgsluice::cli
