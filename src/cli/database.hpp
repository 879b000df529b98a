// SPDX-License-Identifier: Apache-2.0
#pragma once

// What commands that talk to a server share: where it is, who we are, and how progress is told.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/signals.hpp"
#include "cli/options.hpp"
#include "execute/clock.hpp"
#include "pg/connection.hpp"
#include "pgsluice/execute.hpp"

namespace pgsluice::cli {

/// `--database-url`. Its value never appears in a message.
void add_database_url(CLI::App& app, std::string& url);

/// The real world. Stays where it is: the executor keeps references into it.
class RealWorld {
 public:
  RealWorld(const std::string& url, pg::Access access, const GlobalOptions& options);
  RealWorld(const RealWorld&) = delete;
  RealWorld& operator=(const RealWorld&) = delete;

  [[nodiscard]] const World& world() const { return world_; }
  [[nodiscard]] const Interrupt& interrupt() const { return interrupt_; }

 private:
  Interrupt interrupt_;
  SignalGuard guard_;
  SystemClock clock_;
  World world_;
};

/// Events on standard error, in the form and the amount that was asked for.
EventSink event_sink(const GlobalOptions& options);

/// Every migration of the folder, analysed in order for this server.
std::vector<FileAnalysis> analyse_folder(std::vector<Migration> migrations, int pg_version,
                                         const std::vector<std::string>& schemas,
                                         const std::filesystem::path& rules);

}  // namespace pgsluice::cli
