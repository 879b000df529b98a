// SPDX-License-Identifier: Apache-2.0
#include "execute/stop.hpp"

#include <csignal>

#include "base/signals.hpp"

namespace pgsluice {

ExitCode interrupted_code(const Interrupt& interrupt) {
  return interrupt.signal() == SIGINT ? ExitCode::interrupted : ExitCode::terminated;
}

bool is_interrupted(const World& world) {
  return world.interrupt.signal() != 0;
}

void stop_if_interrupted(const World& world) {
  if (is_interrupted(world)) {
    throw Error(interrupted_code(world.interrupt), "interrupted; nothing was changed");
  }
}

}  // namespace pgsluice
