// SPDX-License-Identifier: Apache-2.0
#include "cli/lint_files.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include "effects/session_reset.hpp"
#include "findings/lock_order.hpp"
#include "pgsluice/fix.hpp"

namespace pgsluice::cli {
namespace {

/// One file on its way. Who sets `state` owns the rest until then.
struct File {
  enum class State { unparsed, parsing, parsed, unchecked, checking, checked };
  State state = State::unparsed;
  Migration migration;
  bool reported = true;
  FileAnalysis analysis;
  std::size_t bytes = 0;  ///< of text, about: a byte order mark is no text
  std::optional<std::string> rendered;
  LintTotals totals;
  std::exception_ptr error;
};

constexpr std::size_t k_most_bytes = std::size_t{4} << 20U;  // of text that waits for its turn
constexpr std::size_t k_long = std::size_t{64} << 10U;       // a file whose effects are better not kept
// What goes through a stage at once, before the next stage begins: the code of all stages is larger than the processor's
// cache for instructions, and threads that meet at the lock for each file lose more time than it takes.
constexpr std::size_t k_files = 8;
constexpr std::size_t k_statements = 64;

bool counts(const Finding& finding) {
  return !finding.allowed && finding.severity != Severity::info;
}

void count(const FileAnalysis& file, LintTotals& totals) {
  totals.add(file);
  totals.fixable +=
      static_cast<std::size_t>(std::ranges::count_if(file.findings, [&](const Finding& finding) {
        return counts(finding) && has_written_form(file, finding);
      }));
}

class Pipeline {
 public:
  Pipeline(const std::vector<Migration>& migrations, Catalog& catalog, const LintRules& rules, unsigned jobs,
           LintReport& report)
      : migrations_(migrations),
        rules_(rules),
        report_(report),
        window_(std::size_t{32} * jobs),
        several_folders_(has_several_folders(migrations)),
        catalog_(catalog) {
    for (unsigned i = 1; i < jobs; ++i) helpers_.emplace_back([this] { help(); });
  }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  ~Pipeline() {
    {
      const std::scoped_lock lock(mutex_);
      done_ = true;
    }
    changed_.notify_all();
    for (std::thread& helper : helpers_) helper.join();
  }

  /// The thread that calls it does what must be done in order, and helps with the rest while it waits for that.
  LintTotals run() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (refill(); !window_files_.empty();) {
      File& first = window_files_.front();
      if (first.state == File::State::checked) {
        report_first(lock);
      } else if (first.state == File::State::parsed && streams(first)) {
        stream_first(lock);
      } else if (waits_for_prediction(predicted_)) {
        predict_next(lock);
      } else if (!work(lock)) {
        wait(lock);
      }
    }
    return totals_;
  }

 private:
  static bool has_several_folders(const std::vector<Migration>& migrations) {
    return std::ranges::any_of(migrations, [&](const Migration& migration) {
      return migration.folder != migrations.front().folder;
    });
  }

  void refill() {
    while (next_ < migrations_.size() && window_files_.size() < window_) {
      File& file = window_files_.emplace_back();
      file.migration = migrations_[next_++];
      file.reported = !rules_.reported || rules_.reported(file.migration);
    }
    wake();
  }

  /// Its effects would need too much memory: it goes through all stages a few statements at a time when its turn has come.
  static bool streams(const File& file) { return !file.error && file.bytes > k_long; }
  [[nodiscard]] bool waits_for_prediction(std::size_t at) const {
    return at < window_files_.size() && window_files_[at].state == File::State::parsed &&
           !streams(window_files_[at]);
  }

  void stream_first(std::unique_lock<std::mutex>& lock) {
    File& first = window_files_.front();
    lock.unlock();
    if (first.reported) {
      stream(first.analysis);
    } else {
      replay(first.analysis);
    }
    lock.lock();
    ++predicted_;
    remove_first();
  }

  /// Of its statements only what they make of the catalog is of interest.
  void replay(FileAnalysis& file) {
    const effects::SessionReset reset(catalog_);
    Prediction prediction = start_prediction(file, catalog_, rules_.effects, rules_.prediction);
    for (std::size_t number = 0; has_statement(file.script, number); ++number) {
      static_cast<void>(prediction.next());
      std::vector<Command>().swap(file.script.statements[number].commands);
    }
    static_cast<void>(prediction.next());
  }

  void stream(FileAnalysis& file) {
    report_.begin(file);
    const Catalog before = rules_.queries != nullptr ? catalog_ : Catalog();
    const effects::SessionReset reset(catalog_);
    Prediction prediction = start_prediction(file, catalog_, rules_.effects, rules_.prediction);
    file.lock_timeout_told = lock_timeout_told_ && !rules_.tell_each_timeout;
    Checker checker = start_check(file, rules_.findings, checking());
    std::vector<Effect> effects;
    orders_.begin();
    for (std::size_t begin = 0; has_statement(file.script, begin); begin += effects.size()) {
      effects.clear();
      const std::size_t end = std::min(begin + k_statements, file.script.statements.size());
      while (begin + effects.size() < end) effects.push_back(*prediction.next());
      for (const Effect& effect : effects) {
        if (several_folders_) orders_.add(file, effect);
        if (rules_.queries != nullptr) rules_.queries->note(file, effect, before);
      }
      for (const Effect& effect : effects) checker.add(effect);
      for (const Effect& effect : effects) {
        report_.add(file, effect);
        totals_.add(effect);
      }
      file.script.statements.let_go(begin + effects.size());
    }
    static_cast<void>(prediction.next());  // the catalog is then as it is after the file
    file.findings = checker.finish();
    lock_timeout_told_ = lock_timeout_told_ || std::ranges::any_of(file.findings, [](const Finding& finding) {
                           return finding.finding == "waits-without-lock-timeout" && !finding.allowed;
                         });
    override_severities(file);
    if (rules_.baseline != nullptr) rules_.baseline->mark(file);
    report_.end(file);
    count(file, totals_);
  }

  void override_severities(FileAnalysis& file) const {
    if (rules_.severities != nullptr) rules_.severities->apply(file);
  }

  /// Only who has the application's queries may say that nobody uses something.
  [[nodiscard]] CheckOptions checking() const {
    CheckOptions options = rules_.checking;
    options.knows_queries = rules_.queries != nullptr;
    return options;
  }

  void tell_timeout_once(FileAnalysis& file) {
    file.lock_timeout_told = lock_timeout_told_;
    lock_timeout_told_ = lock_timeout_told_ || waits_without_lock_timeout(file, rules_.checking);
  }

  /// The statement of that number, which is parsed now if it is not yet.
  static bool has_statement(Script& script, std::size_t number) {
    while (number >= script.statements.size()) {
      if (!parse_more(script)) return false;
    }
    return true;
  }

  void report_first(std::unique_lock<std::mutex>& lock) {
    File& file = window_files_.front();
    if (file.error) std::rethrow_exception(file.error);
    lock.unlock();
    if (file.reported) report(file);
    lock.lock();
    remove_first();
  }

  void report(File& file) {
    if (rules_.baseline != nullptr) {
      rules_.baseline->mark(file.analysis);
      count(file.analysis, file.totals);
    }
    totals_.add(file.totals);
    if (file.rendered) {
      report_.add_rendered(*file.rendered);
    } else {
      report_.add_whole(file.analysis);
    }
  }

  void remove_first() {
    bytes_ -= window_files_.front().bytes;
    window_files_.pop_front();
    --predicted_;
    refill();
  }

  void predict_next(std::unique_lock<std::mutex>& lock) {
    const std::size_t begin = predicted_;
    std::size_t end = begin + 1;
    while (end < begin + k_files && waits_for_prediction(end)) ++end;
    lock.unlock();
    for (std::size_t i = begin; i < end; ++i) {
      File& file = window_files_[i];
      if (file.error) continue;
      const Catalog before = rules_.queries != nullptr ? catalog_ : Catalog();
      predict(file.analysis, catalog_, rules_.effects, rules_.prediction);
      if (rules_.queries != nullptr) rules_.queries->note(file.analysis, before);
      if (several_folders_) orders_.add(file.analysis);
      if (file.reported && !rules_.tell_each_timeout) tell_timeout_once(file.analysis);
    }
    lock.lock();
    predicted_ = end;
    for (std::size_t i = begin; i < end; ++i) {
      File& file = window_files_[i];
      file.state = file.error ? File::State::checked : File::State::unchecked;
    }
    wake();
  }

  void help() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!done_) {
      if (!work(lock)) wait(lock);
    }
  }

  /// Does some of what needs no order; false: there is none. What is nearer to its end goes first.
  bool work(std::unique_lock<std::mutex>& lock) {
    if (step(File::State::unchecked, File::State::checking, File::State::checked, lock,
             [this](File& file) { check_file(file); })) {
      return true;
    }
    // Ahead of what is needed next only as long as memory stays small.
    const bool needed =
        predicted_ < window_files_.size() && window_files_[predicted_].state == File::State::unparsed;
    if (bytes_ > k_most_bytes && !needed) return false;
    return step(File::State::unparsed, File::State::parsing, File::State::parsed, lock, [this](File& file) {
      read(file.migration);
      std::vector<SourceRange> unreported;
      if (file.reported && rules_.unreported) unreported = rules_.unreported(file.migration);
      file.bytes = file.migration.source.text.size();
      bytes_ += file.bytes;
      file.analysis =
          file.bytes > k_long ? open(std::move(file.migration)) : parse(std::move(file.migration));
      file.analysis.unreported = std::move(unreported);
      if (rules_.changed_since) file.analysis.changed_since = rules_.changed_since(file.analysis.migration);
      check_dependencies(file.analysis.migration, file.analysis.directives);
    });
  }

  template <typename Work>
  bool step(File::State before, File::State during, File::State after, std::unique_lock<std::mutex>& lock,
            Work work) {
    std::array<File*, k_files> taken{};
    const std::size_t most = bytes_ > k_most_bytes ? 1 : taken.size();
    std::size_t count = 0;
    for (File& file : window_files_) {
      if (count == most) break;
      if (file.state == before) taken.at(count++) = &file;
    }
    if (count == 0) return false;
    const std::span files(taken.begin(), count);
    for (File* file : files) file->state = during;
    lock.unlock();
    for (File* file : files) {
      try {
        work(*file);
      } catch (...) {
        file->error = std::current_exception();
      }
    }
    lock.lock();
    for (File* file : files) file->state = after;
    wake();
    return true;
  }

  void wait(std::unique_lock<std::mutex>& lock) {
    ++waiting_;
    changed_.wait(lock);
    --waiting_;
  }
  void wake() {
    if (waiting_ > 0) changed_.notify_all();
  }

  void check_file(File& file) const {
    if (!file.reported) return;
    check(file.analysis, rules_.findings, checking());
    override_severities(file.analysis);
    if (rules_.baseline != nullptr) return;  // what it knows depends on the files before
    count(file.analysis, file.totals);
    file.rendered = report_.render(file.analysis);
    if (file.rendered) file.analysis = {};  // here, where others need not wait for it
  }

  const std::vector<Migration>& migrations_;
  const LintRules& rules_;
  LintReport& report_;
  const std::size_t window_;  ///< how many files there are at once
  const bool several_folders_;
  LockOrders orders_;
  bool lock_timeout_told_ = false;
  Catalog& catalog_;
  LintTotals totals_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<File> window_files_;       ///< a file stays where it is while it is in here
  std::size_t next_ = 0;                ///< of the migrations
  std::size_t predicted_ = 0;           ///< of the files in the window
  std::atomic<std::size_t> bytes_ = 0;  ///< of text in the window
  int waiting_ = 0;
  bool done_ = false;
  std::vector<std::thread> helpers_;
};

/// The process ends when its files are read: to free a large catalog before, relation by relation, is lost time.
Catalog& keep(Catalog catalog) {
  static std::deque<Catalog>& kept = *new std::deque<Catalog>;
  return kept.emplace_back(std::move(catalog));
}

}  // namespace

LintTotals lint_files(const std::vector<Migration>& migrations, Catalog catalog, const LintRules& rules,
                      unsigned jobs, LintReport& report) {
  const auto useful = static_cast<unsigned>(std::min<std::size_t>(jobs, migrations.size()));
  const LintTotals totals =
      Pipeline(migrations, keep(std::move(catalog)), rules, std::max(useful, 1U), report).run();
  report.finish(totals);
  return totals;
}

}  // namespace pgsluice::cli
