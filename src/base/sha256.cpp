// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.hpp"

#include <sys/types.h>

#include <sha256.h>

#include <cstdint>

namespace pgsluice {

std::string sha256_hex(std::string_view bytes) {
  SHA256_CTX context;
  SHA256Init(&context);
  SHA256Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  std::string hex(SHA256_DIGEST_STRING_LENGTH, '\0');
  SHA256End(&context, hex.data());
  hex.resize(SHA256_DIGEST_STRING_LENGTH - 1);  // without C's terminator
  return hex;
}

}  // namespace pgsluice
