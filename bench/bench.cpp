// SPDX-License-Identifier: Apache-2.0
// Measures `lint` beside the bare parse and, when it is there, squawk: whole processes, one after the other, round by
// round, so that whatever else the machine does meets all of them. Prints medians and ratios; judges nothing.
//   bench [--rounds N] [--smoke] PGSLUICE BARE FOLDER [SQUAWK]
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "corpus.hpp"

namespace {

using Arguments = std::vector<std::string>;

/// Of one process: milliseconds, and the most memory that it had at once, in MB.
struct Cost {
  double cpu = 0;
  double wall = 0;
  double memory = 0;
};

double milliseconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
}

[[noreturn]] void become(const Arguments& arguments) {
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  dup2(nowhere, STDOUT_FILENO);
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execv(argv.front(), argv.data());
  _exit(127);
}

/// In a process of its own: what this one has in memory would count as its children's, too.
template <typename Work>
void in_child(Work work) {
  const pid_t child = fork();
  if (child == 0) {
    work();
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
    throw std::runtime_error("cannot write the corpora");
}

Cost run(const Arguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = fork();
  if (child == 0) become(arguments);
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) != child)
    throw std::runtime_error("cannot start a process");
  const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - start;
  // 1: there are findings.
  if (!WIFEXITED(status) || WEXITSTATUS(status) > 1) throw std::runtime_error(arguments.front() + " failed");
  return {.cpu = milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime),
          .wall = wall.count(),
          .memory = static_cast<double>(usage.ru_maxrss) / 1024};
}

double median(const std::vector<Cost>& costs, double Cost::* what) {
  std::vector<double> values;
  for (const Cost& cost : costs) values.push_back(cost.*what);
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Program {
  std::string name;
  Arguments arguments;
  std::vector<Cost> costs;
};

struct Corpus {
  std::string name;
  std::string file;
  int rounds = 1;
  std::string target;
};

std::string fixed(double value, int digits) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << value;
  return out.str();
}

void print(const std::array<std::string, 7>& cells) {
  constexpr std::array<int, 7> widths = {8, 12, 9, 9, 9, 9, 0};
  for (std::size_t i = 0; i < cells.size(); ++i) {
    std::cout << (i < 2 ? std::left : std::right) << std::setw(widths.at(i)) << cells.at(i)
              << (i < 6 ? "  " : "\n");
  }
}

void measure(const Corpus& corpus, std::vector<Program> programs) {
  for (int round = 0; round < corpus.rounds; ++round) {
    for (Program& program : programs) program.costs.push_back(run(program.arguments));
  }
  const double floor_cpu = median(programs.front().costs, &Cost::cpu);
  for (const Program& program : programs) {
    const double cpu = median(program.costs, &Cost::cpu);
    print({corpus.name, program.name, fixed(cpu, 1), fixed(cpu / floor_cpu, 2),
           fixed(median(program.costs, &Cost::wall), 1), fixed(median(program.costs, &Cost::memory), 1),
           program.name == "pgsluice" ? corpus.target : ""});
  }
}

struct Options {
  int rounds = 7;
  bool smoke = false;
  Arguments operands;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--smoke") {
      options.smoke = true;
      options.rounds = 1;
    } else if (argument == "--rounds" && i + 1 < argc) {
      options.rounds = std::max(1, std::atoi(argv[++i]));
    } else {
      options.operands.emplace_back(argument);
    }
  }
  if (options.operands.size() < 3)
    throw std::runtime_error("bench [--rounds N] [--smoke] PGSLUICE BARE FOLDER [SQUAWK]");
  return options;
}

void run_all(const Options& options) {
  const Arguments& operands = options.operands;
  const std::string& folder = operands[2];
  in_child([&] {
    bench::write_corpora(folder, options.smoke
                                     ? bench::CorpusSizes{.files = 20, .dump_bytes = 50'000, .rows = 1000}
                                     : bench::CorpusSizes{});
  });
  const std::array<Corpus, 4> corpora = {{
      {"tiny", "tiny.sql", options.rounds * 5, "wall: bare + 2 ms"},
      {"small", "small", options.rounds, "cpu 2.0 x; 2 jobs: wall 1 / 1.7"},
      {"dump", "dump.sql", options.rounds, "cpu 2.0 x, 25 MB"},
      {"insert", "insert.sql", options.rounds, "cpu 1.5 x, 175 MB"},
  }};
  print({"corpus", "program", "cpu ms", "x bare", "wall ms", "peak MB", "target"});
  for (const Corpus& corpus : corpora) {
    const std::string path = folder + "/" + corpus.file;
    std::vector<Program> programs = {
        {"bare", {operands[1], path}, {}},
        {"pgsluice", {operands[0], "lint", "--format", "json", "--jobs", "1", path}, {}}};
    if (corpus.file == "small") {
      programs.push_back({"2 jobs", {operands[0], "lint", "--format", "json", "--jobs", "2", path}, {}});
    }
    if (operands.size() > 3) {
      programs.push_back(
          {"squawk",
           {operands[3], "--reporter", "json", corpus.file == "small" ? path + "/*.sql" : path},
           {}});
    }
    measure(corpus, std::move(programs));
  }
}

}  // namespace

int main(int argc, char** argv) try { run_all(parse(argc, argv)); } catch (const std::exception& error) {
  std::cerr << "bench: " << error.what() << '\n';
  return 1;
}
