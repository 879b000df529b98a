// SPDX-License-Identifier: Apache-2.0
// pg: common/hashfn.c hash_bytes_extended() and hash_bytes_uint32_extended(), which are Bob Jenkins's lookup3.
#include "hash.hpp"

#include <array>
#include <bit>
#include <string>
#include <string_view>

namespace pgsluice::effects {

namespace {

constexpr std::uint64_t k_seed = 0x7A5B22367996DCFD;  // partbounds.h HASH_PARTITION_SEED

class Jenkins {
 public:
  Jenkins(std::uint32_t length, std::uint64_t seed) : a_(0x9e3779b9 + length + 3923095), b_(a_), c_(a_) {
    a_ += static_cast<std::uint32_t>(seed >> 32);
    b_ += static_cast<std::uint32_t>(seed);
    mix();
  }

  void add(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    a_ += a;
    b_ += b;
    c_ += c;
  }

  void mix() {
    step(a_, c_, b_, 4);
    step(b_, a_, c_, 6);
    step(c_, b_, a_, 8);
    step(a_, c_, b_, 16);
    step(b_, a_, c_, 19);
    step(c_, b_, a_, 4);
  }

  std::uint64_t finish() {
    last(c_, b_, 14);
    last(a_, c_, 11);
    last(b_, a_, 25);
    last(c_, b_, 16);
    last(a_, c_, 4);
    last(b_, a_, 14);
    last(c_, b_, 24);
    return (static_cast<std::uint64_t>(b_) << 32) | c_;
  }

 private:
  static void step(std::uint32_t& x, std::uint32_t& y, std::uint32_t& z, int bits) {
    x -= y;
    x ^= std::rotl(y, bits);
    y += z;
  }
  static void last(std::uint32_t& x, std::uint32_t y, int bits) {
    x ^= y;
    x -= std::rotl(y, bits);
  }

  std::uint32_t a_;
  std::uint32_t b_;
  std::uint32_t c_;
};

std::uint64_t hash_uint32(std::uint32_t value) {
  Jenkins state(sizeof(std::uint32_t), k_seed);
  state.add(value, 0, 0);
  return state.finish();
}

/// hashint8extended: the same as of int4 when the value fits there.
std::uint64_t hash_int64(std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  const auto low = static_cast<std::uint32_t>(bits);
  const auto high = static_cast<std::uint32_t>(bits >> 32);
  return hash_uint32(low ^ (value >= 0 ? high : ~high));
}

/// Four bytes from the place on, little end first; of the third word of the last, partial block the lowest byte is the
/// length's.
std::uint32_t word(std::string_view bytes, std::size_t place, std::size_t shift) {
  std::uint32_t result = 0;
  for (std::size_t i = 0; i + shift < 4 && place + i < bytes.size(); ++i) {
    result |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[place + i])) << (8 * (i + shift));
  }
  return result;
}

std::uint64_t hash_bytes(std::string_view bytes) {
  constexpr std::size_t k_block = 12;
  Jenkins state(static_cast<std::uint32_t>(bytes.size()), k_seed);
  for (; bytes.size() >= k_block; bytes.remove_prefix(k_block)) {
    state.add(word(bytes, 0, 0), word(bytes, 4, 0), word(bytes, 8, 0));
    state.mix();
  }
  state.add(word(bytes, 0, 0), word(bytes, 4, 0), word(bytes, 8, 1));
  return state.finish();
}

std::string bytes_of_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  }
  return bytes;
}

std::optional<std::uint64_t> hash_of(const Datum& value) {
  constexpr std::int64_t k_day = 86'400'000'000;
  constexpr std::int64_t k_epoch = 10'957;  // PostgreSQL counts from 2000-01-01
  const auto number = static_cast<std::int64_t>(value.number);
  if (value.is_local) return std::nullopt;
  switch (value.domain) {
    case Domain::integer: return hash_int64(number);
    case Domain::boolean: return hash_uint32(static_cast<std::uint32_t>(number));
    case Domain::text: return hash_bytes(value.text);
    case Domain::uuid: return hash_bytes(bytes_of_hex(value.text));
    case Domain::date: return hash_uint32(static_cast<std::uint32_t>(number / k_day - k_epoch));
    case Domain::timestamp:
    case Domain::timestamptz: return hash_int64(number - k_epoch * k_day);
    default: return std::nullopt;
  }
}

}  // namespace

std::optional<std::uint64_t> partition_hash(const std::vector<std::optional<Datum>>& key) {
  std::uint64_t row = 0;
  for (const std::optional<Datum>& value : key) {
    if (!value) continue;
    const std::optional<std::uint64_t> hash = hash_of(*value);
    if (!hash) return std::nullopt;
    row ^= *hash + 0x49a0f4dd15e5a8e3 + (row << 54) + (row >> 7);  // hashfn.h hash_combine64()
  }
  return row;
}

}  // namespace pgsluice::effects
