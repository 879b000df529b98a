// SPDX-License-Identifier: Apache-2.0
#include "plan/backfill.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "catalog/builtins.hpp"

namespace pgsluice {
namespace {

bool is_volatile(const Name& function) {
  return builtin_volatility(function) == "volatile" || extension_volatility(function) == "volatile";
}

}  // namespace

const Batch* batch_of(const FileAnalysis& file, std::size_t statement) {
  for (const Batch& batch : file.directives.batches) {
    if (batch.statement == statement) {
      return &batch;
    }
  }
  return nullptr;
}

std::variant<Backfill, CutRefusal> make_backfill(const PlannedStatement& statement, const Batch& batch) {
  auto result = cut_statement(statement.sql);
  if (auto* refusal = std::get_if<CutRefusal>(&result)) {
    return std::move(*refusal);
  }
  auto& cut = std::get<CutStatement>(result);
  for (const Name& column : cut.set_columns) {
    if (std::find(batch.key.begin(), batch.key.end(), std::string_view(column)) != batch.key.end()) {
      return CutRefusal{
          .message = cat("it changes ", quote_ident(column), ", by which it is cut: a row could come twice"),
          .hint = "Name a key that it leaves alone: batch key=…"};
    }
  }
  const auto shared = std::find_if(cut.shared_calls.begin(), cut.shared_calls.end(), is_volatile);
  if (shared != cut.shared_calls.end()) {
    return CutRefusal{
        .message = cat("a subquery calls ", quote_ident(*shared),
                       ", which gives another value each time: once for all rows, or once for each batch"),
        .hint = "Call it outside of the subquery, for each row, or write its value down."};
  }
  return Backfill{.cut = std::move(cut), .key = batch.key, .size = batch.size, .max_lag = batch.max_lag};
}

}  // namespace pgsluice
