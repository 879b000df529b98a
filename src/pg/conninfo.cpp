// SPDX-License-Identifier: Apache-2.0
#include "pg/conninfo.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include "base/text.hpp"
#include "pg/api.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice::pg {
namespace {

using Options = std::unique_ptr<PQconninfoOption, ConninfoFree>;
using Settings = std::map<std::string, std::string, std::less<>>;

constexpr const char* k_percent_hint =
    "In a URI write special characters of the password percent-encoded: @ is %40, / is %2F, : is %3A.";

Settings values(const PQconninfoOption* option) {
  Settings found;
  for (; option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val != nullptr) {
      found[option->keyword] = option->val;
    }
  }
  return found;
}

// libpq quotes pieces of its input, a password among them.
std::string without_quotations(std::string text) {
  const std::size_t first = text.find('"');
  const std::size_t last = text.rfind('"');
  if (first != std::string::npos && last > first) {
    text.replace(first, last - first + 1, "\"…\"");
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
    text.pop_back();
  }
  return text;
}

bool is_uri(std::string_view text) {
  return text.starts_with("postgres://") || text.starts_with("postgresql://");
}

// An '@' or '/' inside a password ends the user information early, and the rest of the password becomes a host or
// database name that libpq would quote in its messages.
void refuse_misread_uri(std::string_view text, const Settings& settings) {
  const auto has_at = [&](const char* key) {
    const auto found = settings.find(key);
    return found != settings.end() && found->second.find('@') != std::string::npos;
  };
  const std::string_view path = text.substr(0, text.find('?'));
  if (has_at("host") || has_at("port") || (has_at("dbname") && path.find('@') != std::string_view::npos)) {
    throw Error(ExitCode::usage, "the connection URI has an '@' behind its user information", k_percent_hint);
  }
}

Settings parse(std::string_view text) {
  char* message = nullptr;
  const Options options(api().PQconninfoParse(std::string(text).c_str(), &message));
  if (!options) {
    const std::string reason = message ? without_quotations(message) : "out of memory";
    api().PQfreemem(message);
    throw Error(ExitCode::usage, "cannot read the connection information: " + reason,
                is_uri(text) ? k_percent_hint : "Write it as a URI or as key=value pairs.");
  }
  Settings settings = values(options.get());
  if (is_uri(text)) {
    refuse_misread_uri(text, settings);
  }
  return settings;
}

// A '/' in the password is not seen by parse(): libpq fails on the "port" before. Looked at before libpq does.
void refuse_uri_without_user(std::string_view text) {
  if (!is_uri(text)) {
    return;
  }
  const std::string_view rest = text.substr(text.find("://") + 3);
  const std::string_view authority = rest.substr(0, rest.find('/'));
  const std::string_view path = rest.substr(0, rest.find('?'));
  if (authority.find('@') == std::string_view::npos && path.find('@') != std::string_view::npos) {
    throw Error(ExitCode::usage, "the connection URI has an '@' behind a '/'", k_percent_hint);
  }
}

// The password as it stands in a URI, with its percent signs.
std::string raw_password(std::string_view text) {
  if (!is_uri(text)) {
    return {};
  }
  const std::string_view rest = text.substr(text.find("://") + 3);
  const std::size_t at = rest.find('@');
  const std::size_t colon = rest.find(':');
  return at == std::string_view::npos || colon > at ? std::string()
                                                    : std::string(rest.substr(colon + 1, at - colon - 1));
}

std::string described(const Settings& given, const Settings& defaults) {
  const auto value = [&](const char* key) -> std::string {
    if (const auto found = given.find(key); found != given.end()) {
      return found->second;
    }
    const auto found = defaults.find(key);
    return found == defaults.end() ? std::string() : found->second;
  };
  const std::string user = value("user");
  const std::string database = value("dbname").empty() ? user : value("dbname");
  const std::string host = !value("host").empty() ? value("host") : value("hostaddr");
  std::string text = "database " + database;
  if (!host.empty()) {
    text += " at " + host + (host.front() == '/' || value("port").empty() ? "" : ":" + value("port"));
  }
  return text + (user.empty() ? "" : " as " + user);
}

void collect_secrets(Conninfo& conninfo, const Settings& settings) {
  for (const char* key : {"password", "sslpassword", "oauth_client_secret"}) {
    if (const auto found = settings.find(key); found != settings.end()) {
      conninfo.secrets.push_back(found->second);
    }
  }
}

}  // namespace

Conninfo read_conninfo(std::string_view text) {
  refuse_uri_without_user(text);
  const Settings given = parse(text);
  const Options from_environment(api().PQconndefaults());
  const Settings defaults = values(from_environment.get());
  Conninfo conninfo;
  conninfo.parameters.assign(given.begin(), given.end());
  conninfo.description = described(given, defaults);
  collect_secrets(conninfo, given);
  collect_secrets(conninfo, defaults);
  conninfo.secrets.push_back(raw_password(text));
  // Hiding a word that is also the name of the role, host or database would only make messages unreadable.
  std::erase_if(conninfo.secrets, [&](const std::string& secret) {
    return secret.empty() || conninfo.description.find(secret) != std::string::npos;
  });
  return conninfo;
}

std::string conninfo_with(std::string_view given, const Parameters& parameters) {
  refuse_uri_without_user(given);
  Settings settings = parse(given);
  for (const auto& [key, value] : parameters) settings[key] = value;
  std::string text;
  for (const auto& [key, value] : settings) {
    const std::string quoted = replace_all(replace_all(value, "\\", "\\\\"), "'", "\\'");
    text += cat(text.empty() ? "" : " ", key, "='", quoted, "'");
  }
  return text;
}

std::string scrub(std::string text, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    for (std::size_t at = text.find(secret); !secret.empty() && at != std::string::npos;
         at = text.find(secret, at + 3)) {
      text.replace(at, secret.size(), "***");
    }
  }
  return text;
}

}  // namespace pgsluice::pg
