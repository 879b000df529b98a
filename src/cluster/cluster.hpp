// SPDX-License-Identifier: Apache-2.0
#pragma once

// The real Cluster.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cluster/client.hpp"
#include "http/http.hpp"
#include "pgsluice/cluster.hpp"

namespace pgsluice::cluster {

/// Where the kubelet puts what a pod needs to speak to the API server.
inline constexpr const char* k_service_account = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Where an API server is, who we are there, and in which namespace.
struct Access {
  HttpPeer peer;
  std::string name_space;
};

/// Of a pod whose environment is `variable` and whose service account is mounted at `folder`; none: this is no pod.
std::optional<Access> in_cluster_access(const std::function<const char*(const char*)>& variable,
                                        const std::filesystem::path& folder);

std::unique_ptr<Cluster> make_cluster(std::unique_ptr<Http> http, std::string name_space, Clock& clock,
                                      const Interrupt& interrupt, const Client::Limits& limits);

}  // namespace pgsluice::cluster
