// SPDX-License-Identifier: Apache-2.0
#pragma once

// What commands that judge SQL are given: migrations, and what is there before them.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "pgsluice/catalog.hpp"
#include "pgsluice/migration.hpp"
#include "pgsluice/snapshot.hpp"

namespace pgsluice::cli {

// The oldest major that the community supported when this release was made (14 reached its end of life on 2026-11-12).
// A worst case for the others: what is safe there is safe on newer servers.
inline constexpr int k_oldest_supported = 15;

/// The migrations of files and folders in their order, none of them read. A report that has begun cannot be taken
/// back, so what cannot be read is said here.
std::vector<Migration> find_migrations(const std::vector<std::string>& paths,
                                       const Conventions& options = {});

struct WithHistory {
  std::vector<Migration> migrations;
  std::set<std::size_t> history;  ///< which of them are there for the others only
};
/// The files, and before each that is one of a sequence what stands in front of it: its name or that of its own folder begins
/// with a version, or its tool has an order for it.
WithHistory find_with_history(const std::vector<std::string>& paths, const Conventions& options);

/// Of a snapshot's file, or of the server (`live`).
Snapshot load_snapshot(const std::string& catalog, const std::string& url, const GlobalOptions& global);
/// What is known before the first file: of a snapshot's file, of the server (`live`), or nothing.
Catalog load_catalog(const std::string& catalog, const std::string& url, const GlobalOptions& global);
/// Major version of the server behind the catalog.
std::optional<int> server_version(const Catalog& catalog);

/// ISO date, UTC.
std::string today();

void add_catalog(CLI::App& app, std::string& catalog, const std::string& description);
void add_rules(CLI::App& app, std::string& rules);

}  // namespace pgsluice::cli
