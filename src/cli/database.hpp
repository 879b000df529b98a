// SPDX-License-Identifier: Apache-2.0
#pragma once

// What commands that talk to a server share: where it is, and who we are.

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

/// One database of several. `clock` and `interrupt` must outlive it.
World make_world(const std::string& url, pg::Access access, EventSink emit, Clock& clock,
                 const Interrupt& interrupt);

/// The real world. Stays where it is: the executor keeps references into it.
class RealWorld {
 public:
  RealWorld(const std::string& url, pg::Access access, const GlobalOptions& options);
  RealWorld(const RealWorld&) = delete;
  RealWorld& operator=(const RealWorld&) = delete;

  [[nodiscard]] const World& world() const { return world_; }
  [[nodiscard]] Interrupt& interrupt() { return interrupt_; }
  /// Events go to `sink`, too.
  void tell_as_well(const EventSink& sink) {
    world_.emit = [first = world_.emit, sink](const Event& event) {
      first(event);
      sink(event);
    };
  }

 private:
  Interrupt interrupt_;
  SignalGuard guard_;
  SystemClock clock_;
  World world_;
};

/// One attempt, for commands that change nothing and can be started again. Throws Error(unreachable).
std::unique_ptr<Session> connect_once(const World& world);

/// What the files of a folder are analysed on.
struct Basis {
  int pg_version = 0;                ///< major
  std::vector<std::string> schemas;  ///< where unqualified names lead
  const Ledger& ledger;
  std::optional<Catalog> live;  ///< what the server has now
};

/// Every migration of the folder, in order. What is applied is judged by the files before it; what is not, by the live
/// catalog when there is one, for a database can have more than its files say.
std::vector<FileAnalysis> analyse_folder(std::vector<Migration> migrations, Basis basis,
                                         const std::filesystem::path& rules);

}  // namespace pgsluice::cli
