// SPDX-License-Identifier: Apache-2.0
// Stage 1, inside strings: the bodies of DO, functions and procedures as plain values. What a body does is known when it
// is followed, with the catalog at hand: that is the business of effects.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/box.hpp"
#include "pgsluice/name.hpp"
#include "pgsluice/sql.hpp"

namespace pgsluice {

/// A value as code puts it together: what EXECUTE runs, what a call passes, what a variable gets.
struct Text {
  enum class Kind : unsigned char {
    unknown,   ///< depends on data, or on what we do not evaluate
    constant,  ///< `value`
    null,
    variable,  ///< of the code; `value` is its name, `record.field`, or `$1`
    call,      ///< the function or operator `value` of the parts
    array,     ///< of the parts; `value` is its lower bound, if that is not 1
    row,       ///< one value per column
    choice,    ///< one of the parts, which one depends on data
    query,  ///< rows of system catalogs: an array of `schema.name alias`, the condition, a row of the columns
  };
  Kind kind = Kind::unknown;
  std::string value;
  std::vector<Text> parts;
  bool operator==(const Text&) const = default;
};

/// One step of a body.
struct CodeStep {
  enum class Kind : unsigned char {
    statement,  ///< `statement` runs; `targets` get values that nobody knows, or those of `text`
    execute,    ///< what `text` yields is parsed and run
    assign,     ///< `targets` get `text`; `statement`, if it has commands, is what the expression asks
    branch,     ///< one of `blocks` runs, or none of them unless `complete`
    loop,       ///< the only block runs for each element of `text`, which `targets` get
    block,      ///< the first block runs; the others are its exception handlers
    leave,      ///< what follows does not run: in the loop, or (`complete`) in all of the code
    commit,     ///< COMMIT or ROLLBACK: locks are let go
  };
  Kind kind = Kind::statement;
  SourceRange range;  ///< in the file, if the code stands there byte for byte
  Statement statement;
  Text text;
  Names targets;
  std::vector<std::vector<CodeStep>> blocks;
  bool complete = false;  ///< a branch: with ELSE; a loop: runs at least once
};

/// The type of a variable, as far as it may be that of a relation's rows.
struct VariableType {
  RelationName name;  ///< of a relation, or of a type
  Name column;        ///< %TYPE of a column of it
  bool operator==(const VariableType&) const = default;
};

struct Body {
  std::vector<CodeStep> steps;
  std::vector<VariableType> types;  ///< of all variables that are declared
  std::string problem;              ///< why it could not be read; then the steps are those that could
};

/// Code as it was written. Most functions are never called: they are read when somebody does.
struct CodeBlock {
  Name language;
  std::string text;
  std::size_t offset = 0;  ///< of the first byte in the file
  bool exact = false;      ///< it stands there byte for byte, so that places inside it are places in the file
  bool security_definer = false;
  Names search_path;            ///< SET search_path
  bool stays_call = false;      ///< STRICT or SET: its expression never takes the place of the call
  Names parameters;             ///< names by position; "" when it has none
  std::vector<TypeName> types;  ///< of what a caller passes
  TypeName result;              ///< RETURNS; empty: a procedure, or its OUT parameters
  int required = 0;             ///< parameters without a default
  std::vector<Text> defaults;   ///< by position; unknown: none, or one that nobody knows
  bool variadic = false;
  bool strict = false;  ///< it is not called with a null
  Box<Body> body;       ///< RETURN … and BEGIN ATOMIC: read with the statement
};

/// Reads PL/pgSQL and SQL. Never throws for bad code: see Body::problem.
Body read_code(const CodeBlock& code);

/// Parses what EXECUTE runs.
Script parse_dynamic(std::string text);

}  // namespace pgsluice
