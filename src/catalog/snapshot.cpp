// SPDX-License-Identifier: Apache-2.0
// Snapshot ⇄ JSON. Written for people and for diff: keys in a fixed order, usual values left out, and whatever is flat
// (a column, a constraint, a setting) on a line of its own.
#include <cmath>

#include "base/text.hpp"
#include "base/version.hpp"
#include "catalog/snapshot_fields.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

constexpr long long k_format = 1;

class Writer {
 public:
  template <typename Value>
  void required(std::string_view key, const Value& value) {
    object_[std::string(key)] = json(value);
  }
  void required(std::string_view key, SnapshotDatabase& value) {
    object_[std::string(key)] = object_of(value);
  }
  void operator()(std::string_view key, const std::string& value, std::string_view preset = {}) {
    if (value != preset) required(key, value);
  }
  void operator()(std::string_view key, bool value, bool preset = false) {
    if (value != preset) required(key, value);
  }
  void operator()(std::string_view key, long long value) {
    if (value != 0) required(key, value);
  }
  void operator()(std::string_view key, const std::optional<double>& value) {
    if (value) required(key, *value);
  }
  void operator()(std::string_view key, std::vector<std::string>& value) {
    if (!value.empty()) required(key, value);
  }
  template <typename Item>
  void operator()(std::string_view key, std::vector<Item>& items) {
    if (items.empty()) return;
    OrderedJson array = OrderedJson::array();
    for (Item& item : items) array.push_back(object_of(item));
    object_[std::string(key)] = std::move(array);
  }

  template <typename Value>
  static OrderedJson object_of(Value& value) {
    Writer writer;
    snapshot::describe(writer, value);
    return std::move(writer.object_);
  }

 private:
  template <typename Value>
  static OrderedJson json(const Value& value) {
    return value;
  }
  // Sizes and estimates are whole numbers, however large.
  static OrderedJson json(double value) { return std::llround(value); }

  OrderedJson object_ = OrderedJson::object();
};

bool is_flat(const OrderedJson& value) {
  return std::ranges::none_of(value, [](const OrderedJson& member) {
    return member.is_object() ||
           (member.is_array() && std::ranges::any_of(member, &OrderedJson::is_structured));
  });
}

void print(const OrderedJson& value, const std::string& indent, std::string& out) {
  if (!value.is_structured() || value.empty() || is_flat(value)) {
    out += dump(value);
    return;
  }
  const std::string inner = indent + "  ";
  bool first = true;
  out += value.is_array() ? "[" : "{";
  for (const auto& [key, member] : value.items()) {
    out += cat(first ? "\n" : ",\n", inner);
    if (value.is_object()) out += cat(dump(OrderedJson(key)), ": ");
    print(member, inner, out);
    first = false;
  }
  out += cat("\n", indent, value.is_array() ? "]" : "}");
}

}  // namespace

std::string write_snapshot(Snapshot snapshot) {
  OrderedJson document;
  document["schema"] = k_format;
  document["tool"] = {{"name", "pgsluice"}, {"version", k_version}};
  document.update(Writer::object_of(snapshot));
  std::string out;
  print(document, "", out);
  return out + "\n";
}

Snapshot parse_snapshot(std::string_view text, std::string_view file_name) {
  Json document = parse_json(text, file_name);
  const JsonPlace place{.file = std::string(file_name), .pointer = ""};
  if (!document.is_object() || !document.contains("schema")) {
    json_error(place, "is no snapshot: the key \"schema\" is missing",
               "pgsluice snapshot --output FILE writes one.");
  }
  if (find_integer(document, "schema", place) != k_format) {
    json_error(place / "schema",
               cat("the format ", dump(document["schema"]), " is not the one that this program reads, ",
                   std::to_string(k_format)),
               "Take the snapshot with this pgsluice, or use the one that wrote it.");
  }
  document.erase("schema");
  document.erase("tool");
  Snapshot snapshot;
  snapshot::Reader::read_object(document, place, snapshot);
  return snapshot;
}

}  // namespace pgsluice
