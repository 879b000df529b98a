// SPDX-License-Identifier: Apache-2.0
#pragma once

// What --help prints: our own layout, 80 columns wide, the same with every release of CLI11.

#include <string>

#include <CLI/CLI.hpp>

namespace pgsluice::cli {

class HelpFormatter : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

}  // namespace pgsluice::cli
