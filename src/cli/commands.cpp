// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.hpp"

#include <array>

namespace pgsluice::cli {
namespace {

constexpr std::array<CommandRow, 1> k_commands{{
    {.name = "lint",
     .summary = "say what each statement of a migration locks, and what is dangerous about it",
     .help = R"(Examples:
  pgsluice lint migrations/                     every migration of a folder, in order
  pgsluice lint -v migrations/0007_orders.sql   with the locks of each statement
  git show HEAD:db/0007.sql | pgsluice lint -   standard input
  pgsluice lint --format json migrations/ >lint.json

A finding is accepted with a comment before its statement:
  -- pgsluice: allow blocks-writes-during-work because "the table has 40 rows"

Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 usage or a file
that cannot be read.)",
     .add = add_lint},
}};

}  // namespace

std::span<const CommandRow> commands() {
  return k_commands;
}

}  // namespace pgsluice::cli
