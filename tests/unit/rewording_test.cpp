// SPDX-License-Identifier: Apache-2.0
// What a statement does depends neither on how it is written nor on where it stands: upper or lower case, with comments
// between its words, alone in a file or in the middle of a long one, the prediction is the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <sstream>

#include "base/files.hpp"
#include "sql/lexer.hpp"
#include "support/analysis.hpp"
#include "support/known_cases.hpp"

namespace pgsluice::test {
namespace {

using sql::Lexer;
using sql::Token;
using sql::TokenKind;

struct Rewording {
  const char* name;
  std::string (*apply)(std::string_view sql);
};

/// Puts the text together again, with each word changed.
std::string change_words(std::string_view sql, int (*change)(int)) {
  std::string text(sql);
  Lexer lexer(sql);
  for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
    if (token.kind != TokenKind::word) continue;
    for (std::size_t i = token.begin; i < token.end; ++i) {
      const auto byte = static_cast<unsigned char>(text[i]);
      if (byte < 128) text[i] = static_cast<char>(change(byte));
    }
  }
  return text;
}

std::string upper(std::string_view sql) {
  return change_words(sql, [](int c) { return std::toupper(c); });
}

std::string lower(std::string_view sql) {
  return change_words(sql, [](int c) { return std::tolower(c); });
}

/// Wherever there is white space between two tokens, there is a comment, too.
std::string with_comments(std::string_view sql) {
  constexpr std::string_view k_comment = "\n-- it's; no /* end\n";
  std::string text;
  Lexer lexer(sql);
  std::size_t end = 0;
  for (Token token = lexer.next_with_comments(); token.kind != TokenKind::end;
       token = lexer.next_with_comments()) {
    text += sql.substr(end, token.begin - end);
    if (token.begin > end && end > 0) text += k_comment;
    text += lexer.text(token);
    end = token.end;
  }
  return text += sql.substr(end);
}

std::string in_a_long_file(std::string_view sql) {
  std::string other;
  for (int i = 0; i < 40; ++i) other += "SELECT " + std::to_string(i) + ";\n";
  // What stands behind a COPY … FROM stdin is its data, up to the mark.
  const bool reads_data = sql.find("FROM STDIN") != std::string_view::npos;
  return other + std::string(sql) + (reads_data ? "\\.\n" : ";\n") + other;
}

constexpr std::array k_rewordings = {Rewording{"upper case", upper}, Rewording{"lower case", lower},
                                     Rewording{"with comments", with_comments},
                                     Rewording{"in a long file", in_a_long_file}};

void describe(const std::vector<RelationName>& names, const char* what, std::ostream& out) {
  for (const RelationName& name : names) out << " " << what << " " << name.quoted();
}

/// All that is predicted, without the statements that only fill the file.
std::string prediction(const std::string& sql, Catalog catalog, int version) {
  std::ostringstream out;
  for (const Effect& effect : analyse_sql(sql, "case.sql", version, catalog).effects) {
    const bool nothing = effect.locks.empty() && !effect.phase && !effect.unmodeled;
    if (nothing) continue;
    for (const RelationLock& lock : effect.locks) {
      out << " " << lock.relation.quoted() << ":" << lock.relkind << ":" << lock_name(lock.mode) << ":"
          << lock.role << (lock.is_new ? ":new" : "");
    }
    describe(effect.rewrites, "rewrites", out);
    describe(effect.scans, "scans", out);
    describe(effect.index_builds, "builds", out);
    out << " " << to_string(effect.breaks) << " " << static_cast<int>(effect.outcome)
        << (effect.needs_no_transaction ? " alone" : "") << (effect.unmodeled ? " unmodeled" : "") << "\n";
  }
  return out.str();
}

void expect_same(const std::string& head, const std::string& sql, const Catalog& catalog, int version,
                 const std::string& name) {
  const std::string expected = prediction(head + sql, catalog, version);
  for (const Rewording& rewording : k_rewordings) {
    EXPECT_EQ(prediction(head + rewording.apply(sql), catalog, version), expected)
        << name << ", " << rewording.name << "\n"
        << rewording.apply(sql);
  }
}

TEST(Rewording, ChangesNoPredictionOfAKnownCase) {
  constexpr int k_version = 17;
  const Catalog fixture = replay_fixture(k_version);
  for (const KnownCase& known : known_cases()) {
    Catalog catalog = fixture;
    for (const std::string& setup : known.setup) analyse_sql(setup, "setup.sql", k_version, catalog);
    expect_same(known.transaction ? "" : "-- pgsluice: transaction=off\n",
                joined(known.session) + joined(known.pre) + joined(known.statements), catalog, k_version,
                known.id);
  }
}

TEST(Rewording, ChangesNoPredictionOfTheExamples) {
  constexpr int k_version = 14;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(PGSLUICE_SOURCE_DIR "/examples")) {
    if (entry.path().extension() == ".sql") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  ASSERT_FALSE(files.empty());
  Catalog catalog;
  for (const std::filesystem::path& file : files) {
    const std::string sql = read_file(file);
    const std::size_t start = Lexer(sql).next().begin;  // directives for the whole file stand before it
    expect_same(sql.substr(0, start), sql.substr(start), catalog, k_version, file.filename());
    analyse_sql(sql, "example.sql", k_version, catalog);
  }
}

}  // namespace
}  // namespace pgsluice::test
