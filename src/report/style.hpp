// SPDX-License-Identifier: Apache-2.0
#pragma once

// What stands out, and how.

#include "base/terminal.hpp"
#include "pgsluice/findings.hpp"

namespace pgsluice {

inline Style style_of(Severity severity) {
  switch (severity) {
    case Severity::error: return Style::error;
    case Severity::warning: return Style::warning;
    case Severity::info: return Style::info;
  }
  return Style::plain;
}

}  // namespace pgsluice
