// SPDX-License-Identifier: Apache-2.0
#include "report/html.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "base/markup.hpp"
#include "base/text.hpp"

namespace pgsluice {
namespace {

// `default-src 'none'`: even if a name got past the escaping, a browser would load and run nothing.
constexpr std::string_view k_head = R"(<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
:root {
  --page: #fff; --text: #1c2430; --faint: #5b6675; --line: #d8dee6; --box: #f4f6f8;
  --error: #b3261e; --warning: #8a5a00; --info: #0b5cad; --good: #1a7037;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #14181e; --text: #e3e8ee; --faint: #9aa6b4; --line: #333c47; --box: #1d232b;
    --error: #ff8a80; --warning: #f0b955; --info: #82b8ff; --good: #74d392;
  }
}
* { box-sizing: border-box; }
body {
  max-width: 72rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word;
}
h1 { font-size: 1.6rem; margin: 0; }
h2 { font-size: 1.25rem; margin: 2rem 0 .75rem; padding-bottom: .25rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; padding-top: .75rem; border-top: 1px solid var(--line); }
h2 + h3 { border-top: 0; padding-top: 0; }
p { margin: .5rem 0; max-width: 48rem; white-space: pre-wrap; }
code, pre { font: .875em/1.45 ui-monospace, monospace; overflow-wrap: anywhere; }
code { background: var(--box); border-radius: 3px; padding: .1em .3em; }
pre { background: var(--box); border-radius: 6px; padding: .75rem; margin: .5rem 0; overflow-x: auto; white-space: pre-wrap; }
pre code { background: none; padding: 0; }
a { color: var(--info); }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; vertical-align: top; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); }
th { font-size: .875rem; color: var(--faint); }
.detailed > thead th { width: 7.5rem; }
.detailed > thead th:first-child { width: 4.5rem; }
.detailed > thead th:last-child { width: auto; }
td { min-width: 4.5rem; white-space: pre-line; }
dt { font-weight: 600; }
dd { margin: 0 0 .5rem 1rem; }
.error, .warning, .info, .good, .strong, .heading { font-weight: 600; }
.error { color: var(--error); }
.warning { color: var(--warning); }
.info { color: var(--info); }
.good { color: var(--good); }
.faint { color: var(--faint); }
.timeline { position: relative; }
.skip { position: absolute; top: 0; left: 0; opacity: 0; }
.skip:focus { z-index: 2; opacity: 1; padding: 0 .5rem; background: var(--page); outline: 2px solid var(--text); }
.timeline .row { display: grid; grid-template-columns: 14rem 1fr 5rem; gap: .75rem; align-items: center; padding: .2rem 0; }
.timeline .axis { color: var(--faint); font-size: .875rem; margin: 0 5.75rem .25rem 14.75rem; text-align: right; }
.timeline .row > span { text-align: right; font-size: .875rem; }
.track { position: relative; isolation: isolate; height: 1.25rem; background: var(--box); border-radius: 3px; }
.bar { position: absolute; top: 0; height: 100%; min-width: 3px; border-radius: 2px; background: var(--info); }
.bar.error { z-index: 1; background: var(--error); }
.bar.warning { background: repeating-linear-gradient(45deg, var(--warning) 0 4px, var(--box) 4px 6px); }
.work { position: absolute; z-index: 1; top: 36%; height: 28%; min-width: 2px; border-radius: 1px;
  background: var(--text); box-shadow: 0 0 0 1px var(--box); pointer-events: none; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: .5rem 0; padding: 0; list-style: none; }
.legend .track { display: inline-block; width: 2rem; vertical-align: text-bottom; }
.legend .bar, .legend .work { width: 100%; }
.bar:focus-visible { outline: 2px solid var(--text); outline-offset: 2px; z-index: 2; }
.track, .bar, .work { print-color-adjust: exact; }
details { margin-top: .25rem; white-space: normal; }
summary { color: var(--info); cursor: pointer; width: fit-content; }
summary:focus-visible { outline: 2px solid var(--text); outline-offset: 2px; }
details td { min-width: 0; width: 50%; }
tr:has(:target) { background: var(--box); }
@media (max-width: 44rem) {
  .timeline .row { grid-template-columns: 1fr auto; gap: .125rem .75rem; padding: .3rem 0; }
  .timeline .row > code { padding: 0; background: none; }
  .timeline .track { grid-column: 1 / -1; grid-row: 2; }
  .timeline .axis { margin: 0 0 .25rem; }
  thead { display: none; }
  tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  td { display: inline-block; min-width: 0; max-width: 100%; margin-right: 1.25rem; border: 0; padding: .15rem 0;
       overflow-wrap: anywhere; }
  td:last-child { display: block; margin-right: 0; }
  details td { width: auto; }
  td[data-label]::before { content: attr(data-label) ": "; color: var(--faint); }
}
@media print {
  :root { --page: #fff; --text: #000; --faint: #444; --line: #bbb; --box: #f4f4f4; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  h2, h3 { break-after: avoid; }
  tr, pre, .timeline .row { break-inside: avoid; }
  tr:has(details) { break-inside: auto; }
  details::details-content { content-visibility: visible; }
}
</style>
)";

std::string element(std::string_view name, const std::string& content) {
  return cat("<", name, ">", content, "</", name, ">");
}

std::string_view class_of(Style style) {
  switch (style) {
    case Style::plain: return {};
    case Style::heading: return "heading";
    case Style::error: return "error";
    case Style::warning: return "warning";
    case Style::info: return "info";
    case Style::good: return "good";
    case Style::faint: return "faint";
    case Style::strong: return "strong";
  }
  return {};
}

std::string inline_html(const Span& span) {
  const std::string text = markup_escaped(span.text);
  switch (span.kind) {
    case Span::Kind::code: return element("code", text);
    case Span::Kind::link: return cat("<a href=\"", markup_escaped(span.target), "\">", text, "</a>");
    case Span::Kind::anchor: return cat("<a id=\"", text, "\"></a>");
    case Span::Kind::styled: break;
  }
  const std::string_view name = class_of(span.style);
  return name.empty() ? text : cat("<span class=\"", name, "\">", text, "</span>");
}

std::string inline_html(const Words& words) {
  std::string out;
  for (const Span& span : words.spans) out += inline_html(span);
  return out;
}

std::string render(const Heading& heading) {
  return element(cat("h", std::to_string(heading.level)), inline_html(heading.words)) + "\n";
}

std::string render(const Paragraph& paragraph) {
  return element("p", inline_html(paragraph.words)) + "\n";
}

std::string render(const Code& block) {
  return element("pre", element("code", markup_escaped(block.text))) + "\n";
}

std::string render(const List& list) {
  std::string out = "<ul>\n";
  for (const Words& item : list.items) out += element("li", inline_html(item)) + "\n";
  return out + "</ul>\n";
}

/// Below the words of the last cell. Nobody needs a script to open it.
std::string details_html(const Table::Details& details) {
  return cat("<details>", element("summary", markup_escaped(details.label)), "\n", to_html(details.blocks),
             "</details>");
}

/// On a narrow screen there are no columns: each cell says what it is. What has details is the row itself, and code can be
/// seen to be code.
std::string render(const Table& table) {
  std::string out = table.details.empty() ? "<table>\n" : "<table class=\"detailed\">\n";
  if (!table.header.empty()) {
    out += "<thead><tr>";
    for (const std::string& label : table.header) out += element("th", markup_escaped(label));
    out += "</tr></thead>\n";
  }
  out += "<tbody>\n";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const std::vector<Words>& row = table.rows[r];
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool is_row_itself = i + 1 == row.size() && r < table.details.size();
      const bool says_itself =
          is_row_itself || row[i].empty() || row[i].spans.front().kind == Span::Kind::code;
      const bool labelled = i < table.header.size() && !table.header[i].empty() && !says_itself;
      out += labelled ? cat("<td data-label=\"", markup_escaped(table.header[i]), "\">") : "<td>";
      out += inline_html(row[i]);
      if (is_row_itself) out += details_html(table.details[r]);
      out += "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</tbody>\n</table>\n";
}

std::string render(const Fields& fields) {
  std::string out = "<dl>\n";
  for (const Fields::Field& field : fields.fields) {
    out += cat(element("dt", markup_escaped(field.label)), "<dd>", to_html(field.blocks), "</dd>\n");
  }
  return out + "</dl>\n";
}

std::string percent(double part, double whole) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3f%%", 100 * part / whole);
  return text.data();
}

/// A link can be reached with the keyboard, and says what it is to who cannot see it; one that leads nowhere is none.
/// At the end of the axis, too, there is room for the least width.
std::string bar(const TimeLine::Segment& segment, double end) {
  const std::string_view element = segment.target.empty() ? "span" : "a";
  const std::string role =
      segment.target.empty() ? " role=\"img\"" : cat(" href=\"#", markup_escaped(segment.target), "\"");
  const std::string title = markup_escaped(segment.title);
  return cat("<", element, " class=\"bar ", class_of(segment.style), "\"", role, " style=\"left:min(",
             percent(segment.from, end), ",100% - 3px)",
             ";width:", percent(segment.until - segment.from, end), "\" title=\"", title, "\" aria-label=\"",
             title, "\"></", element, ">");
}

/// The title of the bar tells of it, too.
std::string core(const TimeLine::Work& work, double end) {
  return cat("<span class=\"work\" aria-hidden=\"true\" style=\"left:min(", percent(work.from, end),
             ",100% - 2px);width:", percent(work.until - work.from, end), "\"></span>");
}

/// Bars of one kind beside each other.
struct Bars {
  TimeLine::Segment all;
  std::size_t count = 1;
  std::string last;  ///< title
};

/// Narrow bars that cannot be told apart are one bar: hundreds of files on one table would be as many stops of the Tab key,
/// each as wide as a line.
std::vector<TimeLine::Segment> told_apart(const std::vector<TimeLine::Segment>& segments, double end) {
  const double k_narrow = end / 100;
  const double k_touching = end / 300;
  std::vector<Bars> bars;
  std::map<Style, std::size_t> open;  // the narrow bars to which a next one may belong
  for (const TimeLine::Segment& segment : segments) {
    const auto found = open.find(segment.style);
    if (segment.until - segment.from > k_narrow) {
      if (found != open.end()) open.erase(found);
      bars.push_back({.all = segment});
    } else if (found != open.end() && segment.from - bars[found->second].all.until <= k_touching) {
      Bars& before = bars[found->second];
      before.all.until = std::max(before.all.until, segment.until);
      before.last = segment.title;
      ++before.count;
    } else {
      open[segment.style] = bars.size();
      bars.push_back({.all = segment});
    }
  }
  std::vector<TimeLine::Segment> result;
  for (Bars& one : bars) {
    if (one.count > 1)
      one.all.title = cat(std::to_string(one.count), " too close to be told apart, from ", one.all.title,
                          " to ", one.last);
    result.push_back(std::move(one.all));
  }
  return result;
}

/// Who goes from link to link gets past the bars with one of them.
std::string render(const TimeLine& line) {
  std::string rows;
  std::size_t links = 0;
  for (const TimeLine::Row& row : line.rows) {
    rows += cat("<div class=\"row\">", element("code", markup_escaped(row.label)), "<div class=\"track\">");
    for (const TimeLine::Segment& segment : told_apart(row.segments, line.end)) {
      rows += bar(segment, line.end);
      if (!segment.target.empty()) ++links;
    }
    for (const TimeLine::Work& work : row.work) rows += core(work, line.end);
    rows += cat("</div><span class=\"faint\">", markup_escaped(row.note), "</span></div>\n");
  }
  const bool skips = links > 1 && !line.behind.empty();
  return cat("<div class=\"timeline\">\n",
             skips ? cat("<a class=\"skip\" href=\"#", line.behind, "\">past these ", std::to_string(links),
                         " bars</a>\n")
                   : "",
             "<div class=\"axis\">", markup_escaped(line.axis), "</div>\n", rows, "</div>\n",
             skips ? cat("<div id=\"", line.behind, "\"></div>\n") : "");
}

/// Drawn as the bars are.
std::string render(const Legend& legend) {
  std::string out = "<ul class=\"legend\">\n";
  const auto add = [&out](std::string_view mark, const std::string& words) {
    out += cat("<li><span class=\"track\" aria-hidden=\"true\"><span class=\"", mark, "\"></span></span> ",
               markup_escaped(words), "</li>\n");
  };
  for (const Legend::Key& key : legend.keys) add(cat("bar ", class_of(key.style)), key.words);
  if (!legend.work.empty()) add("work", legend.work);
  return out + "</ul>\n";
}

}  // namespace

std::string to_html(const Document& document) {
  std::string out;
  for (const Block& block : document) {
    out += std::visit([](const auto& is) { return render(is); }, block.is);
  }
  return out;
}

std::string html_page(std::string_view title, const std::string& body) {
  return cat("<!doctype html>\n<html lang=\"en\">\n<head>\n", element("title", markup_escaped(title)), "\n",
             k_head, "</head>\n<body>\n<main>\n", body, "</main>\n</body>\n</html>\n");
}

}  // namespace pgsluice
