// SPDX-License-Identifier: Apache-2.0
#include "support/kube_api.hpp"

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.hpp"
#include "base/text.hpp"

namespace pgsluice::test {
namespace {

void must(const std::string& command) {
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error("failed: " + command);  // NOLINT(cert-env33-c)
}

std::string make_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "pgsluice-kube.XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder");
  return name;
}

void make_certificates(const std::string& folder) {
  const auto authority = [&](const std::string& name) {
    must(cat("cd ", folder,
             " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=",
             name, "' -keyout ", name, ".key -out ", name, ".pem 2>/dev/null"));
  };
  authority("ca");
  authority("other-ca");
  write_file(folder + "/san", "subjectAltName=IP:127.0.0.1\n");
  must(cat("cd ", folder,
           " && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=kube-api "
           "-keyout key.pem "
           "-out csr.pem 2>/dev/null && openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key "
           "-CAcreateserial -days 2 "
           "-extfile san -out cert.pem 2>/dev/null"));
}

int start(const std::string& folder) {
  const int pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::string program = std::string(PGSLUICE_SOURCE_DIR) + "/tests/support/kube-api";
  execl("/usr/bin/python3", "python3", "-I", program.c_str(), folder.c_str(), nullptr);
  _exit(127);
}

}  // namespace

KubeApi::KubeApi() : folder_(make_folder()) {
  make_certificates(folder_.string());
  set(empty_state());
  set_token("first");
  pid_ = start(folder_.string());
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!std::filesystem::exists(folder_ / "port")) {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_ || std::chrono::steady_clock::now() > end) {
      throw std::runtime_error(
          "tests/support/kube-api does not start: scripts/setup --kube installs what it needs");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  port_ = read_file(folder_ / "port");
}

KubeApi::~KubeApi() {
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string KubeApi::url() const {
  return "https://127.0.0.1:" + port_;
}

std::vector<std::string> KubeApi::options(const std::string& kube_namespace) const {
  return {"--kube-api",        url(),        "--kube-ca",        ca_file(),
          "--kube-token-file", token_file(), "--kube-namespace", kube_namespace};
}

void KubeApi::set(const OrderedJson& state) const {
  write_file(folder_ / "state.json", state.dump());
}

void KubeApi::set_token(const std::string& token) const {
  write_file(token_file(), token + "\n");
}

std::vector<std::string> KubeApi::noted(const std::string& name) const {
  if (!std::filesystem::exists(folder_ / name)) return {};
  const std::string text = read_file(folder_ / name);
  std::vector<std::string> all;
  for (const std::string_view line : lines(text)) all.emplace_back(line);
  return all;
}

std::vector<OrderedJson> KubeApi::patches() const {
  if (!std::filesystem::exists(folder_ / "patches")) return {};
  const std::string text = read_file(folder_ / "patches");
  std::vector<OrderedJson> all;
  for (const std::string_view line : lines(text)) all.push_back(OrderedJson::parse(line));
  return all;
}

OrderedJson empty_state() {
  return OrderedJson::parse(R"({"tokens": ["first"], "objects": {}, "unknown": ["rollouts"], "faults": []})");
}

void add(OrderedJson& state, const std::string& group, const std::string& plural, OrderedJson object) {
  state["objects"]["/" + group + "/namespaces/shop/" + plural].push_back(std::move(object));
}

}  // namespace pgsluice::test
