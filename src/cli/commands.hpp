// SPDX-License-Identifier: Apache-2.0
#pragma once

// The table of commands: all that main() knows. A command is one thin file `<name>.cpp` that declares its options and
// calls the stages, and one row in commands.cpp.

#include <functional>
#include <span>
#include <string_view>

#include "cli/options.hpp"
#include "pgsluice/error.hpp"

namespace CLI {
class App;
}

namespace pgsluice::cli {

/// Runs a command whose options have been parsed. Throws Error for what stops it.
using Runner = std::function<ExitCode(const GlobalOptions&)>;

struct CommandRow {
  std::string_view name;
  std::string_view summary;  ///< one line, for the list of commands
  std::string_view help;     ///< stands under the options: examples, exit codes
  Runner (*add)(CLI::App&);  ///< declares the options; they live as long as the Runner
};

std::span<const CommandRow> commands();

Runner add_lint(CLI::App& app);
Runner add_explain(CLI::App& app);
Runner add_fix(CLI::App& app);
Runner add_snapshot(CLI::App& app);
Runner add_preview(CLI::App& app);
Runner add_plan(CLI::App& app);
Runner add_apply(CLI::App& app);
Runner add_status(CLI::App& app);
Runner add_baseline(CLI::App& app);
Runner add_hook(CLI::App& app);
Runner add_guard(CLI::App& app);
Runner add_init(CLI::App& app);
Runner add_doctor(CLI::App& app);

}  // namespace pgsluice::cli
