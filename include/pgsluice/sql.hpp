// SPDX-License-Identifier: Apache-2.0
// Stage 1: SQL text → Script. The parse tree is PostgreSQL's own, lowered to plain values under
// PostgreSQL's own names; nothing after this stage sees a parser node.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "pgsluice/box.hpp"
#include "pgsluice/few.hpp"
#include "pgsluice/name.hpp"

namespace pgsluice {

/// A byte range [begin, end) of a source text.
struct SourceRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const SourceRange&) const = default;
};

/// A place for people: lines and columns count from 1; a column is a character (code point), not a byte.
struct Position {
  int line = 1;
  int column = 1;
  bool operator==(const Position&) const = default;
};

/// How statements are grouped where no BEGIN is written.
enum class FileTransaction {
  one,      ///< a transaction around them
  none,     ///< each commits by itself
  message,  ///< sent in one piece: a transaction around them when they are several, as the server does it
};

/// What a migration tool makes of a file before any of it is run.
struct Reading {
  /// A stretch that runs as one: a changeset, the up part.
  struct Block {
    SourceRange range;
    FileTransaction transaction = FileTransaction::one;
    /// A changeset, which may run long after those before it: what they made is in use.
    bool is_migration = false;
  };
  /// Where the text differs in length from what is written in the file.
  struct Edit {
    SourceRange text;
    SourceRange written;
  };
  /// A word that the tool fills in, and whose value nobody has told.
  struct Placeholder {
    SourceRange range;
    std::string name;        ///< as it is written: ${schema}
    bool in_string = false;  ///< or in quoted code: text for PostgreSQL
    bool is_clause = false;  ///< it stands for more than a name or a value, and has been left out
  };

  std::string written;        ///< the file's own text; empty: the same as what is run
  std::vector<Block> blocks;  ///< in order; empty: the file is one
  std::vector<Edit> edits;    ///< in order
  std::vector<Placeholder> placeholders;
};

/// A migration file as it was read, without a byte order mark. `text` is what is run: parts that are not are blank.
struct SourceFile {
  std::string path;
  std::string text;
  std::shared_ptr<const Reading> reading = {};  ///< none: the file as it is

  [[nodiscard]] std::string_view written() const {
    return reading && !reading->written.empty() ? reading->written : text;
  }
  /// Where in the file a byte of `text` stands; without a reading, the same.
  [[nodiscard]] std::size_t written_offset(std::size_t offset) const;
  /// Those in a range of `text`.
  [[nodiscard]] std::span<const Reading::Placeholder> placeholders(const SourceRange& range) const;
  /// What the file says there.
  [[nodiscard]] std::string_view written(const SourceRange& range) const {
    const std::size_t begin = written_offset(range.begin);
    return written().substr(begin, written_offset(range.end) - begin);
  }
};

/// Byte offset → line and column. Keeps a reference to the text: the text must outlive it.
class LineIndex {
 public:
  explicit LineIndex(std::string_view text);
  /// Lines as they stand in the file, for offsets of its text.
  explicit LineIndex(const SourceFile& source);
  [[nodiscard]] Position position(std::size_t offset) const;
  /// The offset in the text that the lines are of.
  [[nodiscard]] std::size_t written_offset(std::size_t offset) const {
    return edited_ == nullptr ? offset : edited_->written_offset(offset);
  }
  /// The text of one line (1-based) without its line end.
  [[nodiscard]] std::string_view line(int number) const;
  [[nodiscard]] int lines() const { return lines_; }

 private:
  /// What is known of a block's first byte. Blocks are so small that it is cheap to count on from there.
  struct Block {
    int line = 1;
    std::size_t line_start = 0;
    std::size_t characters = 0;  ///< before it; not counted when every byte is a character
  };
  static constexpr std::size_t k_block = 1024;
  /// Number of characters in the first `offset` bytes.
  [[nodiscard]] std::size_t characters(std::size_t offset) const;

  std::string_view text_;
  const SourceFile* edited_ = nullptr;  ///< whose offsets are not those of `text_`
  bool is_ascii_;
  int lines_ = 1;
  std::vector<Block> blocks_;
};

/// A relation's name. As written, an empty schemaname means "found through search_path".
struct RelationName {
  Name schemaname;
  Name relname;
  auto operator<=>(const RelationName&) const = default;
  /// `schema.name` with the quoting of PostgreSQL's quote_ident().
  [[nodiscard]] std::string quoted() const;
  void append_quoted(std::string& out) const;
  [[nodiscard]] bool empty() const { return relname.empty(); }
};

/// For unordered containers.
struct RelationNameHash {
  std::size_t operator()(const RelationName& name) const {
    return (name.schemaname.hash() << 32U | name.relname.hash()) * 0x9E3779B97F4A7C15U >> 20U;
  }
};

/// PostgreSQL's quote_ident(): quotes unless the name is a lower-case identifier and no reserved word.
std::string quote_ident(std::string_view name);

/// A type as written. Types of pg_catalog lose their schema: `integer` is {"", "int4"}.
struct TypeName {
  Name schemaname;
  Name name;
  Few<int> typmods;
  bool array = false;
  bool setof = false;
  bool operator==(const TypeName&) const = default;
};

/// A fact is Unknown when its input exists and cannot be judged; it then satisfies any condition.
struct Unknown {
  bool operator==(const Unknown&) const = default;
};
using FactValue = std::variant<Unknown, bool, std::string_view>;
/// The name of a fact, compared as one number: a literal, which the compiler turns into it. Facts form a closed set.
class FactName {
 public:
  consteval FactName(const char* text) : FactName(of(text)) {}  // NOLINT(google-explicit-constructor)
  /// Of a text with static lifetime, such as the name in a table of facts.
  static constexpr FactName of(std::string_view text) { return FactName(text, hash(text)); }
  // NOLINTNEXTLINE(google-explicit-constructor): it is its text
  constexpr operator std::string_view() const { return {text_, size_}; }
  friend constexpr bool operator==(FactName a, FactName b) { return a.hash_ == b.hash_; }

 private:
  constexpr FactName(std::string_view text, std::uint32_t hash)
      : text_(text.data()), size_(static_cast<std::uint32_t>(text.size())), hash_(hash) {}
  /// FNV-1a; a test sees to it that no two names share one.
  static constexpr std::uint32_t hash(std::string_view text) {
    std::uint32_t value = 2166136261U;
    for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 16777619U;
    return value;
  }

  const char* text_;
  std::uint32_t size_;
  std::uint32_t hash_;
};

/// A named fact. A text value is a literal with static lifetime, too.
struct Fact {
  FactName name;
  FactValue value;
};

struct Text;
struct CodeBlock;
struct QueryShape;
struct Statement;

struct FunctionCall {
  Name schemaname;
  Name name;
  int arguments = 0;
  bool unreached =
      false;  ///< in a branch that is left out when constants are folded: CASE WHEN true … ELSE it
  Box<std::vector<Text>> texts;  ///< what is passed, where it can be known; see code.hpp
  Names types;  ///< of what is passed, for functions whose overloads do not have the same marking
};

/// What a column is given or compared with, as far as it is written down.
struct Value {
  /// same: the column's own value; minimum and maximum: of a partition's bounds; variable: what the parameter or the
  /// variable of code with the name `text` holds, if there is one: see effects/bind.hpp
  enum class Kind : unsigned char {
    unknown,
    null,
    constant,
    same,
    column_default,
    minimum,
    maximum,
    variable
  };
  Kind kind = Kind::unknown;
  Name
      type;  ///< of a constant: int4, int8, numeric, bool or that of its cast; empty: a string, which takes any type
  std::string text;
};

/// What a condition says about columns, as far as it compares them with constants.
struct Predicate {
  enum class Kind : unsigned char { unknown, never, compare, is_null, is_not_null, all, any };
  Kind kind = Kind::unknown;
  Name qualifier;  ///< of the column; empty: none is written
  Name column;
  std::string_view op;           ///< = <> < <= > >=, or := where it gets the value, cast to its type
  std::vector<Value> values;     ///< what it is compared with; several: any of them
  std::vector<Predicate> parts;  ///< of all and any
};

/// What is worth knowing about an expression without evaluating it.
struct Expression {
  SourceRange range;
  bool literal = false;       ///< a constant, possibly cast or negated
  bool null_literal = false;  ///< NULL, possibly cast
  bool subquery = false;
  bool current_time = false;    ///< CURRENT_TIMESTAMP, CURRENT_USER …: stable
  Name colname;                 ///< what PostgreSQL would call a column of it: parse_target.c FigureColname
  Box<Value> constant;          ///< a constant
  Few<FunctionCall> functions;  ///< every call, nested ones too
  Few<Name> columns;            ///< every column that is read
  Few<TypeName> casts;          ///< every cast target
  Few<Name> not_null;           ///< columns that the expression, being true, proves NOT NULL
  Few<RelationName> sequences;  ///< argument of nextval('…') and its kin
  /// Table and column in nextval(pg_get_serial_sequence('…', '…')) and its kin.
  Few<std::pair<RelationName, Name>> serials;
  Box<Predicate> said;  ///< of a CHECK: what it says of columns
  Box<std::string>
      canonical;  ///< of an index: equal for equal expressions, columns as {name}; none: not known
};

/// ON DELETE, ON UPDATE and MATCH of a foreign key, in the letters of pg_constraint.
struct KeyActions {
  char on_delete = 'a';  ///< a: NO ACTION, r: RESTRICT, c: CASCADE, n: SET NULL, d: SET DEFAULT
  char on_update = 'a';
  char match = 's';          ///< s: SIMPLE, f: FULL
  Few<Name> delete_columns;  ///< ON DELETE SET NULL (…); empty: all
};

struct Constraint {
  std::string_view contype;  ///< PostgreSQL's name: CONSTR_FOREIGN, CONSTR_CHECK, CONSTR_NOTNULL …
  Name name;                 ///< empty: PostgreSQL chooses
  SourceRange range;
  Names columns;
  Names including;
  RelationName referenced;  ///< foreign key: pktable
  Names referenced_columns;
  Name index_name;                  ///< USING INDEX
  Box<Expression> expression;       ///< CHECK, DEFAULT, GENERATED
  std::string_view generated_kind;  ///< "stored" or "virtual"
  bool skip_validation = false;     ///< NOT VALID
  bool is_enforced = true;
  bool is_no_inherit = false;
  bool deferrable = false;
  bool initdeferred = false;
  KeyActions actions;
  bool without_overlaps = false;
  bool nulls_not_distinct = false;
};

struct ColumnDef {
  Name name;
  TypeName type;
  SourceRange range;
  std::vector<Constraint> constraints;
  Name collation;
  [[nodiscard]] const Constraint* constraint(std::string_view contype) const;
};

struct IndexElement {
  Name column;        ///< empty for an expression
  Name made_as = {};  ///< the column's name when the index was made, which the index keeps; empty: the same
  Box<Expression> expression;
  Name collation;
  Name opclass;
};

struct IndexDef {
  Name name;  ///< empty: PostgreSQL chooses
  Name access_method;
  Few<IndexElement> elements;
  Few<Name> including;
  Box<Expression> predicate;
  bool unique = false;
  bool nulls_not_distinct = false;
  bool concurrent = false;
};

/// FOR VALUES … or DEFAULT, and PARTITION BY.
struct PartitionBound {
  bool is_default = false;
  std::vector<Value> values;  ///< IN
  std::vector<Value> lower;   ///< FROM, included
  std::vector<Value> upper;   ///< TO, not included
  int modulus = 0;
  int remainder = 0;
};
struct PartitionKey {
  std::string_view strategy;           ///< "list", "range", "hash"
  Names columns;                       ///< empty: an expression
  Box<std::vector<Text>> expressions;  ///< if there are any, one for each column; see code.hpp
};

/// A relation that a command names. Roles as written: target, referenced, parent, partition, index,
/// like, inherits, source (read), written (by DML), sequence, new_target (created).
struct RelationRef {
  std::string_view role;
  RelationName name;
  bool only = false;     ///< ONLY was written: no descendants
  Name alias;            ///< by which the query knows it
  Box<Predicate> where;  ///< what the query demands of its rows
  bool beside = false;   ///< of a view: not in FROM, but in a condition, an expression or a WITH query
};

/// What an INSERT, UPDATE or DELETE does to rows of one relation; a MERGE does several such things.
struct RowChange {
  enum class Kind : unsigned char { scan, insert, update, remove };  // scan: looked through to be changed
  Kind kind = Kind::insert;
  RelationRef target;
  /// INSERT: the columns that are given values; empty: the first `width` ones, or those of `star`.
  Names columns;
  std::size_t width = 0;
  RelationName star;                     ///< INSERT … SELECT * FROM it
  std::vector<std::vector<Value>> rows;  ///< INSERT: what is known of the new rows; empty: nothing
  std::optional<std::size_t> count;      ///< INSERT: how many rows; none: not known
  std::vector<bool> defaulted;           ///< INSERT: by place, whether a row says DEFAULT
  bool overriding_user = false;
  Names set_columns;  ///< UPDATE, ON CONFLICT DO UPDATE
  std::vector<Value> set_values;
};

/// A view that selects from one relation without more ado, so that it can be written to.
struct ViewQuery {
  RelationRef base;
  bool star = false;                           ///< all columns under their own names
  std::vector<std::pair<Name, Name>> columns;  ///< name → column of the base; empty: an expression
};

/// A column of what a query yields, as far as it is written down: that of a relation, a constant, a cast, or a computed one,
/// of which only the name is known.
struct ResultColumn {
  Name name;              ///< empty: not known
  RelationName relation;  ///< as written; empty: one of those that the query reads
  Name column;            ///< "*": all of them
  Box<TypeName> type;     ///< of a cast or constant
};

/// One thing that a statement does: `ALTER TABLE a, b, c` is three commands. ADD COLUMN with inline
/// constraints is the ADD COLUMN and one AT_AddConstraint each, as PostgreSQL itself splits it.
struct Command {
  std::string_view tag;  ///< PostgreSQL's own: "AT_AddColumn", "IndexStmt", "DropStmt"
  SourceRange range;
  std::vector<Fact> facts;  ///< syntactic facts, under PostgreSQL's field names
  std::vector<RelationRef> relations;
  Name name;      ///< what it names inside its relation: column, constraint, trigger, setting, savepoint
  Name new_name;  ///< after RENAME; the schema of SET SCHEMA; the value of SET
  Names names;
  std::vector<ColumnDef> columns;
  std::vector<Constraint> constraints;
  Box<TypeName> type;
  Box<Expression> expression;
  Box<IndexDef> index;
  Box<PartitionBound> bound;
  Box<PartitionKey> partition_key;
  std::vector<FunctionCall> functions;  ///< called by DML or SELECT; the function of a trigger
  Name tablespace;
  Name access_method;
  Box<std::vector<RowChange>> changes;  ///< of DML: its own first, then those of WITH
  Box<ViewQuery> view;
  Box<QueryShape> query;                   ///< of a view, rule or policy: the names in it; see query.hpp
  Box<std::vector<ResultColumn>> results;  ///< of the query of CREATE TABLE … AS, or of a view
  Box<CodeBlock> code;                     ///< of DO, CREATE FUNCTION and CREATE PROCEDURE; see code.hpp
  Box<std::vector<Text>> arguments;        ///< of EXECUTE
  Box<std::vector<Statement>>
      inner;  ///< statements that it is made of: actions of a rule, what PREPARE prepares

  [[nodiscard]] const FactValue* fact(FactName fact_name) const {
    for (const Fact& fact : facts) {
      if (fact.name == fact_name) return &fact.value;
    }
    return nullptr;
  }
  /// A fact that is known to be true.
  [[nodiscard]] bool is(FactName fact_name) const {
    const FactValue* value = fact(fact_name);
    return value != nullptr && *value == FactValue(true);
  }
  /// A text fact, or "".
  [[nodiscard]] std::string_view text(FactName fact_name) const {
    const FactValue* value = fact(fact_name);
    const auto* text = value != nullptr ? std::get_if<std::string_view>(value) : nullptr;
    return text != nullptr ? *text : std::string_view();
  }
  [[nodiscard]] const RelationRef* relation(std::string_view role) const;
};

struct Statement {
  std::string_view tag;  ///< PostgreSQL's node tag: "AlterTableStmt"
  SourceRange range;     ///< first to last token, without the semicolon
  std::vector<Command> commands;
};

/// The statements of a script by their numbers. Those of a long file can go when nobody will ask for them any more; what
/// is walked then are the others.
class Statements {
 public:
  [[nodiscard]] std::size_t size() const { return gone_ + kept_.size(); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  Statement& operator[](std::size_t number) { return kept_[number - gone_]; }
  const Statement& operator[](std::size_t number) const { return kept_[number - gone_]; }
  Statement& at(std::size_t number) { return kept_.at(number - gone_); }
  [[nodiscard]] const Statement& at(std::size_t number) const { return kept_.at(number - gone_); }
  Statement& front() { return kept_.front(); }
  [[nodiscard]] const Statement& front() const { return kept_.front(); }
  [[nodiscard]] auto begin() { return kept_.begin(); }
  [[nodiscard]] auto end() { return kept_.end(); }
  [[nodiscard]] auto begin() const { return kept_.begin(); }
  [[nodiscard]] auto end() const { return kept_.end(); }

  void reserve(std::size_t count) { kept_.reserve(count); }
  Statement& emplace_back() { return kept_.emplace_back(); }
  /// Those before that number go.
  void let_go(std::size_t number) {
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(number - gone_));
    gone_ = number;
  }

 private:
  std::vector<Statement> kept_;
  std::size_t gone_ = 0;
};

/// A piece of text that PostgreSQL's parser refuses, or that no server would be sent.
struct SyntaxError {
  SourceRange range;      ///< the offending token
  SourceRange statement;  ///< the whole statement
  std::string message;
  std::string hint;
};

/// A psql meta-command (`\connect …`), or the data lines of COPY … FROM stdin.
struct ClientCommand {
  SourceRange range;
  std::string_view kind;  ///< "meta-command" or "copy-data"
};

/// A comment `-- pgsluice: …`, not yet interpreted: the migration stage gives it meaning.
struct DirectiveComment {
  SourceRange range;               ///< the whole comment
  std::string body;                ///< what follows `pgsluice:`
  std::size_t next_statement = 0;  ///< index into Script::statements of the first statement after it
  bool before_first_statement = false;
};

struct Script {
  SourceFile source;
  Statements statements;
  std::vector<SyntaxError> errors;
  std::vector<ClientCommand> client_commands;
  std::vector<DirectiveComment> directives;
  std::vector<SourceRange>
      pieces;  ///< what was cut out as statements, good or bad; those from `parsed` on are still text
  std::size_t parsed = 0;
  [[nodiscard]] std::string_view text(const SourceRange& range) const {
    return std::string_view(source.text).substr(range.begin, range.end - range.begin);
  }
  /// As the file has it, with its placeholders.
  [[nodiscard]] std::string_view written(const SourceRange& range) const { return source.written(range); }
};

/// Splits, parses and lowers a whole file. Never throws for bad SQL: each bad statement is one
/// SyntaxError, and the others are still there. Safe to call from several threads.
Script parse(SourceFile source);

/// The same in small bites, so that the statements of a long file need not all be in memory at once. Parsed is what must
/// be known ahead: everything, when the file controls its own transactions or has directives.
Script open_script(SourceFile source);
/// Parses the next few statements and adds them to the script; false: there were none left.
bool parse_more(Script& script);

/// Major version of the PostgreSQL grammar that is compiled in, such as 18.
int grammar_version();

}  // namespace pgsluice
