// SPDX-License-Identifier: Apache-2.0
#include "base/files.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

/// An open file descriptor that closes itself.
struct Descriptor {
  int number;
  explicit Descriptor(int descriptor) : number(descriptor) {}
  ~Descriptor() {
    if (number >= 0) {
      close(number);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
};

std::string reason(int error) {
  return to_lower(std::generic_category().message(error));
}

[[noreturn]] void cannot(std::string_view what, std::string_view name, int error) {
  throw Error(ExitCode::usage, cat("cannot ", what, " ", printable_line(name), ": ", reason(error)));
}

/// What has no end, such as a device, must not take all memory. No server takes a message of as much.
constexpr std::size_t k_longest = std::size_t{1} << 30U;

/// `size` is what the file system says: of a regular file, reading less than asked for means the end.
std::string read_all(int descriptor, std::string_view name, std::optional<std::size_t> size) {
  std::string bytes;
  std::size_t used = 0;
  bytes.resize(size.value_or(0) +
               1);  // one more than the size: the end is then seen without another allocation
  for (;;) {
    const ssize_t got = read(descriptor, bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno != EINTR) {
      cannot("read", name, errno);
    }
    if (got == 0) {
      break;
    }
    const std::size_t room = bytes.size() - used;
    used += got > 0 ? static_cast<std::size_t>(got) : 0;
    if (size && got > 0 && used >= *size && static_cast<std::size_t>(got) < room) {
      break;
    }
    if (!size && used > k_longest) {
      throw Error(ExitCode::usage, cat("cannot read ", printable_line(name), ": it is longer than 1 GB"));
    }
    if (used == bytes.size()) {
      bytes.resize(2 * used + 4096);
    }
  }
  bytes.resize(used);
  return bytes;
}

/// Of a regular file; what has gone meanwhile is left out.
void append_part(int descriptor, std::string_view name, std::size_t begin, std::size_t length,
                 std::string& bytes) {
  const std::size_t end = bytes.size() + length;
  std::size_t used = bytes.size();
  bytes.resize(end);
  while (used < end) {
    const ssize_t got = pread(descriptor, bytes.data() + used, end - used, static_cast<off_t>(begin));
    if (got < 0 && errno != EINTR) cannot("read", name, errno);
    if (got == 0) break;
    used += got > 0 ? static_cast<std::size_t>(got) : 0;
    begin += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  bytes.resize(used);
}

void write_all(int descriptor, std::string_view bytes, std::string_view name) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(descriptor, bytes.data(), bytes.size());
    if (wrote < 0 && errno != EINTR) {
      cannot("write", name, errno);
    }
    bytes.remove_prefix(wrote > 0 ? static_cast<std::size_t>(wrote) : 0);
  }
}

void refuse_folder(const struct stat& status, const std::filesystem::path& path) {
  if (!S_ISDIR(status.st_mode)) return;
  throw Error(ExitCode::usage,
              cat("cannot read ", printable_line(path.string()), ": it is a folder, not a file"));
}

/// A file that is there to be read.
struct OpenFile {
  Descriptor descriptor;
  std::optional<std::size_t> size;  ///< none: it is no regular file
  explicit OpenFile(const std::filesystem::path& path)
      : descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status = {};
    if (descriptor.number < 0 || fstat(descriptor.number, &status) != 0) cannot("read", path.string(), errno);
    refuse_folder(status, path);
    if (S_ISREG(status.st_mode)) size = static_cast<std::size_t>(status.st_size);
  }
};

constexpr mode_t k_permissions = 07777;

void write_with_mode(const std::filesystem::path& path, std::string_view contents,
                     std::optional<mode_t> permissions) {
  // A pipe or /dev/stdout cannot be replaced, only written to.
  std::error_code ignored;
  const bool special =
      std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored);
  const std::string target = special ? path.string() : path.string() + ".tmp" + std::to_string(getpid());
  {
    const int flags = O_WRONLY | O_CLOEXEC | (special ? 0 : O_CREAT | O_TRUNC);
    const Descriptor file(open(target.c_str(), flags, 0666));
    if (file.number < 0) {
      cannot("write", path.string(), errno);
    }
    write_all(file.number, contents, path.string());
    if (permissions && fchmod(file.number, *permissions) != 0) {
      cannot("write", path.string(), errno);
    }
    if (!special && fsync(file.number) != 0) {
      cannot("write", path.string(), errno);
    }
  }
  if (!special && rename(target.c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(target.c_str());
    cannot("write", path.string(), error);
  }
}

}  // namespace

void expect_readable(const std::filesystem::path& path) {
  // Not by opening it: what a pipe has to give, it gives once.
  struct stat status = {};
  if (stat(path.c_str(), &status) != 0 || access(path.c_str(), R_OK) != 0)
    cannot("read", path.string(), errno);
  refuse_folder(status, path);
}

std::string read_file(const std::filesystem::path& path) {
  const OpenFile file(path);
  return read_all(file.descriptor.number, path.string(), file.size);
}

std::string read_ends(const std::filesystem::path& path, std::size_t most) {
  const OpenFile file(path);
  if (file.size.value_or(0) <= 2 * most) return read_all(file.descriptor.number, path.string(), file.size);
  std::string bytes;
  bytes.reserve(2 * most);
  append_part(file.descriptor.number, path.string(), 0, most, bytes);
  append_part(file.descriptor.number, path.string(), *file.size - most, most, bytes);
  return bytes;
}

std::string read_stdin() {
  return read_all(STDIN_FILENO, "standard input", std::nullopt);
}

std::string path_seen_from(const std::filesystem::path& folder, const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::path relative = std::filesystem::proximate(path, folder, error);
  return path == "-" || error ? path.generic_string() : relative.generic_string();
}

std::filesystem::path parent_folder(const std::filesystem::path& file) {
  return file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
}

void write_file(const std::filesystem::path& path, std::string_view contents) {
  write_with_mode(path, contents, std::nullopt);
}

void write_file_like(const std::filesystem::path& model, const std::filesystem::path& path,
                     std::string_view contents) {
  struct stat status = {};
  if (stat(model.c_str(), &status) != 0) cannot("read", model.string(), errno);
  write_with_mode(path, contents, status.st_mode & k_permissions);
}

}  // namespace pgsluice
