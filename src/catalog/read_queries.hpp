// SPDX-License-Identifier: Apache-2.0
#pragma once

// The SQL that reads the catalogs of PostgreSQL 12 to 18.

#include <string>

namespace pgsluice::catalog {

/// What a database may have nothing of.
enum class Rare {
  types,
  casts,
  servers,
  triggers,
  reads,
  statistics,
  publications,
  event_triggers,
  functions,
  policies,
  rules
};

class Queries {
 public:
  Queries(int server_version_num, bool sizes) : version_(server_version_num / 10000), sizes_(sizes) {}

  /// One row, with a boolean for each of Rare: false when its query would find nothing. It costs less than to plan the largest
  /// of those queries.
  [[nodiscard]] static std::string presence();

  // One object per row.
  [[nodiscard]] static std::string database();  ///< the time, and the database
  [[nodiscard]] static std::string schemas();
  [[nodiscard]] static std::string extensions();
  [[nodiscard]] std::string types() const;
  [[nodiscard]] static std::string casts();
  [[nodiscard]] static std::string servers();
  [[nodiscard]] static std::string statistics();
  [[nodiscard]] std::string publications() const;
  [[nodiscard]] static std::string event_triggers();
  [[nodiscard]] std::string functions() const;

  // The oid of a relation and an object per row.
  [[nodiscard]] std::string relations() const;
  [[nodiscard]] static std::string columns();
  [[nodiscard]] std::string constraints() const;
  [[nodiscard]] std::string indexes() const;
  [[nodiscard]] std::string triggers() const;
  [[nodiscard]] static std::string reads();
  [[nodiscard]] static std::string policies();
  [[nodiscard]] static std::string rules();

 private:
  int version_;
  bool sizes_;
};

}  // namespace pgsluice::catalog
