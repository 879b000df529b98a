// SPDX-License-Identifier: Apache-2.0
// pgsluice guard: lets the application start when the schema fits. An init container waits with it, a probe asks once.

#include <cstdlib>
#include <iostream>

#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"
#include "cli/gate.hpp"
#include "cli/reading.hpp"
#include "execute/stop.hpp"
#include "gate/guard.hpp"
#include "gate/record.hpp"

namespace pgsluice::cli {
namespace {

struct GuardOptions {
  GuardNeeds needs;
  std::string url;
  std::string digest_of;
  Conventions reading;
  std::optional<milliseconds> budget;
  std::optional<milliseconds> poll;
  bool once = false;
};

struct Look {
  std::optional<GuardAnswer> answer;  ///< none: the database cannot be asked
  std::string unreachable;
};

Look look(const World& world, const GuardNeeds& needs) {
  auto connected = world.connect();
  if (auto* failure = std::get_if<NoSession>(&connected))
    return {.answer = {}, .unreachable = failure->message};
  Session& session = *std::get<std::unique_ptr<Session>>(connected);
  session.script("SET default_transaction_read_only = on; SET statement_timeout = '10s'");
  try {
    return {.answer = look_at_ledger(session, needs), .unreachable = {}};
  } catch (const Error& error) {
    if (error.code() != ExitCode::unreachable) throw;
    return {.answer = {}, .unreachable = error.what()};
  }
}

[[noreturn]] void give_up(const Look& seen, const World& world) {
  if (seen.answer) {
    throw Error(ExitCode::release_mismatch, seen.answer->words,
                "The migrations of this release have not been applied: did the hook run?");
  }
  throw Error(ExitCode::unreachable,
              cat("cannot use ", printable_line(world.target), ": ", printable_line(seen.unreachable)));
}

void tell_waiting(const Look& seen, const World& world, std::string& told) {
  const std::string words =
      seen.answer ? seen.answer->words
                  : cat("cannot use ", printable_line(world.target), ": ", printable_line(seen.unreachable));
  if (words == told) return;
  told = words;
  world.emit({.severity = Severity::info, .name = "guard-waiting", .message = cat("waiting: ", words)});
}

ExitCode wait(const GuardOptions& options, const World& world, bool quiet) {
  const milliseconds budget = options.budget.value_or(std::chrono::minutes(5));
  const milliseconds poll = options.poll.value_or(std::chrono::seconds(1));
  const auto start = world.clock.now();
  for (std::string told;;) {
    const Look seen = look(world, options.needs);
    stop_if_interrupted(world);
    if (seen.answer && seen.answer->state == GuardAnswer::State::too_old) {
      throw Error(ExitCode::release_mismatch, seen.answer->words,
                  "Deploy a release that fits: this one would fail on what is no longer there.");
    }
    if (seen.answer && seen.answer->state == GuardAnswer::State::fits) {
      if (!quiet) std::cout << seen.answer->words << '\n';
      return ExitCode::ok;
    }
    if (options.once || world.clock.now() - start + poll > budget) give_up(seen, world);
    tell_waiting(seen, world, told);
    world.clock.sleep(poll);
    stop_if_interrupted(world);
  }
}

/// An annotation that is not there gives an empty variable.
bool needs_are_empty(const GuardNeeds& needs) {
  const char* given = std::getenv("PGSLUICE_NEEDS");
  return needs.needs.empty() && given != nullptr && *given == '\0';
}

ExitCode run_guard(const GuardOptions& options, const GlobalOptions& global) {
  if (!options.digest_of.empty()) {
    std::cout << bundle_digest(discover(options.digest_of, options.reading)) << '\n';
    return ExitCode::ok;
  }
  if (needs_are_empty(options.needs)) {
    throw Error(
        ExitCode::usage, "PGSLUICE_NEEDS is set, and empty: then nothing would be waited for",
        "Is the annotation there that it is made of? A pod that needs nothing has no PGSLUICE_NEEDS.");
  }
  if (options.needs.needs.empty() && options.needs.release.empty()) {
    throw Error(ExitCode::usage, "guard needs to know what the release needs",
                "Name it with --needs or PGSLUICE_NEEDS, or the release with --release.");
  }
  const RealWorld real(options.url, pg::Access::any, global);
  return wait(options, real.world(), global.quiet);
}

}  // namespace

Runner add_guard(CLI::App& app) {
  const auto options = std::make_shared<GuardOptions>();
  app.add_option("--needs", options->needs.needs,
                 "a migration that must be applied, or the digest of a folder that must have been brought in "
                 "whole; may be repeated, or several with commas between (also PGSLUICE_NEEDS)")
      ->envname("PGSLUICE_NEEDS")
      ->delimiter(',')
      ->type_name("DIGEST|ID");
  add_app(app, options->needs.app);
  add_release(app, options->needs.release);
  add_database_url(app, options->url);
  app.add_flag("--once", options->once, "look once instead of waiting, as a probe does");
  add_duration(app, "--budget", options->budget, "how long to wait (default 5m)");
  add_duration(app, "--poll", options->poll, "between two looks (default 1s)");
  app.add_option("--digest", options->digest_of, "print the digest of a folder, and ask no database")
      ->type_name("DIR")
      ->configurable(false);
  add_reading(app, options->reading);
  return [options](const GlobalOptions& global) { return run_guard(*options, global); };
}

}  // namespace pgsluice::cli
