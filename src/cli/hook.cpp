// SPDX-License-Identifier: Apache-2.0
// pgsluice hook: what Argo CD runs before and after it brings a release. apply under the gate, and a termination message
// whose first line says it all.

#include <iostream>

#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "cli/apply.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"
#include "cli/gate.hpp"
#include "cli/live_status.hpp"
#include "cli/termination.hpp"
#include "gate/last_run.hpp"

namespace pgsluice::cli {
namespace {

constexpr std::chrono::minutes k_wait_for_run{10};

enum class Moment { presync, postsync, syncfail };

struct HookOptions {
  Moment moment = Moment::presync;
  std::string directory;
  ApplyOptions apply;
  std::string termination_log;
  std::string job;  ///< that it runs in; empty: none that somebody looks at
};

std::string_view to_string(Moment moment) {
  return moment == Moment::presync ? "presync" : moment == Moment::postsync ? "postsync" : "syncfail";
}

std::string name_of(const HookOptions& options) {
  const std::string& release = options.apply.pending.gate.release;
  return cat("hook ", to_string(options.moment), release.empty() ? "" : " of " + printable_line(release));
}

ApplyOptions apply_options(const HookOptions& options) {
  ApplyOptions apply = options.apply;
  apply.command = cat("hook ", to_string(options.moment));
  if (!apply.wait_for_run) apply.wait_for_run = k_wait_for_run;  // it finds all done
  apply.pending.earlier_releases_only = options.moment == Moment::presync;
  apply.pending.contract_last = true;
  apply.pending.same_folder_is_same_release = true;
  apply.pending.phase = options.moment == Moment::postsync ? PhaseChoice::contract : PhaseChoice::all;
  apply.on_end = [&options](const Plan& plan, const RunReport& report) {
    std::vector<std::string> more{report.hint};
    for (const std::string& line : held_lines(plan)) more.push_back("held: " + line);
    write_termination(options.termination_log,
                      termination_text(cat(name_of(options), ": ", first_words(report)), more));
  };
  return apply;
}

ExitCode explain_failure(const HookOptions& options, const GlobalOptions& global) {
  const RealWorld real(options.apply.url, pg::Access::any, global);
  const std::unique_ptr<Session> session = connect_once(real.world());
  session->script("SET default_transaction_read_only = on; SET statement_timeout = '10s'");
  const std::vector<std::string> lines = explain_last_run(*session);
  for (const std::string& line : lines) std::cout << line << '\n';
  write_termination(options.termination_log, termination_text(cat(name_of(options), ": ", lines.front()),
                                                              {lines.begin() + 1, lines.end()}));
  return ExitCode::ok;
}

ExitCode run_hook(const HookOptions& options, const GlobalOptions& global) {
  std::optional<LiveStatus> live;
  try {
    if (options.moment == Moment::syncfail) return explain_failure(options, global);
    ApplyOptions apply = apply_options(options);
    if (!options.job.empty()) {
      live.emplace(options.apply.pending.gate.cluster, options.job);
      apply.on_event = [&live](const Event& event) {
        if (!event.detail)
          live->tell(event.subject.empty() ? event.message : event.subject + " " + event.message);
      };
      apply.on_end = [&live, say = apply.on_end](const Plan& plan, const RunReport& report) {
        say(plan, report);
        live->tell(first_words(report));
      };
    }
    return run_apply(apply, global);
  } catch (const Error& error) {
    const std::string words =
        cat("exit ", std::to_string(static_cast<int>(error.code())), ": ", error.what());
    if (live) live->tell(words);
    write_termination(options.termination_log,
                      termination_text(cat(name_of(options), ": ", words), {error.hint()}));
    throw;
  }
}

}  // namespace

Runner add_hook(CLI::App& app) {
  const auto options = std::make_shared<HookOptions>();
  add_choice<Moment>(
      app, "MOMENT", options->moment,
      {{"presync", Moment::presync}, {"postsync", Moment::postsync}, {"syncfail", Moment::syncfail}},
      "when Argo CD runs it")
      ->required()
      ->default_str("");
  add_folder_options(app, options->apply.pending);
  add_database_url(app, options->apply.url);
  add_gate_policy(app, options->apply.pending.gate);
  add_gate_actions(app, options->apply.pending.gate);
  add_run_options(app, options->apply, k_wait_for_run);
  add_duration(app, "--budget", options->apply.budget,
               "end all of it after this time, cleanly; less than activeDeadlineSeconds (default: no limit)");
  add_kube_job(app, options->job);
  app.add_option("--termination-log", options->termination_log,
                 "where to say what came of it (default: /dev/termination-log, where there is one)")
      ->type_name("FILE");
  return [options](const GlobalOptions& global) { return run_hook(*options, global); };
}

}  // namespace pgsluice::cli
