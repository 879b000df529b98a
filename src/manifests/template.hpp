// SPDX-License-Identifier: Apache-2.0
#pragma once

// Text with places to fill, line by line:
//   ${name}              a value
//   #: if WORD … #: end  lines for a case; `if not WORD` for the others
//   #: include NAME      another text, as deep as this line stands: filled in as this one is, or data, which stays as it is
//   #: set NAME VALUE    a value from here on

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace pgsluice {

struct TemplateContext {
  std::map<std::string, std::string, std::less<>> values;
  std::set<std::string, std::less<>>
      names;  ///< values that stay text where one of them is a whole scalar of YAML
  std::set<std::string, std::less<>> words;
  std::map<std::string, std::string, std::less<>> texts;  ///< for include
  std::map<std::string, std::string, std::less<>>
      data;  ///< the same, of users: nothing in it means anything here
};

/// Throws Error(bug) for what is not known: templates come with the program.
std::string fill_in(std::string_view text, TemplateContext context);

}  // namespace pgsluice
