// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where to connect, as libpq reads it (URI or key=value over environment and service file), taken apart so that a
// password can be kept out of everything that is printed, logged or stored.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pgsluice::pg {

using Parameters = std::vector<std::pair<std::string, std::string>>;

struct Conninfo {
  Parameters parameters;  ///< as given; the environment stays libpq's business
  std::vector<std::string> secrets;
  std::string description;  ///< "database shop at db.example:5432 as migrator"
};

/// Throws Error(usage) for a text that libpq does not understand; the message does not repeat the text.
Conninfo read_conninfo(std::string_view text);

/// The text as key=value pairs, with these parameters in place of its own. Throws as read_conninfo().
std::string conninfo_with(std::string_view text, const Parameters& parameters);

/// Replaces every secret in `text`.
std::string scrub(std::string text, const std::vector<std::string>& secrets);

}  // namespace pgsluice::pg
