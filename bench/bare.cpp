// SPDX-License-Identifier: Apache-2.0
// The floor that `lint` is measured against: reads the files, lets PostgreSQL's parser build its raw tree of each,
// counts the statements, and does nothing else.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>
// Last: redefines names of the standard library.
#include "sql/nodes.hpp"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(fs::file_size(path), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  return text;
}

/// Ends the program when the text is no SQL: a floor that parses nothing is none.
int statements_in(const std::string& text) {
  const ::MemoryContext context = pg_query_enter_memory_context();
  const PgQueryInternalParsetreeAndError result = pg_query_raw_parse(text.c_str(), PG_QUERY_PARSE_DEFAULT);
  if (result.error != nullptr) {
    std::cerr << "bare: " << result.error->message << '\n';
    std::exit(1);
  }
  const int statements = pgsluice::sql::length(result.tree);
  std::free(result.stderr_buffer);
  pg_query_exit_memory_context(context);
  return statements;
}

}  // namespace

int main(int argc, char** argv) {
  long statements = 0;
  for (int i = 1; i < argc; ++i) {
    for (const fs::path& file : files_of(argv[i])) statements += statements_in(read(file));
  }
  std::cout << statements << '\n';
}
