// SPDX-License-Identifier: Apache-2.0
// Looking for other tools' ledgers, and reading them.

#include "adopt/tools.hpp"
#include "base/text.hpp"

namespace pgsluice {
namespace {

using adopting::Tool;

SqlResult asked(SqlResult result, std::string_view doing) {
  if (!result.ok) {
    throw Error(result.connection_lost ? ExitCode::unreachable : ExitCode::precondition,
                cat("cannot ", doing, ": ", printable_line(result.error.message)));
  }
  return result;
}

/// The tool's table, quoted; empty: there is none.
std::string find_table(Session& session, const Tool& tool) {
  const std::string only_if = tool.only_if.empty() ? std::string() : cat(" AND ", tool.only_if);
  const SqlResult found = asked(
      session.query(cat("SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c"
                        " JOIN pg_namespace n ON n.oid = c.relnamespace"
                        " WHERE c.relname = $1 AND c.relkind IN ('r', 'p') AND n.nspname <> 'pgsluice'"
                        " AND NOT EXISTS (SELECT FROM unnest(string_to_array($2, ',')) k WHERE NOT EXISTS"
                        " (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = k AND NOT "
                        "a.attisdropped))",
                        only_if, " ORDER BY pg_table_is_visible(c.oid) DESC, n.nspname LIMIT 1"),
                    {std::string(tool.table), std::string(tool.columns)}),
      "look for other tools' ledgers");
  return found.text(0, 0);
}

ForeignEntry::State state_of(const std::string& text) {
  return text == "failed"  ? ForeignEntry::State::failed
         : text == "up_to" ? ForeignEntry::State::up_to
                           : ForeignEntry::State::done;
}

ForeignLedger read_foreign(Session& session, const Tool& tool, const std::string& table) {
  ForeignLedger ledger{.tool = std::string(tool.name), .relation = table, .entries = {}};
  const SqlResult rows = asked(session.query(replace_all(tool.entries, "{table}", table), {}),
                               cat("read ", printable_line(table), ", the ledger of ", tool.name));
  for (std::size_t row = 0; row < rows.rows.size(); ++row) {
    ledger.entries.push_back({.state = state_of(rows.text(row, 0)),
                              .version = rows.text(row, 1),
                              .name = rows.text(row, 2),
                              .scope = rows.text(row, 3)});
  }
  return ledger;
}

}  // namespace

std::vector<ForeignLedger> find_foreign_ledgers(Session& session) {
  std::vector<ForeignLedger> ledgers;
  for (const Tool& tool : adopting::tools()) {
    const std::string table = find_table(session, tool);
    if (!table.empty()) ledgers.push_back(read_foreign(session, tool, table));
  }
  return ledgers;
}

}  // namespace pgsluice
