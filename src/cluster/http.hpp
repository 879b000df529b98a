// SPDX-License-Identifier: Apache-2.0
#pragma once

// One request and its answer. Inside src/cluster: what the rest of the program sees of Kubernetes is Cluster.

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/signals.hpp"

namespace pgsluice::cluster {

/// Where an API server is, and who we are there.
struct Access {
  std::string url;  ///< "https://10.0.0.1:443"
  std::filesystem::path token_file;
  std::filesystem::path ca_file;
  std::string name_space;
  bool direct = false;  ///< without the proxy of the environment
};

struct HttpRequest {
  std::string method = "GET";
  std::string target;  ///< path and query
  std::string content_type;
  std::string body;
  std::chrono::milliseconds timeout{5'000};
};

struct HttpAnswer {
  int status = 0;  ///< 0: no answer
  std::string body;
  std::optional<std::chrono::seconds> retry_after;
  std::string failure;     ///< why there is none
  bool permanent = false;  ///< it would fail again
};

class Http {
 public:
  virtual ~Http() = default;
  virtual HttpAnswer send(const HttpRequest& request) = 0;
};

/// Over TLS, with the certificate checked by the CA of `access` and no other. The token is read for each request, for
/// the kubelet replaces it from time to time. Throws Error(precondition) without libcurl.
std::unique_ptr<Http> open_http(const Access& access, const Interrupt& interrupt);

}  // namespace pgsluice::cluster
