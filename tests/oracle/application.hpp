// SPDX-License-Identifier: Apache-2.0
// The running release, as far as a catalog can be taken for one: whom does a statement break?
#pragma once

#include <string>
#include <vector>

#include "oracle/session.hpp"
#include "pgsluice/effects.hpp"

namespace pgsluice::oracle {

/// What the application did before a statement, and does no longer, or with another answer.
struct Complaint {
  Breaks whom = Breaks::nobody;
  std::string use;
  std::string error;  ///< what the server says, or what is missing
};

/// Reads and writes every relation of the database by its columns, and relies on every key, default, sequence, type and
/// function that it finds there. `own` is one more thing that it does: "" for none, `\connect ROLE [DATABASE]`, or
/// statements, of which the last one says whether it reads or writes.
class Application {
 public:
  Application(const Server& server, Session& session) : server_(server), session_(session) {}

  /// Looks around: what works now is what it does. Throws std::runtime_error where `own` does not work.
  void start(const std::string& own);
  /// `counts_rows`: fewer rows are an answer that breaks, too.
  std::vector<Complaint> complaints(bool counts_rows);

 private:
  struct Use {
    Breaks whom = Breaks::nobody;
    std::string sql;
    std::string outcome;
  };
  std::string own_outcome();

  const Server& server_;
  Session& session_;
  std::vector<Use> uses_;
  std::string own_;
  std::string own_outcome_;
};

/// The worst of them.
Breaks whom(const std::vector<Complaint>& complaints);

}  // namespace pgsluice::oracle
