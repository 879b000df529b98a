// SPDX-License-Identifier: Apache-2.0
#include "execute/lock_script.hpp"

#include <vector>

#include "base/text.hpp"
#include "pg/arrays.hpp"

namespace pgsluice {
namespace {

/// $tag$text$tag$ with a tag that is not in the text: whatever a name holds, and however the session quotes.
std::string dollar_quoted(std::string_view text, std::string tag) {
  while (text.find(cat("$", tag)) != std::string_view::npos) tag += '_';
  return cat("$", tag, "$", text, "$", tag, "$");
}

std::string texts(const std::vector<std::string>& elements) {
  return cat(dollar_quoted(pg::text_array(elements), "names"), "::text[]");
}

// Who owns a table may lock it; for somebody else's, a referenced one, these privileges are needed.
constexpr std::string_view k_wanted =
    " AS w (name, mode, place) JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(w.name)"
    " WHERE c.relkind IN ('r', 'p') AND pg_catalog.has_table_privilege(c.oid,"
    " CASE w.mode WHEN 'ACCESS SHARE' THEN 'SELECT' ELSE 'UPDATE, DELETE, TRUNCATE' END) ORDER BY w.place";

}  // namespace

std::string lock_script(std::span<const RelationLock> locks, std::optional<milliseconds> patience) {
  std::vector<std::string> names;
  std::vector<std::string> modes;
  for (const RelationLock& lock : locks) {
    names.push_back(lock.relation.quoted());
    modes.emplace_back(lock_sql(lock.mode));
  }
  const std::string until =
      patience ? cat("pg_catalog.clock_timestamp() + interval '", std::to_string(patience->count()), " ms'")
               : std::string("NULL");
  const std::string_view wait =
      patience
          ? "    PERFORM pg_catalog.set_config('lock_timeout', greatest(1, ceil(1000 * extract(epoch FROM"
            " until - pg_catalog.clock_timestamp())))::text, true);\n"
          : std::string_view();
  const std::string block =
      cat("DECLARE\n  wanted record;\n  until timestamptz := ", until,
          ";\nBEGIN\n"
          "  PERFORM pg_catalog.set_config('pgsluice.busy', '', true);\n"
          "  FOR wanted IN SELECT w.name, w.mode FROM ROWS FROM (pg_catalog.unnest(",
          texts(names), "), pg_catalog.unnest(", texts(modes), ")) WITH ORDINALITY", k_wanted, " LOOP\n",
          wait, "    EXECUTE 'LOCK TABLE ONLY ' || wanted.name || ' IN ' || wanted.mode || ' MODE",
          patience ? "" : " NOWAIT",
          "';\n  END LOOP;\n"
          "EXCEPTION WHEN lock_not_available THEN\n"
          "  PERFORM pg_catalog.set_config('pgsluice.busy', wanted.name, true);\nEND");
  // The comment is for whoever looks into pg_stat_activity.
  return cat("/* pgsluice takes locks */ DO ", dollar_quoted(block, "pgsluice"),
             "; SELECT pg_catalog.current_setting('pgsluice.busy')");
}

}  // namespace pgsluice
