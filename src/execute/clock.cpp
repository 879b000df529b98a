// SPDX-License-Identifier: Apache-2.0
#include "execute/clock.hpp"

#include <poll.h>

namespace pgsluice {

void SystemClock::sleep(std::chrono::milliseconds duration) {
  pollfd wake{.fd = interrupt_.fd(), .events = POLLIN, .revents = 0};
  poll(&wake, 1, static_cast<int>(duration.count()));
}

}  // namespace pgsluice
