// SPDX-License-Identifier: Apache-2.0
#include "preview/rows.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <ranges>
#include <set>
#include <utility>

#include "base/text.hpp"
#include "pg/arrays.hpp"
#include "pgsluice/error.hpp"
#include "preview/fillable.hpp"
#include "preview/gone.hpp"
#include "preview/row_insert.hpp"
#include "preview/row_source.hpp"

namespace pgsluice {
namespace {

constexpr std::size_t k_most_combinations = 400;
constexpr double k_most_tuples = 300'000;
constexpr double k_most_values = 20'000;

SqlResult send(Session& session, const std::string& sql) {
  SqlResult result =
      session.run({.sql = sql, .parameters = {}, .interruptible = Interruptible::yes, .watch = {}});
  if (result.connection_lost) throw server_gone("tables were filled", result.error);
  if (!result.ok && is_disk_full(result.error))
    throw Error(ExitCode::precondition, cat("cannot fill tables: ", result.error.message),
                std::string(k_more_room));
  return result;
}

std::string_view first_line(std::string_view message) {
  return message.substr(0, message.find('\n'));
}

/// One table that gets rows, with one INSERT.
class TableFill {
 public:
  TableFill(Session& session, const FillTable& table, const std::set<std::string>& filled)
      : session_(session), table_(table), filled_(filled) {}
  TableFill(const TableFill&) = delete;
  TableFill& operator=(const TableFill&) = delete;
  ~TableFill() {
    for (std::size_t i = 0; i < pools_; ++i)
      session_.query(cat("DROP TABLE IF EXISTS pg_temp.", pool_name(i)), {});
  }

  /// Rows number `from` to `until`; what is said of it, if anything.
  std::string run(long long from, long long until) {
    until_ = until;
    choose_columns();
    for (const FillReference& reference : table_.references) {
      if (!add_reference(reference)) return problem_;
    }
    if (!add_groups()) return problem_;
    spread();
    const RowInsert insert(table_, sources_);
    SqlResult inserted = send(session_, insert.sql(from, until, RowInsert::Turns::no));
    if (inserted.ok && inserted.command == "INSERT 0 0" && insert.has_turns())
      inserted = send(session_, insert.sql(from, until, RowInsert::Turns::yes));
    if (!inserted.ok) return std::string(first_line(inserted.error.message));
    return {};
  }

 private:
  static std::string pool_name(std::size_t i) { return cat("pgsluice_pool_", std::to_string(i)); }

  // ---- which columns get values ----------------------------------------------------------------------------------------

  /// Those without a default; with one, where it would not do: in a key, a foreign key, or a CHECK beside others.
  void choose_columns() {
    std::set<int> wanted;
    for (const FillKey& key : table_.keys) wanted.insert(key.columns.begin(), key.columns.end());
    for (const FillReference& reference : table_.references) {
      const bool own = reference.root == table_.oid;
      for (std::size_t i = 0; i < reference.columns.size(); ++i) {
        wanted.insert(reference.columns[i]);
        if (!own) continue;
        // What own rows refer to must be known before it is there.
        for (const FillColumn& one : table_.columns) {
          if (one.name == reference.referenced[i]) explicit_.insert(one.attnum);
        }
      }
    }
    for (const std::string& check : all_checks(table_)) {
      const std::vector<const FillColumn*> columns = columns_in(table_, check);
      if (columns.size() < 2) continue;
      for (const FillColumn* one : columns) explicit_.insert(one->attnum);
    }
    for (const FillColumn& one : table_.columns) {
      const bool in_key = wanted.contains(one.attnum) && !makes_unique_values(one.fallback);
      if (one.fallback.empty() || in_key || explicit_.contains(one.attnum)) to_give_.push_back(&one);
    }
    if (to_give_.empty() && !table_.columns.empty()) {
      to_give_.push_back(&table_.columns.front());
      explicit_.insert(table_.columns.front().attnum);
    }
  }

  // ---- foreign keys ----------------------------------------------------------------------------------------------------

  /// The largest key comes first; columns that an earlier one has given are kept, so that both find their rows.
  bool add_reference(const FillReference& reference) {
    RowSource source{
        .kind = RowSource::Kind::reference, .reference = &reference, .own = reference.root == table_.oid};
    bool shares = false;
    bool may_be_null = false;
    for (std::size_t i = 0; i < reference.columns.size(); ++i) {
      const FillColumn* one = column_of(table_, reference.columns[i]);
      if (one == nullptr) return true;  // generated: the server judges
      may_be_null = may_be_null || !one->not_null;
      if (is_given(sources_, one)) {
        shares = true;
      } else if (!source.own || one->name != reference.referenced[i]) {
        source.columns.push_back(one);
      }
    }
    if (source.columns.empty()) return true;
    const long long count = source.own ? until_ : rows_of(reference.table);
    if (count == 0 && !may_be_null) {
      problem_ = filled_.contains(reference.root)
                     ? cat("it refers to ", reference.table, ", which has none")
                     : cat("it refers to ", reference.table, ", which refers back to it");
      return false;
    }
    if (count == 0 || (source.own && in_key(source.columns) && may_be_null))
      source.kind = RowSource::Kind::nothing;
    source.count = shares || source.own ? 1 : std::max(count, 1LL);
    sources_.push_back(std::move(source));
    return true;
  }

  [[nodiscard]] bool in_key(const std::vector<const FillColumn*>& columns) const {
    return std::ranges::any_of(table_.keys, [&](const FillKey& key) {
      return std::ranges::all_of(key.columns, [&](int attnum) {
        return std::ranges::any_of(columns, [&](const FillColumn* one) { return one->attnum == attnum; });
      });
    });
  }

  long long rows_of(const std::string& relation) {
    return send(session_, cat("SELECT count(*) FROM ", relation)).number(0, 0).value_or(0);
  }

  // ---- columns that checks judge together ------------------------------------------------------------------------------

  struct Group {
    std::vector<const FillColumn*> columns;
    std::vector<std::string> checks;
  };

  /// Columns that are left, those that a check names together in one group. What names others, too, the INSERT looks at.
  std::vector<Group> groups() {
    std::vector<Group> all;
    for (const FillColumn* one : to_give_) {
      if (!is_given(sources_, one)) all.push_back({.columns = {one}, .checks = {}});
    }
    for (const std::string& check : all_checks(table_)) {
      const std::vector<const FillColumn*> columns = columns_in(table_, check);
      const bool ours = !columns.empty() && std::ranges::all_of(columns, [&](const FillColumn* one) {
        return std::ranges::any_of(
            all, [&](const Group& group) { return std::ranges::count(group.columns, one) > 0; });
      });
      if (!ours) continue;
      Group merged{.columns = {}, .checks = {check}};
      std::erase_if(all, [&](Group& group) {
        const bool named = std::ranges::any_of(
            columns, [&](const FillColumn* one) { return std::ranges::count(group.columns, one) > 0; });
        if (!named) return false;
        merged.columns.insert(merged.columns.end(), group.columns.begin(), group.columns.end());
        merged.checks.insert(merged.checks.end(), group.checks.begin(), group.checks.end());
        return true;
      });
      all.push_back(std::move(merged));
    }
    return all;
  }

  bool add_groups() {
    for (const Group& group : groups()) {
      if (add_series(group) || add_pool(group)) continue;
      const bool not_null = std::ranges::any_of(group.columns, &FillColumn::not_null);
      std::vector<std::string> names;
      for (const FillColumn* one : group.columns) names.push_back(cat(one->name, " (", one->type.name, ")"));
      problem_ = cat("no value was found for ", join(names, ", "),
                     group.checks.empty() ? "" : " that its checks allow", last_error_.empty() ? "" : ": ",
                     last_error_);
      if (not_null || !group.checks.empty()) return false;
      sources_.push_back({.kind = RowSource::Kind::nothing, .columns = group.columns, .count = 1});
    }
    return true;
  }

  [[nodiscard]] bool default_first(const FillColumn& one) const {
    return !one.fallback.empty() && explicit_.contains(one.attnum);
  }

  /// Whether all values of a combination pass, of the first rows and of the last ones.
  bool passes(const Group& group, const std::vector<std::string>& expressions) {
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < expressions.size(); ++i)
      columns.push_back(cat(cast_to(group.columns[i]->type, expressions[i]), " AS ", group.columns[i]->name));
    const std::string last = std::to_string(std::max(until_ - 1, 0LL));
    const std::string sql =
        cat("SELECT count(*), count(*) FILTER (WHERE ", passing(group.checks), ") FROM (SELECT ",
            join(columns, ", "), " FROM (SELECT generate_series(0, least(99, ", last,
            "::bigint)) UNION ALL SELECT ", last,
            "::bigint) numbers(n) OFFSET 0) judged WHERE judged::text IS NOT NULL");
    const SqlResult judged = send(session_, sql);
    if (!judged.ok) last_error_ = first_line(judged.error.message);
    return judged.ok && judged.text(0, 0) == judged.text(0, 1);
  }

  /// Each column counts by itself, one way or another, so that all values are different.
  bool add_series(const Group& group) {
    last_error_.clear();
    std::vector<std::vector<ValueSeries>> series;
    std::size_t combinations = 1;
    for (const FillColumn* one : group.columns) {
      series.push_back(series_of(*one, default_first(*one), k_row_number));
      if (series.back().empty()) return false;
      combinations = std::min(combinations * series.back().size(), k_most_combinations);
    }
    for (std::size_t number = 0; number < combinations; ++number) {
      std::vector<std::size_t> chosen;
      std::vector<std::string> expressions;
      for (std::size_t left = number; const std::vector<ValueSeries>& ways : series) {
        chosen.push_back(left % ways.size());
        left /= ways.size();
        expressions.push_back(ways[chosen.back()].expression);
      }
      if (!passes(group, expressions)) continue;
      for (std::size_t i = 0; i < chosen.size(); ++i)
        sources_.push_back({.kind = RowSource::Kind::series,
                            .columns = {group.columns[i]},
                            .count = series[i][chosen[i]].count,
                            .series = chosen[i],
                            .default_first = default_first(*group.columns[i])});
      return true;
    }
    return false;
  }

  /// From a constant that a check names to the values behind it.
  static std::string step(const ValueType& type) {
    static constexpr std::array<std::string_view, 7> k_numbers = {"int2",   "int4",   "int8", "numeric",
                                                                  "float4", "float8", "date"};
    if (type.typname.starts_with("timestamp")) return " + n * interval '1 hour'";
    return std::ranges::count(k_numbers, type.typname) > 0 ? " + n::integer" : "";
  }

  /// Queries for values that checks may be looking for: what they name, what is beside that, and some of each series.
  std::vector<std::string> candidates(const FillColumn& one, const std::vector<std::string>& constants,
                                      long long most) {
    std::vector<std::string> expressions;
    for (const std::string& constant : constants)
      expressions.push_back(cat(cast_to(one.type, constant), step(base_of(one.type))));
    for (const ValueSeries& series : series_of(one, default_first(one), "(n + 1)"))
      expressions.push_back(series.expression);
    const long long each = std::max(most / static_cast<long long>(expressions.size()), 3LL);
    std::vector<std::string> queries;
    for (const std::string& expression : expressions) {
      std::string query = cat("SELECT ", cast_to(one.type, expression), " FROM generate_series(-1, ",
                              std::to_string(each - 2), "::bigint) n");
      if (send(session_, cat("SELECT count(v::text) FROM (", query, ") made(v)")).ok)
        queries.push_back(std::move(query));
    }
    return queries;
  }

  /// Tuples that the server itself finds to pass.
  bool add_pool(const Group& group) {
    if (group.checks.empty()) return false;
    const double most = std::pow(k_most_tuples, 1 / static_cast<double>(group.columns.size()));
    const std::vector<std::string> constants = parts_of_expression(join(group.checks, " , ")).constants;
    std::vector<std::vector<std::string>> values;
    for (const FillColumn* one : group.columns)
      values.push_back(candidates(*one, constants, std::lround(std::min(most, k_most_values))));
    return make_pool(group, values) || (add_nulls(group, values) && make_pool(group, values));
  }

  static bool add_nulls(const Group& group, std::vector<std::vector<std::string>>& values) {
    bool any = false;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (group.columns[i]->not_null) continue;
      values[i].push_back(cat("SELECT ", cast_to(group.columns[i]->type, "NULL")));
      any = true;
    }
    return any;
  }

  /// In no order, so that the first ones are of all sorts.
  bool make_pool(const Group& group, const std::vector<std::vector<std::string>>& values) {
    std::vector<std::string> from;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].empty()) return false;
      names.push_back(group.columns[i]->name);
      from.push_back(cat("(SELECT DISTINCT ON (v::text) v FROM (", join(values[i], " UNION ALL "),
                         ") made(v)) v", std::to_string(i), "(", names[i], ")"));
    }
    const std::string pool = pool_name(pools_++);
    const SqlResult made =
        send(session_, cat("CREATE TEMPORARY TABLE ", pool, " AS SELECT row_number() OVER (ORDER BY md5(ROW(",
                           join(names, ", "), ")::text)) - 1 AS pgsluice_place, ", join(names, ", "),
                           " FROM ", join(from, ", "), " WHERE ", passing(group.checks)));
    if (!made.ok) last_error_ = first_line(made.error.message);
    const long long count = made.ok ? rows_of(cat("pg_temp.", pool)) : 0;
    if (count == 0) return false;
    sources_.push_back(
        {.kind = RowSource::Kind::pool, .columns = group.columns, .count = count, .pool = pool});
    return true;
  }

  // ---- unique keys -----------------------------------------------------------------------------------------------------

  /// In a key without a column that counts all rows, each source changes when those before it are through.
  void spread() {
    std::set<const RowSource*> placed;
    for (const FillKey& key : table_.keys) {
      std::vector<RowSource*> parts;
      for (RowSource& source : sources_) {
        const bool named = std::ranges::any_of(source.columns, [&](const FillColumn* one) {
          return std::ranges::count(key.columns, one->attnum) > 0;
        });
        if (named) parts.push_back(&source);
      }
      const auto counts_all = [&](const RowSource* source) {
        return source->stride == 1 && (!source->count || *source->count >= until_);
      };
      const auto counting = std::ranges::find_if(parts, counts_all);
      if (counting != parts.end()) {
        placed.insert(*counting);
        continue;
      }
      long long stride = 1;
      for (RowSource* source : parts) {
        if (placed.insert(source).second) source->stride = stride;
        if (stride < until_) stride *= source->count.value_or(1);
      }
    }
  }

  Session& session_;
  const FillTable& table_;
  const std::set<std::string>& filled_;  ///< by oid
  long long until_ = 0;
  std::vector<const FillColumn*> to_give_;
  std::set<int> explicit_;  ///< attnums of columns whose default is written out
  std::vector<RowSource> sources_;
  std::size_t pools_ = 0;
  std::string problem_;
  std::string last_error_;
};

/// The tables of these names, or whose partitions have them, with what they refer to, and what that refers to.
std::set<std::string> with_referenced(Session& session, const std::vector<FillTable>& tables,
                                      const std::vector<std::string>& names) {
  const SqlResult found = session.query(
      "SELECT coalesce(pg_partition_root(to_regclass(n)), to_regclass(n))::oid FROM unnest($1::text[]) n",
      {pg::text_array(names)});
  std::set<std::string> wanted;
  for (std::size_t i = 0; i < found.rows.size(); ++i) wanted.insert(found.text(i, 0));
  // Children stand behind their parents.
  for (const FillTable& table : std::views::reverse(tables)) {
    if (!wanted.contains(table.oid)) continue;
    for (const FillReference& reference : table.references) wanted.insert(reference.root);
  }
  return wanted;
}

long long count_rows(Session& session, const FillTable& table) {
  return send(session, cat("SELECT count(*) FROM ", table.partitioned ? "" : "ONLY ", table.name))
      .number(0, 0)
      .value_or(0);
}

std::string shortfall(const FillTable& table, long long rows, long long wanted, const std::string& problem) {
  const std::string why = problem.empty() ? "its keys and checks leave no more of what was tried" : problem;
  return rows == 0
             ? cat(table.name, " stays empty: ", why)
             : cat(table.name, " has ", std::to_string(rows), " of ", std::to_string(wanted), " rows: ", why);
}

}  // namespace

Filled fill(Session& session, const Filling& filling) {
  Filled result;
  // Neither triggers nor the checks of foreign keys: what is inserted refers to rows that are there.
  session.script("SET session_replication_role = replica; SET client_min_messages = error");
  const std::vector<FillTable> tables = fillable_tables(session);
  const std::set<std::string> wanted = with_referenced(session, tables, filling.tables);
  std::set<std::string> filled;
  for (const FillTable& table : tables) {
    filled.insert(table.oid);
    if (!filling.tables.empty() && !wanted.contains(table.oid)) continue;
    const long long aim = filling.rows(table.name);
    const long long before = count_rows(session, table);
    if (aim <= before) continue;
    const std::string problem = TableFill(session, table, filled).run(before, aim);
    const long long rows = count_rows(session, table);
    if (rows < aim) result.notes.push_back(shortfall(table, rows, aim, problem));
    result.tables.push_back({.name = table.name, .rows = rows});
    session.query(cat("VACUUM (ANALYZE) ", table.name), {});
  }
  session.script("RESET session_replication_role; RESET client_min_messages");
  return result;
}

}  // namespace pgsluice
