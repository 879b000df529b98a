// SPDX-License-Identifier: Apache-2.0
// Bodies as text → Body.
#include "pgsluice/code.hpp"

#include <utility>

#include "base/text.hpp"
#include "plpgsql.hpp"

namespace pgsluice {

namespace {

Body read_statements(const CodeBlock& code) {
  Script script = parse_dynamic(code.text);
  Body body;
  for (Statement& statement : script.statements) {
    statement.range = {code.offset + statement.range.begin, code.offset + statement.range.end};
    for (Command& command : statement.commands)
      command.range = {code.offset + command.range.begin, code.offset + command.range.end};
    body.steps.push_back({.kind = CodeStep::Kind::statement, .range = statement.range});
    body.steps.back().statement = std::move(statement);
  }
  if (!script.errors.empty()) body.problem = script.errors.front().message;
  return body;
}

}  // namespace

Body read_code(const CodeBlock& code) {
  if (code.body) return *code.body;
  if (code.language == "plpgsql") return sql::read_plpgsql(code);
  if (code.language == "sql") return read_statements(code);
  return {.steps = {}, .problem = cat("language ", code.language.str(), " is not read")};
}

Script parse_dynamic(std::string text) {
  return parse({.path = {}, .text = std::move(text)});
}

}  // namespace pgsluice
