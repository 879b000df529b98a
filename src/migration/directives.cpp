// SPDX-License-Identifier: Apache-2.0
// `-- pgsluice: …` comments → what they ask for. Whatever cannot be understood is a DirectiveProblem with the range
// of the word: a directive that is ignored in silence is a safety belt that is not fastened.

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>

#include "base/text.hpp"
#include "pgsluice/migration.hpp"

namespace pgsluice {
namespace {

constexpr std::string_view k_marker = "pgsluice:";
constexpr std::string_view k_depends_on = "depends-on=";

/// A word of a directive: `allow`, `phase=expand`, `because`, `"a reason"`, `,`.
struct Word {
  SourceRange range;
  std::string text;     ///< without quotes
  bool quoted = false;  ///< starts with a quote
  bool open = false;    ///< its quote does not end
};

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/// Reads one word at `at`; quotes may stand around the whole word or around the value of key="value".
Word read_word(std::string_view text, std::size_t& at) {
  Word word{.range = {at, at}, .text = {}, .quoted = text[at] == '"', .open = false};
  bool inside = false;
  for (; at < text.size() && (inside || (!is_blank(text[at]) && text[at] != ',')); ++at) {
    if (text[at] == '"') {
      inside = !inside;
    } else {
      word.text += text[at];
    }
  }
  word.open = inside;
  word.range.end = at;
  return word;
}

std::vector<Word> words_of(const Script& script, const DirectiveComment& comment) {
  const std::string_view text = std::string_view(script.source.text).substr(0, comment.range.end);
  std::size_t at = text.find(k_marker, comment.range.begin) + k_marker.size();
  std::vector<Word> words;
  while (at < text.size()) {
    if (is_blank(text[at])) {
      ++at;
    } else if (text[at] == ',') {
      words.push_back({.range = {at, at + 1}, .text = ",", .quoted = false, .open = false});
      ++at;
    } else {
      words.push_back(read_word(text, at));
    }
  }
  return words;
}

struct Setting {
  std::string key;
  std::string value;
  SourceRange range;
};

enum class Place { file, file_or_statement };

std::optional<std::chrono::milliseconds> positive_duration(std::string_view text) {
  const auto duration = parse_duration(text);
  return duration && duration->count() > 0 ? duration : std::nullopt;
}

/// checkout>=2.4.0, or checkout=2.4.0.
bool is_release(std::string_view text) {
  const std::size_t operator_at = text.find_first_of("<>=");
  if (operator_at == 0 || operator_at == std::string_view::npos) return false;
  const std::size_t version_at = text.find_first_not_of("<>=", operator_at);
  const std::string_view comparison = text.substr(operator_at, version_at - operator_at);
  const bool known = comparison == ">=" || comparison == ">" || comparison == "=";
  return known && version_at != std::string_view::npos;
}

bool is_iso_date(std::string_view text) {
  const auto number = [&](std::size_t at, std::size_t digits) {
    int value = -1;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + digits, value);
    return error == std::errc() && end == text.data() + at + digits ? value : -1;
  };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  using namespace std::chrono;
  const int y = number(0, 4);
  const int m = number(5, 2);
  const int d = number(8, 2);
  if (y < 0 || m < 0 || d < 0) return false;
  return year_month_day(year(y), month(static_cast<unsigned>(m)), day(static_cast<unsigned>(d))).ok();
}

/// Interprets the comments of one script, one after the other.
class Reader {
 public:
  explicit Reader(const Script& script) : script_(script) {}

  Directives read() {
    for (const DirectiveComment& comment : script_.directives) {
      comment_ = &comment;
      read_comment();
    }
    return std::move(out_);
  }

 private:
  void read_comment() {
    const std::vector<Word> words = words_of(script_, *comment_);
    if (words.empty()) {
      return problem(comment_->range, "the directive is empty",
                     "Write what it should do, such as phase=contract.");
    }
    for (const Word& word : words) {
      if (word.open)
        return problem(word.range, "the quote does not end", "Close it with \" on the same line.");
    }
    if (stands_behind_a_statement()) {
      return problem(comment_->range, "a directive behind a statement is ambiguous",
                     "Write it on a line of its own, before the statement that it is meant for.");
    }
    const std::string& verb = words.front().text;
    if (verb == "allow" || verb == "allow-file") return read_allow(words);
    if (verb == "batch") return read_batch(words);
    std::vector<Word> others;
    for (std::size_t i = 0; i < words.size();) {
      if (words[i].text.starts_with(k_depends_on)) {
        i = read_depends_on(words, i);
      } else {
        others.push_back(words[i++]);
      }
    }
    for (const auto& setting : settings_of(others, 0)) read_setting(setting);
  }

  /// `depends-on=0002_cents.sql,0003_fill.sql`; gives the index behind it.
  std::size_t read_depends_on(const std::vector<Word>& words, std::size_t i) {
    const Setting setting{
        .key = "depends-on", .value = words[i].text.substr(k_depends_on.size()), .range = words[i].range};
    std::vector<std::string> names = list_from(words, i, k_depends_on.size());
    const std::optional<bool> given = out_.depends_on.empty() ? std::nullopt : std::optional(true);
    if (!at_top(setting) || !first_time(setting, given)) return i;
    if (std::count(names.begin(), names.end(), "") > 0)
      bad_value(setting, "the ids of files, such as 0002_cents.sql");
    out_.depends_on = std::move(names);
    out_.depends_on_range = setting.range;
    return i;
  }

  /// `key=a,b`, where the comma is a word of its own; `i` is then behind it.
  static std::vector<std::string> list_from(const std::vector<Word>& words, std::size_t& i, std::size_t key) {
    std::vector<std::string> values{words[i].text.substr(key)};
    for (++i; i + 1 < words.size() && words[i].text == "," && !is_setting(words[i + 1].text); i += 2)
      values.push_back(words[i + 1].text);
    return values;
  }

  /// `ALTER …; -- pgsluice: allow …` reads as if it were about that statement, and the next one would get it.
  [[nodiscard]] bool stands_behind_a_statement() const {
    const std::string_view text = script_.source.text;
    const std::size_t line_begin = text.rfind('\n', comment_->range.begin) + 1;  // npos + 1 is 0
    const std::size_t before = comment_->range.begin - line_begin;
    if (comment_->range.begin == 0 || trim(text.substr(line_begin, before)).empty()) return false;
    return std::none_of(
        script_.statements.begin(), script_.statements.end(), [this](const Statement& statement) {
          return statement.range.begin < comment_->range.begin && comment_->range.begin < statement.range.end;
        });
  }

  [[nodiscard]] std::optional<std::size_t> next_statement() const {
    const bool exists = comment_->next_statement < script_.statements.size();
    return exists ? std::optional(comment_->next_statement) : std::nullopt;
  }

  void problem(const SourceRange& range, std::string message, std::string hint) {
    out_.problems.push_back({.range = range, .message = std::move(message), .hint = std::move(hint)});
  }

  // ---- key=value ----

  std::vector<Setting> settings_of(const std::vector<Word>& words, std::size_t first) {
    std::vector<Setting> settings;
    for (std::size_t i = first; i < words.size(); ++i) {
      const std::string& text = words[i].text;
      const std::size_t equals = text.find('=');
      if (text == ",") continue;
      if (i > first && words[i - 1].text == "," && !settings.empty() && continues(settings.back(), text)) {
        settings.back().value += cat(",", text);
        settings.back().range.end = words[i].range.end;
        continue;
      }
      if (equals == std::string::npos || words[i].quoted) {
        unknown_word(words[i]);
        continue;
      }
      settings.push_back(
          {.key = text.substr(0, equals), .value = text.substr(equals + 1), .range = words[i].range});
    }
    return settings;
  }

  /// `needs-app=api>=2,worker>=2`: another application, and no key of a directive.
  static bool continues(const Setting& setting, std::string_view text) {
    return setting.key == "needs-app" && is_release(text) &&
           std::ranges::count(k_words, text.substr(0, text.find_first_of("<>="))) == 0;
  }

  void unknown_word(const Word& word) {
    const std::string known_keys = "Known: " + join(k_words, ", ") + ".";
    const auto meant = closest(word.text, k_words);
    const bool is_key = std::find(k_words.begin(), k_words.end(), word.text) != k_words.end();
    if (is_key)
      return problem(word.range, cat("\"", word.text, "\" needs a value"), cat("Write ", word.text, "=…"));
    problem(word.range, cat("unknown directive \"", word.text, "\""),
            meant ? cat("Did you mean \"", *meant, "\"?") : known_keys);
  }

  void read_setting(const Setting& setting) {
    using Limit = decltype(&Limits::lock_timeout);
    const bool for_statement = !comment_->before_first_statement;
    if (setting.key == "phase") return set_phase(setting);
    if (setting.key == "transaction") return set_transaction(setting);
    if (setting.key == "needs-app") return set_needs_app(setting);
    if (setting.key == "soak") return set_soak(setting);
    Limit limit = nullptr;
    if (setting.key == "lock-timeout") limit = &Limits::lock_timeout;
    if (setting.key == "lock-budget") limit = &Limits::lock_budget;
    if (setting.key == "statement-timeout") limit = &Limits::statement_timeout;
    if (limit == nullptr) return unknown_key(setting);
    if (!for_statement) return set_duration(setting, out_.limits.*limit);
    if (Limits* limits = statement_limits(setting)) set_duration(setting, limits->*limit);
  }

  void unknown_key(const Setting& setting) {
    const auto meant = closest(setting.key, k_words);
    problem(setting.range, cat("unknown directive key \"", setting.key, "\""),
            meant ? cat("Did you mean \"", *meant, "\"?") : cat("Known: ", join(k_words, ", "), "."));
  }

  /// False, and a problem, when the comment stands where it would have no meaning.
  bool at_top(const Setting& setting) {
    if (comment_->before_first_statement) return true;
    problem(setting.range, cat("\"", setting.key, "\" is about the whole file"),
            "Write it before the file's first statement.");
    return false;
  }

  template <typename Value>
  bool first_time(const Setting& setting, const std::optional<Value>& value) {
    if (!value) return true;
    problem(setting.range, cat("\"", setting.key, "\" is set twice"), "Keep one of the two.");
    return false;
  }

  void bad_value(const Setting& setting, std::string_view expected) {
    problem(setting.range, cat("\"", setting.value, "\" is no value for ", setting.key),
            cat("Write ", setting.key, "=", expected, "."));
  }

  void set_phase(const Setting& setting) {
    if (!at_top(setting) || !first_time(setting, out_.phase)) return;
    out_.phase = parse_phase(setting.value);
    if (!out_.phase) bad_value(setting, "expand, backfill or contract");
  }

  void set_transaction(const Setting& setting) {
    if (!at_top(setting) || !first_time(setting, out_.transaction)) return;
    if (setting.value != "on" && setting.value != "off") return bad_value(setting, "on or off");
    out_.transaction = setting.value == "off" ? FileTransaction::none : FileTransaction::one;
  }

  void set_needs_app(const Setting& setting) {
    const std::optional<bool> given = out_.needs_app.empty() ? std::nullopt : std::optional(true);
    if (!at_top(setting) || !first_time(setting, given)) return;
    if (!std::ranges::all_of(split(setting.value, ','), is_release))
      return bad_value(setting, "NAME>=VERSION, such as checkout>=2.4.0, or several with commas between");
    out_.needs_app = setting.value;
  }

  void set_soak(const Setting& setting) {
    if (!at_top(setting) || !first_time(setting, out_.soak)) return;
    out_.soak = parse_duration(setting.value);
    if (!out_.soak) bad_value(setting, "a duration such as 24h");
  }

  void set_duration(const Setting& setting, std::optional<std::chrono::milliseconds>& target) {
    if (!first_time(setting, target)) return;
    target = positive_duration(setting.value);
    if (!target) bad_value(setting, "a duration above zero, such as 200ms, 5s or 10m");
  }

  Limits* statement_limits(const Setting& setting) {
    const auto statement = next_statement();
    if (!statement) {
      problem(setting.range, "no statement follows this directive",
              "Write it before the statement that it is meant for.");
      return nullptr;
    }
    for (StatementLimits& known : out_.statement_limits) {
      if (known.statement == *statement) return &known.limits;
    }
    return &out_.statement_limits.emplace_back(StatementLimits{.statement = *statement, .limits = {}}).limits;
  }

  // ---- allow ----

  void read_allow(const std::vector<Word>& words) {
    const bool for_file = words.front().text == "allow-file";
    Allow allow{.findings = {}, .because = {}, .until = {}, .range = comment_->range, .statement = {}};
    const std::size_t before = out_.problems.size();
    std::size_t i = 1;
    for (; i < words.size() && words[i].text != "because" && !words[i].text.starts_with("until="); ++i) {
      if (words[i].text != ",") allow.findings.push_back(words[i].text);
    }
    for (; i < words.size(); ++i) i = read_allow_clause(words, i, allow);
    if (allow.findings.empty()) {
      problem(words.front().range, "which finding is allowed is missing",
              "Write allow FINDING because \"reason\".");
    }
    if (for_file && !comment_->before_first_statement) {
      problem(words.front().range, "\"allow-file\" is about the whole file",
              "Write it before the file's first statement, or allow before the next statement.");
    }
    if (!for_file) {
      allow.statement = next_statement();
      if (!allow.statement) {
        problem(words.front().range, "no statement follows this directive",
                "Write it before the statement that it is meant for, or allow-file at the top of the file.");
      }
    }
    if (out_.problems.size() == before) out_.allows.push_back(std::move(allow));
  }

  /// `until=DATE` or `because "reason"`; gives the index of its last word.
  std::size_t read_allow_clause(const std::vector<Word>& words, std::size_t i, Allow& allow) {
    const Word& word = words[i];
    if (word.text.starts_with("until=") && allow.until.empty()) {
      allow.until = word.text.substr(std::string_view("until=").size());
      if (!is_iso_date(allow.until)) {
        problem(word.range, cat("\"", allow.until, "\" is no date"), "Write until=YYYY-MM-DD.");
      }
    } else if (word.text == "because" && allow.because.empty() && i + 1 < words.size() &&
               words[i + 1].quoted) {
      allow.because = std::string(trim(words[++i].text));
    } else if (word.text == "because" && i + 1 < words.size()) {
      problem(words[i + 1].range, "the reason stands in quotes", "Write because \"reason\".");
      return words.size();
    } else if (word.text != "," && word.text != "because") {  // an empty reason is a finding of its own
      problem(word.range, cat("\"", word.text, "\" does not belong here"),
              "The form is: allow FINDING[, FINDING] [until=YYYY-MM-DD] because \"reason\".");
    }
    return i;
  }

  // ---- batch ----

  void read_batch(const std::vector<Word>& words) {
    Batch batch{.statement = 0, .key = {}, .max_lag = {}, .range = comment_->range};
    const std::size_t before = out_.problems.size();
    std::vector<Word> others;
    for (std::size_t i = 0; i < words.size();) {
      if (words[i].text.starts_with("key=")) {
        i = read_key(words, i, batch);
      } else {
        others.push_back(words[i++]);
      }
    }
    for (const Setting& setting : settings_of(others, 1)) read_batch_setting(setting, batch);
    if (out_.problems.size() != before) return;
    const auto statement = next_statement();
    const std::string_view tag = statement ? script_.statements[*statement].tag : "";
    if (tag != "UpdateStmt" && tag != "DeleteStmt" && tag != "InsertStmt") {
      return problem(words.front().range, "a batch stands before an UPDATE, DELETE or INSERT",
                     "Only statements that change rows can be run in slices.");
    }
    batch.statement = *statement;
    out_.batches.push_back(std::move(batch));
  }

  /// `key=a,b`, where the comma is a word of its own; gives the index behind it.
  std::size_t read_key(const std::vector<Word>& words, std::size_t i, Batch& batch) {
    const Setting setting{.key = "key", .value = words[i].text.substr(4), .range = words[i].range};
    std::vector<std::string> columns = list_from(words, i, 4);
    if (!first_time(setting, batch.key.empty() ? std::nullopt : std::optional(true))) return i;
    if (setting.value.empty()) bad_value(setting, "the columns by which rows are sliced, such as id or a,b");
    batch.key = std::move(columns);
    return i;
  }

  static bool is_setting(std::string_view word) { return word.find('=') != std::string_view::npos; }

  void read_batch_setting(const Setting& setting, Batch& batch) {
    constexpr long long largest = 1'000'000;  // more than that in one transaction is no batch any more
    if (setting.key == "size") {
      const char* end = setting.value.data() + setting.value.size();
      const auto parsed = std::from_chars(setting.value.data(), end, batch.size);
      const bool number = parsed.ec == std::errc() && parsed.ptr == end;
      if (!number || batch.size < 1 || batch.size > largest)
        bad_value(setting, "a number of rows, 1 to 1000000");
    } else if (setting.key == "max-lag") {
      set_duration(setting, batch.max_lag);
    } else {
      problem(setting.range, cat("unknown key \"", setting.key, "\" of batch"), "Known: key, size, max-lag.");
    }
  }

  inline static const std::vector<std::string> k_words = {
      "phase",       "transaction",       "needs-app", "soak",  "depends-on", "lock-timeout",
      "lock-budget", "statement-timeout", "batch",     "allow", "allow-file"};

  const Script& script_;
  const DirectiveComment* comment_ = nullptr;
  Directives out_;
};

}  // namespace

Directives read_directives(const Script& script) {
  return Reader(script).read();
}

}  // namespace pgsluice
