// SPDX-License-Identifier: Apache-2.0
// pgsluice snapshot: what a server's catalogs say, as a file for --catalog.

#include <iostream>

#include <CLI/CLI.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "catalog/read.hpp"
#include "cli/commands.hpp"
#include "cli/database.hpp"

namespace pgsluice::cli {
namespace {

struct SnapshotOptions {
  std::string url;
  std::string output;
};

ExitCode run_snapshot(const SnapshotOptions& options, const GlobalOptions& global) {
  const RealWorld real(options.url, pg::Access::any, global);
  const std::unique_ptr<Session> session = connect_once(real.world());
  const Snapshot snapshot = read_snapshot(*session, {});
  const std::string document = write_snapshot(snapshot);
  if (options.output.empty()) {
    std::cout << document;
    return ExitCode::ok;
  }
  write_file(options.output, document);
  if (!global.quiet) {
    std::cerr << printable_line(snapshot.database.name) << ": "
              << count_of(snapshot.relations.size(), "relation") << " in " << options.output << '\n';
  }
  return ExitCode::ok;
}

}  // namespace

Runner add_snapshot(CLI::App& app) {
  const auto options = std::make_shared<SnapshotOptions>();
  add_database_url(app, options->url);
  app.add_option("--output", options->output, "write the snapshot to this file; default: standard output")
      ->type_name("FILE");
  return [options](const GlobalOptions& global) { return run_snapshot(*options, global); };
}

}  // namespace pgsluice::cli
