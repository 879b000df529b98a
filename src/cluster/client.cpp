// SPDX-License-Identifier: Apache-2.0
#include "cluster/client.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cluster/read.hpp"

namespace pgsluice::cluster {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_first_backoff{200};
constexpr milliseconds k_longest_backoff{2'000};
constexpr int k_most_beginnings = 5;

/// What the API server says in its Status object, or the beginning of whatever else it sent.
std::string words_of(const HttpAnswer& answer) {
  const std::string message = text_at(Json::parse(answer.body, nullptr, false), {"message"});
  if (!message.empty()) return printable_line(message);
  constexpr std::size_t most = 200;
  return printable_line(trim(answer.body.substr(0, most)));
}

/// A rule of a Role, as YAML has it.
std::string rule_of(const Resource& resource, std::string_view verb) {
  return cat("apiGroups: [\"", resource.group, "\"], resources: [", resource.plural, "], verbs: [", verb,
             "]");
}

ClusterFailure refusal(const HttpAnswer& answer, const Resource& resource, const std::string& name_space,
                       std::string_view verb) {
  if (answer.status == 403) {
    const std::string role = name_space == k_all_namespaces
                                 ? std::string("ClusterRole")
                                 : cat("Role of namespace ", printable_line(name_space));
    return {cat("the API server does not let us ", verb, " ", resource.plural, ": ", words_of(answer)),
            cat("Bind a ", role, " to our service account that has the rule ", rule_of(resource, verb), ".")};
  }
  return {cat("the API server answers ", std::to_string(answer.status), " when asked to ", verb, " ",
              resource.plural, ": ", words_of(answer)),
          {}};
}

bool may_work_later(const HttpAnswer& answer) {
  return (answer.status == 0 && !answer.permanent) || answer.status == 429 || answer.status >= 500;
}

std::string what_happened(const HttpAnswer& answer) {
  if (answer.status == 0) return cat("the API server cannot be reached: ", printable_line(answer.failure));
  return cat("the API server answers ", std::to_string(answer.status), ": ", words_of(answer));
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.append({'%', hex[byte >> 4U], hex[byte & 15U]});
  }
  return encoded;
}

std::string path_of(const Resource& resource, const std::string& name_space, const std::string& name) {
  std::string path = resource.group.empty() ? "/api/" : cat("/apis/", resource.group, "/");
  path += resource.version;
  if (name_space != k_all_namespaces) path += cat("/namespaces/", percent_encoded(name_space));
  path += cat("/", resource.plural);
  if (!name.empty()) path += cat("/", percent_encoded(name));
  return path;
}

std::optional<ClusterFailure> Client::wait_before_retry(const HttpAnswer& answer, int tries) {
  milliseconds wait = std::min(k_first_backoff * (1 << std::min(tries, 4)), k_longest_backoff);
  if (answer.retry_after) wait = *answer.retry_after;
  if (clock_.now() + wait >= deadline_) {
    return ClusterFailure{
        cat(what_happened(answer), " (", count_of(static_cast<std::size_t>(tries) + 1, "try", "tries"),
            " within ", std::to_string(limits_.budget.count()), "ms)"),
        "Look whether a NetworkPolicy lets this pod reach the API server, and how busy that is."};
  }
  clock_.sleep(wait);
  if (interrupt_.signal() != 0) return ClusterFailure{"interrupted while asking the API server", {}};
  return std::nullopt;
}

Asked<HttpAnswer> Client::ask(HttpRequest request) {
  bool token_read_again = false;
  for (int tries = 0;; ++tries) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - clock_.now());
    request.timeout = std::clamp(left, milliseconds(1), limits_.request);
    HttpAnswer answer = http_.send(request);
    if (interrupt_.signal() != 0) return ClusterFailure{"interrupted while asking the API server", {}};
    if (answer.status == 401 && !token_read_again) {
      token_read_again = true;  // the kubelet may have replaced it just now
      continue;
    }
    if (answer.status == 401) {
      return ClusterFailure{cat("the API server does not know our token: ", words_of(answer)),
                            "The pod needs a service account whose token is mounted, and so its "
                            "automountServiceAccountToken must not be false."};
    }
    if (answer.status == 0 && answer.permanent) {
      return ClusterFailure{what_happened(answer), "The CA file must be the one of this API server."};
    }
    if (!may_work_later(answer)) return answer;
    if (auto failure = wait_before_retry(answer, tries)) return *failure;
  }
}

std::optional<ClusterFailure> Client::collect(const Resource& resource, const std::string& name_space,
                                              const std::string& selector, std::vector<Json>& items,
                                              int& status) {
  std::string next;
  do {
    std::string target = cat(path_of(resource, name_space, ""), "?limit=", std::to_string(limits_.page));
    if (!selector.empty()) target += cat("&labelSelector=", percent_encoded(selector));
    if (!next.empty()) target += cat("&continue=", percent_encoded(next));
    auto asked = ask({.target = std::move(target)});
    if (auto* failure = std::get_if<ClusterFailure>(&asked)) return std::move(*failure);
    const auto& answer = std::get<HttpAnswer>(asked);
    status = answer.status;
    if (status == 404 || status == 410) return std::nullopt;
    if (status != 200) return refusal(answer, resource, name_space, "list");
    Json page = Json::parse(answer.body, nullptr, false);
    if (!page.is_object() || !page.contains("items") || !page["items"].is_array()) {
      return ClusterFailure{cat("the API server's list of ", resource.plural, " is none: ", words_of(answer)),
                            {}};
    }
    for (Json& item : page["items"]) items.push_back(std::move(item));
    next = text_at(page, {"metadata", "continue"});
  } while (!next.empty());
  return std::nullopt;
}

Asked<std::vector<Json>> Client::list(const Resource& resource, const std::string& name_space,
                                      const std::string& selector) {
  Resource asked = resource;
  for (int beginnings = 0; beginnings < k_most_beginnings;) {
    std::vector<Json> items;
    int status = 0;
    if (auto failure = collect(asked, name_space, selector, items, status)) return *failure;
    if (status == 200) return items;
    if (status == 410) {  // the page that we asked for belongs to a state that is gone
      ++beginnings;
    } else if (!resource.older_version.empty() && asked.version != resource.older_version) {
      asked.version = resource.older_version;
    } else if (resource.optional) {
      return std::vector<Json>();
    } else {
      return ClusterFailure{
          cat("the API server knows no ", resource.plural, " of ", resource.group, "/", resource.version),
          "Is this address the one of a Kubernetes API server?"};
    }
  }
  return ClusterFailure{cat("the list of ", resource.plural, " changes faster than it can be read"), {}};
}

Asked<std::optional<Json>> Client::get(const Resource& resource, const std::string& name_space,
                                       const std::string& name) {
  auto asked = ask({.target = path_of(resource, name_space, name)});
  if (auto* failure = std::get_if<ClusterFailure>(&asked)) return std::move(*failure);
  const auto& answer = std::get<HttpAnswer>(asked);
  if (answer.status == 404) return std::optional<Json>();
  if (answer.status != 200) return refusal(answer, resource, name_space, "get");
  Json object = Json::parse(answer.body, nullptr, false);
  if (!object.is_object()) {
    return ClusterFailure{cat("the API server's answer is no object: ", words_of(answer)), {}};
  }
  return std::optional<Json>(std::move(object));
}

std::optional<ClusterFailure> Client::patch(const Resource& resource, const std::string& name_space,
                                            const std::string& name, const OrderedJson& change) {
  auto asked = ask({.method = "PATCH",
                    .target = path_of(resource, name_space, name),
                    .content_type = "application/merge-patch+json",
                    .body = dump(change)});
  if (auto* failure = std::get_if<ClusterFailure>(&asked)) return std::move(*failure);
  const auto& answer = std::get<HttpAnswer>(asked);
  if (answer.status != 200) return refusal(answer, resource, name_space, "patch");
  return std::nullopt;
}

Asked<bool> Client::may(const AccessRule& rule) {
  static const Resource k_reviews{
      .group = "authorization.k8s.io", .version = "v1", .plural = "selfsubjectaccessreviews"};
  OrderedJson attributes{{"namespace", rule.name_space},
                         {"group", rule.group},
                         {"resource", rule.resource},
                         {"verb", rule.verb}};
  if (!rule.name.empty()) attributes["name"] = rule.name;
  const OrderedJson review{{"apiVersion", cat(k_reviews.group, "/", k_reviews.version)},
                           {"kind", "SelfSubjectAccessReview"},
                           {"spec", {{"resourceAttributes", attributes}}}};
  auto asked = ask({.method = "POST",
                    .target = path_of(k_reviews, std::string(k_all_namespaces), ""),
                    .content_type = "application/json",
                    .body = dump(review)});
  if (auto* failure = std::get_if<ClusterFailure>(&asked)) return std::move(*failure);
  const auto& answer = std::get<HttpAnswer>(asked);
  if (answer.status != 201 && answer.status != 200)
    return refusal(answer, k_reviews, std::string(k_all_namespaces), "create");
  return truth_at(Json::parse(answer.body, nullptr, false), {"status", "allowed"});
}

}  // namespace pgsluice::cluster
