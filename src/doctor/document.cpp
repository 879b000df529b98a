// SPDX-License-Identifier: Apache-2.0
// The JSON document of doctor: rules/schema/doctor.schema.json.

#include "base/json.hpp"
#include "base/version.hpp"
#include "pgsluice/doctor.hpp"

namespace pgsluice {

std::string to_json(const std::vector<Check>& checks, const std::string& target) {
  OrderedJson document{
      {"schema", 1},
      {"tool", {{"name", "pgsluice"}, {"version", k_version}}},
      {"target", target},
      {"exit_code", static_cast<int>(is_fit(checks) ? ExitCode::ok : ExitCode::precondition)},
      {"checks", OrderedJson::array()}};
  for (const Check& check : checks) {
    document["checks"].push_back({{"name", check.name},
                                  {"verdict", to_string(check.verdict)},
                                  {"message", check.message},
                                  {"mend", check.mend}});
  }
  return dump_pretty(document);
}

}  // namespace pgsluice
