// SPDX-License-Identifier: Apache-2.0
#pragma once

// One request and its answer, over libcurl.

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/signals.hpp"

namespace pgsluice {

/// Who is asked, and who asks.
struct HttpPeer {
  std::string url;                   ///< "https://10.0.0.1:443"; http:// is spoken only where it stands here
  std::filesystem::path token_file;  ///< of a bearer token; none: the peer is told nothing
  std::filesystem::path ca_file;     ///< the only authority; none: the system's
  bool direct = false;               ///< without the proxy of the environment
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

/// The token is read for each request, for a kubelet replaces it from time to time. Throws Error(precondition) without
/// libcurl.
std::unique_ptr<Http> open_http(const HttpPeer& peer, const Interrupt& interrupt);

}  // namespace pgsluice
