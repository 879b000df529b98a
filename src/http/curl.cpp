// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>

#include <dlfcn.h>

#include "http/curl.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice::http {
namespace {

constexpr const char* k_install =
    "Install libcurl: libcurl4 on Debian and Ubuntu, libcurl on Fedora and Alpine.";

void* open_library() {
  // Debian has it with OpenSSL and with GnuTLS: either will do.
  constexpr std::array k_names = {"libcurl.so.4", "libcurl-gnutls.so.4"};
  std::string reason;
  for (const char* name : k_names) {
    if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
    const char* said = dlerror();
    if (reason.empty()) reason = said ? said : "not found";
  }
  throw Error(ExitCode::precondition, std::string("cannot load ") + k_names.front() + ": " + reason,
              k_install);
}

Api load() {
  void* library = open_library();
  Api api;
  const auto resolve = [library](const char* name) {
    void* function = dlsym(library, name);
    if (function == nullptr) {
      throw Error(ExitCode::precondition, std::string("libcurl is too old: it has no function ") + name,
                  k_install);
    }
    return function;
  };
#define PGSLUICE_LIBCURL_RESOLVE(name) api.name = reinterpret_cast<decltype(api.name)>(resolve(#name));
  PGSLUICE_LIBCURL_FUNCTIONS(PGSLUICE_LIBCURL_RESOLVE)
#undef PGSLUICE_LIBCURL_RESOLVE
  api.curl_global_init(CURL_GLOBAL_DEFAULT);
  return api;
}

}  // namespace

const Api& api() {
  static const Api loaded = load();
  return loaded;
}

}  // namespace pgsluice::http
