// SPDX-License-Identifier: Apache-2.0
#include "oracle/application.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "pgsluice/sql.hpp"

namespace pgsluice::oracle {

namespace {

constexpr std::string_view k_error = "error: ";

/// Nothing of it stays: what it does is rolled back.
constexpr const char* k_outcome = R"sql(
CREATE OR REPLACE FUNCTION pg_temp.outcome(use text) RETURNS text LANGUAGE plpgsql AS $outcome$
DECLARE answer text := 'works';
BEGIN
  BEGIN
    IF use LIKE 'SELECT count%' THEN EXECUTE use INTO answer; ELSE EXECUTE use; END IF;
    RAISE EXCEPTION USING ERRCODE = 'PSOK0';
  EXCEPTION
    WHEN SQLSTATE 'PSOK0' THEN RETURN answer;
    WHEN OTHERS THEN RETURN 'error: ' || SQLERRM;
  END;
END $outcome$;
)sql";

/// Everything that a catalog says can be done, one use a row. Sets of columns are named, as a release does that was
/// written for them.
constexpr const char* k_uses = R"sql(
WITH relation AS (
  SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, c.relkind
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
), columns AS (
  SELECT attrelid AS oid,
         string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS every,
         string_agg(quote_ident(attname), ', ' ORDER BY attnum) FILTER (WHERE attgenerated = '') AS written,
         string_agg(quote_ident(attname), ', ' ORDER BY attnum)
           FILTER (WHERE attgenerated = '' AND attidentity = '' AND NOT atthasdef) AS without_default,
         string_agg(format('%1$I = %1$I', attname), ', ' ORDER BY attnum)
           FILTER (WHERE attgenerated = '' AND attidentity <> 'a') AS same
  FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped GROUP BY attrelid
), insert AS (
  SELECT oid, format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM %1$s', name, list) AS sql
  FROM relation JOIN columns USING (oid), LATERAL (VALUES (written), (without_default)) v (list)
  WHERE relkind NOT IN ('m') AND list IS NOT NULL
), key AS (
  SELECT i.indrelid AS oid, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS list
  FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey[0 : i.indnkeyatts - 1])
  WHERE i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  GROUP BY i.indexrelid, i.indrelid
)
SELECT 'readers', format('SELECT %s FROM %s', every, name) FROM relation JOIN columns USING (oid)
UNION ALL SELECT 'readers', format('SELECT count(*) FROM %s', name) FROM relation
UNION ALL SELECT 'writers', sql || ' WHERE false' FROM insert
UNION ALL SELECT 'writers', sql || ' LIMIT 1 ON CONFLICT DO NOTHING' FROM insert
UNION ALL SELECT 'writers', format('%s LIMIT 1 ON CONFLICT (%s) DO NOTHING', sql, list) FROM insert JOIN key USING (oid)
UNION ALL SELECT 'writers', format('%s LIMIT 1 ON CONFLICT ON CONSTRAINT %I DO NOTHING', sql, conname)
  FROM insert JOIN pg_constraint ON conrelid = insert.oid WHERE contype IN ('p', 'u', 'x') AND NOT condeferrable
UNION ALL SELECT 'writers', format('INSERT INTO %s DEFAULT VALUES', name) FROM relation
UNION ALL SELECT 'writers', format('UPDATE %s SET %s', name, same) FROM relation JOIN columns USING (oid)
UNION ALL SELECT 'writers', format('DELETE FROM %s WHERE false', name) FROM relation
UNION ALL SELECT 'writers', format('SELECT nextval(%L)', format('%I.%I', nspname, relname))
  FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'S' AND nspname !~ '^pg_'
UNION ALL SELECT 'readers', format('SELECT NULL::%I.%I[]', nspname, typname)
  FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    AND (typtype IN ('e', 'd') OR typtype = 'c' AND (SELECT relkind FROM pg_class c WHERE c.oid = typrelid) = 'c')
UNION ALL SELECT 'readers', format('SELECT %L::%I.%I', enumlabel, nspname, typname)
  FROM pg_enum JOIN pg_type t ON t.oid = enumtypid JOIN pg_namespace n ON n.oid = typnamespace
UNION ALL SELECT CASE prokind WHEN 'p' THEN 'writers' ELSE 'readers' END,
    format(CASE prokind WHEN 'p' THEN 'CALL %I.%I()' ELSE 'SELECT %I.%I()' END, nspname, proname)
  FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace
  WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND pronargs = 0 AND prokind IN ('f', 'p')
    AND prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
)sql";

Breaks parse_whom(const std::string& text) {
  return text == "readers" ? Breaks::readers : Breaks::writers;
}

bool is_error(std::string_view outcome) {
  return outcome.starts_with(k_error);
}

std::string literal(const std::string& text) {
  return "$use$" + text + "$use$";
}

/// Who does what the statements do last.
Breaks whom_of(const std::string& own) {
  if (own.starts_with("\\connect")) return Breaks::readers;
  const Script script = parse({.path = "own.sql", .text = own});
  if (script.statements.empty()) throw std::runtime_error("not SQL: " + own);
  return script.statements.at(script.statements.size() - 1).tag == "SelectStmt" ? Breaks::readers
                                                                                : Breaks::writers;
}

}  // namespace

std::string Application::own_outcome() {
  constexpr std::string_view k_connect = "\\connect ";
  if (own_.empty()) return {};
  try {
    if (own_.starts_with(k_connect)) {
      std::istringstream words(own_.substr(k_connect.size()));
      std::string role;
      std::string database = "postgres";
      words >> role >> database;
      const Session session(server_, database, role);
      return "connected";
    }
    std::string outcome;
    session_.run("BEGIN");
    for (const auto& row : session_.run(own_)) {
      for (const std::string& value : row) outcome += value + "|";
      outcome += "\n";
    }
    session_.run("ROLLBACK");
    return outcome;
  } catch (const std::exception& error) {
    session_.try_run("ROLLBACK");
    return std::string(k_error) + error.what();
  }
}

void Application::start(const std::string& own) {
  own_ = own;
  own_outcome_ = own_outcome();
  if (is_error(own_outcome_)) throw std::runtime_error("before the example: " + own_ + ": " + own_outcome_);
  session_.run(k_outcome);
  uses_.clear();
  for (const auto& row :
       session_.run(std::string("SELECT *, pg_temp.outcome(use) FROM (") + k_uses + ") u (whom, use)")) {
    if (!is_error(row[2])) uses_.push_back({.whom = parse_whom(row[0]), .sql = row[1], .outcome = row[2]});
  }
}

std::vector<Complaint> Application::complaints(bool counts_rows) {
  std::vector<Complaint> result;
  std::string values;
  for (const Use& use : uses_) values += (values.empty() ? "(" : ", (") + literal(use.sql) + ")";
  if (!values.empty()) {
    const Rows rows = session_.run("SELECT pg_temp.outcome(use) FROM (VALUES " + values + ") u (use)");
    for (std::size_t i = 0; i < uses_.size(); ++i) {
      const std::string& now = rows.at(i).at(0);
      const std::string& before = uses_[i].outcome;
      const bool counted = before != "works" && !is_error(now);
      if (is_error(now)) result.push_back({.whom = uses_[i].whom, .use = uses_[i].sql, .error = now});
      if (counts_rows && counted && std::stoll(now) < std::stoll(before))
        result.push_back(
            {.whom = uses_[i].whom, .use = uses_[i].sql, .error = now + " instead of " + before});
    }
  }
  if (const std::string now = own_outcome(); now != own_outcome_) {
    result.push_back({.whom = whom_of(own_), .use = own_, .error = now + " instead of " + own_outcome_});
  }
  return result;
}

Breaks whom(const std::vector<Complaint>& complaints) {
  Breaks worst = Breaks::nobody;
  for (const Complaint& complaint : complaints) worst = std::max(worst, complaint.whom);
  return worst;
}

}  // namespace pgsluice::oracle
