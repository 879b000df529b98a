// SPDX-License-Identifier: Apache-2.0
#pragma once

// The functions of libcurl that we use, as a table of pointers. Inside src/http only.

#include <curl/curl.h>

namespace pgsluice::http {

#define PGSLUICE_LIBCURL_FUNCTIONS(X) \
  X(curl_global_init)                 \
  X(curl_easy_init)                   \
  X(curl_easy_reset)                  \
  X(curl_easy_setopt)                 \
  X(curl_easy_perform)                \
  X(curl_easy_getinfo)                \
  X(curl_easy_strerror)               \
  X(curl_easy_cleanup)                \
  X(curl_slist_append)                \
  X(curl_slist_free_all)

struct Api {
#define PGSLUICE_LIBCURL_MEMBER(name) decltype(&::name) name = nullptr;
  PGSLUICE_LIBCURL_FUNCTIONS(PGSLUICE_LIBCURL_MEMBER)
#undef PGSLUICE_LIBCURL_MEMBER
};

/// Loads libcurl at the first call. Throws Error(precondition) when it is missing.
const Api& api();

struct HandleCleanup {
  void operator()(CURL* handle) const noexcept { api().curl_easy_cleanup(handle); }
};
struct ListFree {
  void operator()(curl_slist* list) const noexcept { api().curl_slist_free_all(list); }
};

}  // namespace pgsluice::http
