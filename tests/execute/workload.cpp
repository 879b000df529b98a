// SPDX-License-Identifier: Apache-2.0
#include "execute/workload.hpp"

#include <algorithm>
#include <map>
#include <random>

#include "base/text.hpp"

namespace pgsluice::test {

const char* const k_workload_schema = R"sql(
CREATE TABLE customer (id text UNIQUE, name text, email text, city text, note text);
CREATE TABLE orders (id text UNIQUE, customer_id text, total text, status text, note text);
CREATE TABLE item (id text UNIQUE, order_id text, product_id text, price text, qty text);
CREATE TABLE product (id text UNIQUE, name text, price text, stock text, note text);
CREATE VIEW v_order AS SELECT o.id, o.total AS amount, c.name FROM orders o JOIN customer c ON c.id = o.customer_id;
CREATE VIEW v_big AS SELECT v.id, v.name FROM v_order v WHERE v.amount > '10';
CREATE VIEW v_product AS SELECT * FROM product;
CREATE FUNCTION cheapest() RETURNS text LANGUAGE sql AS 'SELECT min(price) FROM item WHERE qty <> ''0''';
CREATE SCHEMA archive;
CREATE TABLE archive.orders (id text UNIQUE, customer_id text, total text, status text, note text);
)sql";

namespace {

using Columns = std::vector<std::string>;

const std::map<std::string, Columns> k_tables = {{"customer", {"id", "name", "email", "city", "note"}},
                                                 {"orders", {"id", "customer_id", "total", "status", "note"}},
                                                 {"item", {"id", "order_id", "product_id", "price", "qty"}},
                                                 {"product", {"id", "name", "price", "stock", "note"}}};
struct View {
  Columns columns;
  std::set<std::string> uses;
};
const std::map<std::string, View> k_views = {
    {"v_order",
     {.columns = {"id", "amount", "name"},
      .uses = {"orders.id", "orders.total", "orders.customer_id", "customer.id", "customer.name"}}},
    {"v_big",
     {.columns = {"id", "name"},
      .uses = {"orders.id", "orders.total", "orders.customer_id", "customer.id", "customer.name"}}},
    {"v_product",
     {.columns = {"id", "name", "price", "stock", "note"},
      .uses = {"product.id", "product.name", "product.price", "product.stock", "product.note"}}}};

std::vector<std::string> all_columns() {
  std::vector<std::string> all;
  for (const auto& [table, columns] : k_tables)
    for (const std::string& column : columns) all.push_back(cat(table, ".", column));
  return all;
}

/// Columns of a subquery that a star has brought: whoever names one needs what is behind it.
using Bases = std::map<std::string, std::string>;

/// What stands in FROM, under a name.
struct Source {
  std::string from;
  std::string name;
  std::string table;  ///< of the twenty columns; empty: a view, a subquery or the other schema
  Columns columns;
  Bases bases;
};

class Maker {
 public:
  Maker(std::uint32_t seed, int major) : random_(seed), major_(major) {}

  WorkloadQuery next() {
    query_ = {};
    tables_.clear();
    renamed_.clear();
    starred_.clear();
    aliases_ = 0;
    query_.archive = one_in(10);
    const std::size_t kind = below(10);
    query_.sql = kind == 0                   ? insert()
                 : kind == 1                 ? update()
                 : kind == 2                 ? remove()
                 : kind == 3 && major_ >= 15 ? merge()
                                             : statement();
    for (const std::string& column : query_.uses) query_.too.erase(column);
    return query_;
  }

 private:
  // ---- chance ----

  std::size_t below(std::size_t limit) { return random_() % limit; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <typename List>
  const auto& any(const List& list) {
    return *std::next(list.begin(), static_cast<std::ptrdiff_t>(below(list.size())));
  }
  std::string value() { return cat("'", std::to_string(random_()), "'"); }
  std::string alias() { return cat("a", std::to_string(++aliases_)); }

  // ---- FROM ----

  bool is_counted(const std::string& table) const { return !(query_.archive && table == "orders"); }

  void use(const Source& source, const std::string& column) {
    if (!source.table.empty()) query_.uses.insert(cat(source.table, ".", column));
    if (const auto base = source.bases.find(column); base != source.bases.end())
      query_.uses.insert(base->second);
  }
  Bases bases_of(const Source& source) const {
    Bases bases = source.bases;
    for (const std::string& column : source.columns)
      if (!source.table.empty()) bases[column] = cat(source.table, ".", real_name(source, column));
    return bases;
  }
  void use_row(const Source& source) {
    for (const std::string& column : source.columns)
      if (!source.table.empty()) query_.too.insert(cat(source.table, ".", real_name(source, column)));
  }

  Source table(const std::string& name) {
    Source source{
        .from = name, .name = name, .table = is_counted(name) ? name : "", .columns = k_tables.at(name)};
    if (one_in(8)) {
      source.from = cat("public.", name);
      source.table = name;
    }
    return source;
  }

  Source aliased_table() {
    Source source = table(any(k_tables).first);
    source.name = alias();
    if (one_in(6)) {  // the first two columns under other names
      const std::string first = std::ranges::count(source.columns, "stock") > 0 ? "email" : "stock";
      source.from += cat(" AS ", source.name, " (", first, ", zz)");
      renamed_[source.name] = {{first, source.columns[0]}, {"zz", source.columns[1]}};
      for (std::size_t i = 0; i < 2; ++i) {
        if (source.table.empty()) continue;
        query_.too.insert(cat(source.table, ".", source.columns[i]));
        query_.shifting.insert(cat(source.table, ".", source.columns[i]));
      }
      source.columns[0] = first;
      source.columns[1] = "zz";
      return source;
    }
    source.from += cat(one_in(2) ? " AS " : " ", source.name);
    return source;
  }

  Source view() {
    const auto& [name, view] = any(k_views);
    query_.uses.insert(view.uses.begin(), view.uses.end());
    Source source{.from = name, .name = alias(), .table = "", .columns = view.columns};
    source.from += cat(" ", source.name);
    return source;
  }

  Source subquery(int depth) {
    Columns columns;
    const std::string sql = select(depth - 1, columns);
    Source source{.from = {}, .name = alias(), .table = "", .columns = columns, .bases = starred_};
    source.from = cat("(", sql, ") ", source.name);
    return source;
  }

  Source with_query() {
    Source source = any(tables_).second;
    source.from = source.name;
    source.name = alias();
    source.from += cat(" ", source.name);
    return source;
  }

  Source source(int depth) {
    const std::size_t kind = below(8);
    if (kind == 0) return view();
    if (kind == 1 && depth > 0) return subquery(depth);
    if (kind <= 3 && !tables_.empty()) return with_query();
    return aliased_table();
  }

  // ---- expressions ----

  /// How the column is called, by its own name alone where that is enough.
  std::string name_of(const Source& source, const std::string& column, const std::vector<Source>& all) {
    use(source, real_name(source, column));
    const auto has = [&column](const Source& other) { return std::ranges::count(other.columns, column) > 0; };
    // Where another query is around, a name that is gone would be found there.
    const bool short_name = !is_inside_ && std::ranges::count_if(all, has) == 1 && one_in(2);
    return short_name ? column : cat(source.name, ".", column);
  }

  std::string real_name(const Source& source, const std::string& column) const {
    const auto found = renamed_.find(source.name);
    if (found == renamed_.end()) return column;
    const auto real = found->second.find(column);
    return real == found->second.end() ? column : real->second;
  }

  std::string column_of(const std::vector<Source>& sources) {
    const Source& source = any(sources);
    return name_of(source, any(source.columns), sources);
  }

  std::string condition(const std::vector<Source>& sources, int depth) {
    const std::size_t kind = depth > 0 ? below(6) : 5;
    if (kind == 1) return cat("EXISTS (SELECT ", one_in(2) ? "*" : "1", " FROM ", correlated(sources), ")");
    const std::string column = column_of(sources);
    switch (kind) {
      case 0: {
        Columns columns;
        is_inside_ = true;
        const std::string inner = select(0, columns, 1);
        is_inside_ = false;
        return cat(column, " IN (", inner, ")");
      }
      case 2: return cat("coalesce(", column, ", ", column_of(sources), ") <> ", value());
      case 3:
        return cat("CASE WHEN ", column, " IS NULL THEN true ELSE ", column_of(sources), " > ", value(),
                   " END");
      default: return cat(column, " = ", value());
    }
  }

  /// The inner table has a name of its own, and the outer column stands behind that of its table.
  std::string correlated(const std::vector<Source>& outer) {
    const Source inner = aliased_table();
    const Source& other = any(outer);
    const std::string theirs = any(other.columns);
    use(other, real_name(other, theirs));
    const std::string mine = any(inner.columns);
    use(inner, real_name(inner, mine));
    return cat(inner.from, " WHERE ", inner.name, ".", mine, " = ", other.name, ".", theirs);
  }

  // ---- SELECT ----

  std::string join(std::vector<Source>& sources, int depth) {
    Source left = source(depth);
    Source right = source(depth);
    std::string from;
    Columns shared;
    for (const std::string& column : left.columns)
      if (std::ranges::count(right.columns, column) > 0) shared.push_back(column);
    const bool renamed = renamed_.contains(left.name) || renamed_.contains(right.name);
    const bool something_stays = left.columns.size() > 1 && right.columns.size() > 1;
    if (!shared.empty() && !renamed && something_stays && one_in(3)) {
      const std::string column = any(shared);
      use(left, column);
      use(right, column);
      from = cat(left.from, " JOIN ", right.from, " USING (", column, ")");
      std::erase(left.columns, column);  // its name alone is that of the join
      std::erase(right.columns, column);
    } else if (one_in(4)) {
      from = cat(left.from, ", ", right.from);
    } else {
      const std::string first = any(left.columns);
      const std::string second = any(right.columns);
      use(left, real_name(left, first));
      use(right, real_name(right, second));
      from = cat(left.from, one_in(2) ? " LEFT JOIN " : " JOIN ", right.from, " ON ", left.name, ".", first,
                 " = ", right.name, ".", second);
    }
    sources = {left, right};
    return from;
  }

  /// `columns`: what it yields. `width` 0: as many as it likes.
  std::string select(int depth, Columns& columns, std::size_t width = 0) {
    std::vector<Source> sources;
    std::string from;
    if (one_in(2)) {
      from = join(sources, depth);
    } else {
      sources.push_back(source(depth));
      from = sources.front().from;
    }
    std::string list;
    Bases bases;
    const bool whole = width == 0 && one_in(6);
    if (whole && sources.size() == 1) {
      list = one_in(2) ? "*" : cat(sources.front().name, ".*");
      use_row(sources.front());
      columns = sources.front().columns;
      bases = bases_of(sources.front());
    } else {
      list = outputs(sources, columns, width == 0 ? 1 + below(3) : width);
    }
    std::string sql = cat("SELECT ", list, " FROM ", from);
    if (!one_in(3)) sql += cat(" WHERE ", condition(sources, depth));
    starred_ = bases;
    return sql;
  }

  /// Under names of their own, some of which are those of other columns.
  std::string outputs(const std::vector<Source>& sources, Columns& columns, std::size_t width) {
    static const Columns names = {"total", "note", "name", "price", "status"};
    std::string list;
    for (std::size_t i = 0; i < width; ++i) {
      const std::string name = names[(i + below(2)) % names.size()];
      if (std::ranges::count(columns, name) > 0) continue;
      list += cat(list.empty() ? "" : ", ", column_of(sources), " AS ", name);
      columns.push_back(name);
    }
    return list;
  }

  std::string statement() {
    std::string with;
    for (std::size_t i = below(3); i > 0; --i) {
      Columns columns;
      const std::string sql = select(1, columns);
      const std::string name = cat("w", std::to_string(i));
      with += cat(with.empty() ? "WITH " : ", ", name, " AS (", sql, ")");
      tables_[name] = {.from = {}, .name = name, .table = "", .columns = columns, .bases = starred_};
    }
    return cat(with, with.empty() ? "" : " ", body());
  }

  std::string body() {
    Columns columns;
    switch (below(9)) {
      case 0: {
        Columns more;
        const std::string first = select(1, columns, 1);
        return cat(first, one_in(2) ? " UNION " : " EXCEPT ALL ", select(1, more, 1), " ORDER BY ",
                   columns.front());
      }
      case 1: return shadowed();
      case 2: return grouped();
      case 3: return rows();
      case 4: return lateral();
      case 5: return hidden_table();
      default: {
        const std::string sql = select(2, columns);
        if (one_in(2)) return sql;
        // A name of the list comes before that of any column.
        if (const auto base = starred_.find(columns.front()); base != starred_.end())
          query_.uses.insert(base->second);
        return cat(sql, " ORDER BY ", columns.front());
      }
    }
  }

  /// Inside, `note` is the inner table's; nothing else is looked for. Without it, it would be the outer one's.
  std::string shadowed() {
    query_.uses.insert("customer.id");
    query_.too.insert("product.note");
    const std::string outer = alias();
    return cat("SELECT ", outer, ".id FROM customer ", outer,
               " WHERE EXISTS (SELECT 1 FROM product WHERE note = ", value(), ")");
  }

  std::string grouped() {
    const Source source = table("item");
    use(source, "price");
    use(source, "qty");
    use(source, "product_id");
    return cat("SELECT product_id AS qty, max(price) AS price FROM ", source.from,
               " GROUP BY product_id, item.qty HAVING min(price) > ", value(), " ORDER BY qty, price");
  }

  std::string rows() {
    const Source source = table("product");
    const std::size_t kind = below(4);
    if (kind == 0) {
      for (const char* column : {"price", "qty"}) query_.too.insert(cat("item.", column));
      use(source, "id");
      return cat("SELECT id, cheapest() FROM ", source.from, " WHERE id <> ", value());
    }
    if (kind == 1) {
      use(source, "stock");
      return cat("SELECT (product).stock FROM ", source.from, " LIMIT 1");
    }
    use_row(source);
    if (kind == 2) return cat("SELECT row_to_json(product) FROM ", source.from, " LIMIT 2");
    return cat("SELECT product FROM ", source.from, " LIMIT 3");
  }

  std::string lateral() {
    const Source orders = table("orders");
    use(orders, "id");
    for (const char* column : {"order_id", "price"}) query_.uses.insert(cat("item.", column));
    return cat("SELECT x.p, g FROM ", orders.from,
               " CROSS JOIN LATERAL (SELECT price AS p FROM item WHERE order_id = orders.id", " LIMIT ",
               std::to_string(1 + below(9)), ") x, generate_series(1, 2) AS g");
  }

  std::string hidden_table() {
    query_.uses.insert("product.stock");
    return cat("SELECT h.total AS t", std::to_string(below(50)),
               " FROM (WITH orders AS (SELECT stock AS total FROM product) SELECT total FROM orders) h");
  }

  // ---- DML ----

  std::string insert() {
    const Source source = table(any(k_tables).first);
    std::string sql = cat("INSERT INTO ", source.from);
    const std::size_t kind = below(4);
    if (kind == 0) {  // all of them: none may go
      for (const std::string& column : source.columns) use(source, column);
      sql += cat(" VALUES (", value());
      for (int i = 0; i < 4; ++i) sql += cat(", ", value());
      return sql + ")";
    }
    if (kind == 1) {  // the first two, whichever they are
      for (int i = 0; i < 2; ++i)
        if (!source.table.empty())
          query_.too.insert(cat(source.table, ".", source.columns[static_cast<std::size_t>(i)]));
      return cat(sql, " VALUES (", value(), ", ", value(), ")");
    }
    const std::string column = source.columns[1 + below(4)];
    use(source, "id");
    use(source, column);
    if (kind == 2) {
      use(source, source.columns[2]);
      return cat(sql, " AS x (id, ", column, ") VALUES (", value(), ", ", value(),
                 ") ON CONFLICT (id) DO UPDATE SET ", column, " = excluded.", source.columns[2],
                 " WHERE x.id <> ", value());
    }
    query_.uses.insert("customer.city");
    return cat(sql, " (id, ", column, ") SELECT ", value(), ", city FROM customer WHERE city = ", value(),
               returning(source));
  }

  std::string returning(const Source& source) {
    if (one_in(2)) return {};
    if (one_in(2)) {
      use_row(source);
      return " RETURNING *";
    }
    const std::string column = any(source.columns);
    use(source, column);
    return cat(" RETURNING ", source.name, ".", column);
  }

  std::string update() {
    const Source source = table(any(k_tables).first);
    const std::string column = source.columns[1 + below(4)];
    use(source, column);
    if (one_in(2)) {
      const std::string other = any(source.columns);
      use(source, other);
      return cat("UPDATE ", source.from, " SET ", column, " = ", value(), " WHERE ", other, " = ", value(),
                 returning(source));
    }
    query_.uses.insert({"product.name", "product.id"});
    use(source, "id");
    return cat("UPDATE ", source.from, " AS t SET ", column,
               " = p.name FROM product p WHERE p.id = t.id AND t.id = ", value());
  }

  std::string remove() {
    const Source source = table(any(k_tables).first);
    const std::string column = any(source.columns);
    use(source, column);
    if (one_in(2))
      return cat("DELETE FROM ", source.from, " WHERE ", column, " = ", value(), returning(source));
    query_.uses.insert({"customer.email", "customer.id"});
    return cat("DELETE FROM ", source.from, " t USING customer c WHERE c.email = t.", column,
               " AND c.id = ", value());
  }

  std::string merge() {
    const Source source = table(any(k_tables).first);
    const std::string column = source.columns[1 + below(4)];
    use(source, "id");
    use(source, column);
    query_.uses.insert({"customer.id", "customer.city", "customer.name"});
    return cat("MERGE INTO ", source.from, " t USING customer s ON t.id = s.id AND s.city = ", value(),
               " WHEN MATCHED THEN UPDATE SET ", column, " = s.name WHEN NOT MATCHED AND s.name = ", value(),
               " THEN INSERT (id) VALUES (", value(), ")");
  }

  std::mt19937 random_;
  int major_;
  WorkloadQuery query_;
  std::map<std::string, Source> tables_;
  Bases starred_;                                                      ///< of the SELECT that was made last
  std::map<std::string, std::map<std::string, std::string>> renamed_;  ///< by alias
  bool is_inside_ = false;
  int aliases_ = 0;
};

}  // namespace

const std::vector<std::string> k_workload_columns = all_columns();

std::vector<WorkloadQuery> make_workload(std::size_t count, std::uint32_t seed, int major) {
  Maker maker(seed, major);
  std::vector<WorkloadQuery> all;
  for (std::size_t i = 0; i < count; ++i) {
    WorkloadQuery query = maker.next();
    // In the middle, where a server keeps it in what it calls the text of the query.
    query.sql.insert(query.sql.find(' '), cat(" /* q", std::to_string(i), " */"));
    all.push_back(std::move(query));
  }
  return all;
}

}  // namespace pgsluice::test
