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
ROLES = ["r1", "r2"]
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
        self.composite = self.pick(self.relations("'c'"))
        self.foreign = self.pick(self.relations("'f'"))
        self.partitioned = self.pick(self.relations("'p'"))
        self.schema = self.pick(["public", "s2"])
        self.role = self.pick(ROLES)
        self.function = self.pick(self.server.rows(
            "SELECT quote_ident(n.nspname) || '.' || quote_ident(proname) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace"
            f" WHERE {SCHEMAS} AND prokind = 'f' ORDER BY 1"))
        self.constraint = self.pick(self.server.rows(
            f"SELECT quote_ident(conname) FROM pg_constraint WHERE conrelid = '{self.t}'::regclass ORDER BY 1"))
        self.index = self.pick(self.server.rows(
            f"SELECT indexrelid::regclass FROM pg_index WHERE indrelid = '{self.t}'::regclass ORDER BY 1"))
        self.trigger = self.pick(self.server.rows(
            f"SELECT quote_ident(tgname) FROM pg_trigger WHERE tgrelid = '{self.t}'::regclass AND NOT tgisinternal ORDER BY 1"))
        self.rule = self.pick(self.server.rows(
            f"SELECT quote_ident(rulename) FROM pg_rules WHERE format('%I.%I', schemaname, tablename) = '{self.t}' ORDER BY 1"))
        self.policy = self.pick(self.server.rows(
            f"SELECT quote_ident(polname) FROM pg_policy WHERE polrelid = '{self.t}'::regclass ORDER BY 1"))
        self.statistics = self.pick(self.server.rows(
            "SELECT quote_ident(n.nspname) || '.' || quote_ident(stxname) FROM pg_statistic_ext s JOIN pg_namespace n"
            f" ON n.oid = stxnamespace WHERE {SCHEMAS} ORDER BY 1"))
        self.publication = self.pick(self.server.rows("SELECT quote_ident(pubname) FROM pg_publication ORDER BY 1"))
        return self.c is not None

    def statements(self):
        """One statement, or several of one transaction."""
        if not self.look():
            return ["CREATE TABLE t1 (id int PRIMARY KEY, a text)"]
        lists = [self.tables, self.columns_of, self.constraints, self.indexes, self.whole_tables, self.partitions, self.views,
                 self.sequences, self.types, self.code, self.rows, self.others, self.composites, self.foreign_tables,
                 self.parts, self.publications, self.owners, self.new_forms, self.sessions]
        if self.random.random() < 0.9:
            return [self.pick(self.pick(lists)())]
        inside = [self.pick(self.pick(lists)()) for _ in range(self.random.randrange(2, 5))]
        if self.random.random() < 0.3:
            inside[1:1] = ["SAVEPOINT a"]
            inside.append(self.pick(["ROLLBACK TO a", "RELEASE a"]))
        return ["BEGIN", *inside, "COMMIT"]

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

    def composites(self):
        result = [f"CREATE TYPE {self.name('ct')} AS (f1 int, f2 text)",
                  f"ALTER TABLE {self.t} ALTER COLUMN {self.c} TYPE {self.type}[] USING NULL"]
        if self.composite:
            y = self.composite
            field = self.pick(self.columns(y)) or "f1"
            cascade = self.pick(["", "CASCADE"])
            result += [
                f"ALTER TYPE {y} ADD ATTRIBUTE {self.name('g')} {self.type} {cascade}",
                f"ALTER TYPE {y} DROP ATTRIBUTE {field} {cascade}", f"ALTER TYPE {y} ALTER ATTRIBUTE {field} TYPE {self.type} {cascade}",
                f"ALTER TYPE {y} RENAME ATTRIBUTE {field} TO {self.name('h')} {cascade}",
                f"CREATE TABLE {self.name('o')} OF {y}", f"ALTER TABLE {self.t} OF {y}", f"ALTER TABLE {self.t} NOT OF",
                f"ALTER TABLE {self.t} ADD COLUMN {self.name('y')} {y}{self.pick(['', '[]'])}", f"DROP TYPE {y} {cascade}",
                f"ALTER TYPE {y} RENAME TO {self.name('ct')}",
                f"CREATE VIEW {self.name('v')} AS SELECT ({self.c}).{field} FROM {self.t}",
                f"CREATE DOMAIN {self.name('dom')} AS {y}",
            ]
        if self.made_type:
            result += [f"CREATE DOMAIN {self.name('dom')} AS {self.made_type} {self.pick(['', 'CHECK (VALUE IS NOT NULL)'])}",
                       f"ALTER DOMAIN {self.made_type} {self.pick(['DROP CONSTRAINT', 'VALIDATE CONSTRAINT'])} {self.made_type.split('.')[-1]}_check",
                       f"ALTER TABLE {self.t} ADD COLUMN {self.name('y')} {self.made_type}[]"]
        return result

    def foreign_tables(self):
        result = [f"CREATE FOREIGN DATA WRAPPER {self.name('fw')}", f"CREATE SERVER IF NOT EXISTS sv FOREIGN DATA WRAPPER {self.name('fw')}",
                  f"CREATE FOREIGN TABLE {self.name('ft')} (id int, a text) SERVER sv",
                  f"CREATE FOREIGN TABLE {self.name('fp')} PARTITION OF {self.t} DEFAULT SERVER sv", "DROP SERVER sv CASCADE"]
        if self.foreign:
            f = self.foreign
            column = self.pick(self.columns(f)) or "id"
            result += [
                f"ALTER FOREIGN TABLE {f} " + self.pick([f"ADD COLUMN {self.name('x')} int", f"DROP COLUMN {column} CASCADE",
                                                        f"ALTER COLUMN {column} TYPE {self.type}", "OPTIONS (ADD x 'y')",
                                                        f"RENAME TO {self.name('ft')}", f"ALTER COLUMN {column} SET NOT NULL",
                                                        f"ADD CHECK ({column} IS NOT NULL)", f"INHERIT {self.t}"]),
                f"DROP FOREIGN TABLE {f} {self.pick(['', 'CASCADE'])}", f"CREATE VIEW {self.name('v')} AS SELECT * FROM {f}",
            ]
        return result

    def parts(self):
        """Of tables and views: rules, policies, triggers, statistics."""
        t, u, c = self.t, self.u, self.c
        result = [
            f"CREATE VIEW {self.name('v')} AS SELECT {c}, count(*) AS n FROM {t} GROUP BY {c}",
            f"CREATE VIEW {self.name('v')} (one) AS SELECT y.{self.k} FROM {t} x, LATERAL (SELECT * FROM {u} z WHERE x.{c} IS NULL) y",
            f"CREATE VIEW {self.name('v')} AS WITH q AS (SELECT {c} AS w FROM {t}) SELECT w FROM q UNION ALL SELECT NULL FROM {u}",
            f"CREATE VIEW {self.name('v')} AS SELECT {c} FROM {t} WHERE EXISTS (SELECT * FROM {u}) WITH CHECK OPTION",
            f"CREATE RULE {self.name('ru')} AS ON INSERT TO {t} DO ALSO INSERT INTO {u} SELECT new.*",
            f"CREATE RULE {self.name('ru')} AS ON UPDATE TO {t} WHERE old.{c} IS NULL DO ALSO UPDATE {u} SET {self.k} = NULL",
        ]
        if self.rule:
            result += [f"DROP RULE {self.rule} ON {t}", f"ALTER RULE {self.rule} ON {t} RENAME TO {self.name('ru')}",
                       f"ALTER TABLE {t} {self.pick(['DISABLE', 'ENABLE', 'ENABLE ALWAYS'])} RULE {self.rule}"]
        if self.policy:
            result += [f"DROP POLICY {self.policy} ON {t}", f"ALTER POLICY {self.policy} ON {t} RENAME TO {self.name('po')}",
                       f"ALTER POLICY {self.policy} ON {t} USING ({c} IN (SELECT {self.k} FROM {u}))"]
        if self.view:
            v = self.view
            column = self.pick(self.columns(v)) or "one"
            result += [
                f"ALTER VIEW {v} RENAME COLUMN {column} TO {self.name('vc')}" if self.version >= 13 else
                f"ALTER TABLE {v} RENAME COLUMN {column} TO {self.name('vc')}",
                f"ALTER VIEW {v} ALTER COLUMN {column} SET DEFAULT NULL", f"ALTER VIEW {v} SET SCHEMA {self.schema}",
                f"INSERT INTO {v} ({column}) SELECT {column} FROM {v}", f"UPDATE {v} SET {column} = {column}",
                f"DELETE FROM {v} WHERE {column} IS NULL", f"CREATE VIEW {self.name('v')} AS SELECT {column} FROM {v}",
                f"CREATE TABLE {self.name('t')} AS SELECT {column} FROM {v}", f"LOCK TABLE {v} IN SHARE MODE",
            ]
        if self.function:
            result += [
                f"ALTER FUNCTION {self.function} " + self.pick([f"RENAME TO {self.name('sf')}", "IMMUTABLE", "VOLATILE", f"SET SCHEMA {self.schema}"]),
                f"CREATE CONSTRAINT TRIGGER {self.name('tr')} AFTER UPDATE ON {t} {self.pick(['', f'FROM {u} '])}DEFERRABLE FOR EACH ROW"
                f" EXECUTE FUNCTION {self.function}()",
                f"CREATE TRIGGER {self.name('tr')} AFTER UPDATE ON {t} REFERENCING NEW TABLE AS nt FOR EACH STATEMENT"
                f" EXECUTE FUNCTION {self.function}()",
                f"CREATE TRIGGER {self.name('tr')} BEFORE UPDATE OF {c} ON {t} FOR EACH ROW WHEN (old.{c} IS NULL)"
                f" EXECUTE FUNCTION {self.function}()",
            ]
        if self.trigger:
            result.append(f"ALTER TABLE {self.only()}{t} ENABLE {self.pick(['ALWAYS', 'REPLICA'])} TRIGGER {self.trigger}")
        if self.statistics:
            result += [f"DROP STATISTICS {self.statistics}", f"ALTER STATISTICS {self.statistics} RENAME TO {self.name('st')}",
                       f"ALTER STATISTICS {self.statistics} SET SCHEMA {self.schema}"]
            if self.version >= 13:
                result.append(f"ALTER STATISTICS {self.statistics} SET STATISTICS 10")
        return result

    def publications(self):
        t = self.t
        result = [f"CREATE PUBLICATION {self.name('pu')} {self.pick(['', 'FOR ALL TABLES'])}"]
        if self.publication:
            p = self.publication
            result += [f"ALTER PUBLICATION {p} {self.pick(['ADD', 'DROP', 'SET'])} TABLE {t}", f"DROP PUBLICATION {p}",
                       f"ALTER PUBLICATION {p} SET (publish = 'insert')"]
            if self.version >= 15:
                result += [f"ALTER PUBLICATION {p} {self.pick(['ADD', 'DROP', 'SET'])} TABLES IN SCHEMA {self.schema}",
                           f"ALTER PUBLICATION {p} ADD TABLE {t} ({self.c}) WHERE (true)"]
        return result

    def owners(self):
        t, role = self.t, self.role
        result = [
            f"ALTER TABLE {t} OWNER TO {role}", f"REASSIGN OWNED BY {self.pick(['r1 TO r2', 'r2 TO r1'])}", f"DROP OWNED BY {role} {self.pick(['', 'CASCADE'])}",
            f"GRANT INSERT ON {t} TO {role}", f"REVOKE ALL ON {t} FROM {role}",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {self.schema} GRANT SELECT ON TABLES TO {role}",
            f"GRANT ALL ON SCHEMA {self.schema} TO {role}", f"GRANT SELECT ON ALL TABLES IN SCHEMA {self.schema} TO {role}",
            f"CREATE POLICY {self.name('po')} ON {t} FOR SELECT TO {role} USING (true)",
        ]
        if self.view:
            result.append(f"ALTER VIEW {self.view} OWNER TO {role}")
        if self.sequence:
            result.append(f"ALTER SEQUENCE {self.sequence} OWNER TO {role}")
        if self.made_type:
            result.append(f"ALTER TYPE {self.made_type} OWNER TO {role}")
        if self.matview:
            result += [f"ALTER MATERIALIZED VIEW {self.matview} OWNER TO {role}", f"ALTER MATERIALIZED VIEW {self.matview} SET SCHEMA {self.schema}",
                       f"ALTER MATERIALIZED VIEW {self.matview} SET (fillfactor = 70)", f"ANALYZE {self.matview}"]
        return result

    def new_forms(self):
        """What only some versions know: the others refuse it."""
        t, u, c, d = self.t, self.u, self.c, self.d
        k = self.constraint or "k1"
        return [
            f"ALTER TABLE {self.only()}{t} ADD CONSTRAINT {self.name('nn')} NOT NULL {c} {self.pick(['', 'NOT VALID', 'NO INHERIT'])}",
            f"ALTER TABLE {t} ADD COLUMN {self.name('g')} int GENERATED ALWAYS AS (1) VIRTUAL",
            f"ALTER TABLE {t} ALTER CONSTRAINT {k} {self.pick(['NOT ENFORCED', 'ENFORCED', 'INHERIT', 'NO INHERIT'])}",
            f"ALTER TABLE {t} ADD CHECK ({c} IS NOT NULL) NOT ENFORCED",
            f"ALTER TABLE {t} ADD FOREIGN KEY ({c}) REFERENCES {u} NOT ENFORCED",
            f"ALTER TABLE {t} ALTER COLUMN {c} SET EXPRESSION AS (2)",
            f"ALTER TABLE {t} ALTER COLUMN {c} SET COMPRESSION pglz", f"ALTER TABLE {t} ALTER COLUMN {c} SET STORAGE DEFAULT",
            f"ALTER TABLE {t} SET ACCESS METHOD {self.pick(['heap', 'DEFAULT'])}", f"ALTER TABLE {t} ADD UNIQUE NULLS NOT DISTINCT ({c})",
            f"ALTER TABLE {t} ADD UNIQUE ({c}) INCLUDE ({d})",
            f"ALTER TABLE {t} ADD FOREIGN KEY ({c}) REFERENCES {u} ON DELETE SET NULL ({c}) ON UPDATE CASCADE",
            f"ALTER TABLE {t} ADD FOREIGN KEY ({c}) REFERENCES {t}", f"ALTER SEQUENCE {self.sequence} SET {self.pick(['LOGGED', 'UNLOGGED'])}",
            f"CREATE UNLOGGED TABLE {self.name('t')} (id serial PRIMARY KEY, b int)",
            f"CREATE TABLE {self.name('t')} (LIKE {t} INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY, extra int)",
            f"CREATE TABLE {self.name('t')} (a int CHECK (a > 0) NO INHERIT, b int UNIQUE DEFERRABLE)",
            f"REINDEX {self.pick(['SCHEMA public', 'SCHEMA s2', '(CONCURRENTLY) TABLE ' + t, '(VERBOSE) TABLE ' + t])}",
            f"ALTER TABLE IF EXISTS {t} ADD COLUMN IF NOT EXISTS {c} int",
            f"ALTER TABLE {t} DROP COLUMN IF EXISTS {self.name('a')}, DROP CONSTRAINT IF EXISTS {k}",
            f"ALTER TABLE {t} RENAME {c} TO {self.name('r')}", f"ALTER TABLE {t} ADD CONSTRAINT {self.name('k')} CHECK ({c} IS NOT NULL) NOT VALID,"
            f" VALIDATE CONSTRAINT {k}",
            f"ALTER TABLE {t} ALTER COLUMN {c} SET DATA TYPE text, ALTER COLUMN {d} SET DEFAULT NULL, ADD COLUMN {self.name('x')} int",
        ]

    def sessions(self):
        t, u, c = self.t, self.u, self.c
        column = self.pick(self.columns(u)) or "id"
        return [
            f"PREPARE {self.name('st')} AS SELECT * FROM {t}, {u}", f"SELECT {c} INTO {self.name('t')} FROM {t}",
            f"CREATE TEMP TABLE {self.name('tmp')} AS SELECT * FROM {t}", f"COPY {t} ({c}) FROM '/dev/null'",
            f"COPY (SELECT * FROM {t} JOIN {u} ON true) TO '/dev/null'", f"SELECT count(*) FROM {t} WHERE {c} IN (SELECT {column} FROM {u}) FOR UPDATE",
            "ANALYZE", f"SET search_path = {self.pick(['public', 's2, public', 'public, s2'])}", "RESET search_path",
            f"ALTER TABLE {t.split('.')[-1]} ADD COLUMN {self.name('x')} int", f"CREATE TABLE {self.name('t')} (id int PRIMARY KEY, {c} int)",
            f"DROP TABLE {t}, {u} CASCADE", f"TRUNCATE {t}, {u} CASCADE", f"CREATE INDEX IF NOT EXISTS {self.name('ix')} ON {t} ({c} DESC)",
            f"LOCK TABLE {t}, {u}", f"VACUUM {t}, {u}", f"CREATE SCHEMA IF NOT EXISTS {self.schema}", "DROP SCHEMA IF EXISTS s3",
            f"COMMENT ON COLUMN {t}.{c} IS 'y'", f"SELECT pg_get_serial_sequence('{t}', '{c}')",
            f"EXPLAIN ANALYZE DELETE FROM {t} WHERE false", f"INSERT INTO {t} ({c}) VALUES (DEFAULT) ON CONFLICT DO NOTHING",
            f"DECLARE cu CURSOR WITH HOLD FOR SELECT * FROM {t}",
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
    for role in ROLES:
        server.run(f"CREATE ROLE {role}")  # roles are those of the server: the next migration finds them there
    for _ in range(8 * arguments.statements):
        if len(kept) >= arguments.statements:
            break
        statements = author.statements()
        if all(server.run(statement)[1] for statement in statements):
            kept += statements
        elif len(statements) > 1:
            server.run("ROLLBACK")
    print("-- pgsluice: transaction=off")
    for statement in kept:
        print(statement + ";")


main()
