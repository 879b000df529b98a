// SPDX-License-Identifier: Apache-2.0
// Runs one body as far as it can be foreseen. Of a branch nobody knows whether it runs: its locks count, and the catalog is
// afterwards in either state.
#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "effects/follow_scope.hpp"

namespace pgsluice::effects {

namespace {

Variables join(const Variables& a, const Variables& b) {
  Variables result = a;
  for (const auto& [name, value] : b) {
    Text& joined = result[name];
    joined = a.contains(name) ? either(joined, value) : Text();
  }
  return result;
}

/// The value of a row at a place; of several rows, any of theirs.
Text field_of(const Text& value, std::size_t place) {
  if (value.kind == Text::Kind::row) {
    const std::size_t at = value.parts.size() == 1 ? 0 : place;
    return at < value.parts.size() ? value.parts[at] : Text();
  }
  if (value.kind != Text::Kind::choice) return value.kind == Text::Kind::null ? value : Text();
  Text result = value.parts.empty() ? Text() : field_of(value.parts.front(), place);
  for (std::size_t i = 1; i < value.parts.size(); ++i)
    result = either(result, field_of(value.parts[i], place));
  return result;
}

/// What is known of the fields of a record that gets another value, and of the record when a field does.
void forget_parts(Variables& variables, const std::string& name) {
  const std::string prefix = name + ".";
  for (auto at = variables.lower_bound(prefix); at != variables.end() && at->first.starts_with(prefix);) {
    at = variables.erase(at);
  }
  if (const std::size_t dot = name.find('.'); dot != std::string::npos) variables.erase(name.substr(0, dot));
}

/// Where no name can stand (`RESTART WITH`), what is not known is a number.
Script parse_partly_known(const std::string& sql) {
  Script script = parse_dynamic(sql);
  if (script.errors.empty() || sql.find(k_unknown_part) == std::string::npos) return script;
  Script other = parse_dynamic(replace_all(sql, k_unknown_part, "1"));
  return other.errors.empty() ? std::move(other) : std::move(script);
}

}  // namespace

void Follower::run_body(const Box<CodeBlock>& code, Variables variables, std::string where) {
  const std::shared_ptr<const Body> body = body_of(code);
  Frame frame{.code = code, .body = body, .variables = std::move(variables), .where = std::move(where)};
  if (!body->problem.empty()) unseen(cat(frame.where, ": ", body->problem));
  const Names search_path = catalog_.search_path;
  if (!code->search_path.empty()) catalog_.search_path = code->search_path;
  frame.in_place =
      frames_.empty() && code->exact && range_.begin <= code->offset && code->offset < range_.end;
  frames_.push_back(&frame);
  if (frames_.size() == 1 && active_.empty()) open_types(*code, *body, false);  // DO
  run_steps(body->steps);
  frames_.pop_back();
  for (const Catalog& exit : frame.exits) catalog_.join(exit);
  for (const auto& scope : frame.rest) {
    if (scope->before) catalog_.join(*scope->before);
  }
  if (!code->search_path.empty()) catalog_.search_path = search_path;
}

std::shared_ptr<const Body> Follower::body_of(const Box<CodeBlock>& code) {
  auto& [owner, body] = bodies_[&*code];
  if (body == nullptr) {
    owner = code;
    body = std::make_shared<const Body>(read_code(*code));
  }
  return body;
}

void Follower::before_change() {
  const auto keep = [this](Scope& scope) {
    if (!scope.before) scope.before = catalog_;
  };
  for (Scope* scope : scopes_) keep(*scope);
  for (Frame* frame : frames_) {
    for (const auto& scope : frame->rest) keep(*scope);
  }
}

std::string Follower::place_of(const CodeStep& step) const {
  const Frame& frame = *frames_.back();
  const std::string_view text = frame.code->text;
  const std::size_t at = step.range.begin - frame.code->offset;
  if (at > text.size()) return frame.where;
  const auto line = 1 + std::ranges::count(text.substr(0, at), '\n');
  return cat(frame.where, ", line ", std::to_string(line));
}

Text Follower::value_of(const Text& text) const {
  static const Variables k_none;
  return evaluate(text, frames_.empty() ? k_none : frames_.back()->variables, catalog_);
}

Follower::Flow Follower::run_steps(const std::vector<CodeStep>& steps) {
  for (const CodeStep& step : steps) {
    if (!spend()) return Flow::leaves_code;
    const Flow flow = run_step(step);
    if (flow != Flow::goes_on) return flow;
  }
  return Flow::goes_on;
}

Follower::Flow Follower::run_step(const CodeStep& step) {
  frames_.back()->step = step.range;
  switch (step.kind) {
    case CodeStep::Kind::statement:
      run_statement(step);
      assign(step.targets, value_of(step.text));
      return Flow::goes_on;
    case CodeStep::Kind::assign:
      run_statement(step);
      for (const Name target : step.targets) assign({target}, value_of(step.text));
      return Flow::goes_on;
    case CodeStep::Kind::execute: run_dynamic(step); return Flow::goes_on;
    case CodeStep::Kind::branch: return run_branch(step);
    case CodeStep::Kind::loop: return run_loop(step);
    case CodeStep::Kind::block: return run_block(step);
    case CodeStep::Kind::commit: host_->ends_transaction(); return Flow::goes_on;
    case CodeStep::Kind::leave: return step.complete ? Flow::leaves_code : Flow::leaves_loop;
  }
  return Flow::goes_on;
}

/// A row goes to several targets, any other value to the first. Of a row of one column that is a record and its field.
void Follower::assign(const Names& targets, const Text& value) {
  Variables& variables = frames_.back()->variables;
  for (const Name target : targets) forget_parts(variables, target.str());
  const bool is_row =
      value.kind == Text::Kind::row ||
      (value.kind == Text::Kind::choice &&
       std::ranges::any_of(value.parts, [](const Text& part) { return part.kind == Text::Kind::row; }));
  for (std::size_t i = 0; i < targets.size(); ++i)
    variables[targets[i].str()] = is_row ? field_of(value, i) : i == 0 ? value : Text();
}

/// Nothing is known any more of what the steps assign.
void Follower::forget(const std::vector<CodeStep>& steps) {
  for (const CodeStep& step : steps) {
    assign(step.targets, {});
    for (const std::vector<CodeStep>& block : step.blocks) forget(block);
  }
}

/// Of several ways one is taken, or none: `run` follows the one with the number.
Follower::Flow Follower::run_alternatives(std::size_t count, bool one_runs,
                                          const std::function<Flow(std::size_t)>& run) {
  Frame& frame = *frames_.back();
  const Variables variables = frame.variables;
  std::optional<Variables> joined;
  std::vector<Catalog> ends;
  bool unchanged = !one_runs;  // one way leaves the catalog as it is
  Flow strongest = Flow::goes_on;
  if (!one_runs) joined = variables;
  for (std::size_t i = 0; i < count; ++i) {
    frame.variables = variables;
    Scope scope;
    scopes_.push_back(&scope);
    const Flow flow = run(i);
    scopes_.pop_back();
    std::optional<Catalog> end;
    if (scope.before) end = std::exchange(catalog_, std::move(*scope.before));
    strongest = std::max(strongest, flow);
    if (flow == Flow::leaves_code) {
      if (end) frame.exits.push_back(std::move(*end));
      continue;
    }
    joined = joined ? join(*joined, frame.variables) : frame.variables;
    if (end) {
      ends.push_back(std::move(*end));
    } else {
      unchanged = true;
    }
  }
  if (!unchanged && !ends.empty()) {
    catalog_ = std::move(ends.back());
    ends.pop_back();
  }
  for (const Catalog& end : ends) catalog_.join(end);
  frame.variables = joined.value_or(variables);
  if (!joined) return Flow::leaves_code;
  // What comes after does not run when a way has left.
  if (strongest != Flow::goes_on) frame.rest.push_back(std::make_unique<Scope>());
  return Flow::goes_on;
}

Follower::Flow Follower::run_branch(const CodeStep& step) {
  std::vector<const std::vector<CodeStep>*> possible;
  bool one_runs = false;
  for (std::size_t i = 0; i < step.blocks.size() && !one_runs; ++i) {
    const bool conditional = i < step.text.parts.size();
    const auto known = conditional ? truth(value_of(step.text.parts[i])) : std::optional(true);
    if (known == false) continue;
    possible.push_back(&step.blocks[i]);
    one_runs = known == true;
  }
  if (possible.size() == 1 && one_runs) return run_steps(*possible.front());
  return run_alternatives(possible.size(), one_runs, [&](std::size_t i) { return run_steps(*possible[i]); });
}

Follower::Flow Follower::run_loop(const CodeStep& step) {
  const Text rows = value_of(step.text);
  constexpr std::size_t few = 5;  // custom plans: see value_of_variable()
  const bool is_long = rows.kind != Text::Kind::array || rows.parts.size() > few;
  if (is_long) ++long_loops_;
  const Flow flow = run_rounds(step, rows);
  if (is_long) --long_loops_;
  return flow;
}

Follower::Flow Follower::run_rounds(const CodeStep& step, const Text& rows) {
  const std::vector<CodeStep>& body = step.blocks.front();
  if (rows.kind == Text::Kind::array) {
    for (const Text& row : rows.parts) {
      assign(step.targets, row);
      const Flow flow = run_steps(body);
      if (flow == Flow::leaves_code) return flow;
      if (flow == Flow::leaves_loop) break;
    }
    return Flow::goes_on;
  }
  const bool values = rows.kind == Text::Kind::choice;
  if (!values) forget(body);
  const std::size_t count = values ? rows.parts.size() : 1;
  for (std::size_t i = 0; i < count; ++i) {
    const Flow flow = run_alternatives(1, step.complete, [&](std::size_t) {
      assign(step.targets, values ? rows.parts[i] : Text());
      const Flow inside = run_steps(body);
      return inside == Flow::leaves_loop ? Flow::goes_on : inside;
    });
    if (flow != Flow::goes_on) return flow;
  }
  forget(body);
  return Flow::goes_on;
}

/// What a block declares hides variables of the same names; they come back.
Follower::Flow Follower::run_scope(const CodeStep& step) {
  const Variables outer = step.targets.empty() ? Variables() : frames_.back()->variables;
  const Flow flow = run_steps(step.blocks.front());
  Variables& variables = frames_.back()->variables;
  for (const Name name : step.targets) {
    forget_parts(variables, name.str());
    variables.erase(name.str());
    for (auto at = outer.lower_bound(name.str()); at != outer.end() && at->first.starts_with(name.str());
         ++at) {
      if (at->first == name.str() || at->first[name.str().size()] == '.') variables[at->first] = at->second;
    }
  }
  return flow;
}

/// An exception undoes what its block did; then one of the handlers runs.
Follower::Flow Follower::run_block(const CodeStep& step) {
  if (step.blocks.size() == 1) return run_scope(step);
  Scope scope;
  scopes_.push_back(&scope);
  const Flow flow = run_steps(step.blocks.front());
  scopes_.pop_back();
  std::optional<Catalog> end;
  if (scope.before) end = std::exchange(catalog_, std::move(*scope.before));
  Variables after = frames_.back()->variables;
  forget(step.blocks.front());
  const Flow handled = run_alternatives(step.blocks.size() - 1, true,
                                        [&](std::size_t i) { return run_steps(step.blocks[i + 1]); });
  if (flow != Flow::goes_on) {
    if (end && flow == Flow::leaves_code) frames_.back()->exits.push_back(std::move(*end));
    return handled;
  }
  Variables& variables = frames_.back()->variables;
  if (handled == Flow::goes_on) {
    variables = join(after, variables);
    if (end) catalog_.join(*end);
  } else {
    variables = std::move(after);
    if (end) catalog_ = std::move(*end);
  }
  return Flow::goes_on;
}

void Follower::run_statement(const CodeStep& step) {
  if (step.statement.commands.empty()) return;
  run(std::shared_ptr<const Statement>(frames_.back()->body, &step.statement));
}

void Follower::run_dynamic(const CodeStep& step) {
  run_statement(step);
  const Text text = value_of(step.text);
  if (text.kind == Text::Kind::constant) {
    run_text(step, text.value);
  } else if (text.kind == Text::Kind::choice) {
    run_alternatives(text.parts.size(), true, [&](std::size_t i) {
      const Text& part = text.parts[i];
      if (part.kind == Text::Kind::constant) run_text(step, part.value);
      if (part.kind == Text::Kind::unknown) unseen(cat(place_of(step), ": what EXECUTE runs is not known"));
      return Flow::goes_on;
    });
  } else {
    unseen(cat(place_of(step), ": what EXECUTE runs is not known"));
  }
  assign(step.targets, {});
}

void Follower::run_text(const CodeStep& step, const std::string& sql) {
  const auto script = std::make_shared<const Script>(parse_partly_known(sql));
  if (!script->errors.empty()) return unseen(cat(place_of(step), ": what EXECUTE runs is not known"));
  Frame& frame = *frames_.back();
  frame.dynamic = true;
  frame.partly_known = sql.find(k_unknown_part) != std::string::npos;
  frame.place = place_of(step);
  for (const Statement& statement : script->statements) {
    run(std::shared_ptr<const Statement>(script, &statement));
  }
  frame.dynamic = frame.partly_known = false;
}

}  // namespace pgsluice::effects
