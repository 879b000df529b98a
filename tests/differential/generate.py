#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a random migration that a server has run without an error, statement by statement.

    generate.py --seed N --statements N --version MAJOR >migration.sql

Asks the database that PGHOST and PGDATABASE name what there is, proposes statements about it, and keeps those that the
server takes. The same seed on the same version gives the same migration.
"""
import argparse
import random
import subprocess

TYPES = ["int", "bigint", "text", "numeric(10,2)", "varchar(20)", "timestamptz", "timestamp", "date", "bool", "uuid",
         "jsonb", "int[]", "char(5)", "real", "varchar", "numeric"]
DEFAULTS = {"int": "1", "bigint": "5", "text": "'x'", "uuid": "md5(clock_timestamp()::text)::uuid", "timestamptz": "now()",
            "timestamp": "clock_timestamp()", "bool": "true", "jsonb": "'{}'", "date": "current_date", "real": "random()"}
SCHEMAS = "n.nspname IN ('public', 's2')"


class Server:
    """One psql that stays open."""

    def __init__(self):
        self.psql = subprocess.Popen(["psql", "-qXAt", "-v", "ON_ERROR_STOP=0"], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, sql):
        """The lines of the answer, and whether there was no error."""
        self.psql.stdin.write(sql + ";\n\\echo __end__ :ERROR\n")
        self.psql.stdin.flush()
        lines = []
        for line in self.psql.stdout:
            if line.startswith("__end__"):
                return lines, line.split()[1] == "false"
            lines.append(line.rstrip("\n"))
        raise EOFError("psql has ended: " + "\n".join(lines))

    def rows(self, sql):
        lines, good = self.run(sql)
        return [line for line in lines if line] if good else []


class Author:
    """Proposes statements about what there is."""

    def __init__(self, server, seed, version):
        self.server = server
        self.random = random.Random(seed)
        self.version = version

    def pick(self, values):
        return self.random.choice(values) if values else None

    def name(self, prefix):
        return prefix + str(self.random.randrange(1000))

    def relations(self, kinds):
        return self.server.rows("SELECT quote_ident(n.nspname) || '.' || quote_ident(relname) FROM pg_class c JOIN pg_namespace n"
                                f" ON n.oid = relnamespace WHERE {SCHEMAS} AND relkind IN ({kinds}) ORDER BY 1")

    def columns(self, relation):
        return self.server.rows(f"SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = '{relation}'::regclass"
                                " AND attnum > 0 AND NOT attisdropped ORDER BY attnum")

    def look(self):
        """What the next statement may be about. False: there is no table with a column yet."""
        self.t = self.pick(self.relations("'r', 'p'"))
        self.u = self.pick(self.relations("'r', 'p'"))
        if self.t is None:
            return False
        self.c = self.pick(self.columns(self.t))
        self.d = self.pick(self.columns(self.t))
        self.k = self.pick(self.columns(self.u)) or "id"
        self.view = self.pick(self.relations("'v'"))
        self.matview = self.pick(self.relations("'m'"))
        self.sequence = self.pick(self.relations("'S'"))
        made = self.server.rows("SELECT quote_ident(n.nspname) || '.' || quote_ident(typname) FROM pg_type t JOIN pg_namespace n"
                                f" ON n.oid = typnamespace WHERE {SCHEMAS} AND typtype IN ('e', 'd') ORDER BY 1")
        self.made_type = self.pick(made)
        self.type = self.pick(TYPES + made)
        self.function = self.pick(self.server.rows(
            "SELECT quote_ident(n.nspname) || '.' || quote_ident(proname) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace"
            f" WHERE {SCHEMAS} AND prokind = 'f' ORDER BY 1"))
        self.constraint = self.pick(self.server.rows(
            f"SELECT quote_ident(conname) FROM pg_constraint WHERE conrelid = '{self.t}'::regclass ORDER BY 1"))
        self.index = self.pick(self.server.rows(
            f"SELECT indexrelid::regclass FROM pg_index WHERE indrelid = '{self.t}'::regclass ORDER BY 1"))
        self.trigger = self.pick(self.server.rows(
            f"SELECT quote_ident(tgname) FROM pg_trigger WHERE tgrelid = '{self.t}'::regclass AND NOT tgisinternal ORDER BY 1"))
        return self.c is not None

    def statement(self):
        if not self.look():
            return "CREATE TABLE t1 (id int PRIMARY KEY, a text)"
        lists = [self.tables, self.columns_of, self.constraints, self.indexes, self.whole_tables, self.partitions, self.views,
                 self.sequences, self.types, self.code, self.rows, self.others]
        return self.pick(self.pick(lists)())

    def only(self):
        return self.pick(["", "ONLY "])

    def tables(self):
        new = self.name("t")
        return [
            f"CREATE TABLE {new} (id {self.pick(['int', 'bigint', 'serial', 'int GENERATED ALWAYS AS IDENTITY'])} PRIMARY KEY,"
            f" a text, b int REFERENCES {self.u}, c {self.type})",
            f"CREATE TABLE {new} () INHERITS ({self.t})",
            f"CREATE TABLE {new} (LIKE {self.t} {self.pick(['', 'INCLUDING ALL', 'INCLUDING INDEXES', 'INCLUDING CONSTRAINTS'])})",
            f"CREATE TABLE {new} AS SELECT * FROM {self.t}",
            f"DROP TABLE {self.t} {self.pick(['', 'CASCADE'])}",
        ]

    def columns_of(self):
        t, c, kind = self.t, self.c, self.type
        default = DEFAULTS.get(kind, "NULL")
        how = self.pick(["", "NOT NULL", "DEFAULT " + default, "UNIQUE", "REFERENCES " + self.u, "CHECK (true)",
                         "GENERATED BY DEFAULT AS IDENTITY", "NOT NULL DEFAULT " + default, "GENERATED ALWAYS AS (1) STORED"])
        change = self.pick(["SET DEFAULT NULL", "DROP DEFAULT", "SET STATISTICS 100", "SET STORAGE PLAIN", "SET (n_distinct = 5)",
                            "DROP IDENTITY IF EXISTS", "ADD GENERATED ALWAYS AS IDENTITY", "SET NOT NULL", "DROP NOT NULL",
                            "SET GENERATED BY DEFAULT RESTART"] + (["DROP EXPRESSION IF EXISTS"] if self.version >= 13 else []))
        added = self.name("m")
        return [
            f"ALTER TABLE {t} ADD COLUMN {self.name(self.pick(['a', 'b', 'x']))} {kind} {how}",
            f"ALTER TABLE {self.pick(['', 'ONLY ', 'IF EXISTS '])}{t} ALTER COLUMN {c} TYPE {kind}"
            f" {self.pick(['', 'USING NULL', f'USING {c}::text::{kind}'])}",
            f"ALTER TABLE {self.only()}{t} ALTER COLUMN {c} {change}",
            f"ALTER TABLE {self.only()}{t} DROP COLUMN {c} {self.pick(['', 'CASCADE'])}",
            f"ALTER TABLE {self.only()}{t} RENAME COLUMN {c} TO {self.name('r')}",
            f"ALTER TABLE {t} ADD COLUMN {added} int, ALTER COLUMN {c} DROP NOT NULL, ADD CHECK ({self.d} IS NULL OR true)",
            f"ALTER TABLE {t} ADD COLUMN {added} int NOT NULL DEFAULT 0, DROP COLUMN {c}, ADD UNIQUE ({self.d})",
        ]

    def constraints(self):
        t, c = self.t, self.c
        name = self.pick(["", "CONSTRAINT " + self.name("k")])
        key = self.pick(["", f"({self.k})"])
        result = [
            f"ALTER TABLE {self.only()}{t} ADD {name} CHECK ({c} IS NOT NULL) {self.pick(['', 'NOT VALID', 'NO INHERIT'])}",
            f"ALTER TABLE {self.only()}{t} ADD {name} FOREIGN KEY ({c}) REFERENCES {self.u} {key}"
            f" {self.pick(['', 'NOT VALID', 'ON DELETE CASCADE', 'DEFERRABLE INITIALLY DEFERRED'])}",
            f"ALTER TABLE {self.only()}{t} ADD {self.pick(['UNIQUE', 'PRIMARY KEY'])} ({c}{self.pick(['', ', ' + self.d])})",
            f"ALTER TABLE {t} ADD EXCLUDE USING btree ({c} WITH =)",
        ]
        if self.constraint:
            k = self.constraint
            result += [
                f"ALTER TABLE {self.only()}{t} DROP CONSTRAINT {k} {self.pick(['', 'CASCADE'])}",
                f"ALTER TABLE {self.only()}{t} VALIDATE CONSTRAINT {k}",
                f"ALTER TABLE {t} RENAME CONSTRAINT {k} TO {self.name('q')}",
                f"ALTER TABLE {t} ALTER CONSTRAINT {k} {self.pick(['DEFERRABLE', 'NOT DEFERRABLE'])}",
                f"COMMENT ON CONSTRAINT {k} ON {t} IS 'x'",
            ]
        return result

    def indexes(self):
        t, c = self.t, self.c
        result = [
            f"CREATE {self.pick(['', 'UNIQUE '])}INDEX {self.pick(['', self.name('ix')])} ON {self.only()}{t}"
            f" {self.pick(['', 'USING hash ', 'USING gin '])}({c})",
            f"CREATE INDEX CONCURRENTLY {self.name('ix')} ON {t} (({c} IS NULL)) WHERE {self.d} IS NOT NULL",
            f"REINDEX TABLE {self.pick(['', 'CONCURRENTLY '])}{t}",
        ]
        if self.index:
            plain = self.index.split(".")[-1]
            result += [
                f"DROP INDEX {self.pick(['', 'CONCURRENTLY '])}{self.index} {self.pick(['', 'CASCADE'])}",
                f"REINDEX INDEX {self.pick(['', 'CONCURRENTLY '])}{self.index}",
                f"ALTER INDEX {self.index} {self.pick(['RENAME TO ' + self.name('rx'), 'SET (fillfactor = 70)'])}",
                f"CLUSTER {t} USING {plain}",
                f"ALTER TABLE {t} {self.pick(['CLUSTER ON ', 'REPLICA IDENTITY USING INDEX '])}{plain}",
                f"ALTER TABLE {t} ADD UNIQUE USING INDEX {plain}",
            ]
        return result

    def whole_tables(self):
        t = self.t
        return [
            f"VACUUM {self.pick(['', '(FULL) ', '(ANALYZE) ', '(FREEZE) '])}{t}",
            f"ANALYZE {t} ({self.c})",
            f"TRUNCATE {self.only()}{t} {self.pick(['', 'CASCADE', 'RESTART IDENTITY CASCADE'])}",
            f"ALTER TABLE {t} RENAME TO {self.name('n')}",
            f"ALTER TABLE {t} SET SCHEMA {self.pick(['s2', 'public'])}",
            f"ALTER TABLE {t} " + self.pick(["SET LOGGED", "SET UNLOGGED", "SET (fillfactor = 80)", "RESET (fillfactor)",
                                             "ENABLE ROW LEVEL SECURITY", "FORCE ROW LEVEL SECURITY", "DISABLE TRIGGER ALL",
                                             "ENABLE TRIGGER USER", "REPLICA IDENTITY FULL", "SET WITHOUT CLUSTER",
                                             "SET TABLESPACE pg_default", "SET (autovacuum_enabled = false)"]),
            f"LOCK TABLE {self.only()}{t} IN {self.pick(['SHARE', 'ACCESS EXCLUSIVE', 'ROW EXCLUSIVE'])} MODE",
        ]

    def partitions(self):
        t, u = self.t, self.u
        bounds = ["DEFAULT", "FOR VALUES FROM (1) TO (10)", "FOR VALUES FROM (10) TO (20)", "FOR VALUES IN (1, 2)",
                  "FOR VALUES IN (3)", "FOR VALUES WITH (MODULUS 4, REMAINDER 1)"]
        return [
            f"CREATE TABLE {self.name('p')} (id int NOT NULL, k {self.pick(['int', 'text', 'date'])}, v text"
            f"{self.pick(['', ', PRIMARY KEY (id, k)'])}) PARTITION BY {self.pick(['RANGE', 'LIST', 'HASH'])} (k)",
            f"CREATE TABLE {self.name('pp')} PARTITION OF {t} {self.pick(bounds)}",
            f"ALTER TABLE {t} {self.pick(['INHERIT', 'NO INHERIT'])} {u}",
            f"ALTER TABLE {u} DETACH PARTITION {t} {self.pick(['', 'CONCURRENTLY'] if self.version >= 14 else [''])}",
            f"ALTER TABLE {u} ATTACH PARTITION {t} {self.pick(bounds)}",
        ]

    def views(self):
        t, u, c = self.t, self.u, self.c
        result = [
            f"CREATE {self.pick(['', 'OR REPLACE '])}VIEW {self.name('v')} AS SELECT x.* FROM {t} x {self.pick(['', f'JOIN {u} y ON true'])}",
            f"CREATE VIEW {self.name('v')} AS SELECT {c} AS one FROM {t} WHERE {c} IN (SELECT {c} FROM {u})",
            f"CREATE MATERIALIZED VIEW {self.name('w')} AS SELECT {c} FROM {t} {self.pick(['', 'WITH NO DATA'])}",
        ]
        if self.view:
            v = self.view
            result += [
                f"CREATE VIEW {self.name('v')} AS SELECT * FROM {v}", f"DROP VIEW {v} {self.pick(['', 'CASCADE'])}",
                f"ALTER VIEW {v} RENAME TO {self.name('v')}", f"SELECT * FROM {v} {self.pick(['', 'FOR UPDATE', 'LIMIT 1'])}",
                f"ALTER VIEW {v} SET (security_barrier = true)", f"GRANT SELECT ON {v} TO PUBLIC",
                f"CREATE RULE {self.name('ru')} AS ON INSERT TO {v} DO INSTEAD NOTHING",
            ]
        if self.matview:
            m = self.matview
            result += [
                f"REFRESH MATERIALIZED VIEW {self.pick(['', 'CONCURRENTLY '])}{m}", f"DROP MATERIALIZED VIEW {m} CASCADE",
                f"CREATE UNIQUE INDEX {self.name('ix')} ON {m} ({self.pick(self.columns(m)) or 'a'})",
                f"ALTER MATERIALIZED VIEW {m} RENAME TO {self.name('w')}",
            ]
        return result

    def sequences(self):
        result = [f"CREATE SEQUENCE {self.name('sq')} {self.pick(['', f'OWNED BY {self.t}.{self.c}'])}"]
        if self.sequence:
            s = self.sequence
            result += [
                f"ALTER SEQUENCE {s} " + self.pick(["RESTART", "INCREMENT 2", "OWNED BY NONE", f"OWNED BY {self.t}.{self.c}",
                                                    "RENAME TO " + self.name("sq"), "CACHE 5", "AS bigint", "SET SCHEMA s2"]),
                f"DROP SEQUENCE {s} CASCADE", f"SELECT nextval('{s}')",
                f"ALTER TABLE {self.t} ALTER COLUMN {self.c} SET DEFAULT nextval('{s}')",
            ]
        return result

    def types(self):
        result = [
            f"CREATE TYPE {self.name('en')} AS ENUM ('x', 'y')",
            f"CREATE DOMAIN {self.name('dom')} AS {self.pick(['int', 'text'])}"
            f" {self.pick(['', 'CHECK (VALUE IS NOT NULL)', 'NOT NULL', 'DEFAULT NULL'])}",
        ]
        if self.made_type:
            y = self.made_type
            result += [
                f"ALTER TYPE {y} ADD VALUE IF NOT EXISTS '{self.name('z')}'",
                f"ALTER DOMAIN {y} " + self.pick(["ADD CHECK (true)", "SET NOT NULL", "DROP NOT NULL", "SET DEFAULT NULL",
                                                  f"ADD CONSTRAINT {self.name('k')} CHECK (VALUE IS NOT NULL) NOT VALID"]),
                f"DROP TYPE {y} {self.pick(['', 'CASCADE'])}", f"ALTER TYPE {y} RENAME TO {self.name('ty')}",
                f"ALTER TABLE {self.t} ADD COLUMN {self.name('y')} {y} DEFAULT NULL", f"ALTER TYPE {y} SET SCHEMA s2",
            ]
        return result

    def code(self):
        t, u, c = self.t, self.u, self.c
        result = [
            f"CREATE FUNCTION {self.name('tf')}() RETURNS trigger LANGUAGE plpgsql AS"
            f" 'begin insert into {u} select * from {u} where false; return new; end'",
            f"CREATE FUNCTION {self.name('sf')}(x int) RETURNS int LANGUAGE sql {self.pick(['IMMUTABLE', 'STABLE', 'VOLATILE'])}"
            " AS 'select 1'",
            f"CREATE FUNCTION {self.name('ff')}() RETURNS bigint LANGUAGE sql STABLE AS 'select count(*) from {u}'",
            f"DO $$begin if exists (select from {t}) then delete from {u}; end if; execute 'select count(*) from {u}'; end$$",
            f"CREATE RULE {self.name('ru')} AS ON {self.pick(['INSERT', 'UPDATE', 'DELETE'])} TO {t} DO ALSO"
            f" {self.pick(['NOTHING', f'DELETE FROM {u} WHERE false'])}",
            f"CREATE POLICY {self.name('po')} ON {t} USING ({c} IN (SELECT {self.k} FROM {u}))",
        ]
        if self.function:
            call = f"{self.function}({self.pick(['', '1'])})"
            result += [
                f"DROP FUNCTION {self.function} CASCADE",
                f"CREATE TRIGGER {self.name('tr')} {self.pick(['BEFORE', 'AFTER'])} {self.pick(['INSERT', 'UPDATE', 'DELETE'])} ON {t}"
                f" FOR EACH {self.pick(['ROW', 'STATEMENT'])} EXECUTE FUNCTION {self.function}()",
                f"SELECT {call}", f"ALTER TABLE {t} ALTER COLUMN {c} SET DEFAULT {call}",
                f"ALTER TABLE {t} ADD COLUMN {self.name('f')} bigint DEFAULT {call}", f"CREATE INDEX ON {t} (({call}))",
                f"ALTER TABLE {t} ADD CHECK ({call} = 1)",
            ]
        if self.trigger:
            result += [f"DROP TRIGGER {self.trigger} ON {t}", f"ALTER TRIGGER {self.trigger} ON {t} RENAME TO {self.name('tr')}",
                       f"ALTER TABLE {t} {self.pick(['DISABLE', 'ENABLE'])} TRIGGER {self.trigger}"]
        return result

    def rows(self):
        t, u, c, k = self.t, self.u, self.c, self.k
        result = [
            f"INSERT INTO {t} DEFAULT VALUES", f"INSERT INTO {t} SELECT * FROM {u} WHERE false",
            f"INSERT INTO {t} ({c}) SELECT {k} FROM {u} ON CONFLICT DO NOTHING",
            f"UPDATE {self.only()}{t} SET {c} = {self.pick([c, 'NULL', 'DEFAULT'])}"
            f" {self.pick(['', 'WHERE false', f'WHERE {c} IN (SELECT {k} FROM {u})'])}",
            f"DELETE FROM {self.only()}{t} {self.pick(['', 'WHERE false', f'USING {u}', f'WHERE {c} IS NULL RETURNING *'])}",
            f"WITH x AS (DELETE FROM {t} RETURNING {c}) SELECT * FROM x, {u}",
            f"SELECT * FROM {t} x LEFT JOIN {u} y ON true {self.pick(['', 'FOR SHARE OF x'])}", f"COPY {t} TO '/dev/null'",
            f"EXPLAIN SELECT * FROM {t}",
        ]
        if self.version >= 15:
            result.append(f"MERGE INTO {t} x USING {u} y ON x.{c}::text = y.{k}::text WHEN MATCHED THEN"
                          f" {self.pick(['DELETE', 'DO NOTHING', f'UPDATE SET {c} = DEFAULT'])}")
        return result

    def others(self):
        t = self.t
        return [
            f"CREATE STATISTICS {self.name('st')} ON {self.c}, {self.d} FROM {t}", f"CREATE PUBLICATION {self.name('pu')} FOR TABLE {t}",
            f"GRANT {self.pick(['SELECT', 'ALL'])} ON {t} TO PUBLIC", f"GRANT SELECT ({self.c}) ON {t} TO PUBLIC",
            "REVOKE ALL ON ALL TABLES IN SCHEMA s2 FROM PUBLIC", f"COMMENT ON {self.pick([f'TABLE {t}', f'COLUMN {t}.{self.c}'])} IS 'x'",
        ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--statements", type=int, default=100)
    parser.add_argument("--version", type=int, required=True)
    arguments = parser.parse_args()
    server = Server()
    author = Author(server, arguments.seed, arguments.version)
    kept = ["CREATE SCHEMA s2"]
    server.run(kept[0])
    for _ in range(8 * arguments.statements):
        if len(kept) >= arguments.statements:
            break
        statement = author.statement()
        if server.run(statement)[1]:
            kept.append(statement)
    print("-- pgsluice: transaction=off")
    for statement in kept:
        print(statement + ";")


main()
