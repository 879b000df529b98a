// SPDX-License-Identifier: Apache-2.0
#include "pg/questions.hpp"

#include <utility>

#include "base/text.hpp"

namespace pgsluice::pg {

void Questions::ask(std::string_view sql, Take take) {
  // All rows come as one list: the first column says whose they are.
  script_ += cat("SELECT ", std::to_string(takers_.size()), ", q.* FROM (", sql, ") AS q; ");
  takers_.push_back(std::move(take));
}

void Questions::say(std::string_view command) {
  script_ += cat(command, "; ");
}

SqlResult Questions::put(Session& session) {
  SqlResult all = session.script(script_);
  if (!all.ok || all.connection_lost) return all;
  std::vector<SqlResult> answers(takers_.size());
  for (std::vector<SqlValue>& row : all.rows) {
    const auto whose = static_cast<std::size_t>(std::stoul(row.front().value_or("0")));
    row.erase(row.begin());
    answers.at(whose).rows.push_back(std::move(row));
  }
  for (std::size_t i = 0; i < takers_.size(); ++i) takers_[i](answers[i]);
  all.rows.clear();
  return all;
}

}  // namespace pgsluice::pg
