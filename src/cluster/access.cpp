// SPDX-License-Identifier: Apache-2.0
#include "base/files.hpp"
#include "base/text.hpp"
#include "cluster/cluster.hpp"

namespace pgsluice::cluster {

std::optional<Access> in_cluster_access(const std::function<const char*(const char*)>& variable,
                                        const std::filesystem::path& folder) {
  const char* host = variable("KUBERNETES_SERVICE_HOST");
  const char* port = variable("KUBERNETES_SERVICE_PORT");
  if (host == nullptr || *host == '\0') return std::nullopt;
  const bool is_ipv6 = std::string_view(host).find(':') != std::string_view::npos;
  Access access{.peer = {.url = cat("https://", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", ":",
                                    port != nullptr && *port != '\0' ? port : "443"),
                         .token_file = folder / "token",
                         .ca_file = folder / "ca.crt",
                         .direct = true},
                .name_space = {}};
  std::error_code ignored;
  if (std::filesystem::exists(folder / "namespace", ignored)) {
    access.name_space = trim(read_file(folder / "namespace"));
  }
  return access;
}

}  // namespace pgsluice::cluster
