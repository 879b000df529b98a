// SPDX-License-Identifier: Apache-2.0
// argv → a row of the command table → an exit code. The only place that catches exceptions.

#include <unistd.h>

#include <exception>
#include <iostream>

#include "base/json.hpp"
#include "base/secrets.hpp"
#include "base/terminal.hpp"
#include "base/text.hpp"
#include "base/where_to_report.hpp"
#include "cli/options.hpp"
#include "cli/program.hpp"
#include "pg/connection.hpp"
#include "pgsluice/error.hpp"

namespace {

using namespace pgsluice;

/// Under --log-format json one object a line, so that a log collector can read it.
void complain(const std::string& what, const std::string& hint, const cli::GlobalOptions& options) {
  const std::string message = without_passwords(what);
  if (options.log_format == cli::LogFormat::json) {
    OrderedJson line;
    line["level"] = "error";
    line["message"] = message;
    if (!hint.empty()) line["hint"] = hint;
    std::cerr << dump(line) << '\n';
    return;
  }
  const Painter paint(wants_color(options.color, STDERR_FILENO));
  std::cerr << paint(Style::error, "pgsluice:") << ' ' << printable(message) << '\n';
  if (!hint.empty()) std::cerr << "          " << printable(hint) << '\n';
}

ExitCode run(int argc, char** argv) {
  cli::GlobalOptions options;
  try {
    return cli::run(argc, argv, options);
  } catch (const Error& error) {
    complain(error.what(), error.hint(), options);
    return error.code();
  } catch (const std::exception& error) {
    complain(cat("a bug in pgsluice: ", error.what()),
             cat("Please report it ", k_where_to_report,
                 ", with the command line and, if you can, the migration."),
             options);
    return ExitCode::bug;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int code = static_cast<int>(run(argc, argv));
  if (pg::is_still_connecting()) {
    std::cout.flush();
    _exit(code);
  }
  return code;
}
