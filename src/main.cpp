// SPDX-License-Identifier: Apache-2.0
// argv → a row of the command table → an exit code. The only place that catches exceptions.

#include <exception>
#include <iostream>

#include "base/terminal.hpp"
#include "base/text.hpp"
#include "cli/program.hpp"
#include "pgsluice/error.hpp"

#include <unistd.h>

namespace {

void complain(const std::string& message, const std::string& hint) {
  using pgsluice::Style;
  const pgsluice::Painter paint(pgsluice::wants_color(pgsluice::ColorMode::automatic, STDERR_FILENO));
  std::cerr << paint(Style::error, "pgsluice: ") << message << '\n';
  if (!hint.empty()) {
    std::cerr << paint(Style::faint, "          ") << hint << '\n';
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return static_cast<int>(pgsluice::cli::run(argc, argv));
  } catch (const pgsluice::Error& error) {
    complain(error.what(), error.hint());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    complain(pgsluice::cat("a bug in pgsluice: ", pgsluice::printable_line(error.what())),
             "Please report it with the command line and, if you can, the migration.");
    return static_cast<int>(pgsluice::ExitCode::bug);
  }
}
