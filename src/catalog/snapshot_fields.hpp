// SPDX-License-Identifier: Apache-2.0
#pragma once

// The members of a snapshot and their JSON keys, once for reading and writing.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "pgsluice/snapshot.hpp"

namespace pgsluice::snapshot {

template <typename Fields>
void describe(Fields& f, SnapshotColumn& c) {
  f.required("name", c.name);
  f.required("type", c.type);
  f("collation", c.collation);
  f("not_null", c.not_null);
  f("default", c.default_expression);
  f("attgenerated", c.attgenerated);
  f("attidentity", c.attidentity);
  f("attstorage", c.attstorage);
  f("local", c.local, true);
}

template <typename Fields>
void describe(Fields& f, SnapshotConstraint& c) {
  f.required("name", c.name);
  f("contype", c.contype);
  f.required("definition", c.definition);
  f("validated", c.validated, true);
  f("enforced", c.enforced, true);
  f("no_inherit", c.no_inherit);
  f("local", c.local, true);
  f("inherited", c.inherited);
  f("deferrable", c.deferrable);
  f("deferred", c.deferred);
  f("index", c.index);
}

template <typename Fields>
void describe(Fields& f, SnapshotIndex& i) {
  f.required("name", i.name);
  f.required("definition", i.definition);
  f("valid", i.valid, true);
  f("ready", i.ready, true);
  f("clustered", i.clustered);
  f("replica_identity", i.replica_identity);
  f("constraint", i.constraint);
  f("parent", i.parent);
  f("tablespace", i.tablespace);
  f("reltuples", i.reltuples);
  f("bytes", i.bytes);
}

template <typename Fields>
void describe(Fields& f, SnapshotTrigger& t) {
  f.required("name", t.name);
  f.required("definition", t.definition);
  f("tgenabled", t.tgenabled, "O");
  f("inherited", t.inherited);
}

template <typename Fields>
void describe(Fields& f, SnapshotPolicy& p) {
  f.required("name", p.name);
  f("polcmd", p.polcmd, "*");
  f("permissive", p.permissive, true);
  f("roles", p.roles);
  f("using", p.using_expression);
  f("check", p.check_expression);
}

template <typename Fields>
void describe(Fields& f, SnapshotRule& r) {
  f.required("name", r.name);
  f.required("definition", r.definition);
  f("ev_enabled", r.ev_enabled, "O");
}

template <typename Fields>
void describe(Fields& f, SnapshotRead& r) {
  f.required("relation", r.relation);
  f("columns", r.columns);
}

template <typename Fields>
void describe(Fields& f, SnapshotRelation& r) {
  f.required("schema", r.schema);
  f.required("name", r.name);
  f.required("relkind", r.relkind);
  f("relpersistence", r.relpersistence, "p");
  f("owner", r.owner);
  f("extension", r.extension);
  f("tablespace", r.tablespace);
  f("access_method", r.access_method);
  f("reloptions", r.reloptions);
  f("relreplident", r.relreplident, "d");
  f("row_security", r.row_security);
  f("force_row_security", r.force_row_security);
  f("populated", r.populated, true);
  f("reltuples", r.reltuples);
  f("bytes", r.bytes);
  f("total_bytes", r.total_bytes);
  f("partition_key", r.partition_key);
  f("partition_bound", r.partition_bound);
  f("default_partition", r.default_partition);
  f("detach_pending", r.detach_pending);
  f("parents", r.parents);
  f("of_type", r.of_type);
  f("server", r.server);
  f("sequence_type", r.sequence_type);
  f("sequence_options", r.sequence_options);
  f("owner_table", r.owner_table);
  f("owner_column", r.owner_column);
  f("columns", r.columns);
  f("constraints", r.constraints);
  f("indexes", r.indexes);
  f("triggers", r.triggers);
  f("policies", r.policies);
  f("rules", r.rules);
  f("reads", r.reads);
  f("query", r.query);
}

template <typename Fields>
void describe(Fields& f, SnapshotType& t) {
  f.required("schema", t.schema);
  f.required("name", t.name);
  f.required("typtype", t.typtype);
  f("owner", t.owner);
  f("extension", t.extension);
  f("base", t.base);
  f("not_null", t.not_null);
  f("default", t.default_expression);
  f("constraints", t.constraints);
  f("labels", t.labels);
  f("options", t.options);
}

template <typename Fields>
void describe(Fields& f, SnapshotFunction& p) {
  f.required("schema", p.schema);
  f.required("name", p.name);
  f("arguments", p.arguments);
  f("result", p.result);
  f("prokind", p.prokind, "f");
  f.required("language", p.language);
  f("provolatile", p.provolatile, "v");
  f("security_definer", p.security_definer);
  f("config", p.config);
  f("owner", p.owner);
  f("extension", p.extension);
  f("source", p.source);
  f("sql_body", p.sql_body);
}

template <typename Fields>
void describe(Fields& f, SnapshotCast& c) {
  f.required("source", c.source);
  f.required("target", c.target);
  f.required("castmethod", c.castmethod);
  f("castcontext", c.castcontext);
}

template <typename Fields>
void describe(Fields& f, SnapshotServer& s) {
  f.required("name", s.name);
  f("wrapper", s.wrapper);
  f("owner", s.owner);
}

template <typename Fields>
void describe(Fields& f, SnapshotStatistics& s) {
  f.required("schema", s.schema);
  f.required("name", s.name);
  f.required("table", s.table);
  f.required("definition", s.definition);
  f("owner", s.owner);
}

template <typename Fields>
void describe(Fields& f, SnapshotPublication& p) {
  f.required("name", p.name);
  f("owner", p.owner);
  f("all_tables", p.all_tables);
  f("tables", p.tables);
  f("filtered", p.filtered);
  f("schemas", p.schemas);
  f("options", p.options);
}

template <typename Fields>
void describe(Fields& f, SnapshotEventTrigger& t) {
  f.required("name", t.name);
  f.required("event", t.event);
  f.required("function", t.function);
  f("evtenabled", t.evtenabled, "O");
  f("tags", t.tags);
}

template <typename Fields>
void describe(Fields& f, SnapshotExtension& e) {
  f.required("name", e.name);
  f("version", e.version);
  f("schema", e.schema);
}

template <typename Fields>
void describe(Fields& f, SnapshotSchema& s) {
  f.required("name", s.name);
  f("owner", s.owner);
}

template <typename Fields>
void describe(Fields& f, SnapshotDatabase& d) {
  f.required("name", d.name);
  f.required("server_version_num", d.server_version_num);
  f("system_identifier", d.system_identifier);
  f("timezone", d.timezone);
  f("search_path", d.search_path);
  f("schemas", d.schemas);
  f("default_tablespace", d.default_tablespace);
  f("default_access_method", d.default_access_method);
}

template <typename Fields>
void describe(Fields& f, Snapshot& s) {
  f("taken_at", s.taken_at);
  f.required("database", s.database);
  f("schemas", s.schemas);
  f("extensions", s.extensions);
  f("types", s.types);
  f("casts", s.casts);
  f("functions", s.functions);
  f("servers", s.servers);
  f("relations", s.relations);
  f("statistics", s.statistics);
  f("publications", s.publications);
  f("event_triggers", s.event_triggers);
}

/// JSON object → members, strictly.
class Reader {
 public:
  Reader(const Json& object, const JsonPlace& place) : object_(object), place_(place) {
    if (!object.is_object()) json_error(place, std::string("must be an object, not ") + object.type_name());
  }

  template <typename Value>
  void required(std::string_view key, Value& value) {
    get_member(object_, key, place_);
    (*this)(key, value);
  }
  void operator()(std::string_view key, std::string& value, std::string_view preset = {}) {
    known_.push_back(key);
    value = object_.contains(key) ? get_string(object_, key, place_) : std::string(preset);
  }
  void operator()(std::string_view key, bool& value, bool preset = false) {
    known_.push_back(key);
    value = object_.contains(key) ? find_bool(object_, key, place_) : preset;
  }
  void operator()(std::string_view key, long long& value) {
    known_.push_back(key);
    value = find_integer(object_, key, place_).value_or(0);
  }
  void operator()(std::string_view key, std::optional<double>& value) {
    known_.push_back(key);
    value = find_number(object_, key, place_);
  }
  void operator()(std::string_view key, std::vector<std::string>& value) {
    known_.push_back(key);
    value = find_strings(object_, key, place_);
  }
  void operator()(std::string_view key, SnapshotDatabase& value) {
    known_.push_back(key);
    read_object(object_.at(std::string(key)), place_ / key, value);
  }
  template <typename Item>
  void operator()(std::string_view key, std::vector<Item>& items) {
    known_.push_back(key);
    const auto found = object_.find(key);
    if (found == object_.end()) return;
    expect_array(*found, place_ / key);
    items.reserve(found->size());
    for (std::size_t i = 0; i < found->size(); ++i) {
      read_object((*found)[i], place_ / key / i, items.emplace_back());
    }
  }

  /// Whatever no member has asked for is an error.
  void finish() const { expect_object(object_, place_, known_); }

  template <typename Value>
  static void read_object(const Json& object, const JsonPlace& place, Value& value) {
    Reader reader(object, place);
    describe(reader, value);
    reader.finish();
  }

 private:
  const Json& object_;
  const JsonPlace& place_;
  std::vector<std::string_view> known_;
};

}  // namespace pgsluice::snapshot
