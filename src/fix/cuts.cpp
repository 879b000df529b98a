// SPDX-License-Identifier: Apache-2.0
#include "fix/cuts.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "sql/lexer.hpp"

namespace pgsluice::fix {
namespace {

const Statement& statement_of(const FileAnalysis& file, std::size_t i) {
  return file.script.statements[i];
}

bool is_setting(const FileAnalysis& file, std::size_t i) {
  return statement_of(file, i).tag == "VariableSetStmt";
}

// ---- what may change places ------------------------------------------------------------------------------------------

bool is_of_relations(const Statement& statement) {
  constexpr std::array<std::string_view, 8> k_tags = {"CreateStmt", "IndexStmt",  "AlterTableStmt",
                                                      "DropStmt",   "InsertStmt", "UpdateStmt",
                                                      "DeleteStmt", "ReindexStmt"};
  return std::ranges::find(k_tags, statement.tag) != k_tags.end();
}

bool share_a_relation(const Effect& a, const Effect& b) {
  return std::ranges::any_of(a.locks, [&](const RelationLock& lock) {
    return std::ranges::find(b.locks, lock.relation, &RelationLock::relation) != b.locks.end();
  });
}

bool names(const Command& command, Name column) {
  return command.name == column || command.new_name == column ||
         std::ranges::find(command.names, column) != command.names.end();
}

/// A new column of another name minds nothing that happens to the table's other columns.
bool only_adds_other_columns(const Statement& adding, const Statement& other) {
  return adding.tag == "AlterTableStmt" && other.tag == "AlterTableStmt" &&
         std::ranges::all_of(adding.commands, [&](const Command& command) {
           return command.tag == "AT_AddColumn" &&
                  std::ranges::none_of(other.commands,
                                       [&](const Command& c) { return names(c, command.name); });
         });
}

/// Whether it makes no difference which of the two runs first.
bool commute(const FileAnalysis& file, std::size_t i, std::size_t j) {
  const Effect& a = file.effects[i];
  const Effect& b = file.effects[j];
  if (a.unmodeled || b.unmodeled || !a.unseen.empty() || !b.unseen.empty()) return false;
  const Statement& first = statement_of(file, i);
  const Statement& second = statement_of(file, j);
  if (!is_of_relations(first) || !is_of_relations(second)) return false;
  return !share_a_relation(a, b) || only_adds_other_columns(second, first);
}

// ---- files -----------------------------------------------------------------------------------------------------------

std::string duration(std::string_view key, const std::optional<std::chrono::milliseconds>& value) {
  return value ? cat(" ", key, "=", format_duration(*value)) : std::string();
}

/// The directives of a file that is split off.
std::string header_of(const FileAnalysis& file, Phase phase, bool off, const NewFiles& files) {
  if (!files.begin.empty()) return off ? switched_off(*files.tool, files.begin) : files.begin;
  const Directives& directives = file.directives;
  std::string words;
  if (phase != files.phase || phase != Phase::expand) words += cat(" phase=", to_string(phase));
  if (off && files.tool == nullptr) words += " transaction=off";
  if (phase == Phase::contract) {
    if (!directives.needs_app.empty()) words += cat(" needs-app=", directives.needs_app);
    words += duration("soak", directives.soak);
  }
  words += duration("lock-timeout", directives.limits.lock_timeout);
  words += duration("lock-budget", directives.limits.lock_budget);
  words += duration("statement-timeout", directives.limits.statement_timeout);
  const std::string begin = files.tool == nullptr ? std::string() : begin_of(*files.tool, off);
  return words.empty() ? begin : cat(begin, "-- pgsluice:", words, "\n");
}

bool is_timeout(const Statement& statement) {
  const Name name = statement.commands.front().name;
  return name == "lock_timeout" || name == "statement_timeout";
}

/// `SET LOCAL x` means nothing outside of a transaction.
std::string without_local(std::string_view sql) {
  sql::Lexer lexer(sql);
  lexer.next();
  const sql::Token token = lexer.next();
  if (!sql::is_keyword(lexer.text(token), "local")) return std::string(sql);
  return cat(sql.substr(0, token.begin), trim(sql.substr(token.end)));
}

/// For a statement that becomes the first of its file.
void strip_blank_lines(std::vector<Item>& items) {
  if (items.empty()) return;
  std::string& text = items.front().text;
  text.erase(0, text.find_first_not_of(" \t\r\n"));
}

/// What the statements before set for the rest of the file. A command that works for long outside of a transaction must
/// not be cut off by a timeout that was meant for others.
std::vector<Item> settings(const FileAnalysis& file, const Piece& piece, std::size_t before, bool off) {
  std::vector<Item> items;
  for (std::size_t i = 0; i < before; ++i) {
    if (!is_setting(file, i) || (off && is_timeout(statement_of(file, i)))) continue;
    const std::string_view sql = file.script.text(statement_of(file, i).range);
    items.push_back(new_item(off ? without_local(sql) : std::string(sql), piece.items[i].line));
  }
  return items;
}

struct Sorted {
  std::vector<std::size_t> stay;
  std::vector<std::size_t> out;
  std::vector<std::size_t> follow;
};

Sorted sort_statements(const FileAnalysis& file, const std::set<std::size_t>& taken, bool in_any_order) {
  Sorted sorted;
  for (std::size_t i = 0; i < file.script.statements.size(); ++i) {
    const auto minds = [&](std::size_t other) { return !in_any_order && !commute(file, other, i); };
    const bool follows = std::ranges::any_of(sorted.follow, minds);
    if (taken.contains(i) && !follows) {
      sorted.out.push_back(i);
    } else if (follows || std::ranges::any_of(sorted.out, minds)) {
      sorted.follow.push_back(i);
    } else {
      sorted.stay.push_back(i);
    }
  }
  return sorted;
}

std::vector<Item> items_of(const Piece& piece, const std::vector<std::size_t>& statements) {
  std::vector<Item> items;
  for (const std::size_t i : statements) items.push_back(piece.items[i]);
  return items;
}

Phase phase_for(Place place, Phase own) {
  if (place == Place::contract) return Phase::contract;
  return place == Place::backfill && own == Phase::expand ? Phase::backfill : own;
}

void append(std::vector<Item>& items, std::vector<Item> more) {
  items.insert(items.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// What the file itself begins with.
std::string own_header(bool says_phase, Phase phase, bool off, const ToolFormat* tool,
                       const std::string& header) {
  if (tool != nullptr) return off ? switched_off(*tool, header) : header;  // it knows no phases
  std::string words = says_phase ? cat(" phase=", to_string(phase)) : std::string();
  if (off) words += " transaction=off";
  return words.empty() ? header : cat("-- pgsluice:", words, "\n", header);
}

std::variant<std::vector<Piece>, Refusal> into_files(const Piece& piece, const FileAnalysis& file,
                                                     const std::set<std::size_t>& taken, Place place,
                                                     const NewFiles& files) {
  // Steps that were written for the contract phase are about tables that nothing behind them has to do with.
  const bool written_for_it =
      std::ranges::all_of(taken, [&](std::size_t i) { return piece.items[i].phase == Phase::contract; });
  Sorted sorted = sort_statements(file, taken, place == Place::contract && written_for_it);
  if (place == Place::transaction) {  // what follows may go along
    sorted.out.insert(sorted.out.end(), sorted.follow.begin(), sorted.follow.end());
    sorted.follow.clear();
  }
  const auto is_set = [&](std::size_t i) { return is_setting(file, i); };
  const bool off = place == Place::no_transaction;
  const Phase phase = phase_for(place, piece.phase);
  if (place == Place::contract && !std::ranges::all_of(sorted.follow, is_set))
    return Refusal{
        "what stands behind it uses the same tables: move it to a file of the contract phase by hand"};
  std::vector<Piece> pieces;
  const bool alone = std::ranges::all_of(sorted.stay, is_set);
  std::vector<Item> items = items_of(piece, sorted.out);
  if (!alone) strip_blank_lines(items);
  Piece out{.phase = phase, .off = off};
  out.items = settings(file, piece, sorted.out.front(), off);
  if (off && files.tool != nullptr && files.begin.empty() && !out.items.empty())
    return Refusal{
        cat(files.tool->tool,
            " would run it in one transaction with the SET before it: put that into a file before")};
  append(out.items, std::move(items));
  if (alone) {  // the file itself
    const bool says_phase = file.directives.phase.has_value();
    if (phase != piece.phase && says_phase)
      return Refusal{
          cat("the file says phase=", to_string(piece.phase), ": change that to ", to_string(phase))};
    out.header = own_header(phase != piece.phase, phase, off, files.tool, piece.header);
  } else {
    Piece stay{.header = piece.header, .items = items_of(piece, sorted.stay), .phase = piece.phase};
    pieces.push_back(std::move(stay));
    out.header = header_of(file, phase, off, files);
  }
  pieces.push_back(std::move(out));
  if (!std::ranges::all_of(sorted.follow, is_set)) {
    std::vector<Item> items = items_of(piece, sorted.follow);
    strip_blank_lines(items);
    Piece follow{.header = header_of(file, piece.phase, false, files), .phase = piece.phase};
    follow.items = settings(file, piece, sorted.out.front(), false);
    append(follow.items, std::move(items));
    pieces.push_back(std::move(follow));
  }
  pieces.back().tail = piece.tail;
  return pieces;
}

// ---- a file that controls its own transactions -----------------------------------------------------------------------

bool is_transaction(const FileAnalysis& file, std::size_t i, std::initializer_list<std::string_view> kinds) {
  const Command& command = statement_of(file, i).commands.front();
  return command.tag == "TransactionStmt" && std::ranges::find(kinds, command.text("kind")) != kinds.end();
}

bool is_local_setting(const FileAnalysis& file, std::size_t i) {
  return is_setting(file, i) && statement_of(file, i).commands.front().is("is_local");
}

/// The BEGIN and the COMMIT around a statement, by number.
struct Block {
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::optional<Block> block_around(const FileAnalysis& file, std::size_t statement) {
  constexpr std::size_t k_none = std::string::npos;
  Block block{.begin = k_none};
  for (std::size_t i = 0; i < statement; ++i) {
    if (is_transaction(file, i, {"BEGIN", "START"})) block.begin = i;
    if (is_transaction(file, i, {"COMMIT", "ROLLBACK"})) block.begin = k_none;
  }
  for (block.end = statement; block.end < file.script.statements.size(); ++block.end) {
    if (is_transaction(file, block.end, {"COMMIT"})) break;
    if (statement_of(file, block.end).tag == "TransactionStmt") return std::nullopt;
  }
  if (block.begin == k_none || block.end == file.script.statements.size()) return std::nullopt;
  for (std::size_t i = block.begin + 1; i < statement; ++i)
    if (statement_of(file, i).tag == "TransactionStmt") return std::nullopt;
  return block;
}

std::variant<std::vector<Piece>, Refusal> in_place(const Piece& piece, const FileAnalysis& file,
                                                   std::size_t statement, Place place) {
  const std::optional<Block> block = block_around(file, statement);
  if (!block || place == Place::contract)
    return Refusal{"the file controls its own transactions: move the statement to a file of its own by hand"};
  const bool off = place != Place::transaction;
  const int line = piece.items[statement].line;
  std::vector<std::size_t> before;
  std::vector<std::size_t> local;
  for (std::size_t i = block->begin + 1; i < statement; ++i)
    (is_local_setting(file, i) ? local : before).push_back(i);
  if (off && !std::ranges::all_of(local, [&](std::size_t i) { return is_timeout(statement_of(file, i)); }))
    return Refusal{"SET LOCAL stands before it: move the statement out of the transaction by hand"};
  const bool first = std::ranges::all_of(before, [&](std::size_t i) { return is_setting(file, i); });
  const bool last = statement + 1 == block->end;

  Piece out = piece;
  out.items.clear();
  const auto keep = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) out.items.push_back(piece.items[i]);
  };
  const auto begin_again = [&] {
    out.items.push_back(new_item(file.script.text(statement_of(file, block->begin).range), line));
    for (const std::size_t i : local)
      out.items.push_back(new_item(file.script.text(statement_of(file, i).range), line));
  };
  if (off && first) {  // before the transaction, which then has the rest
    keep(0, block->begin);
    for (const std::size_t i : before) out.items.push_back(piece.items[i]);
    out.items.push_back(piece.items[statement]);
    if (!last) {
      out.items.push_back(piece.items[block->begin]);
      for (const std::size_t i : local) out.items.push_back(piece.items[i]);
      keep(statement + 1, piece.items.size());
    } else {
      keep(block->end + 1, piece.items.size());
    }
    return std::vector{std::move(out)};
  }
  keep(0, statement);
  out.items.push_back(new_item("COMMIT", line));
  if (!off) begin_again();
  out.items.push_back(piece.items[statement]);
  if (off && !last) begin_again();
  keep(off && last ? block->end + 1 : statement + 1, piece.items.size());
  return std::vector{std::move(out)};
}

}  // namespace

std::optional<std::size_t> begin_around(const FileAnalysis& file, std::size_t statement) {
  const std::optional<Block> block = block_around(file, statement);
  return block ? std::optional(block->begin) : std::nullopt;
}

std::variant<std::vector<Piece>, Refusal> take_out(const Piece& piece, const FileAnalysis& file,
                                                   const std::set<std::size_t>& statements, Place place,
                                                   const NewFiles& files) {
  if (controls_transactions(file)) {
    if (files.tool == nullptr || files.tool->in_place)
      return in_place(piece, file, *statements.begin(), place);
    return Refusal{"the file controls its own transactions: move the statement to a file of its own by hand"};
  }
  if (files.tool != nullptr && place == Place::no_transaction)
    return into_files(piece, file, {*statements.begin()}, place, files);
  return into_files(piece, file, statements, place, files);
}

}  // namespace pgsluice::fix
