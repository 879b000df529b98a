// SPDX-License-Identifier: Apache-2.0
// Names of files, and what stands around them.
#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/text.hpp"
#include "migration/tools/rows.hpp"

namespace pgsluice::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_small = std::size_t{256}
                                << 10U;  // manifests and journals; larger ones are none of ours
constexpr int k_levels = 6;

}  // namespace

std::string_view base_name(std::string_view file) {
  return file.substr(file.rfind('/') + 1);  // npos + 1 is 0
}

std::string_view folder_of(std::string_view file) {
  const std::size_t slash = file.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : file.substr(0, slash);
}

bool is_sql(std::string_view file) {
  return file.size() > 4 && to_lower(file.substr(file.size() - 4)) == ".sql";
}

bool begins_with_number(std::string_view name) {
  return !name.empty() && name.front() >= '0' && name.front() <= '9';
}

bool has_file(const Layout& layout, std::string_view name) {
  return std::ranges::any_of(layout.files, [&](const std::string& file) {
    return file == name || (file.ends_with(name) && file[file.size() - name.size() - 1] == '/');
  });
}

Files select(const Layout& layout, bool (*is_wanted)(std::string_view file)) {
  Files files;
  for (const std::string& file : layout.files) {
    if (is_sql(file) && is_wanted(file)) files.push_back(file);
  }
  return files;
}

std::string small_file(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > k_small || error) return {};
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return std::move(text).str();
}

bool project_mentions(const fs::path& directory, std::string_view file, std::string_view word) {
  std::error_code error;
  fs::path folder = fs::absolute(directory, error).lexically_normal();
  for (int level = 0; level < k_levels && !error; ++level) {
    if (small_file(folder / file).find(word) != std::string::npos) return true;
    if (fs::exists(folder / ".git", error) || folder == folder.parent_path()) return false;
    folder = folder.parent_path();
  }
  return false;
}

bool is_way_back(std::string_view file) {
  const std::string name = to_lower(base_name(file));
  const std::string folders = cat("/", folder_of(file), "/");
  return name.ends_with(".down.sql") || name == "down.sql" || folders.find("/revert/") != std::string::npos ||
         folders.find("/verify/") != std::string::npos;
}

Files plain_files(const Layout& layout) {
  return select(layout, [](std::string_view file) { return !to_lower(file).ends_with(".down.sql"); });
}

Files numbered_files(const Layout& layout) {
  return select(layout, [](std::string_view file) { return begins_with_number(base_name(file)); });
}

}  // namespace pgsluice::tools
