// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.hpp"

#include <sys/types.h>

#include <sha256.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/hex.hpp"

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace pgsluice {
namespace {

using Digest = std::array<std::uint8_t, SHA256_DIGEST_LENGTH>;

#ifdef __x86_64__
// Every finding has a fingerprint: with the processor's own instructions it costs a tenth.

alignas(16) constexpr std::array<std::uint32_t, 64> k_round = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// The state as the instructions want it.
struct State {
  __m128i abef;
  __m128i cdgh;
};

bool processor_can() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  const bool sse = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_1) != 0;
  return sse && __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

[[gnu::target("sha,sse4.1")]] void compress(State& state, const std::uint8_t* block) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  __m128i words[4];  // a ring of the schedule's last sixteen words
  for (int i = 0; i < 4; ++i) {
    words[i] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(block) + i), big_endian);
  }
  __m128i abef = state.abef;
  __m128i cdgh = state.cdgh;
  for (unsigned i = 0; i < 16; ++i) {  // four rounds at a time
    __m128i& now = words[i % 4];
    const __m128i& last = words[(i + 3) % 4];
    const __m128i sum =
        _mm_add_epi32(now, _mm_load_si128(reinterpret_cast<const __m128i*>(k_round.data()) + i));
    cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
    abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
    const __m128i mixed = _mm_add_epi32(_mm_sha256msg1_epu32(now, words[(i + 1) % 4]),
                                        _mm_alignr_epi8(last, words[(i + 2) % 4], 4));
    now = _mm_sha256msg2_epu32(mixed, last);
  }
  state.abef = _mm_add_epi32(state.abef, abef);
  state.cdgh = _mm_add_epi32(state.cdgh, cdgh);
}

[[gnu::target("sha,sse4.1")]] Digest digest_by_processor(std::string_view bytes) {
  constexpr std::size_t block = SHA256_BLOCK_LENGTH;
  State state{.abef = _mm_set_epi32(0x6a09e667, static_cast<int>(0xbb67ae85), 0x510e527f,
                                    static_cast<int>(0x9b05688c)),
              .cdgh = _mm_set_epi32(0x3c6ef372, static_cast<int>(0xa54ff53a), 0x1f83d9ab, 0x5be0cd19)};
  const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
  for (; bytes.size() >= block; bytes.remove_prefix(block)) {
    compress(state, reinterpret_cast<const std::uint8_t*>(bytes.data()));
  }
  // What is left, a one bit, zeros, and the length in the last eight bytes.
  std::array<std::uint8_t, 2 * block> tail{};
  std::copy(bytes.begin(), bytes.end(), tail.begin());
  tail.at(bytes.size()) = 0x80;
  const std::size_t end = bytes.size() + 1 + sizeof bits <= block ? block : 2 * block;
  for (std::size_t i = 0; i < sizeof bits; ++i) {
    tail.at(end - 1 - i) = static_cast<std::uint8_t>(bits >> (8 * i));
  }
  for (std::size_t at = 0; at < end; at += block) compress(state, tail.data() + at);

  const std::array<int, 8> words = {_mm_extract_epi32(state.abef, 3), _mm_extract_epi32(state.abef, 2),
                                    _mm_extract_epi32(state.cdgh, 3), _mm_extract_epi32(state.cdgh, 2),
                                    _mm_extract_epi32(state.abef, 1), _mm_extract_epi32(state.abef, 0),
                                    _mm_extract_epi32(state.cdgh, 1), _mm_extract_epi32(state.cdgh, 0)};
  Digest digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest.at(i) =
        static_cast<std::uint8_t>(static_cast<std::uint32_t>(words.at(i / 4)) >> (24 - 8 * (i % 4)));
  }
  return digest;
}
#endif

Digest digest_by_library(std::string_view bytes) {
  Digest digest{};
  SHA256_CTX context;
  SHA256Init(&context);
  SHA256Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  SHA256Final(digest.data(), &context);
  return digest;
}

Digest digest_of(std::string_view bytes) {
#ifdef __x86_64__
  static const bool k_can = processor_can();
  if (k_can) return digest_by_processor(bytes);
#endif
  return digest_by_library(bytes);
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  const auto digest = digest_of(bytes);
  return hex_digits({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace pgsluice
