// SPDX-License-Identifier: Apache-2.0
// The plan for people: one block per step, then what stands against it.
#include <algorithm>

#include "base/quantity.hpp"
#include "base/text.hpp"
#include "report/explain.hpp"
#include "report/forecast.hpp"

namespace pgsluice {
namespace {

constexpr std::size_t k_most_locks = 20;  // of a step; a partitioned table may have a thousand
constexpr std::size_t k_most_blockers = 10;
constexpr std::size_t k_most_names = 8;  // in a sentence
constexpr std::size_t k_most_statements = 20;

// ---- sizes and locks ---------------------------------------------------------------------------------------------------

std::string size_words(const RelationName& relation, const RelationStates& states) {
  const auto found = states.find(relation);
  if (found == states.end() || found->second.oid == 0) return "not there yet";
  std::vector<std::string> parts;
  if (found->second.rows) parts.push_back(cat("about ", rounded_words(*found->second.rows), " rows"));
  if (found->second.bytes) parts.push_back(byte_words(*found->second.bytes));
  return join(parts, ", ");
}

Style style_of(LockMode mode) {
  if (blocks_reads(mode)) return Style::error;
  return blocks_writes(mode) ? Style::warning : Style::plain;
}

Document locks(const ForecastStep& forecast, const RelationStates& states) {
  std::vector<const RelationLock*> sorted;
  for (const RelationLock& lock : forecast.step->locks) sorted.push_back(&lock);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const RelationLock* a, const RelationLock* b) { return a->mode > b->mode; });
  Table table{.header = {"relation", "lock", "size"}, .rows = {}};
  for (const RelationLock* lock : sorted) {
    if (table.rows.size() == k_most_locks) break;
    table.rows.push_back({code(lock->relation.quoted()), styled(style_of(lock->mode), lock_sql(lock->mode)),
                          size_words(lock->relation, states)});
  }
  if (table.rows.empty()) return paragraph("none that others could wait for");
  Document document{table};
  if (sorted.size() > table.rows.size()) {
    document.emplace_back(Paragraph{
        cat("… and ", count_of(sorted.size() - table.rows.size(), "more lock"), "; --format json has all")});
  }
  return document;
}

// ---- work --------------------------------------------------------------------------------------------------------------

Words with_sizes(const std::vector<RelationName>& tables, const RelationStates& states) {
  std::vector<Words> items;
  for (const RelationName& table : tables) {
    const std::string size = size_words(table, states);
    items.push_back(code(table.quoted()) + (size.empty() ? "" : cat(" (", size, ")")));
    if (items.size() == k_most_locks) break;
  }
  if (tables.size() > items.size()) {
    const std::string more = cat(std::to_string(tables.size() - items.size()), " more");
    items.emplace_back(more);
  }
  return enumerate(items, " and ");
}

Words work_words(const PricedWork& work, const RelationStates& states) {
  switch (work.kind) {
    case PricedWork::Kind::rewrite: return Words("writes ") + with_sizes(work.tables, states) + " anew";
    case PricedWork::Kind::scan:
      return Words("reads every row of ") + with_sizes(work.tables, states) + " to verify them";
    case PricedWork::Kind::index_build:
      return Words("builds ") + code(work.relation.quoted()) + " on " + with_sizes(work.tables, states);
  }
  return {};
}

std::string place(const ForecastStatement& statement) {
  return cat("line ", std::to_string(statement.position.line), ": ");
}

Document work(const ForecastStep& forecast, const RelationStates& states) {
  Document document;
  bool unknown = false;
  bool slow = false;
  for (const ForecastStatement& statement : forecast.statements) {
    unknown = unknown || statement.effect->unmodeled;
    for (const PricedWork& one : statement.work) {
      document.emplace_back(Paragraph{Words(place(statement)) + work_words(one, states)});
    }
  }
  for (const Meanwhile& part : forecast.meanwhile) slow = slow || part.hold == Hold::work;
  if (unknown) document.emplace_back(Paragraph{"not known: it runs what nobody can foresee"});
  if (!document.empty()) return document;
  return paragraph(slow ? "grows with the rows that it reads and writes" : "none that grows with the data");
}

// ---- others ------------------------------------------------------------------------------------------------------------

Document meanwhile(const ForecastStep& forecast) {
  Document document;
  for (const Meanwhile& part : forecast.meanwhile) {
    if (part.waiting.empty()) continue;
    const std::vector<std::string> waiting(part.waiting.begin(), part.waiting.end());
    document.emplace_back(Paragraph{Words("on ") + name_words(part.relations, k_most_names) + ", " +
                                    hold_words(part.hold) + ", wait: " + join(waiting, "; ")});
  }
  return document.empty() ? paragraph("nobody has to wait") : document;
}

/// One holder, with all that it holds.
struct Holder {
  const Blocker* blocker = nullptr;
  std::size_t relations = 0;
};

std::vector<Holder> holders_of(const std::vector<Blocker>& blockers) {
  std::vector<Holder> holders;
  for (const Blocker& blocker : blockers) {
    const auto same = std::ranges::find_if(holders, [&](const Holder& holder) {
      return holder.blocker->pid == blocker.pid && holder.blocker->transaction == blocker.transaction;
    });
    if (same == holders.end()) {
      holders.push_back({.blocker = &blocker, .relations = 1});
    } else {
      ++same->relations;
    }
  }
  return holders;
}

std::string threat_words(const Threat& threat) {
  if (threat.eviction == Eviction::none) return "";
  return cat(
      threat.eviction == Eviction::cancel ? "apply would cancel its query" : "apply would end its session",
      threat.from ? cat(" once its transaction is older than ", format_duration(*threat.from)) : "");
}

Document in_the_way(const ForecastStep& forecast, const BlockerPolicy& policy) {
  if (forecast.blockers.empty()) return paragraph(styled(Style::good, "nobody at this moment"));
  const std::vector<Holder> holders = holders_of(forecast.blockers);
  List list;
  for (const auto& [blocker, relations] : holders) {
    if (list.items.size() == k_most_blockers) {
      list.items.emplace_back(cat(std::to_string(holders.size() - k_most_blockers), " more"));
      break;
    }
    Words words = styled(Style::warning, describe(*blocker, relations - 1));
    const std::string threat = threat_words(threat_to(policy, *blocker));
    if (!threat.empty()) words += styled(Style::error, cat("; ", threat));
    list.items.push_back(std::move(words));
  }
  return {list};
}

Document lately(const ForecastStep& forecast) {
  if (!forecast.past) return {};
  return paragraph(cat("waited ", format_duration(forecast.past->median), " in half of ",
                       count_of(static_cast<std::size_t>(forecast.past->steps), "earlier step"), ", ",
                       format_duration(forecast.past->longest), " at most"));
}

Document budget(const ForecastStep& forecast, const RunOptions& options) {
  std::string words = cat("queues for a lock for ", format_duration(forecast.lock_timeout),
                          " at most, tries again for ", format_duration(forecast.lock_budget));
  if (options.stall_budget > milliseconds(0) && !forecast.step->concurrent) {
    words += cat(", lets nobody wait behind it for more than ", format_duration(options.stall_budget));
  }
  if (forecast.statement_timeout > milliseconds(0)) {
    words += cat(", runs for ", format_duration(forecast.statement_timeout), " at most");
  }
  return paragraph(words);
}

std::string statements_text(const ForecastStep& forecast) {
  std::vector<std::string> texts;
  for (const ForecastStatement& statement : forecast.statements) {
    if (texts.size() == k_most_statements) {
      texts.push_back(cat("-- ", count_of(forecast.statements.size() - texts.size(), "more statement")));
      break;
    }
    texts.push_back(cat(statement.planned->sql, ";"));
  }
  return join(texts, "\n");
}

std::string batch_words(const Backfill& backfill) {
  return cat(" in batches of ", std::to_string(backfill.size), " rows and more, by ",
             backfill.key.empty() ? "the primary key" : join(backfill.key, ", "), ", each a transaction");
}

std::string step_words(const ForecastStep& forecast) {
  const std::string statements = count_of(forecast.statements.size(), "statement");
  return cat(to_string(forecast.file->analysis.migration.phase), ", ", statements,
             forecast.step->backfill         ? batch_words(*forecast.step->backfill)
             : forecast.step->in_transaction ? " in one transaction"
                                             : " outside transactions",
             forecast.file->state == FileState::pending
                 ? ""
                 : cat("; the file is ", to_string(forecast.file->state)));
}

void add_step(const ForecastStep& forecast, const RelationStates& states, const RunOptions& options,
              Document& document) {
  document.emplace_back(Heading{.level = 2, .words = code(forecast.step->id)});
  document.emplace_back(Paragraph{step_words(forecast)});
  if (forecast.statements.empty()) return;
  document.emplace_back(Code{.language = "sql", .text = statements_text(forecast)});
  Fields fields;
  const auto add = [&](const char* label, Document blocks) {
    if (!blocks.empty()) fields.fields.push_back({label, std::move(blocks)});
  };
  add("locks", locks(forecast, states));
  add("work", work(forecast, states));
  add("meanwhile", meanwhile(forecast));
  add("in the way", in_the_way(forecast, options.blockers));
  add("lately", lately(forecast));
  add("budget", budget(forecast, options));
  document.emplace_back(std::move(fields));
}

// ---- around the steps --------------------------------------------------------------------------------------------------

void add_problem(const PlanProblem& problem, Document& document) {
  const bool warning = problem.code == ExitCode::ok;
  std::string place = problem.path;
  if (problem.position.line > 0) {
    place += cat(":", std::to_string(problem.position.line), ":", std::to_string(problem.position.column));
  }
  const bool is_sql = problem.hint.find('\n') != std::string::npos;
  Words words = styled(warning ? Style::warning : Style::error, warning ? "warning: " : "refused: ") +
                cat(place, " ", printable_line(problem.message));
  if (!problem.hint.empty() && !is_sql) words += cat(". ", problem.hint);
  document.emplace_back(Paragraph{words});
  if (is_sql) document.emplace_back(Code{.language = "sql", .text = problem.hint});
}

Words summary(const Forecast& forecast) {
  const PlanProblem* refusal = forecast.plan.refusal();
  if (refusal != nullptr) {
    return styled(Style::error,
                  cat("apply would refuse, exit code ", std::to_string(static_cast<int>(refusal->code))));
  }
  if (forecast.steps.empty()) return styled(Style::good, "nothing to do");
  std::size_t files = 0;
  for (const PlannedFile& file : forecast.plan.files) files += file.steps.empty() ? 0 : 1;
  const auto blocked = std::count_if(forecast.steps.begin(), forecast.steps.end(),
                                     [](const ForecastStep& step) { return !step.blockers.empty(); });
  Words words =
      cat("apply would run ", count_of(files, "migration"), " in ", count_of(forecast.steps.size(), "step"));
  if (blocked > 0) {
    words += styled(Style::warning, cat("; ", count_of(static_cast<std::size_t>(blocked), "step"),
                                        " would have to wait at this moment"));
  }
  return words;
}

}  // namespace

Document to_document(const Forecast& forecast) {
  Document document;
  document.emplace_back(
      Heading{.level = 1,
              .words = Words(cat("PostgreSQL ", std::to_string(forecast.server_version_num / 10000), ", ",
                                 forecast.target, forecast.standby ? ", a standby" : "",
                                 forecast.ledger.exists ? "" : ", no ledger yet"))});
  if (forecast.ledger.active) {
    document.emplace_back(Paragraph{
        styled(Style::warning,
               cat("a run is active: pid ", std::to_string(forecast.ledger.active->pid), " ",
                   forecast.ledger.active->application_name, ", since ", forecast.ledger.active->since))});
  }
  for (const ForecastStep& step : forecast.steps) add_step(step, forecast.states, forecast.options, document);
  for (const PlanProblem& problem : forecast.plan.problems) add_problem(problem, document);
  document.emplace_back(Paragraph{summary(forecast)});
  return document;
}

}  // namespace pgsluice
