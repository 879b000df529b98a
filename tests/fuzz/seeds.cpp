// SPDX-License-Identifier: Apache-2.0
// Writes the seed corpus: every known case, one file each.
//   fuzz_seeds FOLDER
#include <filesystem>
#include <iostream>

#include "base/files.hpp"
#include "support/known_cases.hpp"

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error("usage: fuzz_seeds FOLDER");
  const std::filesystem::path folder = argv[1];
  std::filesystem::create_directories(folder);
  for (const pgsluice::test::KnownCase& known : pgsluice::test::known_cases()) {
    std::string text(1, static_cast<char>(known.id.size()));  // the version
    if (!known.transaction) text += "-- pgsluice: transaction=off\n";
    for (const auto* part : {&known.setup, &known.session, &known.pre, &known.statements}) {
      text += pgsluice::test::joined(*part);
    }
    pgsluice::write_file(folder / known.id, text);
  }
} catch (const std::exception& error) {
  std::cerr << "fuzz_seeds: " << error.what() << '\n';
  return 1;
}
