// SPDX-License-Identifier: Apache-2.0
#pragma once

// Other programs, started without a shell: an argument is an argument, whatever stands in it.

#include <string>
#include <vector>

namespace pgsluice {

struct ProcessResult {
  int code = 0;  ///< its exit code; 128 and the signal when one ended it
  std::string out;
  std::string err;
};

/// Runs the program that PATH finds under the name of the first argument, with nothing on its standard input, until it
/// ends. Throws Error(usage) when it cannot be started.
ProcessResult run_process(const std::vector<std::string>& arguments);

}  // namespace pgsluice
