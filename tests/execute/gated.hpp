// SPDX-License-Identifier: Apache-2.0
// A database that hooks bring releases to, for the tests of the gate.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.hpp"
#include "base/text.hpp"
#include "execute/harness.hpp"
#include "support/schema.hpp"

namespace pgsluice::test {

/// A contract step that takes away what release 1 uses.
inline constexpr std::string_view k_drop =
    "-- pgsluice: phase=contract needs-app=checkout>=2.0.0\nALTER TABLE orders DROP COLUMN total;\n";

/// One that does not say which releases can live with it.
inline constexpr std::string_view k_unsaid =
    "-- pgsluice: phase=contract\nALTER TABLE orders DROP COLUMN total;\n";

class Gated : public ::testing::TestWithParam<Server> {
 protected:
  Gated() { folder.write("0001_orders.sql", "CREATE TABLE orders (id bigint PRIMARY KEY, total int);\n"); }

  Finished call(std::vector<std::string> arguments, const std::vector<std::string>& more = {}) {
    arguments.insert(arguments.end(), {"--database-url", database.url()});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  Finished hook(const std::string& moment, const std::string& release, std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--release", release, "--termination-log", termination.string()});
    return call({"hook", moment, folder.path().string()}, more);
  }
  /// As one without a release: what tells releases apart is the folder then.
  Finished nameless_hook(const std::filesystem::path& directory, const std::string& moment = "presync") {
    return call({"hook", moment, directory.string()}, {"--termination-log", termination.string()});
  }
  Finished guard(const std::vector<std::string>& more) { return call({"guard"}, more); }
  OrderedJson status(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"--format", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = call({"status", folder.path().string()}, arguments);
    EXPECT_EQ(finished.code, 0) << finished.err;
    EXPECT_THAT(validate("schema/status.schema.json", Json::parse(finished.out)), ::testing::IsEmpty());
    return finished.json();
  }
  /// Reasons for which a file is held, by status.
  std::string held(const std::string& id, const std::vector<std::string>& more = {}) {
    const OrderedJson document = status(more);
    for (const OrderedJson& migration : document["migrations"]) {
      if (migration["id"] != id) continue;
      std::string reasons;
      for (const OrderedJson& hold : migration["held"])
        reasons += cat(reasons.empty() ? "" : " ", hold["reason"].get<std::string>());
      return reasons;
    }
    return "no such file";
  }
  std::size_t held_by_plan() {
    return call({"plan", folder.path().string()}, {"--format", "json", "--release", "2.1.0"})
        .json()["held"]
        .size();
  }
  std::string state(const std::string& id) {
    return database.sql(
        cat("SELECT coalesce((SELECT state FROM pgsluice.migration WHERE id = '", id, "'), '')"));
  }
  std::string needs_app(const std::string& id) {
    return database.sql(cat("SELECT coalesce(needs_app, '') FROM pgsluice.migration WHERE id = '", id, "'"));
  }
  std::string message() const { return read_file(termination); }
  bool has_total() {
    return database.sql(
               "SELECT count(*) FROM pg_attribute WHERE attrelid = 'orders'::regclass AND attname = "
               "'total'") == "1";
  }
  /// The new column, and the step that takes the old one away.
  void write_cents(std::string_view drop) {
    folder.write("0002_cents.sql", "ALTER TABLE orders ADD COLUMN cents bigint;\n")
        .write("0003_drop.sql", drop);
  }
  /// Release 1 is there, release 2 has brought its expand step and the contract step that follows it.
  void bring_two() {
    EXPECT_EQ(hook("presync", "1.0.0").code, 0);
    write_cents(k_drop);
    const Finished two = hook("presync", "2.0.0");
    EXPECT_EQ(two.code, 0) << two.err;
  }

  Database database{GetParam(), "gated"};
  Folder folder;
  Folder elsewhere;
  std::filesystem::path termination = elsewhere.path() / "termination-log";
};

}  // namespace pgsluice::test
