// SPDX-License-Identifier: Apache-2.0
#include "fix/names.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/text.hpp"
#include "pgsluice/effects.hpp"

namespace pgsluice::fix {
namespace {

constexpr std::string_view k_digits = "0123456789";

/// `0003_orders.up.sql` in its parts.
struct FileName {
  std::string number;     ///< "0003", or empty
  std::string title;      ///< "orders"
  std::string extension;  ///< ".up.sql"
  char separator = '_';
};

/// A phase that the name declares is the original's own.
std::string_view without_phase(std::string_view title) {
  const std::size_t at = title.find_last_of("._-");
  if (at == std::string_view::npos || !parse_phase(to_lower(title.substr(at + 1)))) return title;
  return title.substr(0, at);
}

FileName read_name(std::string_view name) {
  FileName parts;
  const std::string lower = to_lower(name);
  const std::size_t extension = lower.ends_with(".up.sql") ? 7 : lower.ends_with(".sql") ? 4 : 0;
  parts.extension = extension == 0 ? ".sql" : std::string(name.substr(name.size() - extension));
  name.remove_suffix(extension);
  const std::size_t digits = std::min(name.find_first_not_of(k_digits), name.size());
  parts.number = name.substr(0, digits);
  name.remove_prefix(digits);
  const bool separated =
      !name.empty() && std::string_view("_-.").find(name.front()) != std::string_view::npos;
  if (separated) parts.separator = name.front();
  parts.title = without_phase(separated ? name.substr(1) : name);
  return parts;
}

std::uint64_t value_of(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && end == digits.data() + digits.size() ? value : 0;
}

std::string padded(std::uint64_t value, std::size_t width) {
  std::string digits = std::to_string(value);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return digits;
}

/// Whether `count` numbers behind the original's are free.
bool are_free(std::uint64_t number, std::size_t count, const std::string& original,
              std::span<const std::string> folder) {
  return std::ranges::none_of(folder, [&](const std::string& name) {
    const std::uint64_t other = value_of(read_name(name).number);
    return name != original && other >= number && other <= number + count;
  });
}

std::string numbered(const FileName& name, std::uint64_t number, const std::string& label) {
  const std::string separator(1, name.separator);
  return cat(padded(number, name.number.size()), separator, name.title, name.title.empty() ? "" : separator,
             label, name.extension);
}

bool has_prefix(std::string_view name, std::string_view prefix) {
  return name.starts_with(prefix) && name.size() > prefix.size() &&
         k_digits.find(name[prefix.size()]) != std::string_view::npos;
}

/// `V3__orders.sql` without its V.
FileName read_version(std::string_view name, const NameForm& form) {
  FileName parts = read_name(name.substr(form.prefix.size()));
  if (form.is_folder) parts.extension.clear();
  return parts;
}

}  // namespace

std::optional<std::vector<std::string>> next_versions(std::string_view original, const NameForm& form,
                                                      std::span<const std::string> folder,
                                                      const std::vector<std::string>& labels) {
  if (labels.empty()) return std::vector<std::string>();
  if (!has_prefix(original, form.prefix)) return std::nullopt;
  const FileName name = read_version(original, form);
  const std::uint64_t number = value_of(name.number);
  if (number == 0) return std::nullopt;
  const bool taken = std::ranges::any_of(folder, [&](const std::string& other) {
    if (!has_prefix(other, form.prefix)) return false;
    const std::uint64_t version = value_of(read_version(other, form).number);
    return version > number && version - number <= labels.size();
  });
  if (taken) return std::nullopt;
  const std::string separator =
      form.separator.empty() ? std::string(1, name.separator) : std::string(form.separator);
  const std::string title = name.title.substr(std::min(name.title.find_first_not_of('_'), name.title.size()));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    names.push_back(cat(form.prefix, padded(number + i + 1, name.number.size()), separator, title,
                        title.empty() ? "" : "_", labels[i], name.extension));
  }
  return names;
}

std::vector<std::string> new_names(const std::string& original, std::span<const std::string> folder,
                                   const std::vector<std::string>& labels) {
  const FileName name = read_name(original);
  const std::uint64_t number = value_of(name.number);
  const bool free = number > 0 && are_free(number, labels.size(), original, folder);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (free) {
      names.push_back(numbered(name, number + i + 1, labels[i]));
    } else {
      const std::string stem = original.substr(0, original.size() - name.extension.size());
      names.emplace_back(cat(stem, "_", std::to_string(i + 2), "_", labels[i], name.extension));
    }
  }
  return names;
}

}  // namespace pgsluice::fix
