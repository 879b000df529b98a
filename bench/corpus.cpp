// SPDX-License-Identifier: Apache-2.0
#include "corpus.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace bench {
namespace {

using std::to_string;

/// SplitMix64: the standard library's distributions differ between implementations.
class Random {
 public:
  std::size_t below(std::size_t limit) {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return static_cast<std::size_t>((z ^ (z >> 31U)) % limit);
  }
  template <typename Items>
  const auto& one_of(const Items& items) {
    return items[below(items.size())];
  }

 private:
  std::uint64_t state_ = 1;
};

std::string text(std::initializer_list<std::string_view> parts) {
  std::string result;
  for (const std::string_view part : parts) result += part;
  return result;
}

constexpr std::array<std::string_view, 12> k_columns = {"name",  "email",  "status", "created_at",
                                                        "total", "note",   "price",  "qty",
                                                        "kind",  "region", "score",  "label"};
constexpr std::array<std::string_view, 9> k_types = {
    "bigint", "text", "varchar(80)", "timestamptz", "numeric(10,2)", "integer", "boolean", "jsonb", "uuid"};
constexpr std::array<std::string_view, 4> k_markings = {"", "", " NOT NULL", " DEFAULT NULL"};

/// Migrations of one application: early ones make the tables that later ones change.
class Migrations {
 public:
  std::string file(int number) {
    std::string sql = text({"-- migration ", to_string(number), ": written by a generator\n"});
    const std::size_t statements = 8 + random_.below(8);
    for (std::size_t i = 0; i < statements; ++i) sql += "\n" + statement() + "\n";
    return sql;
  }

 private:
  std::string statement() {
    const std::string n = to_string(++count_);
    const std::size_t kind = random_.below(100);
    if (tables_.size() < 5 || kind < 12) return create_table(n);
    const std::string& t = random_.one_of(tables_);
    const std::string c(random_.one_of(k_columns));
    const std::string type(random_.one_of(k_types));
    if (kind < 28) return text({"ALTER TABLE ", t, " ADD COLUMN ", c, "_", n, " ", type, ";"});
    if (kind < 38) {
      return text({"CREATE INDEX CONCURRENTLY ", t, "_", c, "_", n, "_idx ON ", t, " (", c, ", id) WHERE ", c,
                   " IS NOT NULL;"});
    }
    if (kind < 46) return text({"CREATE INDEX ", t, "_", n, "_idx ON ", t, " USING btree (", c, ");"});
    if (kind < 56) {
      return text({"ALTER TABLE ", t, "\n  ADD CONSTRAINT ", t, "_", n,
                   "_fkey FOREIGN KEY (customer_id) REFERENCES ", random_.one_of(tables_),
                   " (id) ON DELETE CASCADE NOT VALID;"});
    }
    if (kind < 60) {
      return text({"ALTER TABLE ", t, "\n  ADD CONSTRAINT ", t, "_", n, "_check CHECK (", c,
                   " IS NOT NULL) NOT VALID;"});
    }
    if (kind < 64) return text({"ALTER TABLE ", t, " VALIDATE CONSTRAINT ", t, "_", n, "_check;"});
    if (kind < 68) return text({"ALTER TABLE ", t, " ALTER COLUMN ", c, " SET NOT NULL;"});
    if (kind < 72) return text({"ALTER TABLE ", t, " ALTER COLUMN ", c, " TYPE ", type, ";"});
    if (kind < 76) return text({"DROP INDEX IF EXISTS ", t, "_", n, "_idx;"});
    if (kind < 80) return text({"ALTER TABLE ", t, " DROP COLUMN IF EXISTS ", c, "_", n, ";"});
    if (kind < 86) return update(t, c, n);
    if (kind < 93) {
      return text({"COMMENT ON COLUMN ", t, ".", c, " IS\n  'some words about the column ", c,
                   " of the table ", t, ", what it means and who fills it, number ", n, "';"});
    }
    return view(t, n);
  }

  std::string create_table(const std::string& n) {
    std::string name = text({"app_", random_.one_of(k_columns), "_", n});
    std::string sql =
        text({"CREATE TABLE ", name, " (\n  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n",
              "  customer_id bigint NOT NULL"});
    for (const std::string_view column : k_columns) {
      sql += text({",\n  ", column, " ", random_.one_of(k_types), random_.one_of(k_markings)});
    }
    tables_.push_back(std::move(name));
    return sql + "\n);";
  }

  static std::string update(const std::string& t, const std::string& c, const std::string& n) {
    return text({"UPDATE ", t, "\n   SET ", c, " = coalesce(", c, ", note)\n WHERE id BETWEEN ", n, " AND ",
                 n, "000\n   AND status IS DISTINCT FROM 'closed';"});
  }

  std::string view(const std::string& t, const std::string& n) {
    const std::string& other = random_.one_of(tables_);
    return text({"CREATE OR REPLACE VIEW v_", n,
                 " AS\n  SELECT a.id, b.name, count(*) AS orders, sum(a.total) AS total\n", "    FROM ", t,
                 " a\n    JOIN ", other, " b ON a.id = b.customer_id\n   WHERE a.price > 10 AND b.status = ",
                 "'open'\n   GROUP BY a.id, b.name;"});
  }

  Random random_;
  std::vector<std::string> tables_;
  int count_ = 0;
};

std::string dump(std::size_t bytes) {
  Random random;
  std::string sql = "SET statement_timeout = 0;\nSET lock_timeout = 0;\n\n";
  for (int i = 0; sql.size() < bytes; ++i) {
    const std::string t = "public.table_" + to_string(i);
    sql += text({"CREATE TABLE ", t, " (\n    id bigint NOT NULL"});
    for (const std::string_view column : k_columns) {
      sql += text({",\n    ", column, " ", random.one_of(k_types), random.one_of(k_markings)});
    }
    sql += text({"\n);\n\n\nALTER TABLE ",
                 t,
                 " OWNER TO app;\n\nCREATE SEQUENCE ",
                 t,
                 "_id_seq\n    START WITH 1\n    INCREMENT BY 1\n    NO MINVALUE\n    NO MAXVALUE\n    CACHE "
                 "1;\n\n\n",
                 "ALTER TABLE ONLY ",
                 t,
                 " ALTER COLUMN id SET DEFAULT nextval('",
                 t,
                 "_id_seq'::regclass);\n\n",
                 "ALTER TABLE ONLY ",
                 t,
                 "\n    ADD CONSTRAINT table_",
                 to_string(i),
                 "_pkey PRIMARY KEY (id);\n\n",
                 "CREATE INDEX table_",
                 to_string(i),
                 "_ix ON ",
                 t,
                 " USING btree (created_at);\n\n"});
  }
  return sql;
}

void write(const std::filesystem::path& path, std::string_view contents) {
  std::ofstream file(path, std::ios::binary);
  file << contents;
  if (!file.flush()) throw std::filesystem::filesystem_error("cannot write", path, {});
}

void write_insert(const std::filesystem::path& path, int rows) {
  std::string sql = "INSERT INTO public.events (id, kind, payload, at) VALUES\n";
  for (int i = 0; i < rows; ++i) {
    sql += text({i == 0 ? "" : ",\n", "(", to_string(i), ", 'click', '{\"page\": ", to_string(i % 97),
                 ", \"button\": \"left\"}', '2026-01-01 00:00:", to_string(10 + i % 50), "')"});
  }
  write(path, sql + ";\n");
}

}  // namespace

void write_corpora(const std::filesystem::path& folder, const CorpusSizes& sizes) {
  const std::filesystem::path small = folder / "small";
  std::filesystem::remove_all(small);
  std::filesystem::create_directories(small);
  Migrations migrations;
  for (int i = 0; i < sizes.files; ++i) {
    const std::string number = to_string(10000 + i);  // all of one length: any order of names is the same
    write(small / (number + "_change.sql"), migrations.file(i));
  }
  write(folder / "dump.sql", dump(sizes.dump_bytes));
  write_insert(folder / "insert.sql", sizes.rows);
  write(folder / "tiny.sql", "ALTER TABLE users ADD COLUMN nick text;\n");
}

}  // namespace bench
