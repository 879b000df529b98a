// SPDX-License-Identifier: Apache-2.0
#pragma once

// Talks to the API server as it wants to be talked to: pages, waits when told to, tries again what may work the next
// time, and gives up within a budget with words that say what to mend.

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/json.hpp"
#include "http/http.hpp"
#include "pgsluice/cluster.hpp"
#include "pgsluice/session.hpp"

namespace pgsluice::cluster {

/// A kind of object, as the API names it.
struct Resource {
  std::string group;  ///< "apps"; empty: the core
  std::string version;
  std::string plural;
  /// Another version of it, for servers that do not have the first.
  std::string older_version;
  bool optional = false;  ///< a server without this kind has no objects of it
};

template <typename Value>
using Asked = std::variant<Value, ClusterFailure>;

class Client {
 public:
  struct Limits {
    std::chrono::milliseconds budget{20'000};  ///< of one look, with all its requests
    std::chrono::milliseconds request{5'000};
    int page = 250;
  };

  Client(Http& http, Clock& clock, const Interrupt& interrupt, const Limits& limits)
      : http_(http), clock_(clock), interrupt_(interrupt), limits_(limits) {}

  /// From now on the budget counts.
  void begin() { deadline_ = clock_.now() + limits_.budget; }
  Asked<std::vector<Json>> list(const Resource& resource, const std::string& name_space,
                                const std::string& selector);
  /// none: there is no such object.
  Asked<std::optional<Json>> get(const Resource& resource, const std::string& name_space,
                                 const std::string& name);
  /// A JSON merge patch.
  std::optional<ClusterFailure> patch(const Resource& resource, const std::string& name_space,
                                      const std::string& name, const OrderedJson& change);
  /// Whether the API server would let us (a SelfSubjectAccessReview, which everybody may ask for).
  Asked<bool> may(const AccessRule& rule);

 private:
  struct Page {
    std::vector<Json> items;
    std::string next;  ///< what to ask for; empty: that was the last one
  };
  /// An answer below 500 that is none of 401 and 429, or why there is none.
  Asked<HttpAnswer> ask(HttpRequest request);
  std::optional<ClusterFailure> wait_before_retry(const HttpAnswer& answer, int tries);
  std::optional<ClusterFailure> collect(const Resource& resource, const std::string& name_space,
                                        const std::string& selector, std::vector<Json>& items, int& status);

  Http& http_;
  Clock& clock_;
  const Interrupt& interrupt_;
  Limits limits_;
  Clock::time_point deadline_{};
};

/// Stands for a namespace where those of all namespaces are listed.
inline constexpr std::string_view k_all_namespaces = "*";

/// "/apis/apps/v1/namespaces/shop/deployments", its parts made harmless.
std::string path_of(const Resource& resource, const std::string& name_space, const std::string& name);
std::string percent_encoded(std::string_view text);

}  // namespace pgsluice::cluster
