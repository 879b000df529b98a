// SPDX-License-Identifier: Apache-2.0
#include "preview/server.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/quantity.hpp"
#include "base/text.hpp"
#include "pg/conninfo.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_prefix = "pgsluice-preview.";

bool may_enter(const fs::path& path, const User& user) {
  struct stat status{};
  if (stat(path.c_str(), &status) != 0) return false;
  const mode_t needed = status.st_uid == user.user    ? S_IXUSR
                        : status.st_gid == user.group ? S_IXGRP
                                                      : S_IXOTH;
  return (status.st_mode & needed) != 0;
}

/// The first part of the path, as it is written or as links lead, that this user may not enter, or run; empty: none.
fs::path barred_at(const fs::path& path, const User& user) {
  std::error_code error;
  for (const fs::path& way : {fs::absolute(path), fs::weakly_canonical(path, error)}) {
    fs::path part;
    for (const fs::path& name : way) {
      part /= name;
      if (!may_enter(part, user)) return part;
    }
  }
  return {};
}

/// A socket's path may have 107 bytes, so a long TMPDIR is of no use; nor is one that the server's user cannot enter, or with
/// a comma: libpq takes it for two hosts.
fs::path scratch(const std::optional<User>& user) {
  constexpr std::size_t k_longest = 60;
  const char* named = std::getenv("TMPDIR");
  std::error_code error;
  if (named == nullptr || !fs::exists(named, error)) return "/tmp";
  const fs::path folder = fs::absolute(named);
  const bool usable = folder.string().size() <= k_longest && folder.string().find(',') == std::string::npos;
  return usable && (!user || barred_at(folder, *user).empty()) ? folder : "/tmp";
}

/// As an item of a list of folders: varlena.c SplitDirectoriesString().
std::string in_list(const fs::path& folder) {
  return cat("\"", replace_all(folder.string(), "\"", "\"\""), "\"");
}

/// Empty when it is not there, or no longer.
std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

void set_owner(const fs::path& path, const User& user) {
  if (lchown(path.c_str(), user.user, user.group) != 0)
    throw Error(ExitCode::usage,
                cat("cannot change the owner of ", path.string(), ": ", std::strerror(errno)));
}

/// Taken: the descriptor; otherwise -1.
int take_lock(const fs::path& folder, int flags) {
  const int descriptor = ::open((folder / "lock").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
  if (descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
  if (descriptor >= 0) close(descriptor);
  return -1;
}

/// Whether the lock is that of the file that others find there.
bool is_lock_of(const fs::path& folder, int lock) {
  struct stat taken{};
  struct stat there{};
  return fstat(lock, &taken) == 0 && lstat((folder / "lock").c_str(), &there) == 0 &&
         taken.st_ino == there.st_ino && taken.st_dev == there.st_dev;
}

/// A new folder, and the lock that tells others it is in use.
std::pair<fs::path, int> locked_folder(const fs::path& scratch) {
  // Before it is locked, another preview that begins now may remove it as one that was left.
  constexpr int k_attempts = 20;
  for (int attempt = 0; attempt < k_attempts; ++attempt) {
    std::string pattern = (scratch / cat(k_prefix, "XXXXXX")).string();
    if (mkdtemp(pattern.data()) == nullptr) break;
    const int lock = take_lock(pattern, O_CREAT);
    if (lock >= 0 && is_lock_of(pattern, lock)) return {pattern, lock};
    if (lock >= 0) close(lock);
    std::error_code error;
    fs::remove_all(pattern, error);
  }
  throw Error(ExitCode::usage, cat("cannot make a folder in ", scratch.string(), ": ", std::strerror(errno)));
}

/// The postmaster of a preview that was killed outright has got SIGQUIT; if it has not heeded it yet, it does now.
void end_postmaster(const fs::path& folder) {
  const fs::path data = folder / "data";
  const long pid = std::strtol(text_of(data / "postmaster.pid").c_str(), nullptr, 10);
  // The file is the server's user's, who could write any number: a postmaster is where its data are.
  std::error_code error;
  const fs::path where = fs::read_symlink(cat("/proc/", std::to_string(pid), "/cwd"), error);
  if (pid > 1 && !error && where == data) kill(static_cast<pid_t>(pid), SIGQUIT);
}

bool is_ours(const fs::path& folder) {
  struct stat status{};
  return lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid();
}

void remove_what_was_left(const fs::path& scratch) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(scratch, error)) {
    const fs::path& folder = entry.path();
    if (!folder.filename().string().starts_with(k_prefix) || !is_ours(folder)) continue;
    const int lock = take_lock(folder, 0);
    if (lock < 0) continue;  // its preview is alive
    end_postmaster(folder);
    fs::remove_all(folder, error);
    close(lock);
  }
}

/// A folder for what may be kept; empty: there is none.
fs::path cache_folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return fs::path(cache) / "pgsluice" / "clusters";
  const char* home = std::getenv("HOME");
  return home != nullptr && *home == '/' ? fs::path(home) / ".cache" / "pgsluice" / "clusters" : fs::path();
}

/// For this release from this folder; a template of another build must not be used.
fs::path template_of(const ServerPrograms& programs) {
  const fs::path cache = cache_folder();
  if (cache.empty()) return {};
  std::string name = cat(programs.release, programs.folder.string());
  std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0 && c != '.'; }, '-');
  return cache / name;
}

bool copy_tree(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
  if (!error) fs::permissions(to, fs::perms::owner_all, error);
  return !error;
}

/// The folder itself last: until then its new owner cannot enter it, and put something else where root writes.
void own_tree(const fs::path& folder, const User& user) {
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
    set_owner(entry.path(), user);
  set_owner(folder, user);
}

/// So that one is made anew that no server starts from.
void forget(const fs::path& kept) {
  std::error_code error;
  if (!kept.empty() && is_ours(kept)) fs::remove_all(kept, error);
}

/// Kept for the next time, if we may; whoever is first wins.
void keep(const fs::path& cluster, const fs::path& kept) {
  std::error_code error;
  if (kept.empty()) return;
  fs::create_directories(kept.parent_path(), error);
  if (error) return;
  const fs::path beside = cat(kept.string(), ".", std::to_string(getpid()));
  if (copy_tree(cluster, beside)) fs::rename(beside, kept, error);
  fs::remove_all(beside, error);
}

/// What pg_ctl reads too: the last line is the state.
bool is_ready(const fs::path& data) {
  const std::string text = text_of(data / "postmaster.pid");
  return text.find("\nready") != std::string::npos;
}

/// The last line that says why, of a server or of initdb; else the last one.
std::string_view reason_in(const std::vector<std::string_view>& log) {
  const auto says_why = [](std::string_view line) {
    return std::ranges::any_of(
        std::initializer_list<std::string_view>{"FATAL:", "PANIC:", "error:"},
        [&](std::string_view word) { return line.find(word) != std::string_view::npos; });
  };
  const auto found = std::find_if(log.rbegin(), log.rend(), says_why);
  return found == log.rend() ? log.back() : *found;
}

}  // namespace

ThrowAwayServer::ThrowAwayServer(const ServerPrograms& programs) : user_(ordinary_user()) {
  const fs::path place = scratch(user_);
  remove_what_was_left(place);
  std::tie(folder_, lock_) = locked_folder(place);
  try {
    make_folders();
    const fs::path kept = template_of(programs);
    if (copy_cluster(kept) && starts(programs)) return;
    postmaster_.reset();
    make_cluster(programs, kept);
    if (!starts(programs)) give_up("the server does not start");
  } catch (...) {
    postmaster_.reset();
    std::error_code error;
    fs::remove_all(folder_, error);
    close(lock_);
    throw;
  }
}

ThrowAwayServer::~ThrowAwayServer() {
  postmaster_.reset();
  std::error_code error;
  fs::remove_all(folder_, error);
  close(lock_);
}

void ThrowAwayServer::make_folders() {
  fs::create_directory(folder_ / "socket");
  if (!user_) return;
  // Who reaches the socket is superuser there, so nobody but that user's group comes as far.
  set_owner(folder_, {.user = geteuid(), .group = user_->group});
  fs::permissions(folder_, fs::perms::owner_all | fs::perms::group_exec);
  set_owner(folder_ / "socket", *user_);
}

fs::path ThrowAwayServer::make_data_folder() const {
  fs::path data = folder_ / "data";
  fs::remove_all(data);
  fs::create_directory(data);
  fs::permissions(data, fs::perms::owner_all);
  return data;
}

bool ThrowAwayServer::copy_cluster(const fs::path& kept) const {
  std::error_code none;
  if (kept.empty() || !fs::exists(kept / "PG_VERSION", none) || !is_ours(kept)) return false;
  const fs::path data = make_data_folder();
  if (!copy_tree(kept, data)) return false;
  if (user_) own_tree(data, *user_);
  return true;
}

void ThrowAwayServer::make_cluster(const ServerPrograms& programs, const fs::path& kept) const {
  const fs::path data = make_data_folder();
  if (user_) set_owner(data, *user_);
  Child initdb({(programs.folder / "initdb").string(), "-D", data.string(), "-U", "postgres", "-A", "trust",
                "-E", "UTF8", "--locale=C", "--no-sync"},
               user_, folder_ / "log");
  if (initdb.wait() != 0) {
    expect_enterable(programs);
    give_up("initdb failed");
  }
  forget(kept);
  keep(data, kept);
}

/// What cannot be run says nothing by itself.
void ThrowAwayServer::expect_enterable(const ServerPrograms& programs) const {
  if (!user_) return;
  const fs::path barred = barred_at(fs::absolute(programs.folder / "initdb"), *user_);
  if (barred.empty()) return;
  const passwd* entry = getpwuid(user_->user);
  const std::string name = entry != nullptr ? entry->pw_name : std::to_string(user_->user);
  throw Error(ExitCode::precondition,
              cat("the user ", name, ", as whom the server runs, cannot run ",
                  (programs.folder / "initdb").string(), ": it may not enter ", barred.string()),
              cat("Let others enter it (chmod o+x ", barred.string(),
                  "), name another folder with --pg-bin, or run preview as an ordinary user."));
}

bool ThrowAwayServer::starts(const ServerPrograms& programs) {
  constexpr auto k_longest = std::chrono::seconds(60);
  const fs::path data = folder_ / "data";
  postmaster_ = std::make_unique<Child>(
      std::vector<std::string>{(programs.folder / "postgres").string(),
                               "-D",
                               data.string(),
                               "-c",
                               cat("unix_socket_directories=", in_list(folder_ / "socket")),
                               "-c",
                               "unix_socket_permissions=0700",
                               "-c",
                               "listen_addresses=",
                               "-c",
                               "port=5432",
                               "-c",
                               "fsync=off",
                               "-c",
                               "autovacuum=off",
                               "-c",
                               "max_locks_per_transaction=256",
                               "-c",
                               "wal_level=logical",
                               "-c",
                               "log_temp_files=0",
                               "-c",
                               "max_prepared_transactions=5",
                               "-c",
                               "timezone=UTC",
                               "-c",
                               "max_connections=40"},
      user_, folder_ / "log");
  const auto deadline = std::chrono::steady_clock::now() + k_longest;
  while (!is_ready(data)) {
    if (postmaster_->ended() || std::chrono::steady_clock::now() > deadline) return false;
    usleep(5000);
  }
  return true;
}

void ThrowAwayServer::give_up(std::string_view what) const {
  constexpr double k_needed = 100 << 20;
  const std::string log = text_of(folder_ / "log");
  const std::vector<std::string_view> said = lines(log);
  std::error_code error;
  const fs::space_info space = fs::space(folder_, error);
  const auto room = static_cast<double>(space.available);
  std::string hint;
  if (!error && room < k_needed)
    hint = cat("Only ", byte_words(room), " are free in ", folder_.parent_path().string(),
               ", and a server takes ", byte_words(k_needed), ": set TMPDIR to a folder with more room.");
  throw Error(ExitCode::precondition,
              cat(what, said.empty() ? "" : ": ", said.empty() ? "" : printable_line(reason_in(said))),
              std::move(hint));
}

std::string ThrowAwayServer::conninfo() const {
  return pg::conninfo_with("", {{"host", (folder_ / "socket").string()},
                                {"port", "5432"},
                                {"user", "postgres"},
                                {"dbname", "postgres"}});
}

}  // namespace pgsluice
