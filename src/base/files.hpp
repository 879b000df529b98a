// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reading and writing whole files. Whatever goes wrong is an Error(usage) that says which file and why.

#include <filesystem>
#include <string>
#include <string_view>

namespace pgsluice {

/// All bytes of a file. A missing file, a folder and a file that may not be read are an Error each.
std::string read_file(const std::filesystem::path& path);
/// Its first and its last `most` bytes, for who only wants to know what kind of file it is; all of a shorter one.
std::string read_ends(const std::filesystem::path& path, std::size_t most);
/// Throws what read_file() would throw for a file that is missing, a folder or out of reach; reads nothing.
void expect_readable(const std::filesystem::path& path);
/// All bytes of standard input.
std::string read_stdin();
/// `path` as somebody in `folder` would write it, with '/'; `-` stays what it is.
std::string path_seen_from(const std::filesystem::path& folder, const std::filesystem::path& path);
/// The folder that a file is in.
std::filesystem::path parent_folder(const std::filesystem::path& file);
/// Writes a whole file: it has either the old content or the new one, also after a crash.
void write_file(const std::filesystem::path& path, std::string_view contents);
/// The same in the place of `model`, or beside it: with its permissions.
void write_file_like(const std::filesystem::path& model, const std::filesystem::path& path,
                     std::string_view contents);

}  // namespace pgsluice
