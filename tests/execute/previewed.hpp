// SPDX-License-Identifier: Apache-2.0
// preview with the programs of a real server, for its tests: folders of their own, and what is left in them.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "execute/harness.hpp"
#include "execute/server_process.hpp"
#include "support/schema.hpp"

namespace pgsluice::test {

class Previewed : public ::testing::TestWithParam<Server> {
 protected:
  /// As root the server runs as somebody else, who must come as far.
  void SetUp() override {
    std::filesystem::permissions(place.path(),
                                 std::filesystem::perms::group_exec | std::filesystem::perms::others_exec,
                                 std::filesystem::perm_options::add);
  }
  /// Of previews of this test: each has a folder for its servers and one for its templates.
  std::map<std::string, std::string> environment() {
    return {{"TMPDIR", place.path().string()}, {"XDG_CACHE_HOME", cache.path().string()}};
  }
  std::vector<std::string> command(const std::vector<std::string>& more) {
    std::vector<std::string> words{"preview", "--pg-bin", programs_of(GetParam()).string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Finished preview(const std::vector<std::string>& more) {
    return Program(command(more), environment()).wait();
  }
  OrderedJson document(const std::vector<std::string>& more, int code) {
    std::vector<std::string> words{"--format", "json"};
    words.insert(words.end(), more.begin(), more.end());
    const Finished finished = preview(words);
    EXPECT_EQ(finished.code, code) << finished.err << finished.out;
    EXPECT_THAT(validate("schema/lint.schema.json", Json::parse(finished.out)), ::testing::IsEmpty());
    return finished.json();
  }
  std::vector<std::string> left() {
    std::vector<std::string> names;
    for (const std::filesystem::directory_entry& entry : std::filesystem::directory_iterator(place.path()))
      names.push_back(entry.path().filename().string());
    return names;
  }
  /// Of the preview that runs, when it takes connections; 0: not yet.
  pid_t postmaster() {
    for (const std::string& name : left()) {
      std::ifstream file(place.path() / name / "data" / "postmaster.pid");
      const std::string text{std::istreambuf_iterator<char>(file), {}};
      if (text.find("\nready") != std::string::npos) return static_cast<pid_t>(std::stol(text));
    }
    return 0;
  }
  /// Whether the server with this postmaster is at a SELECT now (its process titles say so).
  static bool selects(pid_t server) {
    const std::string id = std::to_string(server);
    std::ifstream children("/proc/" + id + "/task/" + id + "/children");
    for (std::string child; children >> child;) {
      std::ifstream file("/proc/" + child + "/cmdline");
      const std::string title{std::istreambuf_iterator<char>(file), {}};
      if (title.find("] SELECT") != std::string::npos) return true;
    }
    return false;
  }
  /// The statement whose text contains `part`.
  static OrderedJson statement(const OrderedJson& seen, std::string_view part) {
    for (const OrderedJson& file : seen["files"]) {
      for (const OrderedJson& one : file["statements"]) {
        if (one["sql"].get<std::string>().find(part) != std::string::npos) return one;
      }
    }
    ADD_FAILURE() << "no statement with " << part;
    return {};
  }

  Folder folder;
  Folder place;
  Folder cache;
};

}  // namespace pgsluice::test
