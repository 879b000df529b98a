// SPDX-License-Identifier: Apache-2.0
#pragma once

// Options that commands share, and the ways in which an option's value is checked. A wrong value is a sentence that
// says what would be right.

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/terminal.hpp"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace pgsluice::cli {

enum class LogFormat { text, json };

/// How a result is printed. Each command offers some of these.
enum class Format { text, json, markdown, html };

/// What stands before the command, and may stand after it.
struct GlobalOptions {
  ColorMode color = ColorMode::automatic;
  LogFormat log_format = LogFormat::text;
  bool quiet = false;
  bool verbose = false;
};

void add_global_options(CLI::App& app, GlobalOptions& options);

/// `--pg-version MAJOR`, 12 to 18. Absent: not given.
void add_pg_version(CLI::App& app, std::optional<int>& version, const std::string& description);
/// An option whose value is written `200ms`, `5s`, `10m`, `24h`.
CLI::Option* add_duration(CLI::App& app, const std::string& name,
                          std::optional<std::chrono::milliseconds>& duration, const std::string& description);

/// An option whose value is written `512MB`, `1GB`.
CLI::Option* add_size(CLI::App& app, const std::string& name, std::optional<double>& bytes,
                      const std::string& description);

/// `--jobs N`, 1 to 64. Absent: not given.
void add_jobs(CLI::App& app, std::optional<unsigned>& jobs, const std::string& description);

/// The words that an option takes and what each means.
template <typename Value>
using Choices = std::vector<std::pair<std::string, Value>>;

/// "text|json", for the help.
std::string choice_words(const std::vector<std::string>& words);
/// Declares an option that takes one of `words`; `chosen` gets its index.
CLI::Option* add_choice_index(CLI::App& app, const std::string& name, const std::vector<std::string>& words,
                              std::size_t preset, const std::function<void(std::size_t)>& chosen,
                              const std::string& description);

template <typename Value>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Value& value, const Choices<Value>& choices,
                        const std::string& description) {
  std::vector<std::string> words;
  std::size_t preset = 0;
  for (const auto& [word, meaning] : choices) {
    preset = meaning == value ? words.size() : preset;
    words.push_back(word);
  }
  const auto chosen = [&value, choices](std::size_t index) { value = choices[index].second; };
  return add_choice_index(app, name, words, preset, chosen, description);
}

}  // namespace pgsluice::cli
