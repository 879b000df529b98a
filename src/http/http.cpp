// SPDX-License-Identifier: Apache-2.0
#include "http/http.hpp"

#include <array>

#include "base/files.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "http/curl.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

/// A page of 250 objects of an API server is some megabytes; more than this is no answer.
constexpr std::size_t k_largest_answer = std::size_t{64} << 20U;

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* into) noexcept {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + size * count > k_largest_answer) return 0;
  try {
    body.append(data, size * count);
  } catch (...) {
    return 0;
  }
  return size * count;
}

int stop_when_asked(void* interrupt, curl_off_t /*to_get*/, curl_off_t /*got*/, curl_off_t /*to_put*/,
                    curl_off_t /*put*/) noexcept {
  return static_cast<const Interrupt*>(interrupt)->signal() != 0 ? 1 : 0;
}

template <typename Value>
void set(CURL* handle, CURLoption option, Value value) {
  if (http::api().curl_easy_setopt(handle, option, value) != CURLE_OK) {
    throw Error(ExitCode::precondition, "libcurl is too old or was built without TLS",
                "Install libcurl 7.85 or newer.");
  }
}

/// What another try would not change: it is the certificate or the CA file that is wrong.
bool is_permanent(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
         code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT;
}

class CurlHttp final : public Http {
 public:
  CurlHttp(HttpPeer peer, const Interrupt& interrupt)
      : peer_(std::move(peer)), interrupt_(interrupt), handle_(http::api().curl_easy_init()) {
    if (!handle_) throw Error(ExitCode::bug, "libcurl gives no handle");
  }

  HttpAnswer send(const HttpRequest& request) override {
    if (peer_.token_file.empty()) return perform(request, {});
    std::string token;
    try {
      token = trim(read_file(peer_.token_file));
    } catch (const Error& error) {
      return {.failure = error.what(), .permanent = true};
    }
    // A line feed in it would begin another header.
    if (token.empty() || token.find_first_of("\r\n") != std::string::npos) {
      return {.failure = cat(peer_.token_file.string(), " holds no token"), .permanent = true};
    }
    return perform(request, token);
  }

 private:
  using Headers = std::unique_ptr<curl_slist, http::ListFree>;

  static void add(Headers& headers, const std::string& line) {
    curl_slist* list = headers.release();
    curl_slist* longer = http::api().curl_slist_append(list, line.c_str());
    headers.reset(longer != nullptr ? longer : list);
    if (longer == nullptr) throw std::bad_alloc();
  }

  void secure() {
    CURL* handle = handle_.get();
    set(handle, CURLOPT_PROTOCOLS_STR, peer_.url.starts_with("http://") ? "http" : "https");
    set(handle, CURLOPT_FOLLOWLOCATION, 0L);
    set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!peer_.ca_file.empty()) {
      set(handle, CURLOPT_CAINFO, peer_.ca_file.c_str());
      // libcurl adds the system's folder of authorities by itself; they do not speak for this peer.
      set(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    if (peer_.direct) set(handle, CURLOPT_NOPROXY, "*");
  }

  HttpAnswer perform(const HttpRequest& request, const std::string& token) {
    CURL* handle = handle_.get();
    http::api().curl_easy_reset(handle);  // keeps the connection
    secure();
    HttpAnswer answer;
    std::array<char, CURL_ERROR_SIZE> words{};
    Headers headers;
    if (!token.empty()) add(headers, cat("Authorization: Bearer ", token));
    add(headers, "Accept: application/json");
    if (!request.content_type.empty()) add(headers, cat("Content-Type: ", request.content_type));
    set(handle, CURLOPT_URL, (peer_.url + request.target).c_str());
    set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    if (!request.body.empty()) {
      set(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
      set(handle, CURLOPT_POSTFIELDS, request.body.c_str());
    }
    set(handle, CURLOPT_HTTPHEADER, headers.get());
    set(handle, CURLOPT_USERAGENT, cat("pgsluice/", k_version).c_str());
    set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_ERRORBUFFER, words.data());
    set(handle, CURLOPT_WRITEFUNCTION, &take_body);
    set(handle, CURLOPT_WRITEDATA, static_cast<void*>(&answer.body));
    set(handle, CURLOPT_NOPROGRESS, 0L);
    set(handle, CURLOPT_XFERINFOFUNCTION, &stop_when_asked);
    set(handle, CURLOPT_XFERINFODATA, static_cast<void*>(const_cast<Interrupt*>(&interrupt_)));  // NOLINT
    finish(http::api().curl_easy_perform(handle), words.data(), answer);
    return answer;
  }

  void finish(CURLcode code, const char* words, HttpAnswer& answer) {
    CURL* handle = handle_.get();
    if (code != CURLE_OK) {
      answer.failure = *words != '\0' ? words : http::api().curl_easy_strerror(code);
      answer.permanent = is_permanent(code);
      return;
    }
    long status = 0;
    curl_off_t wait = 0;
    http::api().curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    http::api().curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &wait);
    answer.status = static_cast<int>(status);
    if (wait > 0) answer.retry_after = std::chrono::seconds(wait);
  }

  HttpPeer peer_;
  const Interrupt& interrupt_;
  std::unique_ptr<CURL, http::HandleCleanup> handle_;
};

}  // namespace

std::unique_ptr<Http> open_http(const HttpPeer& peer, const Interrupt& interrupt) {
  return std::make_unique<CurlHttp>(peer, interrupt);
}

}  // namespace pgsluice
