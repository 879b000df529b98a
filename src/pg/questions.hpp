// SPDX-License-Identifier: Apache-2.0
#pragma once

// Several questions in one message: where the server is busy, each message costs a turn of waiting for it.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "pgsluice/session.hpp"

namespace pgsluice::pg {

class Questions {
 public:
  using Take = std::function<void(const SqlResult& rows)>;

  /// A query whose rows `take` gets, when all questions have been answered.
  void ask(std::string_view sql, Take take);
  /// What is to be done before the next question: a SET, a BEGIN.
  void say(std::string_view command);
  /// Sends them, and gives out the answers; none of them when one of the questions fails.
  SqlResult put(Session& session);

 private:
  std::string script_;
  std::vector<Take> takers_;
};

}  // namespace pgsluice::pg
