// SPDX-License-Identifier: Apache-2.0
#pragma once

// A page before it has a form: the same blocks become text for a terminal and Markdown for a forge.

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/terminal.hpp"

namespace pgsluice {

/// A few words of one kind.
struct Span {
  enum class Kind { styled, code, link, anchor };
  Kind kind = Kind::styled;
  Style style = Style::plain;
  std::string text;    ///< of an anchor: its name; nothing is shown
  std::string target;  ///< of a link
  bool operator==(const Span&) const = default;
};

/// A paragraph, a cell or a heading. Line feeds in it are kept.
struct Words {
  std::vector<Span> spans;

  Words() = default;
  // Implicit: most words are plain.
  Words(std::string_view text) : spans{{.text = std::string(text)}} {}  // NOLINT(google-explicit-constructor)
  Words(const std::string& text) : Words(std::string_view(text)) {}     // NOLINT(google-explicit-constructor)
  Words(const char* text) : Words(std::string_view(text)) {}            // NOLINT(google-explicit-constructor)
  explicit Words(Span span) : spans{std::move(span)} {}

  Words& operator+=(const Words& more);
  friend Words operator+(Words a, const Words& b) { return std::move(a += b); }
  bool operator==(const Words&) const = default;
  [[nodiscard]] bool empty() const { return spans.empty(); }
};

Words styled(Style style, std::string_view text);
Words code(std::string_view text);
Words link(std::string_view text, std::string_view target);
Words anchor(std::string_view name);
/// "a", "a and b", "a, b and c".
Words enumerate(const std::vector<Words>& items, std::string_view last_separator);
Words join(const std::vector<Words>& items, std::string_view separator);

struct Block;
using Document = std::vector<Block>;
Document paragraph(Words words);

struct Heading {
  int level = 1;
  Words words;
};
struct Paragraph {
  Words words;
};
/// Kept as it is, so that it can be copied.
struct Code {
  std::string language;
  std::string text;
};
struct List {
  std::vector<Words> items;
};
/// A header of no words is left out where the form allows it.
struct Table {
  /// For a page in a browser: shown below the row when somebody asks for them.
  struct Details {
    std::string label;
    Document blocks;
  };
  std::vector<std::string> header;
  std::vector<std::vector<Words>> rows;
  std::vector<Details> details = {};  ///< of each row, or of none
};
/// Labels with what belongs to each.
struct Fields {
  struct Field {
    std::string label;
    Document blocks;
  };
  std::vector<Field> fields;
};

/// What lasted from when to when, one row below the other on the same axis.
struct TimeLine {
  struct Segment {
    double from = 0;
    double until = 0;
    Style style = Style::plain;  ///< error, warning, or anything that is less
    std::string title;
    std::string target;  ///< an anchor of the page
    bool operator==(const Segment&) const = default;
  };
  struct Work {
    double from = 0;
    double until = 0;
    bool operator==(const Work&) const = default;
  };
  struct Row {
    std::string label;
    std::string note;
    std::vector<Segment> segments;
    std::vector<Work> work = {};  ///< when something was done there; shown on the segments only
    bool operator==(const Row&) const = default;
  };
  std::string subject;  ///< of the labels
  std::string axis;     ///< "0 to 12 ms"
  std::string noted;    ///< of the notes
  double end = 1;       ///< where the axis ends; it begins at 0
  std::vector<Row> rows;
  std::string behind = {};  ///< an anchor of the page there, for who uses no mouse; empty: none
  bool operator==(const TimeLine&) const = default;
};

/// What the bars of time lines mean.
struct Legend {
  struct Key {
    Style style = Style::plain;
    std::string words;
    bool operator==(const Key&) const = default;
  };
  std::vector<Key> keys;
  std::string work = {};  ///< what their core means; empty: they have none
  bool operator==(const Legend&) const = default;
};

struct Block {
  std::variant<Heading, Paragraph, Code, List, Table, Fields, TimeLine, Legend> is;

  // Implicit: a block is one of them. Defined elsewhere: inlined, they give gcc ideas about what is not initialised.
  template <typename Kind>
  Block(Kind kind) : is(std::move(kind)) {}  // NOLINT(google-explicit-constructor)
  Block(const Block& other);
  Block(Block&& other) noexcept;
  Block& operator=(const Block& other);
  Block& operator=(Block&& other) noexcept;
  ~Block();
};
bool operator==(const Block& a, const Block& b);

/// For a terminal of `width` columns. Code and long words may be wider. What a terminal would obey is made visible.
std::string to_text(const Document& document, int width, const Painter& paint);
/// GitHub's Markdown.
std::string to_markdown(const Document& document);

}  // namespace pgsluice
