// SPDX-License-Identifier: Apache-2.0
#include "cli/gate.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>

#include <CLI/CLI.hpp>

#include "base/text.hpp"
#include "gate/queries.hpp"
#include "gate/record.hpp"
#include "gate/sources.hpp"

namespace pgsluice::cli {
namespace {

constexpr std::array<std::string_view, 12> k_providers = {
    "approval", "dependants",       "freeze",  "needs-app", "queries", "recoverability",
    "release",  "rollback-horizon", "rollout", "sessions",  "soak",    "verified"};

void read_requirement(const std::string& text, GatePolicy& policy) {
  const std::size_t equals = text.find('=');
  const std::string provider = text.substr(0, equals);
  if (std::find(k_providers.begin(), k_providers.end(), provider) == k_providers.end()) {
    const std::vector<std::string> known(k_providers.begin(), k_providers.end());
    throw Error(ExitCode::usage, cat("--evidence: there is no evidence \"", printable_line(provider), "\""),
                cat("Known: ", join(known, ", "), "."));
  }
  const auto requirement =
      equals == std::string::npos ? std::nullopt : parse_requirement(text.substr(equals + 1));
  if (!requirement) {
    throw Error(ExitCode::usage, cat("--evidence: what about \"", printable_line(text), "\"?"),
                cat("Write ", provider, "=required, =optional, =ignored or =automatic."));
  }
  policy.requirements[provider] = *requirement;
}

std::vector<EvidenceSource> sources_of(Session& session, const Plan& plan, const GateMemory& memory,
                                       const GatePolicy& policy, const GateOptions& options,
                                       const std::map<std::string, std::string>& brought_last) {
  return {release_source(options.app, options.release),
          session_source(session, options.app_roles, brought_last),
          dependant_source(session),
          verification_source(session, plan),
          query_source(session, options.ignored_roles),
          recoverability_source(session),
          freeze_source(policy.freezes, std::time(nullptr)),
          approval_source(memory, policy)};
}

/// What this database does not count at all holds nothing back, unless somebody asks for it.
void excuse_missing_statistics(GatePolicy& policy, Session& session) {
  if (policy.requirements.contains("queries") || has_query_statistics(session)) return;
  policy.requirements["queries"] = Requirement::optional;
}

/// Where nobody names an application, and no cluster has one to show, the database alone is asked.
void excuse_nameless_application(GatePolicy& policy, const Ledger& ledger, const GateOptions& options) {
  const bool is_known = !options.app.empty() || std::ranges::any_of(ledger.brought, [](const auto& brought) {
    return !brought.app.empty();
  });
  if (is_known || policy.requirements.contains("needs-app")) return;
  policy.requirements["needs-app"] = Requirement::optional;
}

EvidenceSource backups_of(Cluster* cluster, const ClusterOptions& options) {
  BackupPolicy policy = options.backups;
  policy.max_age = options.max_backup_age.value_or(policy.max_age);
  return backup_source(cluster, options.policy.selection.name_space, policy, std::time(nullptr));
}

bool could_run(const PlannedFile& file) {
  return file.analysis.migration.phase == Phase::contract && !file.steps.empty();
}

/// Everything that can be asked, and what was known before.
struct Witnesses {
  GatePolicy policy;
  GateMemory memory;
  std::unique_ptr<Cluster> cluster;
  std::vector<EvidenceSource> sources;
};

std::unique_ptr<Witnesses> witnesses_of(const Plan& plan, const Ledger& ledger, Session& session,
                                        const World& world, const GateOptions& options) {
  auto witnesses = std::make_unique<Witnesses>();
  witnesses->policy = gate_policy(options);
  excuse_missing_statistics(witnesses->policy, session);
  witnesses->memory = read_gate_memory(session, ledger);
  witnesses->cluster = open_cluster(options.cluster, world.clock, world.interrupt);
  if (!witnesses->cluster) excuse_nameless_application(witnesses->policy, ledger, options);
  // Kubernetes says by itself what runs.
  const auto last = witnesses->cluster ? std::map<std::string, std::string>()
                                       : read_brought_last(session, ledger, options.app);
  witnesses->sources = sources_of(session, plan, witnesses->memory, witnesses->policy, options, last);
  if (witnesses->cluster) {
    for (EvidenceSource& source : cluster_sources(*witnesses->cluster, world.clock, options.cluster.policy)) {
      witnesses->sources.push_back(std::move(source));
    }
  }
  if (!options.cluster.backups.cluster.empty())
    witnesses->sources.push_back(backups_of(witnesses->cluster.get(), options.cluster));
  return witnesses;
}

/// Nobody has come without a file that was only written down, as where migrations have been put together.
std::vector<std::string> without_baselined(std::vector<std::string> files, const Ledger& ledger) {
  std::erase_if(files, [&ledger](const std::string& id) {
    const auto row = ledger.migrations.find(id);
    return row != ledger.migrations.end() && row->second.state == MigrationState::baselined;
  });
  return files;
}

/// With what the ledger knows of releases.
GateQuestion question_on(const PlannedFile& file, const Ledger& ledger, Session& session,
                         const GateOptions& options) {
  GateQuestion question = question_of(file);
  add_members(session, question);
  const std::vector<std::string> rests_on = without_baselined(file.rests_on, ledger);
  for (AppNeed& need : question.needs) {
    need.order = releases_of(ledger.brought, need.app, options.release);
    const std::string& id = file.analysis.migration.id;
    const std::string first = read_first_with(session, ledger, need.app, id);
    tell_misfits(need, read_brought_with(session, ledger, need.app, rests_on, id), first);
    place_unseen(need, first.empty() ? options.release : first);
  }
  return question;
}

/// Somebody who has looked at what nobody else can tell (whether rows are missing, which of two functions is called) may say
/// so, of this text of the file. What is known is no matter of opinion.
void take_word(std::vector<Evidence>& evidence, const GateQuestion& question, const GateMemory& memory) {
  const Migration& migration = question.file.analysis.migration;
  const auto approval = memory.approvals.find({migration.id, migration.sha256});
  for (Evidence& seen : evidence) {
    if (!seen.can_be_settled || seen.verdict != Verdict::unknown) continue;
    if (approval == memory.approvals.end()) {
      seen.words += cat("; when somebody has looked: --approve ", printable_line(migration.id));
    } else {
      seen.verdict = Verdict::open;
      seen.words = cat("approved by ", printable_line(approval->second), ": ", seen.words);
    }
  }
}

GateDecision decision_on(const GateQuestion& question, const Witnesses& witnesses) {
  std::vector<Evidence> evidence = gather(question, witnesses.sources, witnesses.policy);
  take_word(evidence, question, witnesses.memory);
  if (auto soak = soak_evidence(question, evidence, witnesses.memory, witnesses.policy))
    evidence.push_back(*std::move(soak));
  return decide(question, std::move(evidence), witnesses.policy);
}

std::vector<Held> holds_of(const GateDecision& decision, const GatePolicy& policy) {
  std::vector<Held> holds;
  for (const Evidence& seen : decision.evidence) {
    if (seen.verdict != Verdict::open && policy.requirement(seen.provider) != Requirement::optional)
      holds.push_back({.reason = seen.provider, .words = seen.words});
  }
  return holds;
}

void hold(PlannedFile& file, std::vector<Held> holds) {
  std::ranges::move(holds, std::back_inserter(file.holds));
  file.steps.clear();
  file.state = FileState::held;
}

/// Nobody can need what a new database's history takes away again, but the release that comes with it: a step that it does
/// not fit would lock it out.
void hold_misfit(PlannedFile& file, const GateQuestion& question, const GatePolicy& policy,
                 const GateOptions& options, std::vector<GateDecision>& decisions) {
  GateDecision decision =
      decide(question, gather(question, {release_source(options.app, options.release)}, policy),
             {.requirements = {{"release", policy.requirement("release")}}});
  if (decision.verdict == Verdict::open) return;
  hold(file, holds_of(decision, policy));
  decisions.push_back(std::move(decision));
}

/// Writes down what follows for files that do not say it, and returns why nothing follows for the others.
std::map<std::string, std::string> imply_needs(Plan& plan, const Ledger& ledger, Session& session,
                                               const GateOptions& options) {
  std::map<std::string, std::string> unknown;
  const BroughtBy by{.app = options.app, .release = options.release};
  for (PlannedFile& file : plan.files) {
    std::string& need = file.analysis.directives.needs_app;
    if (!could_run(file) || file.new_relations || !need.empty()) continue;
    const std::string& id = file.analysis.migration.id;
    std::vector<std::string> files = file.rests_on;
    files.push_back(id);
    ImpliedNeed implied = implied_need(file, ledger, by, read_bringers(session, ledger, std::move(files)));
    if (implied.need) {
      need = to_string(*implied.need);
    } else {
      unknown[id] = std::move(implied.why_not);
    }
  }
  return unknown;
}

/// Sessions and the ledger would each be asked for another one. Of a file that is done nobody asks any more.
void expect_one_spelling(const Plan& plan, const std::string& app) {
  for (const PlannedFile& file : plan.files) {
    if (file.state == FileState::applied) continue;
    for (const AppNeed& need : parse_app_needs(file.analysis.directives.needs_app)) {
      if (need.app == app || to_lower(need.app) != to_lower(app)) continue;
      throw Error(ExitCode::usage,
                  cat(printable_line(file.analysis.migration.id), " needs ", printable_line(need.app),
                      ", and --app says ", printable_line(app)),
                  "Write both alike: names of applications are compared letter by letter.");
    }
  }
}

}  // namespace

void add_release(CLI::App& app, std::string& release) {
  app.add_option("--release", release,
                 "version of the application that is being brought; contract steps wait for a later one than "
                 "their expand steps (also PGSLUICE_RELEASE)")
      ->envname("PGSLUICE_RELEASE")
      ->type_name("VERSION");
}

void add_app(CLI::App& app, std::string& name) {
  app.add_option("--app", name,
                 "the application that the release is one of; needed where contract steps name several (also "
                 "PGSLUICE_APP)")
      ->envname("PGSLUICE_APP")
      ->type_name("NAME");
}

void add_gate_policy(CLI::App& app, GateOptions& options) {
  add_release(app, options.release);
  add_app(app, options.app);
  app.add_option(
         "--app-role", options.app_roles,
         "role that the application connects as: each of its sessions must tell its version; may be repeated "
         "(also PGSLUICE_APP_ROLE)")
      ->envname("PGSLUICE_APP_ROLE")
      ->type_name("ROLE");
  app.add_option(
         "--evidence", options.evidence,
         "what a contract step needs: NAME=required, =optional (told, holds nothing back) or =ignored; "
         "may be repeated")
      ->type_name("NAME=NEED");
  add_duration(
      app, "--soak", options.soak,
      "how long all evidence must have been there, where the file does not say (default: not at all)");
  app.add_option(
         "--freeze", options.freezes,
         "when no contract step runs: \"Fri 16:00-Mon 08:00\" or \"2026-12-20/2027-01-03\", in UTC; may "
         "be repeated")
      ->type_name("WINDOW");
  app.add_option("--ignore-queries-of", options.ignored_roles,
                 "role whose statements are no use of anything, such as that of pg_dump; may be repeated")
      ->type_name("ROLE");
  add_cluster_options(app, options.cluster);
}

void add_gate_actions(CLI::App& app, GateOptions& options) {
  app.add_option("--approve", options.approved,
                 "record in the ledger that this contract file is approved as it is now; may be repeated")
      ->type_name("ID")
      ->configurable(false);
  app.add_option("--approve-because", options.reason, "why, for the record")
      ->type_name("TEXT")
      ->configurable(false);
  app.add_flag("--strict-gates", options.strict,
               "end with 12 when a contract step is held back, instead of with 0");
}

GatePolicy gate_policy(const GateOptions& options) {
  GatePolicy policy;
  // Whoever names the Cluster wants its backups to be looked at.
  if (!options.cluster.backups.cluster.empty())
    policy.requirements["recoverability"] = Requirement::automatic;
  for (const std::string& text : options.evidence) read_requirement(text, policy);
  for (const std::string& freeze : options.freezes) expect_freeze(freeze);
  policy.freezes = options.freezes;
  policy.soak = options.soak.value_or(policy.soak);
  return policy;
}

Judgement judge_contract(const PlannedFile& file, const Plan& plan, const Ledger& ledger, Session& session,
                         const World& world, const GateOptions& options) {
  const std::unique_ptr<Witnesses> witnesses = witnesses_of(plan, ledger, session, world, options);
  Judgement judgement{.decision = decision_on(question_on(file, ledger, session, options), *witnesses),
                      .holds = {}};
  if (judgement.decision.verdict != Verdict::open)
    judgement.holds = holds_of(judgement.decision, witnesses->policy);
  return judgement;
}

std::vector<GateDecision> judge_contracts(Plan& plan, const Ledger& ledger, Session& session,
                                          const World& world, const GateOptions& options) {
  std::vector<GateDecision> decisions;
  expect_one_spelling(plan, options.app);
  if (std::none_of(plan.files.begin(), plan.files.end(), could_run)) return decisions;
  const std::unique_ptr<Witnesses> witnesses = witnesses_of(plan, ledger, session, world, options);
  witnesses->sources.push_back(need_source(imply_needs(plan, ledger, session, options)));
  for (PlannedFile& file : plan.files) {
    if (!could_run(file)) continue;
    if (auto behind = held_behind(plan, file)) {
      hold(file, {*std::move(behind)});
      continue;
    }
    if (file.new_relations) {
      hold_misfit(file, question_on(file, ledger, session, options), witnesses->policy, options, decisions);
      continue;
    }
    decisions.push_back(decision_on(question_on(file, ledger, session, options), *witnesses));
    if (decisions.back().verdict == Verdict::open) continue;
    hold(file, holds_of(decisions.back(), witnesses->policy));
  }
  return decisions;
}

std::vector<std::string> held_lines(const Plan& plan) {
  std::vector<std::string> lines;
  for (const PlannedFile& file : plan.files) {
    std::vector<std::string> words;
    for (const Held& hold : file.holds) {
      if (hold.reason != "phase") words.push_back(hold.words);
    }
    if (!words.empty()) {
      lines.push_back(cat(printable_line(file.analysis.migration.id), ": ", join(words, "; ")));
    }
  }
  return lines;
}

}  // namespace pgsluice::cli
