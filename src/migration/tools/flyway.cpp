// SPDX-License-Identifier: Apache-2.0
// Flyway and refinery: the file's name has a letter and a version. Flyway finds out by itself what cannot run in a
// transaction. (Flyway: PostgreSQLParser.java, ParserSqlScript.java; refinery: refinery_core/src/util.rs)
#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "migration/tools/rows.hpp"
#include "sql/lexer.hpp"
#include "sql/split.hpp"

namespace pgsluice::tools {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// V1_2__add_orders.sql → "1.2", with the letter that stands before it; a repeatable one has no version.
struct ScriptName {
  char letter = 0;
  std::string version;
  std::string_view description;
};
ScriptName script_name(std::string_view file) {
  const std::string_view name = base_name(file);
  const std::size_t end = name.find("__");
  if (!is_sql(file) || end == std::string_view::npos || name.empty()) return {};
  const std::string version = replace_all(name.substr(1, end - 1), "_", ".");
  const char letter = name.front();
  const std::string_view description = name.substr(end + 2);
  if (letter == 'R' && version.empty()) return {.letter = 'R', .version = {}, .description = description};
  const bool numbers = !version.empty() && is_digit(version.front()) && is_digit(version.back()) &&
                       std::ranges::all_of(version, [](char c) { return is_digit(c) || c == '.'; });
  if (!numbers || (letter != 'V' && letter != 'U' && letter != 'B')) return {};
  return {.letter = letter, .version = version, .description = description};
}

bool is_same_version(std::string_view a, std::string_view b) {
  return !natural_less(a, b) && !natural_less(b, a);
}

/// Where two versions have the same parts, one may have zeros more: 1 is 1.0.
std::string without_zeros(std::string version) {
  while (version.ends_with(".0")) version.resize(version.size() - 2);
  return version;
}

Files in_order(Files files) {
  std::ranges::stable_sort(files, [](const std::string& a, const std::string& b) {
    const ScriptName x = script_name(a);
    const ScriptName y = script_name(b);
    if ((x.letter == 'R') != (y.letter == 'R')) return y.letter == 'R';
    if (x.letter == 'R') return x.description < y.description;
    return natural_less(without_zeros(x.version), without_zeros(y.version));
  });
  return files;
}

bool has_letter(const Layout& layout, std::string_view letters) {
  return std::ranges::any_of(layout.files, [&](const std::string& file) {
    const char letter = script_name(file).letter;
    return letter != 0 && letters.find(letter) != std::string_view::npos;
  });
}

// ---- what Flyway knows not to run in a transaction ---------------------------------------------------------------------

std::vector<std::string> first_words(std::string_view sql) {
  constexpr std::size_t enough = 8;
  std::vector<std::string> words;
  sql::Lexer lexer(sql);
  for (sql::Token token = lexer.next(); token.kind != sql::TokenKind::end && words.size() < enough;
       token = lexer.next()) {
    words.push_back(token.kind == sql::TokenKind::word ? to_lower(lexer.text(token)) : std::string("?"));
  }
  return words;
}

/// Flyway goes by the first words: ALTER TABLE … DETACH CONCURRENTLY and REINDEX TABLE CONCURRENTLY are none of them.
bool is_known_to_need_none(std::string_view sql) {
  std::vector<std::string> words = first_words(sql);
  words.resize(8);
  const bool makes = words[0] == "create" || words[0] == "drop";
  if (makes && (words[1] == "database" || words[1] == "tablespace" || words[1] == "subscription"))
    return true;
  if (makes && words[1] == "unique") words.erase(words.begin() + 1);
  if (makes && words[1] == "index") return words[2] == "concurrently";
  if (words[0] == "reindex") {
    const std::string& what = words[1] == "verbose" ? words[2] : words[1];
    return what == "schema" || what == "database" || what == "system";
  }
  return words[0] == "vacuum" || (words[0] == "alter" && words[1] == "system") ||
         (words[0] == "discard" && words[1] == "all");
}

/// A file beside the script with its settings: V1__x.sql.conf.
bool config_says(const std::filesystem::path& script, std::string_view key, std::string_view value) {
  const std::string text = small_file(script.string() + ".conf");
  for (const std::string_view line : lines(text)) {
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos && trim(line.substr(0, equals)) == key)
      return to_lower(trim(line.substr(equals + 1))) == value;
  }
  return false;
}

FileTransaction flyway_transaction(const FileContext& file, const Draft& draft) {
  if (config_says(file.path, "executeInTransaction", "false")) return FileTransaction::none;
  const std::vector<SourceRange> pieces = sql::split(draft.text()).statements;
  const auto alone = std::ranges::count_if(pieces, [&](const SourceRange& piece) {
    return is_known_to_need_none(std::string_view(draft.text()).substr(piece.begin, piece.end - piece.begin));
  });
  // A script that mixes both is refused unless told otherwise: the same as running it in a transaction.
  const bool runs_alone =
      alone > 0 && (static_cast<std::size_t>(alone) == pieces.size() || file.setting == "mixed");
  return runs_alone ? FileTransaction::none : FileTransaction::one;
}

}  // namespace

bool is_flyway_layout(const Layout& layout) {
  return has_letter(layout, "VRB");
}

Files flyway_files(const Layout& layout) {
  Files files;
  std::string baseline;
  std::string first;
  for (const std::string& file : layout.files) {
    const ScriptName name = script_name(file);
    if (name.letter == 'B' && natural_less(baseline, name.version)) baseline = name.version;
    if (name.letter == 'V' && (first.empty() || natural_less(name.version, first))) first = name.version;
  }
  // What a baseline stands for is left out only when the versions before it are gone.
  const bool needed = !baseline.empty() && (first.empty() || natural_less(baseline, first));
  for (const std::string& file : layout.files) {
    const ScriptName name = script_name(file);
    const bool base = name.letter == 'B' && needed && is_same_version(name.version, baseline);
    if (name.letter == 'V' || name.letter == 'R' || base) files.push_back(file);
  }
  return in_order(std::move(files));
}

void read_flyway(const FileContext& file, Draft& draft) {
  if (config_says(file.path, "placeholderReplacement", "false")) draft.placeholders = PlaceholderSyntax::none;
  draft.add_block(draft.whole(), flyway_transaction(file, draft));
}

bool is_flyway_repeatable(std::string_view file) {
  return script_name(file).letter == 'R';
}

/// What undoes a version has that version's number; refinery's U files go forward.
std::string flyway_doubt(const Layout& layout) {
  const auto has_version = [&layout](std::string_view version) {
    return std::ranges::any_of(layout.files, [version](const std::string& file) {
      const ScriptName name = script_name(file);
      return name.letter == 'V' && is_same_version(name.version, version);
    });
  };
  for (const std::string& file : layout.files) {
    const ScriptName name = script_name(file);
    if (name.letter != 'U' || has_version(name.version)) continue;
    return cat(printable_line(file),
               " undoes no version, as it does with Flyway: --tool refinery if refinery runs it, "
               "--tool flyway if nobody does");
  }
  return {};
}

bool is_refinery_layout(const Layout& layout) {
  if (!has_letter(layout, "VU") || has_letter(layout, "RB")) return false;
  return project_mentions(layout.directory, "Cargo.toml", "refinery") ||
         !small_file(layout.directory / ".." / "refinery.toml").empty();
}

Files refinery_files(const Layout& layout) {
  return in_order(select(layout, [](std::string_view file) {
    const char letter = script_name(file).letter;
    return letter == 'V' || letter == 'U';
  }));
}

void read_refinery(const FileContext& /*file*/, Draft& draft) {
  const std::vector<Line> all = lines_of(draft.text());
  const bool without = std::ranges::any_of(
      all, [](const Line& line) { return comment_of(line.text) == "refinery:noTransaction"; });
  draft.add_block(draft.whole(), without ? FileTransaction::message : FileTransaction::one);
}

}  // namespace pgsluice::tools
