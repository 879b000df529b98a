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

std::string without_dashes(std::string_view name) {
  const std::size_t end = std::min(name.find('_'), name.size());
  return cat(replace_all(name.substr(0, end), "-", ""), name.substr(end));
}

/// As many digits as in `original`, with dashes where that has them.
std::string with_dashes(std::string digits, std::string_view original) {
  for (std::size_t i = 0; i < original.find('_') && i < digits.size(); ++i) {
    if (original[i] == '-') digits.insert(i, 1, '-');
  }
  return digits;
}

/// `V3__orders.sql` without its V.
FileName read_version(std::string_view name, const NameForm& form) {
  const std::string_view version = name.substr(form.prefix.size());
  FileName parts = read_name(form.has_dashes ? without_dashes(version) : std::string(version));
  if (form.is_folder) parts.extension.clear();
  return parts;
}

// ---- V1_2__orders.sql --------------------------------------------------------------------------------------------------

/// With dots, and without zeros at the end: 1 is 1.0.
std::string dotted_version(std::string_view name, const NameForm& form) {
  if (!has_prefix(name, form.prefix)) return {};
  const std::size_t end = name.find(form.separator);
  if (end == std::string_view::npos) return {};
  std::string version = replace_all(name.substr(form.prefix.size(), end - form.prefix.size()), "_", ".");
  while (version.ends_with(".0")) version.resize(version.size() - 2);
  return version;
}

/// One that counts the last number of the version on, or that goes a level deeper.
std::string dotted_name(std::string_view original, const NameForm& form, std::size_t i, bool deeper,
                        const std::string& label) {
  const std::size_t end = original.find(form.separator);
  std::string version(original.substr(0, end));
  if (deeper) {
    version += cat(version.find('.') == std::string::npos ? "_" : ".", std::to_string(i));
  } else {
    const std::size_t digits = version.find_last_not_of(k_digits) + 1;
    const std::string number = version.substr(digits);
    version = cat(version.substr(0, digits), padded(value_of(number) + i, number.size()));
  }
  const std::string_view title =
      original.substr(end, original.size() - end - std::string_view(".sql").size());
  return cat(version, without_phase(title), "_", label, ".sql");
}

std::optional<std::vector<std::string>> next_dotted(std::string_view original, const NameForm& form,
                                                    std::span<const std::string> folder,
                                                    const std::vector<std::string>& labels) {
  const std::string own = dotted_version(original, form);
  if (own.empty()) return std::nullopt;
  for (const bool deeper : {false, true}) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < labels.size(); ++i)
      names.push_back(dotted_name(original, form, i + 1, deeper, labels[i]));
    const std::string last = dotted_version(names.back(), form);
    const bool taken = std::ranges::any_of(folder, [&](const std::string& other) {
      const std::string version = dotted_version(other, form);
      return !version.empty() && natural_less(own, version) && !natural_less(last, version);
    });
    if (!taken) return names;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<std::string>> next_versions(std::string_view original, const NameForm& form,
                                                      std::span<const std::string> folder,
                                                      const std::vector<std::string>& labels) {
  if (labels.empty()) return std::vector<std::string>();
  if (!has_prefix(original, form.prefix)) return std::nullopt;
  if (form.is_dotted) return next_dotted(original, form, folder, labels);
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
    std::string digits = padded(number + i + 1, name.number.size());
    if (form.as_text && digits.size() > name.number.size()) return std::nullopt;
    if (form.has_dashes) digits = with_dashes(std::move(digits), original);
    names.push_back(
        cat(form.prefix, digits, separator, title, title.empty() ? "" : "_", labels[i], name.extension));
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
