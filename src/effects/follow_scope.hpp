// SPDX-License-Identifier: Apache-2.0
// The parts of Follower that only its own files see.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "effects/follow.hpp"

namespace pgsluice::effects {

/// A stretch of code that may not run. The catalog before its first change is kept, so that one can go back; most
/// stretches change nothing.
struct Follower::Scope {
  std::optional<Catalog> before;
};

/// Code that is running.
struct Follower::Frame {
  Box<CodeBlock> code;
  std::shared_ptr<const Body> body;
  Variables variables;
  std::string where;                              ///< "DO", "function public.f"
  bool in_place = false;                          ///< it stands in the statement of the script itself
  bool dynamic = false;                           ///< inside EXECUTE …
  bool partly_known = false;                      ///< … of a text whose shape alone is known
  std::string place = {};                         ///< of that EXECUTE, in words
  SourceRange step = {};                          ///< that is running
  std::vector<std::unique_ptr<Scope>> rest = {};  ///< since a way has left the code
  std::vector<Catalog> exits = {};                ///< with which it was left early
};

}  // namespace pgsluice::effects
