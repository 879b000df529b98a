// SPDX-License-Identifier: Apache-2.0
#pragma once

// A PostgreSQL server that is there for one preview, and gone after it, whatever happens.

#include <filesystem>
#include <memory>
#include <string>

#include "preview/child.hpp"
#include "preview/programs.hpp"

namespace pgsluice {

class ThrowAwayServer {
 public:
  /// Makes a cluster in a folder of its own, from a template that an earlier preview left, and starts it on a Unix socket. A
  /// template that does not start is made anew.
  /// First removes what previews have left that were killed outright. Throws Error(precondition) with what the server said.
  explicit ThrowAwayServer(const ServerPrograms& programs);
  ThrowAwayServer(const ThrowAwayServer&) = delete;
  ThrowAwayServer& operator=(const ThrowAwayServer&) = delete;
  ~ThrowAwayServer();

  /// Of its superuser.
  [[nodiscard]] std::string conninfo() const;

 private:
  void make_folders();
  [[nodiscard]] std::filesystem::path make_data_folder() const;
  /// False: there is no template, or it could not be copied as a whole.
  [[nodiscard]] bool copy_cluster(const std::filesystem::path& kept) const;
  /// `kept`: where the next one finds it; empty: nowhere.
  void make_cluster(const ServerPrograms& programs, const std::filesystem::path& kept) const;
  void expect_enterable(const ServerPrograms& programs) const;
  [[nodiscard]] bool starts(const ServerPrograms& programs);
  [[noreturn]] void give_up(std::string_view what) const;

  std::optional<User> user_;
  std::filesystem::path folder_;
  int lock_ = -1;  ///< held while we live: who can take it may remove the folder
  std::unique_ptr<Child> postmaster_;
};

}  // namespace pgsluice
