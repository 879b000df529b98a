// SPDX-License-Identifier: Apache-2.0
// pgsluice doctor: is this server, as this role sees it, fit for apply? Changes nothing.

#include <ctime>
#include <iostream>

#include <unistd.h>
#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "cli/cluster.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"
#include "report/doctor.hpp"

namespace pgsluice::cli {
namespace {

struct DoctorCommand {
  std::string url;
  std::string output;
  std::string role;
  ClusterOptions cluster;
  std::string job;
  bool grants = false;
  bool kill_policy = false;
  Format format = Format::text;
};

void show(const std::string& text, const DoctorCommand& command) {
  if (command.output.empty()) {
    std::cout << text;
  } else {
    write_file(command.output, text);
  }
}

ExitCode print_grants(const DoctorCommand& command, const World& world, const DoctorOptions& options) {
  if (command.role.empty()) {
    throw Error(ExitCode::usage, "--grants needs --role NAME: the role that runs migrations");
  }
  const std::unique_ptr<Session> session = connect_once(world);
  show(least_privileges(*session, command.role, options), command);
  return ExitCode::ok;
}

std::string render(const std::vector<Check>& checks, const World& world, const DoctorCommand& command,
                   const GlobalOptions& global) {
  constexpr int widest = 100;
  if (command.format == Format::json) return to_json(checks, world.target);
  const int descriptor = command.output.empty() ? STDOUT_FILENO : -1;
  return to_text(to_document(checks), std::min(terminal_width(descriptor), widest),
                 Painter(wants_color(global.color, descriptor)));
}

/// None: this is no pod, and nobody has said where Kubernetes is.
std::optional<Check> check_access(const DoctorCommand& command, RealWorld& real) {
  const std::unique_ptr<Cluster> cluster =
      open_cluster(command.cluster, real.world().clock, real.interrupt());
  if (!cluster) return std::nullopt;
  return examine_access(*cluster, {.selection = command.cluster.policy.selection,
                                   .database_cluster = command.cluster.backups.cluster,
                                   .job = command.job});
}

ExitCode run_doctor(const DoctorCommand& command, const GlobalOptions& global) {
  RealWorld real(command.url, pg::Access::any, global);
  const DoctorOptions options{.kill_policy = command.kill_policy, .local_time = std::time(nullptr)};
  if (command.grants) return print_grants(command, real.world(), options);
  std::vector<Check> checks = examine(real.world(), options);
  if (const std::optional<Check> access = check_access(command, real)) checks.push_back(*access);
  show(render(checks, real.world(), command, global), command);
  return is_fit(checks) ? ExitCode::ok : ExitCode::precondition;
}

}  // namespace

Runner add_doctor(CLI::App& app) {
  const auto command = std::make_shared<DoctorCommand>();
  add_database_url(app, command->url);
  CLI::Option* grants = app.add_flag("--grants", command->grants,
                                     "print the statements that give a role the least that it needs");
  app.add_option("--role", command->role, "with --grants: the role that runs migrations")
      ->type_name("NAME")
      ->needs(grants);
  app.add_flag("--kill-policy", command->kill_policy, "runs are to cancel or terminate blockers");
  add_cluster_access(app, command->cluster);
  add_kube_job(app, command->job);
  add_choice(app, "--format", command->format, {{"text", Format::text}, {"json", Format::json}},
             "form of the answer");
  app.add_option("--output", command->output, "write it to this file")->type_name("FILE");
  return [command](const GlobalOptions& global) { return run_doctor(*command, global); };
}

}  // namespace pgsluice::cli
