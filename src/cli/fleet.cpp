// SPDX-License-Identifier: Apache-2.0
#include "cli/fleet.hpp"

#include <atomic>
#include <csignal>
#include <iostream>
#include <mutex>
#include <thread>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/database.hpp"
#include "cli/events.hpp"
#include "execute/clock.hpp"

namespace pgsluice::cli {
namespace {

constexpr unsigned k_jobs = 4;

std::vector<Target> find_targets(const Fleet& fleet, Clock& clock, const Interrupt& interrupt) {
  if (fleet.options.selector.empty()) return read_targets(fleet.options.file, fleet.url);
  const std::unique_ptr<Cluster> cluster = open_cluster(fleet.gate.cluster, clock, interrupt);
  if (!cluster) {
    throw Error(ExitCode::usage, "--cnpg-selector: nobody says where Kubernetes' API is",
                "Outside of a pod, name it with --kube-api, --kube-token-file and --kube-ca.");
  }
  return find_database_clusters(*cluster, fleet.gate.cluster.policy.selection.name_space,
                                fleet.options.selector, fleet.url);
}

/// All that the threads share.
class FleetRun {
 public:
  FleetRun(const Fleet& fleet, const GlobalOptions& global, const LookAtTarget& look)
      : fleet_(fleet), look_(look), emit_(event_sink(global)) {}

  std::vector<TargetReport> run() {
    SystemClock clock(interrupt_);
    targets_ = find_targets(fleet_, clock, interrupt_);
    reports_.resize(targets_.size());
    const std::size_t jobs = std::min<std::size_t>(fleet_.options.jobs.value_or(k_jobs), targets_.size());
    {
      std::vector<std::jthread> helpers;
      for (std::size_t i = 1; i < jobs; ++i) helpers.emplace_back([this] { work(); });
      work();
    }
    return std::move(reports_);
  }

 private:
  void work() {
    for (std::size_t i = next_++; i < targets_.size(); i = next_++) look_at(targets_[i], reports_[i]);
  }

  /// Nothing that happens to one of them is of concern to another.
  void look_at(const Target& target, TargetReport& report) {
    report.name = target.name;
    report.labels = target.labels;
    try {
      look_into(target, report);
    } catch (const Error& error) {
      report.code = error.code();
      report.message = error.what();
      report.hint = error.hint();
    } catch (const std::exception& error) {
      report.code = ExitCode::bug;
      report.message = cat("a bug in pgsluice: ", error.what());
    }
    if (interrupt_.signal() == 0 || report.code == ExitCode::ok) return;
    report.code = interrupt_.signal() == SIGINT ? ExitCode::interrupted : ExitCode::terminated;
    report.message = "interrupted";
    report.hint.clear();
  }

  void look_into(const Target& target, TargetReport& report) {
    if (interrupt_.signal() != 0) throw Error(ExitCode::interrupted, "interrupted");
    SystemClock clock(interrupt_);
    const EventSink emit = [&](const Event& event) { tell(target, event); };
    const World world = make_world(target.conninfo(), pg::Access::any, emit, clock, interrupt_);
    report.where = world.target;
    GateOptions gate = fleet_.gate;
    if (!target.cnpg_cluster.empty()) {  // its application lives beside it
      gate.cluster.backups.cluster = target.cnpg_cluster;
      gate.cluster.policy.selection.name_space = target.name_space;
    }
    look_(world, gate, report);
  }

  void tell(const Target& target, Event event) {
    event.subject = cat(target.name, event.subject.empty() ? "" : " ", event.subject);
    const std::scoped_lock lock(mutex_);
    emit_(event);
  }

  const Fleet& fleet_;
  const LookAtTarget& look_;
  Interrupt interrupt_;
  SignalGuard guard_{interrupt_};
  EventSink emit_;
  std::mutex mutex_;  // of emit_
  std::vector<Target> targets_;
  std::vector<TargetReport> reports_;  // each belongs to the thread that looks at it
  std::atomic<std::size_t> next_{0};
};

std::string render(const std::vector<TargetReport>& reports, const Fleet& fleet,
                   const GlobalOptions& global) {
  constexpr int widest = 100;
  if (fleet.json) return to_json(reports, fleet.command);
  const int descriptor = fleet.output.empty() ? STDOUT_FILENO : -1;
  return to_text(to_document(reports), std::min(terminal_width(descriptor), widest),
                 Painter(wants_color(global.color, descriptor)));
}

}  // namespace

void add_fleet_options(CLI::App& app, FleetOptions& options) {
  CLI::Option* file =
      app.add_option("--targets", options.file,
                     "look at many databases: TOML, a section for each, with database-url (no password), "
                     "database-url-env, database-url-file or service; --database-url is what they have "
                     "in common")
          ->type_name("FILE");
  app.add_option("--cnpg-selector", options.selector,
                 "look at the databases of all CloudNativePG Clusters with these labels, in --kube-namespace "
                 "(\"*\": in all); role and password as --database-url and libpq's environment say")
      ->type_name("SELECTOR")
      ->excludes(file);
  add_jobs(app, options.jobs, "databases to look at at a time (default 4)");
}

ExitCode run_fleet(const Fleet& fleet, const GlobalOptions& global, const LookAtTarget& look) {
  const std::vector<TargetReport> reports = FleetRun(fleet, global, look).run();
  const std::string text = render(reports, fleet, global);
  if (fleet.output.empty()) {
    std::cout << text;
  } else {
    write_file(fleet.output, text);
  }
  const TargetReport* worst = worst_of(reports);
  return worst == nullptr ? ExitCode::ok : worst->code;
}

}  // namespace pgsluice::cli
