// SPDX-License-Identifier: Apache-2.0
// Stage 6: may a contract step run now? Evidence about who still needs what it takes away, from sources that each know
// one part of the world, put together by a policy to a decision that the ledger keeps.
//
// A new source is one function in a file of its own: it gets a question about one contract file and says what it has
// seen. It never throws for what it cannot see: that is evidence, too, with the verdict `unknown`, and words that say what
// to do about it. Files that it has nothing to say about get an empty answer. cli/gate.cpp has the list of sources.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pgsluice/execute.hpp"
#include "pgsluice/plan.hpp"
#include "pgsluice/release.hpp"

namespace pgsluice {

// ---- releases --------------------------------------------------------------------------------------------------------

enum class Verdict { open, closed, unknown };
std::string_view to_string(Verdict verdict);

/// Of the directive needs-app, one application of it: checkout>=2.4.0.
struct AppNeed {
  std::string app;
  std::string comparison;  ///< >=, > or =
  std::string version;
  std::vector<std::string> order;  ///< of releases that are no versions, oldest first
  std::vector<std::string>
      unfit;  ///< releases that have come without what the step goes with, whatever they are called
  std::vector<std::string> whole;  ///< those that have come with it: another spelling of them says nothing
};
std::optional<AppNeed> parse_app_need(std::string_view text);
/// Of several applications, with commas between. Empty where one of them is none.
std::vector<AppNeed> parse_app_needs(std::string_view text);
/// A commit that the ledger has never seen is older than the first release that came with the file: that file names it.
/// \param first_with  that release; empty: none has come yet
void place_unseen(AppNeed& need, const std::string& first_with);
/// With which files the releases of an application have come.
struct BroughtWith {
  std::vector<std::string> all;
  std::vector<std::string> lacking;  ///< without one that the step rests on
  std::vector<std::string> reverts;  ///< without the step itself, when others had come with it
};
/// A release that goes back before the step, such as a revert, is older, whatever it is called. A release from before it is
/// no such one where somebody says that it can live with the step.
void tell_misfits(AppNeed& need, const BroughtWith& brought, const std::string& first_with);
std::string to_string(const AppNeed& need);
/// Whether a release is one that the need allows; unknown: the two cannot be compared.
Verdict fits(std::string_view release, const AppNeed& need);
/// It would fit by its name, and has come without files that the step goes with.
bool is_misfit(std::string_view release, const AppNeed& need);

/// What a contract file without needs-app needs all the same.
struct ImpliedNeed {
  std::optional<AppNeed> need;
  std::string why_not;  ///< where there is none: what is not known, and what to do about it
};
/// What a run is told of the release that it brings. Empty: nobody has said.
struct BroughtBy {
  std::string app;
  std::string release;
};
/// The release that the file itself has come with: it is the first of which somebody says that it can live without what the
/// file takes away. Nothing of files that more than one application has brought; `apps` are those that have.
ImpliedNeed implied_need(const PlannedFile& file, const Ledger& ledger, const BroughtBy& by,
                         const std::set<std::string>& apps);

// ---- evidence --------------------------------------------------------------------------------------------------------

/// What one source has seen.
struct Evidence {
  std::string provider;  ///< "sessions"
  std::string subject;   ///< what it is about: "checkout>=2.4.0", "public.orders.total"; may be empty
  Verdict verdict = Verdict::unknown;
  std::string words;            ///< one line for people: why, and what would open the gate
  std::string detail = "{}";    ///< what was seen, a JSON object without secrets
  bool can_be_settled = false;  ///< unknown, and somebody who has looked may say so: --approve
};

enum class Change { dropped, renamed, altered, tightened };
std::string_view to_string(Change change);

/// What a contract file takes away or tightens. No column: the whole relation.
struct GateSubject {
  /// Procedures and aggregates are functions, domains are types. A key is a constraint of the relation, which stands as its
  /// column, or an index, which is the relation itself.
  enum class Kind { relation, function, type, key };
  RelationName relation;  ///< the name, whatever it is; as written where it is no relation
  std::string column;
  Change change = Change::dropped;
  Kind kind = Kind::relation;
  std::string arguments;       ///< of a function: int4,_text; * where none are written
  bool loses_default = false;  ///< of what is tightened: who leaves the column out gets no value any more
  [[nodiscard]] std::string quoted() const;
  bool operator==(const GateSubject&) const = default;
};

/// Something that takes all along that is in it, or gives it another name.
struct GateContainer {
  enum class Kind { schema, extension };
  Kind kind = Kind::schema;
  std::string name;
  Change change = Change::dropped;
  bool operator==(const GateContainer&) const = default;
};

/// What a source is asked about.
struct GateQuestion {
  const PlannedFile& file;
  std::vector<AppNeed> needs;  ///< of needs-app
  std::vector<GateSubject> subjects;
  std::vector<GateSubject> keys;          ///< constraints and indexes, which only ON CONFLICT needs
  std::vector<RelationName> taken_along;  ///< tables that lose parts which the file does not name, by CASCADE
  std::vector<GateContainer> containers;  ///< only the catalogs say what is in them: add_members()
  bool destroys_data = false;
};

/// One source of evidence. May be asked several times in a run; remembers what it has learnt by itself.
struct EvidenceSource {
  std::string provider;
  std::function<std::vector<Evidence>(const GateQuestion&)> look;
};

// ---- policy ----------------------------------------------------------------------------------------------------------

enum class Requirement {
  automatic,  ///< what a source says must be open; it may have nothing to say
  required,   ///< and it must say something
  optional,   ///< it is told and recorded, and holds nothing back
  ignored,    ///< it is not asked
};
std::optional<Requirement> parse_requirement(std::string_view text);

struct GatePolicy {
  /// By provider; those that are not named are automatic.
  std::map<std::string, Requirement, std::less<>> requirements = {{"recoverability", Requirement::optional}};
  milliseconds soak{0};              ///< of files without the directive
  std::vector<std::string> freezes;  ///< as they are written: "Fri 16:00-Mon 08:00", "2026-12-20/2027-01-03"
  [[nodiscard]] Requirement requirement(std::string_view provider) const;
};

// ---- decisions -------------------------------------------------------------------------------------------------------

/// What the ledger remembers of earlier looks.
struct GateMemory {
  struct Row {
    Verdict verdict = Verdict::unknown;
    milliseconds lasts{0};  ///< how long it has been seen with this verdict
  };
  struct Key {
    std::string migration;
    std::string provider;
    std::string subject;
    auto operator<=>(const Key&) const = default;
  };
  std::map<Key, Row> rows;
  std::map<std::string, milliseconds> applied_for;  ///< by migration: how long ago it was applied
  /// Who has approved it and why, by migration and SHA-256 of its file.
  std::map<std::pair<std::string, std::string>, std::string> approvals;
};

struct GateDecision {
  std::string migration;
  Verdict verdict = Verdict::unknown;  ///< open or closed; unknown never stays
  std::string words;                   ///< of a closed one: what closes it
  std::vector<Evidence> evidence;
  std::string policy = "{}";  ///< that was in force, a JSON object
};

/// What the file takes away or tightens, by the effects of its statements.
GateQuestion question_of(const PlannedFile& file);
/// Asks every source that the policy does not ignore.
std::vector<Evidence> gather(const GateQuestion& question, const std::vector<EvidenceSource>& sources,
                             const GatePolicy& policy);
/// Pure: what follows from the evidence. Adds what must be there and is not.
GateDecision decide(const GateQuestion& question, std::vector<Evidence> evidence, const GatePolicy& policy);

}  // namespace pgsluice
