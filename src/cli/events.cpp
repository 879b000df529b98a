// SPDX-License-Identifier: Apache-2.0
#include "cli/events.hpp"

#include <array>
#include <chrono>
#include <ctime>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include <unistd.h>

#include "base/terminal.hpp"
#include "execute/documents.hpp"
#include "report/live_view.hpp"

namespace pgsluice::cli {
namespace {

using Steady = std::chrono::steady_clock;

std::optional<long long> number(const Event& event, std::string_view name) {
  for (const auto& [field, value] : event.fields) {
    if (field == name && std::holds_alternative<long long>(value)) return std::get<long long>(value);
  }
  return std::nullopt;
}

/// The part of a terminal below what has been said.
class LiveView {
 public:
  explicit LiveView(const Painter& paint) : paint_(paint) {}
  LiveView(const LiveView&) = delete;
  LiveView& operator=(const LiveView&) = delete;
  ~LiveView() { draw({}); }

  void take(const Event& event) {
    if (event.name == "step-started") {
      state_ = {.step = number(event, "step").value_or(0),
                .steps = number(event, "steps").value_or(0),
                .subject = event.subject};
      begun_ = Steady::now();
    } else if (event.live) {
      state_.message = event.message;
      state_.share = share_of(event);
    } else if (event.name == "step-applied" || event.name == "run-stopped") {
      state_ = {};
    }
  }

  void draw() {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begun_);
    draw(live_lines(state_, since, terminal_width(STDERR_FILENO), paint_));
  }
  void erase() { draw({}); }

 private:
  static std::optional<double> share_of(const Event& event) {
    const auto walked = number(event, "walked");
    const auto estimate = number(event, "estimate");
    if (!walked || !estimate || *estimate <= 0) return std::nullopt;
    return static_cast<double>(*walked) / static_cast<double>(*estimate);
  }

  void draw(const std::vector<std::string>& lines) {
    if (shown_ == 0 && lines.empty()) return;
    std::cerr << redraw(shown_, lines) << std::flush;
    shown_ = lines.size();
  }

  Painter paint_;
  LiveState state_;
  Steady::time_point begun_ = Steady::now();
  std::size_t shown_ = 0;
};

bool wants_live_view(const GlobalOptions& options) {
  return !options.quiet && options.log_format == LogFormat::text && is_terminal(STDERR_FILENO);
}

}  // namespace

std::string utc_now(const char* format) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

EventSink event_sink(const GlobalOptions& options) {
  const Painter paint(wants_color(options.color, STDERR_FILENO));
  const auto view = wants_live_view(options) ? std::make_shared<LiveView>(paint) : nullptr;
  return [options, paint, view](const Event& event) {
    const bool wanted = options.quiet ? event.severity == Severity::error : options.verbose || !event.detail;
    if (view) {
      view->take(event);
      if (!event.live && wanted) view->erase();
    }
    if (!event.live && wanted) {
      std::cerr << (options.log_format == LogFormat::json ? event_json(event, utc_now("%Y-%m-%dT%H:%M:%SZ"))
                                                          : event_text(event, paint))
                << std::flush;
    }
    if (view) view->draw();
  };
}

}  // namespace pgsluice::cli
