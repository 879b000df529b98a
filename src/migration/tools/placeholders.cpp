// SPDX-License-Identifier: Apache-2.0
#include "migration/tools/placeholders.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.hpp"
#include "sql/accepts.hpp"
#include "sql/lexer.hpp"
#include "sql/split.hpp"

namespace pgsluice::tools {
namespace {

using sql::Lexer;
using sql::Token;
using sql::TokenKind;
using Values = std::map<std::string, std::string, std::less<>>;

constexpr std::size_t k_longest_name = 200;

/// One that was found in the text.
struct Found {
  SourceRange range;  ///< as written: ${name}, :'name'
  std::string name;   ///< name
  char quote = 0;     ///< psql: ' or "
  bool psql = false;
  bool in_string = false;
  bool in_name = false;  ///< in a quoted identifier
};

bool is_name_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         byte >= 0x80;
}

/// ${name} at a place of the text; none when that is something else.
std::optional<Found> braces_at(std::string_view text, std::size_t at) {
  if (text.substr(at, 2) != "${") return std::nullopt;
  const std::size_t end = text.find('}', at);
  if (end == std::string_view::npos || end - at > k_longest_name) return std::nullopt;
  const std::string_view name = trim(text.substr(at + 2, end - at - 2));
  const bool is_name = !name.empty() && std::ranges::all_of(name, [](char c) {
    return is_name_byte(c) || c == ':' || c == '.' || c == '-';
  });
  if (!is_name) return std::nullopt;
  return Found{.range = {at, end + 1}, .name = std::string(name)};
}

/// :name, :'name' or :"name".
std::optional<Found> psql_at(std::string_view text, std::size_t at) {
  if (text[at] != ':' || at + 1 >= text.size()) return std::nullopt;
  const char next = text[at + 1];
  const char quote = next == '\'' || next == '"' ? next : '\0';
  const std::size_t begin = at + (quote == 0 ? 1 : 2);
  std::size_t end = begin;
  while (end < text.size() && is_name_byte(text[end])) ++end;
  if (end == begin || (text[begin] >= '0' && text[begin] <= '9')) return std::nullopt;
  if (quote != 0 && (end == text.size() || text[end] != quote)) return std::nullopt;
  return Found{.range = {at, end + (quote == 0 ? 0 : 1)},
               .name = std::string(text.substr(begin, end - begin)),
               .quote = quote,
               .psql = true};
}

bool uses_braces(PlaceholderSyntax syntax) {
  return syntax == PlaceholderSyntax::braces || syntax == PlaceholderSyntax::braces_and_psql;
}
bool uses_psql(PlaceholderSyntax syntax) {
  return syntax == PlaceholderSyntax::psql || syntax == PlaceholderSyntax::braces_and_psql;
}

/// Most files have none, and need not be read token by token.
bool may_have_any(std::string_view text, PlaceholderSyntax syntax) {
  if (uses_braces(syntax) && text.find("${") != std::string_view::npos) return true;
  if (!uses_psql(syntax)) return false;
  for (std::size_t at = text.find(':'); at != std::string_view::npos; at = text.find(':', at + 1)) {
    if (text.substr(at, 2) == "::") {
      ++at;
    } else if (psql_at(text, at)) {
      return true;
    }
  }
  return false;
}

/// In one statement: what stands between them may be data of COPY.
class Finder {
 public:
  Finder(std::string_view text, const SourceRange& piece, PlaceholderSyntax syntax)
      : text_(text.substr(0, piece.end)), syntax_(syntax), lexer_(text_, piece.begin) {}

  std::vector<Found> run() {
    for (Token token = lexer_.next(); token.kind != TokenKind::end; token = lexer_.next()) take(token);
    return std::move(found_);
  }

 private:
  void take(const Token& token) {
    if (token.kind == TokenKind::string || token.kind == TokenKind::quoted_name ||
        token.kind == TokenKind::unterminated) {
      return look_inside(token);
    }
    // A dollar may be part of a name: orders_${suffix}.
    const bool dollar = lexer_.text(token).ends_with('$') && text_.substr(token.end, 1) == "{";
    if (dollar && uses_braces(syntax_)) return add(braces_at(text_, token.end - 1));
    if (token.kind != TokenKind::other) return;
    if (lexer_.text(token) == "[") ++brackets_;
    if (lexer_.text(token) == "]") --brackets_;
    // Between brackets a colon before a name is that of a slice.
    if (lexer_.text(token) != ":" || !uses_psql(syntax_) || brackets_ > 0) return;
    if (text_.substr(token.end, 1) == ":" || text_.substr(token.end, 1) == "=") {
      lexer_.seek(token.end + 1);
    } else {
      add(psql_at(text_, token.begin));
    }
  }

  void add(std::optional<Found> found) {
    if (!found) return;
    lexer_.seek(found->range.end);
    found_.push_back(std::move(*found));
  }

  /// psql leaves what is quoted alone; others know no quotes. Where nobody says whose the file is, a string is a string.
  void look_inside(const Token& token) {
    const bool string = token.kind != TokenKind::quoted_name;
    if (!uses_braces(syntax_) || (string && syntax_ != PlaceholderSyntax::braces)) return;
    for (std::size_t at = text_.find("${", token.begin); at < token.end; at = text_.find("${", at + 2)) {
      std::optional<Found> found = braces_at(text_, at);
      if (!found || found->range.end > token.end) continue;
      found->in_string = string;
      found->in_name = !string;
      found_.push_back(std::move(*found));
    }
  }

  std::string_view text_;
  PlaceholderSyntax syntax_;
  Lexer lexer_;
  int brackets_ = 0;
  std::vector<Found> found_;
};

// ---- what stands in its place ------------------------------------------------------------------------------------------

std::string in_quotes(std::string_view text, char quote) {
  const std::string mark(1, quote);
  return cat(mark, replace_all(text, mark, mark + mark), mark);
}

std::string with_value(const Found& found, const std::string& value) {
  return found.quote == 0 ? value : in_quotes(value, found.quote);
}

/// A piece of the text, and what is to be there instead.
struct Change {
  SourceRange range;
  std::string text;
  std::vector<Reading::Placeholder> unknown;  ///< ranges are set when the text is put together
};

/// A name, a value, a number, nothing: one of them makes a statement of it.
enum class Form { name, string, number, nothing };
constexpr std::array k_forms = {Form::name, Form::string, Form::number, Form::nothing};

/// Letters that touch it are part of its name: app_${env} is one word.
SourceRange word_around(std::string_view text, const SourceRange& range) {
  SourceRange word = range;
  while (word.begin > 0 && is_name_byte(text[word.begin - 1])) --word.begin;
  while (word.end < text.size()) {
    const auto next = braces_at(text, word.end);
    if (next) {
      word.end = next->range.end;
    } else if (is_name_byte(text[word.end])) {
      ++word.end;
    } else {
      break;
    }
  }
  return word;
}

std::string in_form(std::string_view text, const Found& found, Form form) {
  const std::string_view written = text.substr(found.range.begin, found.range.end - found.range.begin);
  switch (form) {
    case Form::name: return in_quotes(written, '"');
    case Form::string: return in_quotes(written, '\'');
    case Form::number: return "1";
    case Form::nothing: break;
  }
  return std::string(written.size(), ' ');
}

std::string replaced(std::string_view text, const SourceRange& piece, const std::vector<Change>& changes) {
  std::string out;
  std::size_t at = piece.begin;
  for (const Change& change : changes) {
    out += text.substr(at, change.range.begin - at);
    out += change.text;
    at = change.range.end;
  }
  return out += text.substr(at, piece.end - at);
}

class Filler {
 public:
  Filler(std::string_view text, PlaceholderSyntax syntax, const Values& given, const Values& told)
      : text_(text), syntax_(syntax), given_(given), told_(told) {}

  std::vector<Change> run() {
    for (const SourceRange& piece : sql::split(text_).statements) {
      const std::vector<Found> found = Finder(text_, piece, syntax_).run();
      if (!found.empty()) fill(found, piece);
    }
    return std::move(changes_);
  }

 private:
  [[nodiscard]] const std::string* value_of(const std::string& name) const {
    for (const Values* values : {&given_, &told_}) {
      const auto value = values->find(name);
      if (value != values->end()) return &value->second;
    }
    return nullptr;
  }

  void fill(const std::vector<Found>& found, const SourceRange& piece) {
    std::vector<Change> known;
    std::vector<Found> unknown;
    for (const Found& one : found) {
      if (const std::string* value = value_of(one.name)) {
        known.push_back({.range = one.range, .text = with_value(one, *value), .unknown = {}});
      } else {
        unknown.push_back(one);
      }
    }
    if (!unknown.empty()) known = with_unknown(std::move(known), unknown, piece);
    std::ranges::move(known, std::back_inserter(changes_));
  }

  [[nodiscard]] std::vector<Change> with_unknown(std::vector<Change> known, const std::vector<Found>& unknown,
                                                 const SourceRange& piece) const {
    std::vector<Found> open;
    for (const Found& one : unknown) {
      if (one.in_string || one.in_name) {
        const Reading::Placeholder placeholder = placeholder_of(one, false);
        known.push_back({.range = one.range, .text = placeholder.name, .unknown = {placeholder}});
      } else {
        open.push_back(one);
      }
    }
    // An array's slice has a colon before a name, too: what is SQL without psql's help, psql has no part in.
    std::vector<Found> braces = open;
    std::erase_if(braces, [](const Found& one) { return one.psql; });
    if (auto changes = in_some_form(known, braces, piece)) return *changes;
    if (auto changes = in_some_form(known, open, piece)) return *changes;
    return merged(std::move(known), in_forms(braces, std::vector<Form>(braces.size(), Form::name)));
  }

  /// None: whatever they are, it is no SQL.
  [[nodiscard]] std::optional<std::vector<Change>> in_some_form(const std::vector<Change>& known,
                                                                const std::vector<Found>& open,
                                                                const SourceRange& piece) const {
    for (const std::vector<Form>& forms : candidates(open.size())) {
      std::vector<Change> all = merged(known, in_forms(open, forms));
      const std::string sql = replaced(text_, piece, all);
      if (!trim(sql).empty() && sql::accepts(sql)) return all;
    }
    return std::nullopt;
  }

  [[nodiscard]] Reading::Placeholder placeholder_of(const Found& one, bool is_clause) const {
    return {.range = {},
            .name = std::string(text_.substr(one.range.begin, one.range.end - one.range.begin)),
            .in_string = one.in_string,
            .is_clause = is_clause};
  }

  /// All alike first; every mixture of a few.
  static std::vector<std::vector<Form>> candidates(std::size_t count) {
    constexpr std::size_t most = 3;
    std::vector<std::vector<Form>> all;
    for (const Form form : k_forms) all.emplace_back(count, form);
    if (count < 2 || count > most) return all;
    std::size_t mixtures = 1;
    for (std::size_t i = 0; i < count; ++i) mixtures *= k_forms.size();
    for (std::size_t mixture = 0; mixture < mixtures; ++mixture) {
      std::vector<Form>& forms = all.emplace_back();
      for (std::size_t i = 0, rest = mixture; i < count; ++i, rest /= k_forms.size())
        forms.push_back(k_forms.at(rest % k_forms.size()));
    }
    return all;
  }

  [[nodiscard]] std::vector<Change> in_forms(const std::vector<Found>& open,
                                             const std::vector<Form>& forms) const {
    std::vector<Change> changes;
    for (std::size_t i = 0; i < open.size(); ++i) {
      const Found& one = open[i];
      const SourceRange word = one.psql || forms[i] != Form::name ? one.range : word_around(text_, one.range);
      Reading::Placeholder placeholder = placeholder_of(one, forms[i] == Form::nothing);
      if (!changes.empty() && word.begin < changes.back().range.end) {
        changes.back().unknown.push_back(std::move(placeholder));  // the second one of a word
        continue;
      }
      Found whole = one;
      whole.range = word;
      changes.push_back(
          {.range = word, .text = in_form(text_, whole, forms[i]), .unknown = {std::move(placeholder)}});
    }
    return changes;
  }

  static std::vector<Change> merged(std::vector<Change> a, std::vector<Change> b) {
    std::ranges::move(b, std::back_inserter(a));
    std::ranges::stable_sort(a, {}, [](const Change& change) { return change.range.begin; });
    // A word may begin before a placeholder that has a value: then that is part of the word.
    std::vector<Change> out;
    for (Change& change : a) {
      if (out.empty() || change.range.begin >= out.back().range.end) out.push_back(std::move(change));
    }
    return out;
  }

  std::string_view text_;
  PlaceholderSyntax syntax_;
  const Values& given_;
  const Values& told_;
  std::vector<Change> changes_;
};

}  // namespace

namespace {

/// What stands for a clause has been left out, and what it is about is the statement that is beside it.
void move_to_statements(std::string_view text, std::vector<Reading::Placeholder>& placeholders) {
  constexpr std::string_view blanks = " \t\r\n";
  for (Reading::Placeholder& one : placeholders) {
    if (!one.is_clause) continue;
    const std::size_t before = text.substr(0, one.range.begin).find_last_not_of(blanks);
    const bool ends = before == std::string_view::npos || text[before] == ';';
    const std::size_t place = ends ? text.find_first_not_of(blanks, one.range.end) : before;
    if (place != std::string_view::npos) one.range = {.begin = place, .end = place + 1};
  }
  std::ranges::stable_sort(placeholders, {}, [](const Reading::Placeholder& one) { return one.range.begin; });
}

}  // namespace

void fill_placeholders(Draft& draft, const Values& values) {
  if (!may_have_any(draft.text(), draft.placeholders)) return;
  const std::vector<Change> changes = Filler(draft.text(), draft.placeholders, values, draft.values).run();
  if (changes.empty()) return;
  std::string text;
  std::vector<Reading::Edit> edits;
  std::vector<Reading::Placeholder> placeholders;
  std::size_t at = 0;
  for (const Change& change : changes) {
    text += draft.text().substr(at, change.range.begin - at);
    const SourceRange range{.begin = text.size(), .end = text.size() + change.text.size()};
    text += change.text;
    edits.push_back({.text = range, .written = change.range});
    for (Reading::Placeholder placeholder : change.unknown) {
      placeholder.range = range;
      placeholders.push_back(std::move(placeholder));
    }
    at = change.range.end;
  }
  text += draft.text().substr(at);
  move_to_statements(text, placeholders);
  draft.take(std::move(text), std::move(edits), std::move(placeholders));
}

}  // namespace pgsluice::tools
