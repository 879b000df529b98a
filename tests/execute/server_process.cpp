// SPDX-License-Identifier: Apache-2.0
#include "execute/server_process.hpp"

#include <csignal>
#include <fstream>
#include <stdexcept>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace pgsluice::test {
namespace {

struct Owner {
  uid_t user = 0;
  gid_t group = 0;
};

Owner owner_of(const Server& server) {
  struct stat folder{};
  if (stat(server.socket.c_str(), &folder) != 0) throw std::runtime_error("no server at " + server.socket);
  return {.user = folder.st_uid, .group = folder.st_gid};
}

[[noreturn]] void become(std::vector<std::string> command, const Owner& owner) {
  if (geteuid() == 0 && (setgid(owner.group) != 0 || setuid(owner.user) != 0)) _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);  // after the change of user, which clears it
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) dup2(nowhere, stream);
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  _exit(127);
}

}  // namespace

ServerProcess::ServerProcess(const Server& server, const std::vector<std::string>& command) {
  if (access(command.front().c_str(), X_OK) != 0) {
    throw std::runtime_error(command.front() + " is missing: run scripts/setup --pooler and its servers");
  }
  const Owner owner = owner_of(server);
  pid_ = fork();
  if (pid_ == 0) become(command, owner);
}

ServerProcess::~ServerProcess() {
  if (pid_ > 0) {
    kill(pid_, SIGINT);  // fast for PostgreSQL; PgBouncer waits for nobody here
    kill(pid_, SIGQUIT);
    wait();
  }
}

bool ServerProcess::wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void give_to_server(const Server& server, const std::filesystem::path& folder) {
  const Owner owner = owner_of(server);
  if (geteuid() == 0 && chown(folder.c_str(), owner.user, owner.group) != 0) {
    throw std::runtime_error("cannot give the folder to the server's user");
  }
}

std::filesystem::path programs_of(const Server& server) {
  std::ifstream file(server.socket + "/data/postmaster.pid");
  std::string pid;
  std::getline(file, pid);
  return std::filesystem::read_symlink("/proc/" + pid + "/exe").parent_path();
}

bool make_cluster(const Server& server, const std::filesystem::path& folder) {
  give_to_server(server, folder);
  return ServerProcess(server, {(programs_of(server) / "initdb").string(), "-D", (folder / "data").string(),
                                "-U", "postgres", "-A", "trust", "-N"})
      .wait();
}

}  // namespace pgsluice::test
