// SPDX-License-Identifier: Apache-2.0
#include "pg/libpq.hpp"

#include <array>

#include <dlfcn.h>

#include "pg/api.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice::pg {
namespace {

constexpr const char* k_library = "libpq.so.5";
constexpr const char* k_install =
    "Install PostgreSQL's client library: libpq5 on Debian and Ubuntu, libpq on Fedora and Alpine.";

Api load() {
  void* library = dlopen(k_library, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = dlerror();
    throw Error(ExitCode::precondition,
                std::string("cannot load ") + k_library + ": " + (reason ? reason : "not found"), k_install);
  }
  Api api;
  const auto resolve = [library](const char* name) {
    void* function = dlsym(library, name);
    if (function == nullptr) {
      throw Error(ExitCode::precondition, std::string(k_library) + " is too old: it has no function " + name,
                  k_install);
    }
    return function;
  };
#define PGSLUICE_LIBPQ_RESOLVE(name) api.name = reinterpret_cast<decltype(api.name)>(resolve(#name));
  PGSLUICE_LIBPQ_FUNCTIONS(PGSLUICE_LIBPQ_RESOLVE)
#undef PGSLUICE_LIBPQ_RESOLVE
  return api;
}

}  // namespace

const Api& api() {
  static const Api loaded = load();
  return loaded;
}

std::string libpq_version() {
  const int version = api().PQlibVersion();
  return std::to_string(version / 10000) + "." + std::to_string(version % 10000);
}

}  // namespace pgsluice::pg
