// SPDX-License-Identifier: Apache-2.0
#include "plpgsql.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "lexer.hpp"
#include "piece.hpp"

namespace pgsluice::sql {

namespace {

constexpr int k_deepest_block = 100;

using Words = std::initializer_list<std::string_view>;

/// Thrown out of the middle of code that is no PL/pgSQL; caught in read_plpgsql().
struct Unreadable {
  std::string problem;
};

class PlpgsqlReader {
 public:
  explicit PlpgsqlReader(const CodeBlock& code) : code_(code), lexer_(code.text) { next(); }

  Body read() {
    Body body;
    try {
      while (is_operator("#")) skip_option();
      read_block(body.steps, 0);
      body.types = std::move(types_);
    } catch (const Unreadable& unreadable) {
      body.problem = unreadable.problem;
    }
    return body;
  }

 private:
  using Steps = std::vector<CodeStep>;

  // ---- tokens -------------------------------------------------------------------------------

  void next() { token_ = lexer_.next(); }
  [[nodiscard]] std::string_view text() const { return lexer_.text(token_); }
  [[nodiscard]] bool at_end() const {
    return token_.kind == TokenKind::end || token_.kind == TokenKind::unterminated;
  }
  [[nodiscard]] bool is(std::string_view keyword) const {
    return token_.kind == TokenKind::word && is_keyword(text(), keyword);
  }
  [[nodiscard]] bool is_any(Words keywords) const {
    return std::ranges::any_of(keywords, [this](std::string_view keyword) { return is(keyword); });
  }
  [[nodiscard]] bool is_operator(std::string_view op) const {
    return token_.kind == TokenKind::other && text().starts_with(op);
  }
  bool take(std::string_view keyword) {
    if (!is(keyword)) return false;
    next();
    return true;
  }
  void expect(std::string_view keyword) {
    if (!take(keyword)) fail();
  }
  void expect_semicolon() {
    if (token_.kind != TokenKind::semicolon) fail();
    next();
  }
  [[noreturn]] void fail() const {
    throw Unreadable{at_end() ? "it ends too early"
                              : cat("it is not understood at \"", text().substr(0, 40), "\"")};
  }

  struct Piece {
    std::size_t begin = 0;
    std::size_t end = 0;
    [[nodiscard]] bool empty() const { return begin >= end; }
  };
  [[nodiscard]] std::string_view text(const Piece& piece) const {
    return std::string_view(code_.text).substr(piece.begin, piece.end - piece.begin);
  }

  /// Up to a semicolon or one of the keywords outside parentheses, which is then the current token.
  Piece piece_until(Words keywords = {}) {
    Piece piece{token_.begin, token_.begin};
    int depth = 0;
    for (; !at_end(); next()) {
      if (token_.kind == TokenKind::left_paren || is_operator("[")) ++depth;
      if (token_.kind == TokenKind::right_paren || is_operator("]")) --depth;
      if (depth <= 0 && (token_.kind == TokenKind::semicolon || is_any(keywords))) return piece;
      piece.end = token_.end;
    }
    fail();
  }

  std::string identifier() {
    if (token_.kind != TokenKind::word && token_.kind != TokenKind::quoted_name) fail();
    std::string name = identifier_of(text());
    next();
    return name;
  }

  // ---- steps --------------------------------------------------------------------------------

  [[nodiscard]] SourceRange range(const Piece& piece) const {
    return {code_.offset + piece.begin, code_.offset + piece.end};
  }

  CodeStep& add(Steps& steps, CodeStep::Kind kind, const Piece& piece) const {
    steps.push_back({.kind = kind, .range = range(piece)});
    return steps.back();
  }

  /// What an expression asks of the database, if it can ask anything; its value into the step.
  void read_expression(const Piece& piece, CodeStep& step) {
    if (!piece.empty()) step.text = read_value(text(piece), code_.offset + piece.begin, step.statement);
  }

  void add_expression(Steps& steps, const Piece& piece) {
    CodeStep step{.kind = CodeStep::Kind::statement, .range = range(piece)};
    read_expression(piece, step);
    step.text = {};
    if (!step.statement.commands.empty()) steps.push_back(std::move(step));
  }

  /// A condition: asked always, and kept to see which way is taken.
  Text add_condition(Steps& steps, const Piece& piece) {
    add_expression(steps, piece);
    CodeStep step;
    read_expression(piece, step);
    return std::move(step.text);
  }

  void add_statement(Steps& steps, const Piece& piece, Names targets, const std::string& sql) {
    CodeStep& step = add(steps, CodeStep::Kind::statement, piece);
    step.targets = std::move(targets);
    SqlPiece read = read_sql(sql, code_.offset + piece.begin);
    step.statement = std::move(read.statement);
    if (!step.targets.empty()) step.text = first_row(std::move(read.rows.rows));
    if (step.statement.commands.empty())
      throw Unreadable{cat("\"", text(piece).substr(0, 60), "\" cannot be parsed")};
  }

  /// Where data decides, there may be no row at all: then INTO gives nulls, or with STRICT an error.
  static Text first_row(Text rows) {
    if (rows.kind == Text::Kind::query)
      return {.kind = Text::Kind::call, .value = "first row", .parts = {std::move(rows)}};
    const bool one =
        (rows.kind == Text::Kind::array || rows.kind == Text::Kind::choice) && !rows.parts.empty();
    if (!one) return {};
    if (rows.kind == Text::Kind::choice) rows.parts.push_back({.kind = Text::Kind::null});
    if (rows.parts.size() == 1) return std::move(rows.parts.front());
    rows.kind = Text::Kind::choice;
    return rows;
  }

  // ---- blocks -------------------------------------------------------------------------------

  void skip_option() {
    while (!at_end() && !is_any({"declare", "begin"}) && !is_operator("<<")) next();
  }

  /// Also of a loop, whose kind shows later.
  void skip_label() {
    if (!is_operator("<<")) return;
    Lexer ahead(code_.text, token_.begin + 2);
    label_ = identifier_of(ahead.text(ahead.next()));
    while (!at_end() && !is_operator(">>")) next();
    next();
  }

  void read_block(Steps& steps, int depth) {
    skip_label();
    if (const std::string label = std::exchange(label_, {}); !label.empty()) block_labels_.insert(label);
    if (depth > 0 && is("declare")) return read_scope(steps, depth);
    if (take("declare")) read_declarations(steps);
    read_bare_block(steps, depth);
  }

  /// A block inside another one: what it declares is its own, and hides what has that name outside.
  void read_scope(Steps& steps, int depth) {
    const std::size_t begin = token_.begin;
    next();
    CodeStep scope{.kind = CodeStep::Kind::block, .range = {}};
    read_declarations(scope.blocks.emplace_back());
    for (const CodeStep& step : scope.blocks.front()) {
      if (step.kind == CodeStep::Kind::assign) scope.targets.push_back(step.targets.front());
    }
    read_bare_block(scope.blocks.front(), depth);
    scope.range = range({begin, token_.begin});
    steps.push_back(std::move(scope));
  }

  void read_bare_block(Steps& steps, int depth) {
    const std::size_t begin = token_.begin;
    expect("begin");
    CodeStep block{.kind = CodeStep::Kind::block, .range = range({begin, token_.begin})};
    read_steps(block.blocks.emplace_back(), depth, {"end", "exception"});
    if (take("exception")) {
      while (take("when")) {
        piece_until({"then"});
        expect("then");
        read_steps(block.blocks.emplace_back(), depth, {"end", "when"});
      }
    }
    expect("end");
    if (!at_end() && token_.kind != TokenKind::semicolon) next();  // a label
    if (token_.kind == TokenKind::semicolon) next();
    steps.push_back(std::move(block));
  }

  void read_declarations(Steps& steps) {
    while (!at_end() && !is("begin")) {
      if (take("declare")) continue;
      skip_label();
      const std::size_t begin = token_.begin;
      const std::string name = identifier();
      read_declaration(steps, name, begin);
      expect_semicolon();
    }
  }

  void read_declaration(Steps& steps, const std::string& name, std::size_t begin) {
    if (take("alias")) {
      expect("for");
      CodeStep& step = add(steps, CodeStep::Kind::assign, {begin, token_.end});
      step.targets = {name};
      step.text = {.kind = Text::Kind::variable, .value = identifier_of(text()), .parts = {}};
      while (!at_end() && token_.kind != TokenKind::semicolon) next();  // $1 is two tokens
      return;
    }
    read_type();
    const Piece type = piece_until({"default", "cursor"});
    if (take("cursor")) {
      piece_until({"for", "is"});
      next();
      cursors_[name] = piece_until();
      return;
    }
    CodeStep step{.kind = CodeStep::Kind::assign, .range = range({begin, token_.end}), .targets = {name}};
    const Piece value = is("default") ? (next(), piece_until()) : after_equals(type);
    step.range.end = code_.offset + token_.begin;
    if (value.empty()) {
      step.text.kind = Text::Kind::null;
    } else {
      read_expression(value, step);
      if (text(type).substr(0, value.begin - type.begin).find('[') != std::string_view::npos)
        step.text = {.kind = Text::Kind::call, .value = "array of text", .parts = {std::move(step.text)}};
    }
    steps.push_back(std::move(step));
  }

  /// `relation%ROWTYPE`, `relation.column%TYPE` or the name of a type; the current token stays.
  void read_type() {
    Lexer ahead(code_.text, token_.begin);
    Token token = ahead.next();
    if (token.kind == TokenKind::word && is_keyword(ahead.text(token), "constant")) token = ahead.next();
    std::vector<Name> path;
    while (token.kind == TokenKind::word || token.kind == TokenKind::quoted_name) {
      path.emplace_back(identifier_of(ahead.text(token)));
      token = ahead.next();
      if (token.kind != TokenKind::dot) break;
      token = ahead.next();
    }
    if (path.empty() || ahead.text(token) == "[") return;
    VariableType type;
    if (ahead.text(token) == "%" && is_keyword(ahead.text(ahead.next()), "type")) {
      if (path.size() < 2) return;  // of another variable
      type.column = path.back();
      path.pop_back();
    }
    type.name = {.schemaname = path.size() > 1 ? path[path.size() - 2] : Name(), .relname = path.back()};
    types_.push_back(type);
  }

  /// What stands behind `:=` or `=` in a piece.
  [[nodiscard]] Piece after_equals(const Piece& piece) const {
    Lexer lexer(text(piece));
    for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
      const std::string_view op = lexer.text(token);
      if (token.kind == TokenKind::other && op == ":") continue;
      if (token.kind == TokenKind::other && op.starts_with("="))
        return {piece.begin + token.begin + 1, piece.end};
    }
    return {};
  }

  void read_steps(Steps& steps, int depth, Words until) {
    if (depth > k_deepest_block) throw Unreadable{"it is nested too deep"};
    while (!is_any(until)) {
      if (at_end()) fail();
      read_step(steps, depth);
    }
  }

  void read_step(Steps& steps, int depth) {
    label_.clear();
    if (is_operator("<<")) skip_label();
    if (is_any({"declare", "begin"})) return read_block(steps, depth + 1);
    if (token_.kind == TokenKind::semicolon) return next();
    if (is_assignment()) return read_assignment(steps);
    if (is("if")) return read_if(steps, depth);
    if (is("case")) return read_case(steps, depth);
    if (is("loop")) return read_loop(steps, depth);
    if (is("while")) return read_while(steps, depth);
    if (is("for")) return read_for(steps, depth);
    if (is("foreach")) return read_foreach(steps, depth);
    read_simple_step(steps);
    expect_semicolon();
  }

  void read_simple_step(Steps& steps) {
    if (is_any({"exit", "continue"})) return read_exit(steps);
    if (is("return")) return read_return(steps);
    if (is("raise")) return read_raise(steps);
    if (is("perform")) return read_perform(steps);
    if (is("execute")) return read_execute(steps);
    if (is("open")) return read_open(steps);
    if (is_any({"null", "close", "move", "get", "fetch"})) return read_plain(steps);
    if (is("assert")) {
      next();
      return add_expression(steps, piece_until());
    }
    if (is_any({"commit", "rollback"})) {
      const Piece piece = piece_until();
      add(steps, CodeStep::Kind::commit, piece);
      return;
    }
    read_sql_statement(steps);
  }

  // ---- control ------------------------------------------------------------------------------

  void read_if(Steps& steps, int depth) {
    CodeStep branch{.kind = CodeStep::Kind::branch, .range = range({token_.begin, token_.end})};
    branch.text.kind = Text::Kind::array;
    do {
      next();
      branch.text.parts.push_back(add_condition(steps, piece_until({"then"})));
      expect("then");
      read_steps(branch.blocks.emplace_back(), depth + 1, {"elsif", "elseif", "else", "end"});
    } while (is_any({"elsif", "elseif"}));
    if (take("else")) {
      branch.complete = true;
      read_steps(branch.blocks.emplace_back(), depth + 1, {"end"});
    }
    end_of("if");
    steps.push_back(std::move(branch));
  }

  void read_case(Steps& steps, int depth) {
    CodeStep branch{
        .kind = CodeStep::Kind::branch, .range = range({token_.begin, token_.end}), .complete = true};
    branch.text.kind = Text::Kind::array;
    next();
    const Piece subject = piece_until({"when"});
    Text value = subject.empty() ? Text() : add_condition(steps, subject);
    while (take("when")) {
      const Piece wanted = piece_until({"then"});
      branch.text.parts.push_back(subject.empty() ? add_condition(steps, wanted)
                                                  : is_one_of(steps, value, wanted));
      expect("then");
      read_steps(branch.blocks.emplace_back(), depth + 1, {"when", "else", "end"});
    }
    if (take("else")) read_steps(branch.blocks.emplace_back(), depth + 1, {"end"});
    end_of("case");
    steps.push_back(std::move(branch));
  }

  /// `WHEN a, b` of a CASE with that subject.
  Text is_one_of(Steps& steps, const Text& subject, const Piece& list) {
    Text result{.kind = Text::Kind::call, .value = "in", .parts = {subject}};
    Lexer lexer(code_.text, list.begin);
    int depth = 0;
    Piece one{list.begin, list.end};
    for (Token token = lexer.next(); token.begin < list.end && token.kind != TokenKind::end;
         token = lexer.next()) {
      if (token.kind == TokenKind::left_paren) ++depth;
      if (token.kind == TokenKind::right_paren) --depth;
      if (token.kind != TokenKind::comma || depth > 0) continue;
      result.parts.push_back(add_condition(steps, {one.begin, token.begin}));
      one.begin = token.end;
    }
    result.parts.push_back(add_condition(steps, one));
    return result;
  }

  void end_of(std::string_view what) {
    expect("end");
    expect(what);
    if (what == "loop" && token_.kind == TokenKind::word) next();  // a label
    expect_semicolon();
  }

  void read_loop_body(Steps& steps, CodeStep loop, int depth) {
    expect("loop");
    read_steps(loop.blocks.emplace_back(), depth + 1, {"end"});
    end_of("loop");
    steps.push_back(std::move(loop));
  }

  void read_loop(Steps& steps, int depth) {
    read_loop_body(
        steps, {.kind = CodeStep::Kind::loop, .range = range({token_.begin, token_.end}), .complete = true},
        depth);
  }

  void read_while(Steps& steps, int depth) {
    CodeStep loop{.kind = CodeStep::Kind::loop, .range = range({token_.begin, token_.end})};
    next();
    add_expression(steps, piece_until({"loop"}));
    read_loop_body(steps, std::move(loop), depth);
  }

  Names read_targets(Words until) {
    Names targets;
    while (!at_end() && !is_any(until) && token_.kind != TokenKind::semicolon) {
      std::string target = identifier();
      while (token_.kind == TokenKind::dot || is_operator("[")) {
        if (is_operator("[")) {
          while (!at_end() && !is_operator("]")) next();
          next();
          continue;
        }
        next();
        target += "." + identifier();
      }
      targets.emplace_back(target);
      if (token_.kind != TokenKind::comma) break;
      next();
    }
    return targets;
  }

  void read_for(Steps& steps, int depth) {
    CodeStep loop{.kind = CodeStep::Kind::loop, .range = range({token_.begin, token_.end})};
    next();
    loop.targets = read_targets({"in"});
    expect("in");
    if (take("execute")) {
      read_dynamic(steps, {"loop"});
    } else if (const bool reverse = take("reverse"); !reverse && is_cursor()) {
      const Piece cursor{token_.begin, token_.end};
      const Piece query = cursors_.at(identifier());
      add_expression(steps, piece_until({"loop"}));
      add_query(steps, query.empty() ? cursor : query, loop);
    } else {
      const Piece piece = piece_until({"loop"});
      if (!read_range(steps, piece, reverse, loop)) add_query(steps, piece, loop);
    }
    read_loop_body(steps, std::move(loop), depth);
  }

  [[nodiscard]] bool is_cursor() const {
    return (token_.kind == TokenKind::word || token_.kind == TokenKind::quoted_name) &&
           cursors_.contains(identifier_of(text()));
  }

  /// `low..high [BY step]`, where `..` is a keyword of the language and no SQL.
  bool read_range(Steps& steps, const Piece& piece, bool reverse, CodeStep& loop) {
    const std::size_t dots = find_dots(text(piece));
    if (dots == std::string_view::npos) return false;
    Piece low{piece.begin, piece.begin + dots};
    Piece high{piece.begin + dots + 2, piece.end};
    std::vector<Text> bounds{add_condition(steps, low)};
    Lexer lexer(code_.text, high.begin);
    for (Token token = lexer.next(); token.begin < piece.end && token.kind != TokenKind::end;
         token = lexer.next()) {
      if (token.kind != TokenKind::word || !is_keyword(lexer.text(token), "by")) continue;
      high.end = token.begin;
      bounds.push_back(add_condition(steps, {token.end, piece.end}));
      break;
    }
    bounds.insert(bounds.begin() + 1, add_condition(steps, high));
    loop.text = {
        .kind = Text::Kind::call, .value = reverse ? "reverse range" : "range", .parts = std::move(bounds)};
    return true;
  }

  static std::size_t find_dots(std::string_view text) {
    Lexer lexer(text);
    int depth = 0;
    for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
      if (token.kind == TokenKind::left_paren) ++depth;
      if (token.kind == TokenKind::right_paren) --depth;
      const bool dots = token.kind == TokenKind::dot && text.substr(token.begin).starts_with("..");
      if (dots && depth == 0) return token.begin;
    }
    return std::string_view::npos;
  }

  /// FOR target IN query: the fields of a record are known by the names of the query's columns.
  void add_query(Steps& steps, const Piece& piece, CodeStep& loop) {
    SqlPiece read = read_sql(std::string(text(piece)), code_.offset + piece.begin);
    loop.text = std::move(read.rows.rows);
    if (loop.targets.size() == 1) {
      const Name record = loop.targets.front();
      if (read.rows.columns.size() != 1) loop.targets.clear();
      for (const Name column : read.rows.columns)
        loop.targets.emplace_back(cat(record.str(), ".", column.str()));
    }
    CodeStep& step = add(steps, CodeStep::Kind::statement, piece);
    step.statement = std::move(read.statement);
  }

  void read_foreach(Steps& steps, int depth) {
    CodeStep loop{.kind = CodeStep::Kind::loop, .range = range({token_.begin, token_.end})};
    next();
    loop.targets = read_targets({"in", "slice"});
    const bool slice = take("slice");
    if (slice) next();
    expect("in");
    expect("array");
    loop.text = {.kind = Text::Kind::call,
                 .value = "array of text",
                 .parts = {add_condition(steps, piece_until({"loop"}))}};
    if (slice) loop.text = {};
    read_loop_body(steps, std::move(loop), depth);
  }

  void read_exit(Steps& steps) {
    const std::size_t begin = token_.begin;
    next();
    // Of a block: what follows it runs, and that is not in sight here.
    const bool leaves_block = token_.kind == TokenKind::word && block_labels_.contains(identifier_of(text()));
    if (token_.kind == TokenKind::word && !is("when")) next();  // a label
    if (leaves_block) return add_expression(steps, take("when") ? piece_until() : Piece{});
    Steps* into = &steps;
    if (take("when")) {
      Text condition = add_condition(steps, piece_until());
      CodeStep& branch = add(steps, CodeStep::Kind::branch, {begin, token_.begin});
      branch.text = {.kind = Text::Kind::array, .value = {}, .parts = {std::move(condition)}};
      into = &branch.blocks.emplace_back();
    }
    add(*into, CodeStep::Kind::leave, {begin, token_.begin});
  }

  void read_return(Steps& steps) {
    const std::size_t begin = token_.begin;
    next();
    if (take("next")) return add_expression(steps, piece_until());
    if (take("query")) {
      if (take("execute")) return read_dynamic(steps, {});
      const Piece query = piece_until();
      return add_statement(steps, query, {}, std::string(text(query)));
    }
    if (token_.kind != TokenKind::semicolon) add_expression(steps, piece_until());
    add(steps, CodeStep::Kind::leave, {begin, token_.begin}).complete = true;
  }

  void read_raise(Steps& steps) {
    const std::size_t begin = token_.begin;
    next();
    const bool goes_on = is_any({"debug", "log", "info", "notice", "warning"});
    const Piece all = piece_until();
    const std::size_t comma = std::string_view(text(all)).find(',');
    if (comma != std::string_view::npos && text(all).find('(', comma) != std::string_view::npos) {
      Lexer lexer(code_.text, all.begin);
      Piece list{};
      for (Token token = lexer.next(); token.begin < all.end && token.kind != TokenKind::end;
           token = lexer.next()) {
        if (list.begin == 0 && token.kind == TokenKind::comma) list = {token.end, all.end};
        if (list.begin != 0 && token.kind == TokenKind::word && is_keyword(lexer.text(token), "using"))
          list.end = token.begin;
      }
      if (list.begin != 0) add_expression(steps, list);
    }
    if (!goes_on) add(steps, CodeStep::Kind::leave, {begin, token_.begin}).complete = true;
  }

  // ---- SQL ----------------------------------------------------------------------------------

  /// name, name.field or name[…], and then := or =
  [[nodiscard]] bool is_assignment() const {
    if (token_.kind != TokenKind::word && token_.kind != TokenKind::quoted_name) return false;
    Lexer ahead(code_.text, token_.end);
    Token token = ahead.next();
    int brackets = 0;
    while (token.kind != TokenKind::end && token.kind != TokenKind::semicolon) {
      const std::string_view op = ahead.text(token);
      if (op == "[") ++brackets;
      if (op == "]") --brackets;
      if (brackets == 0 && token.kind == TokenKind::other && (op == ":" || op.starts_with("="))) return true;
      if (brackets == 0 && token.kind == TokenKind::dot) {
        token = ahead.next();  // a field may have the name of a keyword
      } else if (brackets == 0 && op != "]") {
        return false;
      }
      token = ahead.next();
    }
    return false;
  }

  void read_assignment(Steps& steps) {
    const std::size_t begin = token_.begin;
    const bool whole = std::string_view(code_.text).substr(token_.begin).find_first_of("[:=") !=
                       std::string_view(code_.text).substr(token_.begin).find('[');
    Names targets = read_targets({});
    if (is_operator(":")) next();
    if (!is_operator("=")) fail();
    lexer_.seek(token_.begin + 1);
    next();
    const Piece value = piece_until();
    CodeStep step{
        .kind = CodeStep::Kind::assign, .range = range({begin, value.end}), .targets = std::move(targets)};
    read_expression(value, step);
    if (!whole) step.text = {};  // one element of an array
    steps.push_back(std::move(step));
    expect_semicolon();
  }

  void read_perform(Steps& steps) {
    const std::size_t begin = token_.begin;
    next();
    const Piece query = piece_until();
    const std::string padding(query.begin - begin > 6 ? query.begin - begin - 6 : 1, ' ');
    add_statement(steps, {begin, query.end}, {}, cat("SELECT", padding, text(query)));
  }

  void read_execute(Steps& steps) {
    next();
    read_dynamic(steps, {});
  }

  /// The text of EXECUTE, and what stands behind it: INTO and USING in any order.
  void read_dynamic(Steps& steps, Words until) {
    const std::size_t begin = token_.begin;
    const auto until_more = [&] {
      return until.size() == 0 ? piece_until({"into", "using"}) : piece_until({"into", "using", "loop"});
    };
    Piece command = until_more();
    CodeStep step{.kind = CodeStep::Kind::execute, .range = range({begin, command.end})};
    read_expression(command, step);
    while (is_any({"into", "using"})) {
      if (take("into")) {
        take("strict");
        step.targets = read_targets({"using"});
      } else {
        next();
        add_expression(steps, until_more());
      }
    }
    steps.push_back(std::move(step));
  }

  void read_open(Steps& steps) {
    next();
    const std::string name = identifier();
    while (is_any({"no", "scroll"})) next();
    if (take("for")) {
      if (take("execute")) return read_dynamic(steps, {});
      const Piece query = piece_until();
      return add_statement(steps, query, {}, std::string(text(query)));
    }
    const Piece arguments = piece_until();
    add_expression(steps, arguments);
    const auto cursor = cursors_.find(name);
    if (cursor != cursors_.end()) {
      add_statement(steps, cursor->second, {}, std::string(text(cursor->second)));
    }
  }

  /// Nothing that asks the database; FETCH and GET give values that nobody knows.
  void read_plain(Steps& steps) {
    const std::size_t begin = token_.begin;
    if (is("null")) return next();
    if (is("get")) return read_diagnostics(steps);
    piece_until({"into"});
    if (take("into")) {
      CodeStep& step = add(steps, CodeStep::Kind::assign, {begin, token_.begin});
      step.targets = read_targets({});
    }
  }

  /// GET [CURRENT | STACKED] DIAGNOSTICS variable { = | := } item [, …]
  void read_diagnostics(Steps& steps) {
    const std::size_t begin = token_.begin;
    while (!at_end() && !is("diagnostics")) next();
    Names targets;
    do {
      next();
      const Names one = read_targets({});
      targets.insert(targets.end(), one.begin(), one.end());
      while (!at_end() && token_.kind != TokenKind::comma && token_.kind != TokenKind::semicolon) next();
    } while (token_.kind == TokenKind::comma);
    add(steps, CodeStep::Kind::assign, {begin, token_.begin}).targets = std::move(targets);
  }

  /// A procedure gives its INOUT parameters values: whatever is passed by its name may have another one.
  Names passed_names(const Piece& piece) const {
    Names names;
    Lexer lexer(code_.text, piece.begin);
    bool inside = false;
    for (Token token = lexer.next(); token.begin < piece.end && token.kind != TokenKind::end;
         token = lexer.next()) {
      inside = inside || token.kind == TokenKind::left_paren;
      const bool is_name = token.kind == TokenKind::word || token.kind == TokenKind::quoted_name;
      if (inside && is_name) names.emplace_back(identifier_of(lexer.text(token)));
    }
    return names;
  }

  /// SELECT … INTO: what stands between is the language's, not SQL; blanks take its place, so that places hold.
  void read_sql_statement(Steps& steps) {
    const Piece piece = piece_until();
    std::string sql(text(piece));
    Names targets;
    std::string_view before;
    Lexer lexer(sql);
    const Token first = lexer.next();
    const bool imports = is_keyword(lexer.text(first), "import");
    const bool calls = is_keyword(lexer.text(first), "call");
    before = lexer.text(first);
    for (Token token = lexer.next(); token.kind != TokenKind::end; token = lexer.next()) {
      const bool into = token.kind == TokenKind::word && is_keyword(lexer.text(token), "into");
      if (into && !imports && !is_keyword(before, "insert") && !is_keyword(before, "merge")) {
        const Piece taken = take_targets(piece.begin + token.begin, targets);
        std::fill(sql.begin() + static_cast<std::ptrdiff_t>(token.begin),
                  sql.begin() + static_cast<std::ptrdiff_t>(taken.end - piece.begin), ' ');
        break;
      }
      before = lexer.text(token);
    }
    add_statement(steps, piece, std::move(targets), sql);
    if (calls) add(steps, CodeStep::Kind::assign, piece).targets = passed_names(piece);
  }

  /// Reads INTO [STRICT] targets at a place before the current token, and comes back.
  Piece take_targets(std::size_t at, Names& targets) {
    const std::size_t position = lexer_.position();
    const Token current = token_;
    lexer_.seek(at);
    next();
    next();
    take("strict");
    targets = read_targets({"from"});
    const Piece piece{at, last_end(at, token_.begin)};
    lexer_.seek(position);
    token_ = current;
    return piece;
  }

  [[nodiscard]] std::size_t last_end(std::size_t from, std::size_t to) const {
    while (to > from && std::string_view(" \t\r\n").find(code_.text[to - 1]) != std::string_view::npos) --to;
    return to;
  }

  const CodeBlock& code_;
  Lexer lexer_;
  Token token_;
  std::string label_;  ///< before the step at hand
  std::set<std::string, std::less<>> block_labels_;
  std::map<std::string, Piece, std::less<>> cursors_;
  std::vector<VariableType> types_;
};

}  // namespace

Body read_plpgsql(const CodeBlock& code) {
  return PlpgsqlReader(code).read();
}

}  // namespace pgsluice::sql
