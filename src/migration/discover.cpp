// SPDX-License-Identifier: Apache-2.0
// Which migrations there are, in whose conventions, and in which order they run.
#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include "base/files.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "migration/read_text.hpp"
#include "migration/tools/placeholders.hpp"
#include "migration/tools/tools.hpp"
#include "pgsluice/error.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_standard_input = "<stdin>";

bool is_folder(const fs::directory_entry& entry) {
  std::error_code ignored;
  return entry.is_directory(ignored);
}

/// Folder by folder: `2/1.sql` runs before `10/1.sql`, and `a/…` before `a-b/…`.
bool runs_before(std::string_view a, std::string_view b) {
  for (;;) {
    const std::size_t a_end = std::min(a.find('/'), a.size());
    const std::size_t b_end = std::min(b.find('/'), b.size());
    if (a.substr(0, a_end) != b.substr(0, b_end)) return natural_less(a.substr(0, a_end), b.substr(0, b_end));
    if (a_end == a.size() || b_end == b.size()) return a_end == a.size() && b_end < b.size();
    a.remove_prefix(a_end + 1);
    b.remove_prefix(b_end + 1);
  }
}

[[noreturn]] void cannot_read(const fs::path& path, const std::error_code& error) {
  throw Error(ExitCode::usage,
              cat("cannot read ", printable_line(path.string()), ": ", to_lower(error.message())));
}

/// Relative to the folder, with '/' as separator.
std::vector<std::string> files_below(const fs::path& directory) {
  const std::size_t prefix = (directory / "").native().size();
  std::vector<std::string> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string& path = entry->path().native();
    const std::string_view name = std::string_view(path).substr(path.rfind('/') + 1);
    if (name.starts_with(".")) {
      entry.disable_recursion_pending();
    } else if (!is_folder(*entry)) {
      files.push_back(path.substr(prefix));
    }
  }
  if (error) cannot_read(directory, error);
  std::sort(files.begin(), files.end(), runs_before);
  return files;
}

/// The name that a folder goes by, also when it is written `.` or `migrations/`.
std::string name_of(const fs::path& directory) {
  std::error_code error;
  const fs::path absolute = fs::absolute(directory, error).lexically_normal();
  return (absolute.has_filename() ? absolute.filename() : absolute.parent_path().filename()).string();
}

void check_is_folder(const fs::path& directory) {
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (error) cannot_read(directory, error);
  if (!fs::is_directory(status)) {
    throw Error(ExitCode::usage,
                cat(printable_line(directory.string()), " is a file, not a folder of migrations"),
                "Name the folder that it stands in.");
  }
}

std::string bytes_of(const Migration& migration) {
  return is_standard_input(migration) ? read_stdin() : read_file(migration.path);
}

// ---- whose conventions ---------------------------------------------------------------------------------------------

using tools::Format;
using tools::Layout;

/// "flyway:mixed" → its row and "mixed".
struct Told {
  const Format* format = nullptr;  ///< none: nobody has said
  std::string setting;
};
Told told(const Conventions& options) {
  if (options.tool.empty()) return {};
  const std::size_t colon = std::min(options.tool.find(':'), options.tool.size());
  Told told{.format = &tools::find_format(options.tool.substr(0, colon)), .setting = {}};
  if (colon < options.tool.size()) told.setting = options.tool.substr(colon + 1);
  if (!told.setting.empty() && told.setting != told.format->settings) {
    throw Error(ExitCode::usage, cat("--tool ", printable_line(options.tool), " means nothing"),
                cat("Known: ", join(tool_words(), ", "), "."));
  }
  return told;
}

/// The first of a folder's files, one from the middle and the last: what all of them have, these have.
std::vector<std::string> samples(const Layout& layout) {
  std::vector<std::string> files;
  for (const std::string& file : layout.files) {
    if (to_lower(file).ends_with(".sql")) files.push_back(file);
  }
  std::vector<std::string> texts;
  for (const std::size_t i : std::set{std::size_t{0}, files.size() / 2, files.size() - 1}) {
    std::error_code error;
    if (i >= files.size() || !fs::is_regular_file(layout.directory / files[i], error)) continue;
    try {
      texts.push_back(read_ends(layout.directory / files[i], tools::k_telling_part));
    } catch (const Error&) {  // what cannot be read is said when its turn has come
    }
  }
  return texts;
}

struct Choice {
  const Format* format = nullptr;
  std::vector<std::string> files;
  std::size_t left_out = 0;
  std::string doubt;
};

Choice choice_of(const Format& format, const Layout& layout) {
  Choice choice{.format = &format, .files = format.files(layout), .left_out = 0, .doubt = {}};
  const std::set<std::string_view> chosen(choice.files.begin(), choice.files.end());
  choice.left_out =
      static_cast<std::size_t>(std::ranges::count_if(layout.files, [&](const std::string& file) {
        return to_lower(file).ends_with(".sql") && !tools::is_way_back(file) && !chosen.contains(file);
      }));
  return choice;
}

Choice choose(const Layout& layout, const Conventions& options) {
  if (const Told word = told(options); word.format != nullptr) return choice_of(*word.format, layout);
  const std::vector<std::string> texts = samples(layout);
  for (const Format& format : tools::formats()) {
    const bool by_layout = format.is_layout != nullptr && format.is_layout(layout);
    const bool by_text = std::ranges::any_of(
        texts, [&format](const std::string& text) { return tools::is_text_of(format, text); });
    if (!by_layout && !by_text) continue;
    Choice choice = choice_of(format, layout);
    // One file with such a name does not make a folder of that tool's: the others would go unseen.
    if (choice.left_out > choice.files.size()) continue;
    if (format.doubt != nullptr) choice.doubt = format.doubt(layout);
    return choice;
  }
  return choice_of(tools::formats().back(), layout);
}

bool is_in_own_folder(const fs::path& file) {
  return file.filename() == "migration.sql" || file.filename() == "up.sql";
}

/// Where a file stands in what its tool calls the folder of migrations.
struct FilePlace {
  fs::path directory;
  std::string file;
  bool in_own_folder = false;
};
FilePlace place_of(const fs::path& file) {
  const fs::path folder = parent_folder(file);
  const std::string name = file.filename().generic_string();
  if (!is_in_own_folder(file)) return {.directory = folder, .file = name, .in_own_folder = false};
  return {.directory = folder / "..", .file = cat(name_of(folder), "/", name), .in_own_folder = true};
}

void add_files(const fs::path& directory, const std::string& before, bool deeper, Layout& layout) {
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().generic_string();
    if (name.starts_with(".")) continue;
    if (!is_folder(*entry)) {
      layout.files.push_back(before + name);
    } else if (deeper || name == "meta") {
      add_files(entry->path(), cat(before, name, "/"), false, layout);
    }
  }
}

/// As far as it says whose the file is.
Layout layout_around(const FilePlace& place) {
  Layout layout{.directory = place.directory, .files = {}};
  add_files(place.directory, "", place.in_own_folder, layout);
  std::sort(layout.files.begin(), layout.files.end(), runs_before);
  return layout;
}

}  // namespace

std::vector<Migration> list_migrations(const fs::path& directory, const Conventions& options) {
  check_is_folder(directory);
  const std::string name = cat(name_of(directory), "/");
  const fs::path folder = (directory / "x").lexically_normal().parent_path();  // `./a` is listed as `a`
  const Layout layout{.directory = directory, .files = files_below(directory)};
  const Choice choice = choose(layout, options);
  const auto shared = std::make_shared<const Conventions>(options);
  std::vector<Migration> migrations;
  for (const std::string& file : choice.files) {
    Migration& migration = migrations.emplace_back();
    migration.id = file;
    migration.tool = choice.format->name;
    migration.phase = phase_of(cat(name, file), {});
    migration.path = folder / file;
    migration.folder = folder.generic_string();
    migration.source.path = migration.path.generic_string();
    migration.repeatable = choice.format->is_repeatable != nullptr && choice.format->is_repeatable(file);
    migration.doubt = choice.doubt;
    migration.left_out = choice.left_out;
    migration.options = shared;
  }
  if (migrations.empty()) {
    const bool plain = choice.format->name == tool::plain;
    throw Error(ExitCode::usage,
                cat("no migrations", plain ? "" : " of ", plain ? "" : choice.format->name, " in ",
                    printable_line(directory.string())),
                plain ? "A migration is a file that ends in .sql; hidden files and .down.sql are left out."
                      : "Name the folder that its files are in, or say with --tool whose they are.");
  }
  return migrations;
}

struct FileNamer::Folders {
  struct Known {
    Choice choice;
    std::set<std::string> files;  ///< that the tool would run
  };
  std::shared_ptr<const Conventions> options;
  std::map<fs::path, Known> known;

  const Known& of(const FilePlace& place) {
    const auto [at, is_new] = known.try_emplace(place.directory);
    if (is_new) {
      const Layout layout = layout_around(place);
      at->second.choice = choose(layout, *options);
      at->second.files.insert(at->second.choice.files.begin(), at->second.choice.files.end());
    }
    return at->second;
  }
};

FileNamer::FileNamer(const Conventions& options) : folders_(std::make_unique<Folders>()) {
  folders_->options = std::make_shared<const Conventions>(options);
}
FileNamer::~FileNamer() = default;

Migration FileNamer::name(const fs::path& file) {
  const bool is_input = file == "-";
  const fs::path path = is_input ? fs::path(k_standard_input) : file;
  Migration migration{.id = path.filename().generic_string(), .path = path, .source = {}};
  migration.options = folders_->options;
  migration.source.path = path.generic_string();
  if (is_input) {
    if (const Told word = told(*folders_->options); word.format != nullptr)
      migration.tool = word.format->name;
    return migration;
  }
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  migration.phase = phase_of(cat(name_of(folder), "/", file.filename().generic_string()), {});
  const FilePlace place = place_of(file);
  const Folders::Known& known = folders_->of(place);
  const bool told_so = !folders_->options->tool.empty();
  // What the tool would not run is read as it is: somebody wants to know what it does.
  if (!told_so && !known.files.contains(place.file)) return migration;
  migration.tool = known.choice.format->name;
  migration.doubt = known.choice.doubt;
  return migration;
}

Migration name_migration(const fs::path& file, const Conventions& options) {
  return FileNamer(options).name(file);
}

void expect_readable(const Migration& migration) {
  if (migration.path != k_standard_input) expect_readable(migration.path);
}

void read_text(Migration& migration, std::string text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.erase(0, byte_order_mark.size());
  static const Conventions nothing;
  const Conventions& options = migration.options ? *migration.options : nothing;
  const Told word = told(options);
  if (word.format == nullptr && migration.tool == tool::plain) {
    for (const Format& format : tools::formats()) {
      if (tools::is_text_of(format, text)) {
        migration.tool = format.name;
        break;
      }
    }
  }
  const Format& format = tools::find_format(migration.tool);
  tools::Draft draft(std::move(text));
  draft.placeholders = format.placeholders;
  if (format.read != nullptr) format.read({.path = migration.path, .setting = word.setting}, draft);
  tools::fill_placeholders(draft, options.placeholders);
  migration.source = std::move(draft).finish(std::move(migration.source.path));
}

bool is_standard_input(const Migration& migration) {
  return migration.path == k_standard_input;
}

void read(Migration& migration) {
  read_text(migration, bytes_of(migration));
}

std::vector<Migration> discover(const fs::path& directory, const Conventions& options) {
  std::vector<Migration> migrations = list_migrations(directory, options);
  for (Migration& migration : migrations) {
    std::string bytes = bytes_of(migration);
    migration.sha256 = sha256_hex(bytes);
    read_text(migration, std::move(bytes));
  }
  return migrations;
}

}  // namespace pgsluice
