// SPDX-License-Identifier: Apache-2.0
#include "preview/row_values.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "base/text.hpp"
#include "sql/lexer.hpp"

namespace pgsluice {
namespace {

using Series = std::vector<ValueSeries>;

/// `text` with the number's expression for every #.
std::string with(std::string_view number, std::string_view text) {
  return replace_all(text, "#", cat("(", number, ")"));
}

long long power(long long base, int exponent) {
  constexpr long long k_enough = 1'000'000'000'000'000'000;
  long long result = 1;
  for (int i = 0; i < exponent && result < k_enough / base; ++i) result *= base;
  return result;
}

/// Precision and scale as atttypmod holds them: a scale may be negative since 15.
Series numerics(int typmod, std::string_view number) {
  if (typmod < 0) return {{with(number, "(1 + #)::numeric"), {}}, {with(number, "(# % 101) / 100.0"), 101}};
  constexpr int k_header = 4;
  constexpr int k_scale_bits = 11;
  constexpr int k_most_digits = 17;
  const int precision = ((typmod - k_header) >> 16) & 0xffff;
  const int scale = (((typmod - k_header) & ((1 << k_scale_bits) - 1)) ^ (1 << (k_scale_bits - 1))) -
                    (1 << (k_scale_bits - 1));
  const long long most = power(10, std::min(precision, k_most_digits)) - 1;
  const std::string unit = cat("'1e", std::to_string(-scale), "'::numeric");
  Series all = {{with(number, cat("(1 + # % ", std::to_string(most), ") * ", unit)), most}};
  if (precision > scale) {
    const long long whole = power(10, std::min(precision - scale, k_most_digits)) - 1;
    all.push_back({with(number, cat("1 + # % ", std::to_string(whole))), whole});
  }
  return all;
}

/// Of letters or digits only, and all of one length: what patterns and checks of a length ask for.
void add_short_texts(Series& all, std::string_view number, int longest) {
  for (const int length : {1, 2, 3, 4, 5, 6, 8, 10, 12}) {
    if (length > longest) break;
    const std::string width = std::to_string(length);
    const long long letters = power(16, length);
    const long long digits = power(10, length);
    for (const std::string_view alphabet : {"ghijklmnopabcdef", "GHIJKLMNOPABCDEF"})
      all.push_back({with(number, cat("translate(lpad(to_hex(# % ", std::to_string(letters), "), ", width,
                                      ", '0'), '0123456789abcdef', '", alphabet, "')")),
                     letters});
    all.push_back(
        {with(number, cat("lpad((# % ", std::to_string(digits), ")::text, ", width, ", '0')")), digits});
  }
}

Series texts(int longest, std::string_view number) {
  constexpr int k_md5 = 32;
  constexpr int k_hex_digits = 15;
  Series all;
  if (longest >= k_md5) {
    all.push_back({with(number, "md5(#::text)"), {}});
  } else {
    const long long count = power(16, std::min(longest, k_hex_digits));
    all.push_back({with(number, cat("to_hex(# % ", std::to_string(count), ")")), count});
  }
  constexpr std::array<std::pair<std::string_view, int>, 12> k_forms = {{
      {"translate(to_hex(#), '0123456789abcdef', 'ghijklmnopabcdef')", 16},
      {"translate(to_hex(#), '0123456789abcdef', 'GHIJKLMNOPABCDEF')", 16},
      {"initcap(translate(to_hex(#), '0123456789abcdef', 'ghijklmnopabcdef'))", 16},
      {"(1 + #)::text", 19},
      {"'user' || # || '@example.com'", 35},
      {"'https://example.com/' || #", 39},
      {"'+1555' || lpad(#::text, 7, '0')", 24},
      {"'#' || lpad(to_hex(#), 6, '0')", 23},
      {"'item-' || #", 24},
      {"'1.0.' || #", 23},
      {"md5(#::text) || md5(#::text)", 64},
      {"md5(#::text)::uuid::text", 36},
  }};
  for (const auto& [form, length] : k_forms) {
    // The one # that is a character of the value.
    const std::string expression = with(number, replace_all(form, "'#'", "'\x01'"));
    if (length <= longest) all.push_back({replace_all(expression, "\x01", "#"), {}});
  }
  add_short_texts(all, number, longest);
  return all;
}

int longest_text(const ValueType& type) {
  constexpr int k_header = 4;
  if (type.typname == "name") return 63;
  return type.typmod < k_header ? 1 << 20 : type.typmod - k_header;
}

/// PostgreSQL's own types that need no more than an expression.
struct PlainType {
  std::string_view typname;
  std::string_view expression;
  std::int64_t count = 0;  ///< 0: as many as there are numbers
};
constexpr std::int64_t k_int2 = 32767;
constexpr std::int64_t k_int4 = 2147483647;
constexpr std::int64_t k_hosts = 16777216;
constexpr PlainType k_plain[] = {
    {"int2", "1 + # % 32767", k_int2},
    {"int2", "-1 - # % 32767", k_int2},
    {"int4", "1 + # % 2147483647", k_int4},
    {"int4", "-1 - # % 2147483647", k_int4},
    {"int8", "1 + #", 0},
    {"int8", "-1 - #", 0},
    {"float4", "1 + # % 16777215", k_hosts - 1},
    {"float4", "(# % 101) / 100.0", 101},
    {"float8", "1 + #", 0},
    {"float8", "(# % 101) / 100.0", 101},
    {"money", "(1 + #)::numeric::money", 0},
    {"oid", "1 + # % 2147483647", k_int4},
    {"bool", "# % 2 = 0", 2},
    {"char", "chr((97 + # % 26)::integer)", 26},
    {"date", "date '2020-01-01' + (# % 3650)::integer", 3650},
    {"date", "date '2020-01-01' + (# % 1000000)::integer", 1000000},
    {"date", "current_date + 1 + (# % 1000000)::integer", 1000000},
    {"timestamp", "timestamp '2020-01-01' + # * interval '1 minute'", 0},
    {"timestamp", "localtimestamp + (1 + #) * interval '1 day'", 0},
    {"timestamptz", "timestamptz '2020-01-01 00:00+00' + # * interval '1 minute'", 0},
    {"timestamptz", "now() + (1 + #) * interval '1 day'", 0},
    {"time", "time '00:00' + (# % 86400) * interval '1 second'", 86400},
    {"timetz", "(time '00:00' + (# % 86400) * interval '1 second')::text || '+00'", 86400},
    {"interval", "(1 + #) * interval '1 second'", 0},
    {"interval", "(1 + #) * interval '1 year'", 0},
    {"uuid", "md5(#::text)::uuid", 0},
    {"json", "json_build_object('number', #, 'text', md5(#::text))", 0},
    {"json", "json_build_array(#)", 0},
    {"jsonb", "jsonb_build_object('number', #, 'text', md5(#::text))", 0},
    {"jsonb", "jsonb_build_array(#)", 0},
    {"xml", "'<number>' || # || '</number>'", 0},
    {"bytea", "decode(md5(#::text), 'hex')", 0},
    {"bytea", "sha256(#::text::bytea)", 0},
    {"inet", "inet '10.0.0.0' + # % 16777216", k_hosts},
    {"cidr", "(inet '10.0.0.0' + # % 16777216)::cidr", k_hosts},
    {"macaddr", "lpad(to_hex(# % 281474976710656), 12, '0')", 281474976710656},
    {"macaddr8", "lpad(to_hex(#), 16, '0')", 0},
    {"point", "point(#, #)", 0},
    {"line", "'{1,1,' || # || '}'", 0},
    {"lseg", "'[(0,0),(1,' || # || ')]'", 0},
    {"box", "'((0,0),(1,' || 1 + # || '))'", 0},
    {"path", "'((0,0),(1,' || # || '))'", 0},
    {"polygon", "'((0,0),(1,0),(1,' || 1 + # || '))'", 0},
    {"circle", "'<(0,0),' || 1 + # || '>'", 0},
    {"tsvector", "to_tsvector('simple', 'word' || #)", 0},
    {"tsquery", "to_tsquery('simple', 'word' || #)", 0},
    {"pg_lsn", "'0/' || to_hex(# % 4294967295)", 4294967295},
    {"regclass", "'pg_class'", 1},
    {"regtype", "'integer'", 1},
    {"txid_snapshot", "'1:1:'", 1},
    {"pg_snapshot", "'1:1:'", 1},
    {"jsonpath", "'$.a' || #", 0},
};

/// What types of extensions may read: the server says which of them.
constexpr std::string_view k_guesses[] = {
    "'v' || #", "(1 + #)::text", "'POINT(' || # % 180 || ' ' || # % 90 || ')'", "'a=>' || #", "'{}'", "''"};

Series bits(const ValueType& type, std::string_view number) {
  constexpr int k_bits = 62;
  const int length = type.typmod < 0 ? 64 : std::min(type.typmod, 64);
  const long long count = length > k_bits ? 0 : 1LL << length;
  Series all = {{with(number, cat("#::bit(", std::to_string(length), ")")), {}}};
  if (count > 0) all.front().count = count;
  return all;
}

Series plain(const ValueType& type, std::string_view number) {
  Series all;
  for (const PlainType& known : k_plain) {
    if (known.typname != type.typname) continue;
    all.push_back({with(number, known.expression), {}});
    if (known.count > 0) all.back().count = known.count;
  }
  if (!all.empty()) return all;
  for (const std::string_view guess : k_guesses) all.push_back({with(number, guess), {}});
  all[all.size() - 2].count = all.back().count = 1;
  return all;
}

Series base_series(const ValueType& type, std::string_view number) {
  const std::string& name = type.typname;
  if (name == "numeric") return numerics(type.typmod, number);
  if (name == "text" || name == "varchar" || name == "bpchar" || name == "name" || name == "citext")
    return texts(longest_text(type), number);
  if (name == "bit" || name == "varbit") return bits(type, number);
  return plain(type, number);
}

std::string cast(const ValueSeries& series, const ValueType& type) {
  return cat("CAST(", series.expression, " AS ", type.name, ")");
}

/// Between a number and the next one, so that no two overlap.
Series ranges(const ValueType& type, std::string_view number) {
  const ValueType& subtype = type.parts.front();
  const ValueSeries from = value_series(subtype, number).front();
  const ValueSeries until = value_series(subtype, cat(number, " + 1")).front();
  return {{cat(type.name, "(", cast(from, subtype), ", ", cast(until, subtype), ")"), from.count}};
}

Series composites(const ValueType& type, std::string_view number) {
  std::vector<std::string> columns;
  for (const ValueType& column : type.parts)
    columns.push_back(cast(value_series(column, number).front(), column));
  return {{cat("ROW(", join(columns, ", "), ")"), {}}};
}

Series arrays(const ValueType& type, std::string_view number) {
  Series all;
  const ValueType& element = type.parts.front();
  for (const ValueSeries& series : value_series(element, number))
    all.push_back({cat("ARRAY[", cast(series, element), "]"), series.count});
  all.push_back({"'{}'", 1});
  return all;
}

}  // namespace

std::vector<ValueSeries> value_series(const ValueType& type, std::string_view number) {
  switch (type.typtype) {
    case 'A': return arrays(type, number);
    case 'c': return composites(type, number);
    case 'd': return value_series(type.parts.front(), number);
    case 'e': {
      if (type.labels == 0) return {};
      const std::string labels = std::to_string(type.labels);
      return {{with(number, cat("(enum_range(NULL::", type.name, "))[1 + # % ", labels, "]")), type.labels}};
    }
    case 'r': return ranges(type, number);
    case 'm': {
      const ValueSeries range = ranges(type.parts.front(), number).front();
      return {{cat(type.name, "(", range.expression, ")"), range.count}};
    }
    default: return base_series(type, number);
  }
}

ExpressionParts parts_of_expression(std::string_view expression) {
  ExpressionParts parts;
  sql::Lexer lexer(expression);
  for (sql::Token token = lexer.next(); token.kind != sql::TokenKind::end; token = lexer.next()) {
    const bool constant = token.kind == sql::TokenKind::number || token.kind == sql::TokenKind::string;
    const bool name = token.kind == sql::TokenKind::word || token.kind == sql::TokenKind::quoted_name;
    if (token.kind == sql::TokenKind::unterminated) break;
    if (!constant && !name) continue;
    std::vector<std::string>& list = constant ? parts.constants : parts.names;
    const std::string text(lexer.text(token));
    if (std::ranges::find(list, text) == list.end()) list.push_back(text);
  }
  return parts;
}

std::string about_column(std::string_view domain_check, std::string_view column) {
  std::string result;
  std::size_t copied = 0;
  sql::Lexer lexer(domain_check);
  for (sql::Token token = lexer.next(); token.kind != sql::TokenKind::end; token = lexer.next()) {
    if (token.kind == sql::TokenKind::unterminated) break;
    if (token.kind != sql::TokenKind::word || lexer.text(token) != "VALUE") continue;
    result += cat(domain_check.substr(copied, token.begin - copied), column);
    copied = token.end;
  }
  return result += domain_check.substr(copied);
}

}  // namespace pgsluice
