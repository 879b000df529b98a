// SPDX-License-Identifier: Apache-2.0
#pragma once

// How one statement gets its safe form: a function per kind, and one table of them. What a kind writes is read, judged and
// rewritten again, so each does one thing: the transaction that a statement must not be in is left to separate.cpp.

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "pgsluice/findings.hpp"

namespace pgsluice::fix {

/// A command whose effect has a safer form.
struct Subject {
  const FileAnalysis& file;
  const Effect& effect;
  const CommandEffect& command_effect;
  const Catalog& before;  ///< what is there when it runs
  int pg_version = 0;     ///< 0: not known

  [[nodiscard]] const Statement& statement() const { return file.script.statements[effect.statement]; }
  [[nodiscard]] const Command& command() const { return statement().commands[command_effect.command]; }
  [[nodiscard]] std::string_view text(const SourceRange& range) const { return file.script.text(range); }
  [[nodiscard]] std::string_view sql() const { return text(statement().range); }
  /// The relation that the command is about; nullptr: none is written.
  [[nodiscard]] const RelationRef* target() const { return command().relation("target"); }
  /// That relation as the catalog knows it; nullptr: it does not.
  [[nodiscard]] const Relation* relation() const;
  /// pg_class.relkind of what is locked under that role; '\0': nothing is.
  [[nodiscard]] char relkind(std::string_view role) const;
};

/// A statement that is written, without its semicolon.
struct Step {
  std::string sql;
  Phase phase = Phase::expand;  ///< it needs a file of that phase, unless it stands in one already
  // Implicit: most steps are nothing but their SQL.
  Step(std::string text) : sql(std::move(text)) {}  // NOLINT(google-explicit-constructor)
  Step(std::string text, Phase of) : sql(std::move(text)), phase(of) {}
};
/// What stands in the place of a statement. Empty: it stays.
using Replacement = std::vector<Step>;
/// Why there is none: a sentence for people.
struct Refusal {
  std::string reason;
};
using Rewritten = std::variant<Replacement, Refusal>;

/// Whether the file has a BEGIN or COMMIT of its own.
bool controls_transactions(const FileAnalysis& file);

struct StatementKind {
  std::string_view name;
  std::string_view sentence;
  std::vector<std::string_view> rows;  ///< of rules/effects, by id or by what stands before its last dot
  Rewritten (*rewrite)(const Subject&);
};

std::span<const StatementKind> statement_kinds();
/// `row` is the id of one in rules/effects; nullptr: none is about it.
const StatementKind* kind_of(std::string_view row);

// ---- kinds that are about more than one command ------------------------------------------------------------------------

constexpr std::string_view k_split_statement = "split-statement";
constexpr std::string_view k_batches = "batches";
constexpr std::string_view k_no_transaction = "no-transaction";
constexpr std::string_view k_split_transaction = "split-transaction";
constexpr std::string_view k_commit_first = "commit-first";
constexpr std::string_view k_contract = "contract";
constexpr std::string_view k_lock_timeout = "lock-timeout";

// ---- the kinds -------------------------------------------------------------------------------------------------------

Rewritten concurrently(const Subject& subject);
Rewritten not_valid(const Subject& subject);
Rewritten using_index(const Subject& subject);
Rewritten set_not_null(const Subject& subject);
Rewritten add_default(const Subject& subject);
Rewritten change_type(const Subject& subject);

}  // namespace pgsluice::fix
