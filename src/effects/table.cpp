// SPDX-License-Identifier: Apache-2.0
// Loads rules/effects/*.json. Strict: what is not understood stops the program, with file and place.
#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/embedded.hpp"
#include "base/files.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "effects/safe_form.hpp"
#include "pgsluice/error.hpp"
#include "subject.hpp"

namespace pgsluice {

namespace {

std::string text(const Json& json, const JsonPlace& place) {
  if (!json.is_string()) json_error(place, "expected a string");
  return json.get<std::string>();
}

const effects::Role* role(const std::string& name, const JsonPlace& place) {
  const effects::Role* found = effects::find_role(name);
  if (found == nullptr) {
    json_error(place, "unknown role \"" + name + "\"", "roles are defined in src/effects/roles.cpp");
  }
  return found;
}

EffectRow::Roles role_list(const Json& json, const JsonPlace& place) {
  expect_array(json, place);
  EffectRow::Roles result;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const JsonPlace item = place / i;
    result.push_back(role(text(json[i], item), item));
  }
  return result;
}

std::vector<EffectRow::RoleLock> role_locks(const Json& json, const JsonPlace& place) {
  if (!json.is_object()) json_error(place, "expected role → lock mode");
  std::vector<EffectRow::RoleLock> result;
  for (const auto& [name, value] : json.items()) {
    const JsonPlace item = place / name;
    const std::optional<LockMode> mode = parse_lock_name(text(value, item));
    if (!mode) json_error(item, "unknown lock mode", "write it as in pg_locks: AccessExclusiveLock");
    result.push_back({.role = role(name, item), .mode = *mode});
  }
  return result;
}

/// A condition on the fact of that name, which nothing satisfies yet.
EffectRow::Condition condition_on(const std::string& name, const JsonPlace& place) {
  const auto known = std::ranges::find(known_facts(), name, &Vocabulary::name);
  if (known == known_facts().end())
    json_error(place, "unknown fact \"" + name + "\"", "facts are defined in src/effects/facts.cpp");
  const auto derived =
      std::ranges::find(effects::derived_facts(), FactName::of(known->name), &effects::DerivedFact::name);
  return {.fact = FactName::of(known->name),
          .any_of = {},
          .derived = derived != effects::derived_facts().end() ? &*derived : nullptr};
}

std::variant<bool, std::string> fact_value(const Json& json, const JsonPlace& place) {
  if (json.is_boolean()) return json.get<bool>();
  return text(json, place);
}

std::vector<EffectRow::Condition> conditions(const Json& json, const JsonPlace& place) {
  if (!json.is_object()) json_error(place, "expected fact → value");
  std::vector<EffectRow::Condition> result;
  for (const auto& [name, value] : json.items()) {
    const JsonPlace item = place / name;
    EffectRow::Condition condition = condition_on(name, item);
    if (value.is_array()) {
      for (const Json& element : value) condition.any_of.push_back(fact_value(element, item));
    } else {
      condition.any_of.push_back(fact_value(value, item));
    }
    result.push_back(std::move(condition));
  }
  return result;
}

int number(std::string_view digits, const JsonPlace& place) {
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size())
    json_error(place, "expected a PostgreSQL major");
  return value;
}

/// ">=15", "<=13", "14-16" or "17".
void version_range(const std::string& range, const JsonPlace& place, EffectRow& row) {
  const std::string_view view = range;
  if (view.starts_with(">=")) {
    row.pg_min = number(view.substr(2), place);
  } else if (view.starts_with("<=")) {
    row.pg_max = number(view.substr(2), place);
  } else if (const std::size_t dash = view.find('-'); dash != std::string_view::npos) {
    row.pg_min = number(view.substr(0, dash), place);
    row.pg_max = number(view.substr(dash + 1), place);
  } else {
    row.pg_min = row.pg_max = number(view, place);
  }
}

Breaks breaks(const std::string& value, const JsonPlace& place) {
  for (const Breaks b : {Breaks::nobody, Breaks::writers, Breaks::readers}) {
    if (value == to_string(b)) return b;
  }
  json_error(place, "expected nobody, writers or readers");
}

TransactionNeed transaction_need(const std::string& value, const JsonPlace& place) {
  if (value == "any") return TransactionNeed::any;
  if (value == "forbidden") return TransactionNeed::forbidden;
  json_error(place, "expected any or forbidden");
}

/// A safe form that says {reltion} to a user is worse than a program that does not start.
std::string safe_form(std::string text, const JsonPlace& place) {
  const std::string_view form = text;
  for (std::size_t open = form.find('{'); open != std::string::npos; open = form.find('{', open + 1)) {
    const std::size_t close = form.find('}', open);
    const std::string_view word = form.substr(open + 1, close == std::string::npos ? 0 : close - open - 1);
    if (!effects::is_safe_form_word(word)) json_error(place, cat("unknown word {", word, "}"));
  }
  return text;
}

EffectRow read_row(const Json& json, const JsonPlace& place) {
  expect_object(
      json, place,
      {"id", "on", "when", "pg", "locks", "rewrites", "scans", "index_builds", "transaction", "breaks",
       "destroys_data", "instead", "note", "source", "setup", "example", "broken", "unproven"});
  EffectRow row{.id = get_string(json, "id", place), .on = get_string(json, "on", place)};
  row.source = get_string(json, "source", place);
  row.example = get_string(json, "example", place);
  row.instead = safe_form(find_string(json, "instead", place), place / "instead");
  row.note = find_string(json, "note", place);
  row.setup = find_string(json, "setup", place);
  row.broken = find_string(json, "broken", place);
  row.unproven = find_string(json, "unproven", place);
  row.destroys_data = find_bool(json, "destroys_data", place);
  const auto with = [&](std::string_view key, auto read) {
    if (const auto found = json.find(key); found != json.end()) read(*found, place / key);
  };
  with("when", [&](const Json& value, const JsonPlace& at) { row.when = conditions(value, at); });
  with("pg", [&](const Json& value, const JsonPlace& at) { version_range(text(value, at), at, row); });
  with("locks", [&](const Json& value, const JsonPlace& at) { row.locks = role_locks(value, at); });
  with("rewrites", [&](const Json& value, const JsonPlace& at) { row.rewrites = role_list(value, at); });
  with("scans", [&](const Json& value, const JsonPlace& at) { row.scans = role_list(value, at); });
  with("index_builds",
       [&](const Json& value, const JsonPlace& at) { row.index_builds = role_list(value, at); });
  with("transaction", [&](const Json& value, const JsonPlace& at) {
    row.transaction = transaction_need(text(value, at), at);
  });
  with("breaks", [&](const Json& value, const JsonPlace& at) { row.breaks = breaks(text(value, at), at); });
  return row;
}

/// A row as it stands in its file.
struct RowText {
  std::string_view file;
  std::size_t index = 0;
  std::string_view text;
};

/// The objects of the array `rows`, by the way in which the files are laid out: reading what is in them would take as long as
/// all else that a short run does. The files are ours, and tests read them whole.
std::vector<RowText> split_rows(const EmbeddedFile& file) {
  constexpr std::string_view row_begin = "\n  { \"id\"";
  std::vector<RowText> rows;
  const std::string_view text = file.contents.substr(0, file.contents.rfind(']'));
  for (std::size_t begin = text.find(row_begin); begin != std::string_view::npos;) {
    const std::size_t next = text.find(row_begin, begin + 1);
    const std::string_view row = text.substr(begin, next == std::string_view::npos ? next : next - begin);
    rows.push_back({.file = file.path, .index = rows.size(), .text = row.substr(0, row.rfind('}') + 1)});
    begin = next;
  }
  return rows;
}

/// The tag of a row. A quote inside a string is escaped, so the key is found nowhere else.
std::string_view tag_of(std::string_view row) {
  constexpr std::string_view key = "\"on\":";
  const std::size_t at = row.find(key);
  const std::size_t begin = row.find('"', at + key.size()) + 1;
  return at == std::string_view::npos ? std::string_view() : row.substr(begin, row.find('"', begin) - begin);
}

std::vector<EffectRow> parse_file(std::string_view json, std::string_view file_name) {
  const JsonPlace root{.file = std::string(file_name), .pointer = ""};
  const Json document = parse_json(json, file_name);
  expect_object(document, root, {"rows"});
  const JsonPlace list = root / "rows";
  const Json& rows = get_member(document, "rows", root);
  expect_array(rows, list);
  std::vector<EffectRow> result;
  for (std::size_t i = 0; i < rows.size(); ++i) result.push_back(read_row(rows[i], list / i));
  return result;
}

}  // namespace

/// Built-in rows that nobody has asked for.
struct EffectTable::Unread {
  std::mutex mutex;
  std::map<std::string_view, std::vector<RowText>> by_tag;
};

EffectTable::EffectTable() = default;
EffectTable::EffectTable(EffectTable&&) noexcept = default;
EffectTable& EffectTable::operator=(EffectTable&&) noexcept = default;
EffectTable::~EffectTable() = default;

void EffectTable::add(EffectRow row) const {
  rows_.push_back(std::move(row));
  by_tag_[rows_.back().on].push_back(&rows_.back());
}

void EffectTable::read_rows(std::string_view tag) const {
  const auto found = unread_->by_tag.find(tag);
  if (found == unread_->by_tag.end()) return;
  for (const RowText& row : found->second) {
    const JsonPlace place = JsonPlace{.file = std::string(row.file), .pointer = "/rows"} / row.index;
    add(read_row(parse_json(row.text, row.file), place));
  }
  unread_->by_tag.erase(found);
}

const std::deque<EffectRow>& EffectTable::rows() const {
  if (unread_ != nullptr) {
    const std::scoped_lock lock(unread_->mutex);
    while (!unread_->by_tag.empty()) read_rows(unread_->by_tag.begin()->first);
  }
  return rows_;
}

const std::vector<const EffectRow*>& EffectTable::rows_for(std::string_view tag) const {
  static const std::vector<const EffectRow*> k_none;
  std::unique_lock<std::mutex> lock;
  if (unread_ != nullptr) lock = std::unique_lock(unread_->mutex);
  auto found = by_tag_.find(tag);
  if (found == by_tag_.end() && unread_ != nullptr) {
    read_rows(tag);
    found = by_tag_.find(tag);
  }
  return found != by_tag_.end() ? found->second : k_none;
}

EffectTable EffectTable::parse(std::string_view json, std::string_view file_name) {
  EffectTable table;
  for (EffectRow& row : parse_file(json, file_name)) table.add(std::move(row));
  return table;
}

void EffectTable::append(EffectTable other) {
  std::set<std::string, std::less<>> ids;
  for (const EffectRow& row : rows()) ids.insert(row.id);
  static_cast<void>(other.rows());
  for (EffectRow& row : other.rows_) {
    if (!ids.insert(row.id).second)
      throw Error(ExitCode::usage, "effects row \"" + row.id + "\" is there twice");
    add(std::move(row));
  }
}

EffectTable EffectTable::load(const std::filesystem::path& directory) {
  EffectTable table;
  table.unread_ = std::make_unique<Unread>();
  for (const EmbeddedFile& file : embedded_rules()) {
    if (!file.path.starts_with("effects/") || !file.path.ends_with(".json")) continue;
    for (const RowText& row : split_rows(file)) table.unread_->by_tag[tag_of(row.text)].push_back(row);
  }
  if (directory.empty() || !std::filesystem::is_directory(directory / "effects")) return table;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory / "effects")) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const auto& path : files) table.append(parse(read_file(path), path.string()));
  return table;
}

const std::vector<Vocabulary>& known_roles() {
  static const std::vector<Vocabulary> k_roles = [] {
    std::vector<Vocabulary> result;
    for (const effects::Role& role : effects::roles()) result.push_back({role.name, role.sentence});
    return result;
  }();
  return k_roles;
}

}  // namespace pgsluice
