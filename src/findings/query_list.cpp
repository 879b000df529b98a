// SPDX-License-Identifier: Apache-2.0
#include "findings/query_list.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "pgsluice/error.hpp"
#include "sql/query_use.hpp"

namespace pgsluice {
namespace {

namespace fs = std::filesystem;

// ---- what a statement takes away -------------------------------------------------------------------------------------

/// How a query depends on it.
enum class Need { relation, column, given, row };

struct Taken {
  RelationName relation;
  Name column;
  Need need = Need::relation;
};

bool is_relation_type(std::string_view type) {
  return type == "OBJECT_TABLE" || type == "OBJECT_VIEW" || type == "OBJECT_MATVIEW" ||
         type == "OBJECT_FOREIGN_TABLE";
}

std::optional<Need> need_of(const Command& command) {
  const std::string_view tag = command.tag;
  if (tag == "AT_DropColumn" || tag == "AT_AlterColumnType") return Need::column;
  if (tag == "RenameStmt" && command.text("renameType") == "OBJECT_COLUMN") return Need::column;
  if (tag == "RenameStmt" && is_relation_type(command.text("renameType"))) return Need::relation;
  if (tag == "DropStmt" && is_relation_type(command.text("removeType"))) return Need::relation;
  if (tag == "AlterObjectSchemaStmt" && is_relation_type(command.text("objectType"))) return Need::relation;
  if (tag == "TruncateStmt" || tag == "DeleteStmt") return Need::relation;
  if (tag == "AT_SetNotNull" || tag == "AT_ColumnDefault") return Need::given;
  if (tag == "AT_AddColumn") return Need::row;
  return std::nullopt;
}

/// None: of this kind of command nobody can say it.
std::optional<std::vector<Taken>> taken_by(const Statement& statement, const Effect& effect,
                                           const Catalog& before) {
  std::vector<Taken> taken;
  for (const CommandEffect& part : effect.commands) {
    const EffectRow* row = part.row;
    if (row != nullptr && row->breaks == Breaks::nobody && !row->destroys_data) continue;
    if (row == nullptr || part.inner != nullptr) return std::nullopt;
    const Command& command = statement.commands[part.command];
    const RelationRef* target = command.relation("target");
    const std::optional<Need> need = need_of(command);
    if (!need || target == nullptr) return std::nullopt;
    taken.push_back({.relation = before.resolve(target->name), .column = command.name, .need = *need});
  }
  return taken;
}

/// What changes with a relation: its partitions and children, and the views that read one of them.
struct Reach {
  std::set<RelationName> own;
  std::set<RelationName> views;
};

Reach reach_of(const RelationName& relation, const Catalog& before) {
  Reach reach{.own = {relation}, .views = {}};
  for (const Relation* child : before.descendants(relation)) reach.own.insert(child->name);
  std::vector<RelationName> left(reach.own.begin(), reach.own.end());
  while (!left.empty()) {
    const RelationName name = left.back();
    left.pop_back();
    for (const Relation* view : before.readers(name)) {
      if (reach.views.insert(view->name).second) left.push_back(view->name);
    }
  }
  return reach;
}

// ---- who uses it -----------------------------------------------------------------------------------------------------

/// Relations as the catalog knows them. One that it does not know has the column that is asked about, and others.
class Relations {
 public:
  Relations(const Catalog& catalog, const Taken& taken) : catalog_(catalog), taken_(taken) {}

  const KnownRelation* find(const RelationName& name) {
    const Relation* relation = catalog_.find(name);
    const bool meant = name.relname == taken_.relation.relname &&
                       (name.schemaname.empty() || name.schemaname == taken_.relation.schemaname);
    if (relation == nullptr && !meant) return nullptr;
    const RelationName full = relation != nullptr ? relation->name : taken_.relation;
    const auto [known, added] =
        known_.try_emplace(full, KnownRelation{.name = full, .columns = {}, .constraint_columns = {}});
    if (!added) return &known->second;
    if (relation == nullptr) {
      if (!taken_.column.empty()) known->second.columns.push_back(taken_.column);
      return &known->second;
    }
    for (const CatalogColumn& column : relation->columns) known->second.columns.push_back(column.name);
    for (const CatalogConstraint& constraint : relation->constraints) {
      Names& columns = known->second.constraint_columns[constraint.name];
      for (const Name column : constraint.columns) columns.push_back(column);
    }
    return &known->second;
  }

 private:
  const Catalog& catalog_;
  const Taken& taken_;
  std::map<RelationName, KnownRelation> known_;
};

/// Code of functions is not looked into: one that files have made may do anything.
bool calls_code(const QueryUse& use, const Catalog& catalog) {
  return std::ranges::any_of(use.functions, [&](const QueryCall& written) {
    FunctionCall call;
    call.schemaname = written.name.schemaname;
    call.name = written.name.relname;
    const RelationName full = catalog.function_name(call);
    return !is_system(full) && full != written.name;
  });
}

bool leaves_out(const QueryUse& use, const Taken& taken, const Reach& reach) {
  return std::ranges::any_of(use.inserts, [&](const QueryInsert& insert) {
    return reach.own.contains(insert.relation) && !insert.given.contains(taken.column);
  });
}

bool uses(const QueryUse& use, const Taken& taken, const Reach& reach) {
  for (const auto& [relation, columns] : use.relations) {
    if (reach.views.contains(relation)) return true;
    if (!reach.own.contains(relation)) continue;
    if (taken.need == Need::relation || columns.contains(taken.column)) return true;
  }
  return false;
}

bool writes(const QueryUse& use, const Reach& reach) {
  return std::ranges::any_of(use.written, [&](const RelationName& relation) {
    return reach.own.contains(relation) || reach.views.contains(relation);
  });
}

bool depends(const QueryUse& use, const Taken& taken, const Reach& reach) {
  switch (taken.need) {
    case Need::relation:
    case Need::column: return uses(use, taken, reach);
    // Who writes the column itself may write what is refused from now on.
    case Need::given: return leaves_out(use, taken, reach) || (writes(use, reach) && uses(use, taken, reach));
    case Need::row: return writes(use, reach);
  }
  return true;
}

bool mentions(std::string_view text, Name name) {
  return to_lower(text).find(to_lower(std::string_view(name))) != std::string::npos;
}

bool depends(const QueryText& read, std::string_view text, const Taken& taken, const Reach& reach,
             const Catalog& before) {
  if (!read.problem.empty()) return mentions(text, taken.relation.relname);
  Relations relations(before, taken);
  QueryUse use;
  for (const QueryShape& shape : read.queries)
    add_use(shape, [&](const RelationName& name) { return relations.find(name); }, use);
  return !use.complete || calls_code(use, before) || depends(use, taken, reach);
}

// ---- files -----------------------------------------------------------------------------------------------------------

/// RFC 4180: what is in quotes may have commas, line feeds and doubled quotes. Rows with the line that each begins in.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] int line() const { return line_; }

  std::vector<std::string> row() {
    std::vector<std::string> fields(1);
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') {
        quoted(fields.back());
      } else if (c == ',') {
        fields.emplace_back();
      } else if (c == '\n') {
        ++line_;
        return fields;
      } else if (c != '\r') {
        fields.back() += c;
      }
    }
    return fields;
  }

 private:
  void quoted(std::string& field) {
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '\n') ++line_;
      if (c == '"' && (at_ >= text_.size() || text_[at_] != '"')) return;
      if (c == '"') ++at_;
      field += c;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

std::string shortened(std::string_view text) {
  constexpr std::size_t most = 100;
  std::string line;
  for (const char c : trim(text)) {
    const bool space = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!space || (!line.empty() && line.back() != ' ')) line += space ? ' ' : c;
  }
  line = printable_line(line);
  if (line.size() <= most) return line;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;
  return cat(line.substr(0, end), "…");
}

}  // namespace

void QueryList::add(std::string place, std::string text) {
  Query query{.place = std::move(place), .text = std::move(text), .read = {}};
  query.read = read_queries(query.text);
  const bool is_query = !query.read.queries.empty() || !query.read.problem.empty();
  is_query ? queries_.push_back(std::move(query)) : others_.push_back(std::move(query.place));
}

void QueryList::add_sql(const std::string& text, const std::string& path) {
  const Script script = open_script({.path = path, .text = text});
  const LineIndex lines(script.source.text);
  for (const SourceRange& piece : script.pieces) {
    add(cat("line ", std::to_string(lines.position(piece.begin).line)), std::string(script.text(piece)));
  }
}

void QueryList::add_csv(const std::string& text, const std::string& path) {
  CsvReader reader(text);
  const std::vector<std::string> header = reader.row();
  const auto column =
      std::ranges::find_if(header, [](const std::string& name) { return to_lower(trim(name)) == "query"; });
  if (column == header.end()) {
    throw Error(ExitCode::usage, cat(path, ":1: there is no column \"query\""),
                "Its first line names the columns: \\copy (SELECT query, calls FROM pg_stat_statements) TO "
                "'queries.csv' CSV HEADER");
  }
  const auto at = static_cast<std::size_t>(column - header.begin());
  while (!reader.at_end()) {
    const int line = reader.line();
    std::vector<std::string> row = reader.row();
    if (at < row.size()) add(cat("line ", std::to_string(line)), std::move(row[at]));
  }
}

void QueryList::add_json(const std::string& text, const std::string& path) {
  const JsonPlace place{.file = path, .pointer = {}};
  const Json json = parse_json(text, path);
  expect_array(json, place);
  for (std::size_t i = 0; i < json.size(); ++i) {
    const Json& entry = json[i];
    const bool has_text = entry.is_object() && entry.contains("query") && entry["query"].is_string();
    if (!has_text) json_error(place / i, "is no object with a text \"query\"");
    add(cat("entry ", std::to_string(i + 1)), entry["query"].get<std::string>());
  }
}

QueryList QueryList::load(const fs::path& file) {
  QueryList list;
  const std::string text = read_file(file);
  const std::string path = printable_line(file.string());
  const std::string extension = to_lower(file.extension().string());
  if (extension == ".csv") {
    list.add_csv(text, path);
  } else if (extension == ".json") {
    list.add_json(text, path);
  } else {
    list.add_sql(text, path);
  }
  if (list.queries_.empty()) {
    throw Error(
        ExitCode::usage, cat("no queries in ", path),
        "One statement each, as .sql; or pg_stat_statements with its column query, as .csv or .json.");
  }
  return list;
}

void QueryList::note(FileAnalysis& file, const Effect& effect, const Catalog& before) const {
  if (effect.breaks == Breaks::nobody && !effect.destroys_data) return;
  ObjectUse& noted = file.uses.emplace_back();
  noted.statement = effect.statement;
  const auto taken = taken_by(file.script.statements[effect.statement], effect, before);
  if (!taken || taken->empty()) return;
  noted.known = true;
  std::vector<Reach> reaches;
  for (const Taken& one : *taken) reaches.push_back(reach_of(one.relation, before));
  for (const Query& query : queries_) {
    bool used = false;
    for (std::size_t i = 0; i < taken->size() && !used; ++i)
      used = depends(query.read, query.text, (*taken)[i], reaches[i], before);
    if (used) noted.queries.emplace_back(cat(query.place, ": ", shortened(query.text)));
  }
}

}  // namespace pgsluice
