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
#include <iterator>
#include <tuple>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.hpp"
#include "pg/conninfo.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_prefix = "pgsluice-preview.";

/// A socket's path may have 107 bytes, so a long TMPDIR is of no use; nor is one that the server's user cannot enter, or with
/// a comma: libpq takes it for two hosts.
fs::path scratch() {
  constexpr std::size_t k_longest = 60;
  const char* named = std::getenv("TMPDIR");
  struct stat status{};
  if (named == nullptr || stat(named, &status) != 0) return "/tmp";
  const fs::path folder = fs::absolute(named);
  const bool usable = folder.string().size() <= k_longest && folder.string().find(',') == std::string::npos;
  return usable && (geteuid() != 0 || (status.st_mode & S_IXOTH) != 0) ? folder : "/tmp";
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
  const int descriptor = open((folder / "lock").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
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
std::pair<fs::path, int> locked_folder() {
  // Before it is locked, another preview that begins now may remove it as one that was left.
  constexpr int k_attempts = 20;
  for (int attempt = 0; attempt < k_attempts; ++attempt) {
    std::string pattern = (scratch() / cat(k_prefix, "XXXXXX")).string();
    if (mkdtemp(pattern.data()) == nullptr) break;
    const int lock = take_lock(pattern, O_CREAT);
    if (lock >= 0 && is_lock_of(pattern, lock)) return {pattern, lock};
    if (lock >= 0) close(lock);
    std::error_code error;
    fs::remove_all(pattern, error);
  }
  throw Error(ExitCode::usage,
              cat("cannot make a folder in ", scratch().string(), ": ", std::strerror(errno)));
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

void remove_what_was_left() {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(scratch(), error)) {
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

}  // namespace

ThrowAwayServer::ThrowAwayServer(const ServerPrograms& programs) : user_(ordinary_user()) {
  remove_what_was_left();
  std::tie(folder_, lock_) = locked_folder();
  try {
    make_cluster(programs);
    start(programs);
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

void ThrowAwayServer::make_cluster(const ServerPrograms& programs) {
  const fs::path data = folder_ / "data";
  const fs::path kept = template_of(programs);
  fs::create_directory(data);
  fs::create_directory(folder_ / "socket");
  fs::permissions(data, fs::perms::owner_all);
  if (user_) {
    // Who reaches the socket is superuser there, so nobody but that user's group comes as far.
    set_owner(folder_, {.user = geteuid(), .group = user_->group});
    fs::permissions(folder_, fs::perms::owner_all | fs::perms::group_exec);
    set_owner(folder_ / "socket", *user_);
  }
  std::error_code none;
  if (!kept.empty() && fs::exists(kept / "PG_VERSION", none) && is_ours(kept) && copy_tree(kept, data)) {
    if (user_) own_tree(data, *user_);
    return;
  }
  if (user_) set_owner(data, *user_);
  Child initdb({(programs.folder / "initdb").string(), "-D", data.string(), "-U", "postgres", "-A", "trust",
                "-E", "UTF8", "--locale=C", "--no-sync"},
               user_, folder_ / "log");
  if (initdb.wait() != 0) give_up("initdb failed");
  keep(data, kept);
}

void ThrowAwayServer::start(const ServerPrograms& programs) {
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
    if (postmaster_->ended() || std::chrono::steady_clock::now() > deadline)
      give_up("the server does not start");
    usleep(5000);
  }
}

void ThrowAwayServer::give_up(std::string_view what) const {
  const std::string log = text_of(folder_ / "log");
  const std::vector<std::string_view> said = lines(log);
  throw Error(ExitCode::precondition,
              cat(what, said.empty() ? "" : ": ", said.empty() ? "" : printable_line(said.back())));
}

std::string ThrowAwayServer::conninfo() const {
  return pg::conninfo_with("", {{"host", (folder_ / "socket").string()},
                                {"port", "5432"},
                                {"user", "postgres"},
                                {"dbname", "postgres"}});
}

}  // namespace pgsluice
