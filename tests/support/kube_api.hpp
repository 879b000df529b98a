// SPDX-License-Identifier: Apache-2.0
#pragma once

// A Kubernetes API server for tests: a process of its own that speaks TLS with a throw-away CA. What it has and how it
// misbehaves is a JSON document (see kube-api) that may be changed at any time.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace pgsluice::test {

class KubeApi {
 public:
  KubeApi();
  ~KubeApi();
  KubeApi(const KubeApi&) = delete;
  KubeApi& operator=(const KubeApi&) = delete;

  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::filesystem::path ca_file() const { return folder_ / "ca.pem"; }
  /// Of another authority, which did not sign this server's certificate.
  [[nodiscard]] std::filesystem::path other_ca_file() const { return folder_ / "other-ca.pem"; }
  [[nodiscard]] std::filesystem::path token_file() const { return folder_ / "token"; }

  /// The options that send the program here, with the token and the CA that are right.
  [[nodiscard]] std::vector<std::string> options(const std::string& kube_namespace) const;

  /// Replaces what it has.
  void set(const OrderedJson& state) const;
  void set_token(const std::string& token) const;
  /// "GET /api/v1/…", one for each request so far.
  [[nodiscard]] std::vector<std::string> requests() const { return noted("requests"); }
  /// "list apps deployments", "get core pods", one for each access review so far.
  [[nodiscard]] std::vector<std::string> reviews() const { return noted("reviews"); }
  [[nodiscard]] std::vector<OrderedJson> patches() const;

 private:
  [[nodiscard]] std::vector<std::string> noted(const std::string& name) const;

  std::filesystem::path folder_;
  int pid_ = -1;
  std::string port_;
};

/// A state with the token "first" and nothing in it.
OrderedJson empty_state();
/// Adds objects to a collection of namespace shop: "apis/apps/v1", "deployments".
void add(OrderedJson& state, const std::string& group, const std::string& plural, OrderedJson object);

}  // namespace pgsluice::test
