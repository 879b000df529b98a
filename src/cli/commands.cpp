// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.hpp"

#include <array>

namespace pgsluice::cli {
namespace {

constexpr std::array<CommandRow, 13> k_commands{{
    {.name = "lint",
     .summary = "say what each statement of a migration locks, and what is dangerous about it",
     .help = R"(Examples:
  pgsluice lint migrations/                     every migration of a folder, in order
  pgsluice lint -v migrations/0007_orders.sql   with the locks of each statement
  git show HEAD:db/0007.sql | pgsluice lint -   standard input
  pgsluice lint --format json migrations/ >lint.json
  pgsluice lint --format github --format sarif=lint.sarif migrations/
  pgsluice lint --since origin/main migrations/             what a branch adds or changes
  pgsluice lint --baseline known.json --write-baseline migrations/    from now on: what is new
  pgsluice lint --list                          the findings
  pgsluice lint --catalog shop.json new.sql     on top of a snapshot of production

A finding is accepted with a comment before its statement:
  -- pgsluice: allow blocks-writes-during-work because "the table has 40 rows"

Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 usage or a file
that cannot be read.)",
     .add = add_lint},
    {.name = "explain",
     .summary = "say what a statement does to whom and why, or what a finding means",
     .help = R"(For each statement: its locks on every relation, who waits behind them and for how
long, the work, the row that says so with its place in PostgreSQL's source, what was
assumed, what lint would find, and the safe form. Where versions differ, side by side.

Examples:
  pgsluice explain                                   all findings and rows
  pgsluice explain blocks-reads-during-work          a finding: why, when, an example
  pgsluice explain add_column                        what each form of a command does
  pgsluice explain --sql "ALTER TABLE orders ADD COLUMN note text"
  pgsluice explain --pg-version 16 --after migrations/ --sql "DROP TABLE orders"
  pgsluice explain --catalog live --format json --sql - <new.sql

Exit codes: 0 explained, 2 usage, SQL or a file that cannot be read.)",
     .add = add_explain},
    {.name = "fix",
     .summary = "write the safe form of what has one",
     .help = R"(Shows what it would write as a diff, or writes it with --write. Indexes are built
CONCURRENTLY, constraints are added NOT VALID and validated afterwards, defaults are
filled in in batches, what must not share a transaction gets files of its own right behind
the original, what breaks the running release goes to the contract phase. All other text
stays as it is. What has no safe form that could be written is said, with the reason.

An applied file must not change any more: --since names what a branch has added.

Examples:
  pgsluice fix migrations/0042_orders.sql          shows
  pgsluice fix --write --since origin/main migrations/
  pgsluice fix migrations/ | patch -p0             the same by another hand
  pgsluice fix --pg-version 18 --catalog shop.json --format json migrations/

Exit codes: 0 shown, written, or nothing to do; 2 usage or a file that cannot be read or
written.)",
     .add = add_fix},
    {.name = "snapshot",
     .summary = "write down what a database's catalogs say, for lint --catalog",
     .help = R"(Tables, columns, constraints, indexes, views, types, functions with their source and
their like, with sizes and estimates; no rows. The file is made for diff: an unchanged database gives
the same text but for its time. Read in one transaction that takes no lock stronger
than ACCESS SHARE.

Examples:
  pgsluice snapshot --database-url postgres://reader@db/shop --output shop.json
  pgsluice lint --catalog shop.json migrations/0042_orders.sql

Exit codes: 0 written, 2 usage, 3 the server says no, 11 a table is being changed
for longer than we wait, 15 database not reachable.)",
     .add = add_snapshot},
    {.name = "preview",
     .summary = "run migrations on a server that is thrown away, and show what they lock",
     .help = R"(Starts PostgreSQL from the programs on this machine, in a temporary folder and on a Unix
socket, runs the files there step by step as apply would, and looks at pg_locks, at the
files of tables and indexes and at the server's own messages after each statement. What
was seen stands beside what was predicted; where they differ, pgsluice is wrong, and the
report says what to send, and where. The server is removed at the end, however it comes.

The server has nothing but what the files make, or --catalog. Before a file whose name begins with a
version, those of its folder that come before it run, too. Roles that the files name are
made. The files run as that server's superuser, who may start programs on this machine:
preview what you would also run.

--rows N makes rows before the first file that is looked at: of the right types, as keys,
CHECK constraints and partitions allow, and with foreign keys that find what they refer to.
Columns with a default get that. A table that stays without rows is named, with the reason.

--catalog makes the tables of a snapshot first, with all that it has the text of, and not
what earlier files make; what could not be made is listed. All of it belongs to one role.
The snapshot knows how many rows production has: --rows 1% makes that part of them, and work
that grows with the rows is told for as many as there are, times what it took here (n log n
where indexes are built).

--load runs the files twice more, on servers of their own: as psql sends them, and as apply
runs them, each beside clients that read, update and insert on the tables that are locked.
Which query waited behind which statement is looked up in the server meanwhile.

--database-url runs what is pending there, by its ledger, on a clone of production instead:
each file by itself, in one transaction that is rolled back, with the rows that are there.
No COMMIT is sent. Left out, and named, is what cannot run so: CONCURRENTLY, VACUUM, batches,
and a file that needs what a pending one before it does, for that is rolled back. Locks are
held until then, and others wait for them: hence --i-know-this-is-not-production. What no
ROLLBACK takes back stays: nextval(), the row count that an index build notes, what functions
do outside of the transaction (dblink, COPY … TO PROGRAM).

Examples:
  pgsluice preview new.sql --rows 100000
  pgsluice preview new.sql --rows 1% --catalog shop.json
  pgsluice preview new.sql --load --blocker 5s
  pgsluice preview migrations/
  pgsluice preview migrations/0042_orders.sql --html orders.html
  pgsluice preview migrations/ --pg-version 16
  pgsluice preview migrations/ --receipt rehearsed.json
  pgsluice preview migrations/ --database-url postgresql://deploy@clone/shop \
      --i-know-this-is-not-production
  pgsluice preview schema.sql new.sql --pg-bin /usr/lib/postgresql/17/bin
  pgsluice preview migrations/ --format json | jq '.files[].statements[] | select(.agrees | not)'

Exit codes: 0 as predicted, 1 not as predicted, 2 usage, or no PostgreSQL here, 3 the
server does not start, 15 it went away, 18 it refuses a statement; on a clone also 3 a pooler
shares its sessions, 11 others hold a lock, 13 an applied file has changed, 15 not reachable
or read-only, 17 its rows violate a constraint.)",
     .add = add_preview},
    {.name = "plan",
     .summary = "show what apply would do now, to whom, and who is in the way",
     .help = R"(For each step that is pending: its locks on the tables as they are now, how large
those are, the work and who waits meanwhile, who is in the way at this moment, and how
long earlier steps waited. Changes nothing, creates nothing, and runs on a read-only
role and on a standby, too.

What would keep readers or writers out of a table for as long as it takes to rewrite,
read or index more than --max-locked-size is refused, unless a directive allows it:
  -- pgsluice: allow blocks-writes-during-work because "nobody writes at night"

Examples:
  pgsluice plan migrations/ --database-url postgres://reader@db/shop
  pgsluice plan migrations/ --format json --output plan.json
  pgsluice apply migrations/ --plan plan.json     that plan, or nothing
  pgsluice plan migrations/ --targets fleet.toml  of many databases, see status

Exit codes: 0 apply would run it, or nothing is pending; 2 usage, 3 the server says
no, 4 the ledger belongs to another database, 10 apply would refuse it, 13 an applied
file has changed, 15 database not reachable.)",
     .add = add_plan},
    {.name = "apply",
     .summary = "run the migrations that are pending, without stalling the application",
     .help = R"(Looks for sessions that hold conflicting locks before it queues for a lock, names
them, waits until they are gone, and then queues for no longer than --lock-timeout,
again and again within --lock-budget. What is applied is remembered in schema
pgsluice of the database; a second run does nothing. Interrupted or killed at any
point, the next run goes on from there.

Examples:
  pgsluice apply migrations/ --database-url postgres://migrator@db/shop
  pgsluice apply migrations/ --phase expand --lock-budget 5m
  pgsluice --log-format json apply migrations/ --format json >result.json

Directives in a file go before the options:
  -- pgsluice: lock-timeout=100ms lock-budget=10m statement-timeout=5s
  -- pgsluice: transaction=off

Exit codes: 0 done or nothing to do, 2 usage, 3 a precondition (pooler, missing
grant, a setting that did not stick), 4 the ledger belongs to another database,
10 refused (what breaks the running release, too much work under a lock, bad SQL, a
plan that no longer holds), 11 lock budget used up, nothing was changed, 12 a contract
step is held back under --strict-gates, 13 an
applied file has changed, 14 another run is active,
15 database not reachable or read-only, 16 the release does not fit the schema, 17 the data violates a constraint,
18 a statement failed, 130 and 143 interrupted.)",
     .add = add_apply},
    {.name = "status",
     .summary = "show which migrations of a folder are applied",
     .help = R"(States: pending, applied, partial (some of its statements are done), running,
failed (nothing of it is done), changed (the file differs from what was applied),
missing (applied, and no longer in the folder), held (a contract step whose turn has
not come, with the reasons). Changes nothing.

Examples:
  pgsluice status migrations/
  pgsluice status migrations/ --format json | jq '.migrations[] | select(.state != "applied")'
  pgsluice status migrations/ --targets fleet.toml
  pgsluice status migrations/ --cnpg-selector fleet=shop --kube-namespace shop

Many databases stand in one table: server, version, pending and held steps, and drift,
which is files that have changed since they were applied or are gone. One that cannot be
looked at stops no other. The list has a section for each:
  [shop-eu]
  database-url = "postgresql://reader@shop-eu.db.example/shop"    without a password
  [shop-us]
  database-url-env = "SHOP_US_URL"      or database-url-file, or service of pg_service.conf

Exit codes: 0 whatever the states are, 2 usage, 4 the ledger belongs to another
database, 15 database not reachable. Of many: that of the worst; what no retry mends
counts before what one may.)",
     .add = add_status},
    {.name = "hook",
     .summary = "the entry points of Argo CD: apply under the gate",
     .help = R"(presync   runs expand steps and backfills, then contract steps of earlier releases whose
          gate is open
postsync  tries contract steps that came with this release
syncfail  says what the last run has left behind

A contract step waits until what it needs is applied by an earlier release, and until
the evidence is there: who is connected with which version (needs-app), what else in the
database uses what is taken away, how long that has been so (soak), freeze windows, an
approval. A closed gate is no failure: the rest runs, and the step waits for the next
time. Running it again changes nothing; two at once wait for each other.

Examples:
  pgsluice hook presync migrations/ --release 2.4.0 --budget 8m
  pgsluice hook postsync migrations/ --release 2.4.0 --strict-gates
  pgsluice hook presync migrations/ --evidence approval=required --freeze "Fri 16:00-Mon 08:00"
  pgsluice apply migrations/ --approve 0042_drop_total.sql --approve-because "CHG-4711"

Exit codes: those of apply, 12 a contract step is held back under --strict-gates, 16 the
release is too old for a contract step that is done.)",
     .add = add_hook},
    {.name = "guard",
     .summary = "let the application start when the schema fits its release",
     .help = R"(As init container it waits until the ledger has what the release needs; as probe it
looks once. Refuses at once a release that is too old for a contract step that is done:
that is what makes a rollback safe to try. Needs SELECT on the tables of schema pgsluice.

Examples:
  pgsluice guard --needs 0042_orders_status.sql
  pgsluice guard --digest migrations/                      prints sha256:…, for --needs
  pgsluice guard --needs sha256:… --app checkout --release 2.4.0 --budget 5m
  pgsluice guard --once --app checkout --release 2.4.0

Exit codes: 0 it fits, 2 usage, 3 a grant is missing, 15 database not reachable within
the budget, 16 the release does not fit the schema, or what it needs has not come within
the budget.)",
     .add = add_guard},
    {.name = "baseline",
     .summary = "adopt a database that others have migrated so far",
     .help = R"(Marks files as applied without running them: those that another tool's ledger in the
database says are applied, or, where there is none, all of them, or those up to --to.
What the ledger of pgsluice knows already stays as it is. Reads the ledgers of Flyway,
golang-migrate, dbmate, goose, Rails, Prisma, Alembic, Diesel, sqlx, Liquibase, Sqitch,
Atlas and Django, and never writes them. What such a tool has begun and not finished
is refused.

Examples:
  pgsluice baseline migrations/ --dry-run --database-url postgres://migrator@db/shop
  pgsluice baseline migrations/                       by the ledger that is there
  pgsluice baseline migrations/ --to 0041_items.sql   up to this one, whoever ran it
  pgsluice baseline migrations/ --from flyway

Exit codes: 0 done or nothing to do, 2 usage, 3 a precondition, 4 the ledger belongs to
another database, 10 refused: nobody can tell what is applied, 14 another run is
active, 15 database not reachable or read-only.)",
     .add = add_baseline},
    {.name = "init",
     .summary = "write the manifests with which Argo CD runs migrations around a release, or the files with "
                "which CI "
                "lints them",
     .help = R"(argocd writes, for Kustomize: the hooks, their service account with the least that they may
see, a network policy, the guard for the application's own pods, one overlay per stage, an
ApplicationSet that brings a release stage by stage; patches for a CloudNativePG Cluster
and for argocd-cm; alerts, a dashboard, and policies that reject pods without the guard.

The files depend on the options and the migrations alone: written anew for each release,
they differ by its version and the digest of the migrations. Overlays are yours: they are
written once.

github, gitlab and pre-commit write a workflow, a job or a hook that lints what a branch
adds or changes; --source is where pgsluice is built from.

Examples:
  pgsluice init github --source https://github.com/OWNER/pgsluice --migrations db/migrations
  pgsluice init argocd --app shop --release 2.4.0 --image registry.example/shop-migrations:2.4.0
  pgsluice init argocd --app shop … --migrations-in configmap --migrations db/migrations
  pgsluice init argocd --app shop … --check      in CI: is what is committed up to date?

Exit codes: 0 written, or nothing to write; 1 --check has found something stale, 2 usage or
a file that cannot be read.)",
     .add = add_init},
    {.name = "doctor",
     .summary = "say whether a server and a role are fit for apply, and how to mend what is not",
     .help = R"(Checks the version, that the server takes writes, that settings stick and no pooler in
transaction mode stands between, the grants for the ledger, who owns the tables, whether
blockers' age and query are visible, and the clock. Changes nothing.

With --grants it prints the statements that make a role one that may run migrations and
nothing else, for this database as it is now; a superuser runs them.

Examples:
  pgsluice doctor --database-url postgres://migrator@db/shop
  pgsluice doctor --grants --role migrator --database-url postgres://admin@db/shop | psql shop

Exit codes: 0 fit, perhaps with advice; 2 usage, 3 something is missing, 15 database
not reachable.)",
     .add = add_doctor},
}};

}  // namespace

std::span<const CommandRow> commands() {
  return k_commands;
}

}  // namespace pgsluice::cli
