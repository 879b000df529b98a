// SPDX-License-Identifier: Apache-2.0
#include "cli/options.hpp"

#include <algorithm>
#include <charconv>

#include <CLI/CLI.hpp>

#include "base/quantity.hpp"
#include "base/text.hpp"
#include "pgsluice/explain.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice::cli {
namespace {

std::string quoted(const std::string& text) {
  return cat("\"", printable_line(text), "\"");
}

/// "14" and, as servers print it, "14.22".
std::optional<int> parse_major(const std::string& text) {
  const std::string major = text.substr(0, text.find('.'));
  if (major.empty() || major.size() > 3 || major.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  return std::stoi(major);
}

std::string check_pg_version(const std::string& text) {
  const std::optional<int> major = parse_major(text);
  if (major && *major >= k_first_version && *major <= k_last_version) {
    return {};
  }
  return cat(quoted(text),
             " is no major version of PostgreSQL that pgsluice knows: ", std::to_string(k_first_version),
             " to ", std::to_string(k_last_version));
}

std::string check_duration(const std::string& text) {
  return parse_duration(text) ? std::string()
                              : quoted(text) + " is no duration such as 200ms, 5s, 10m or 24h";
}

std::string check_size(const std::string& text) {
  return parse_bytes(text) ? std::string() : quoted(text) + " is no size such as 512MB or 1GB";
}

constexpr unsigned k_most_jobs = 64;

std::optional<unsigned> parse_jobs(const std::string& text) {
  unsigned jobs = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), jobs);
  if (error != std::errc() || end != text.data() + text.size() || jobs < 1 || jobs > k_most_jobs) return {};
  return jobs;
}

std::string check_jobs(const std::string& text) {
  return parse_jobs(text) ? std::string()
                          : cat(quoted(text), " is no number from 1 to ", std::to_string(k_most_jobs));
}

}  // namespace

std::string choice_words(const std::vector<std::string>& words) {
  return join(words, "|");
}

CLI::Option* add_choice_index(CLI::App& app, const std::string& name, const std::vector<std::string>& words,
                              std::size_t preset, const std::function<void(std::size_t)>& chosen,
                              const std::string& description) {
  const auto check = [words](const std::string& text) {
    const bool known = std::find(words.begin(), words.end(), text) != words.end();
    return known ? std::string() : cat(quoted(text), " is none of ", enumerate(words, " and "));
  };
  const auto assign = [words, chosen](const std::string& text) {
    chosen(static_cast<std::size_t>(std::find(words.begin(), words.end(), text) - words.begin()));
  };
  return app.add_option_function<std::string>(name, assign, description)
      ->check(CLI::Validator(check, ""))
      ->type_name(choice_words(words))
      ->default_str(words[preset]);
}

void add_pg_version(CLI::App& app, std::optional<int>& version, const std::string& description) {
  const auto assign = [&version](const std::string& text) { version = parse_major(text); };
  app.add_option_function<std::string>("--pg-version", assign, description)
      ->check(CLI::Validator(check_pg_version, ""))
      ->type_name("MAJOR");
}

CLI::Option* add_duration(CLI::App& app, const std::string& name,
                          std::optional<std::chrono::milliseconds>& duration,
                          const std::string& description) {
  const auto assign = [&duration](const std::string& text) { duration = parse_duration(text); };
  return app.add_option_function<std::string>(name, assign, description)
      ->check(CLI::Validator(check_duration, ""))
      ->type_name("DURATION");
}

CLI::Option* add_size(CLI::App& app, const std::string& name, std::optional<double>& bytes,
                      const std::string& description) {
  const auto assign = [&bytes](const std::string& text) { bytes = parse_bytes(text); };
  return app.add_option_function<std::string>(name, assign, description)
      ->check(CLI::Validator(check_size, ""))
      ->type_name("SIZE");
}

void add_jobs(CLI::App& app, std::optional<unsigned>& jobs, const std::string& description) {
  const auto assign = [&jobs](const std::string& text) { jobs = parse_jobs(text); };
  app.add_option_function<std::string>("--jobs", assign, description)
      ->check(CLI::Validator(check_jobs, ""))
      ->type_name("N");
}

void add_global_options(CLI::App& app, GlobalOptions& options) {
  add_choice(app, "--color", options.color,
             {{"auto", ColorMode::automatic}, {"always", ColorMode::always}, {"never", ColorMode::never}},
             "when to use colour");
  add_choice(app, "--log-format", options.log_format, {{"text", LogFormat::text}, {"json", LogFormat::json}},
             "form of the messages on standard error");
  CLI::Option* quiet = app.add_flag("-q,--quiet", options.quiet, "say only what is wrong");
  app.add_flag("-v,--verbose", options.verbose, "say more")->excludes(quiet);
}

}  // namespace pgsluice::cli
