// SPDX-License-Identifier: Apache-2.0
#pragma once

// SQL as text: the same SQL in other layout, and SQL without the data in it. Knows tokens, not grammar.

#include <string>
#include <string_view>

namespace pgsluice {

/// One spelling for all layouts: no comments, one space between tokens, unquoted words in lower case, no closing
/// semicolon. Two texts with the same normal form do the same.
std::string normalised_sql(std::string_view sql);

/// Whether a name stands in SQL as a word of its own; it may be part of a string or of a comment.
bool has_word(std::string_view sql, std::string_view word);

/// SHA-256 of the normal form: what the ledger keeps of a file or a statement.
std::string fingerprint_of(std::string_view sql);

/// Fit for a log: literals become '…' (they are people's data, and now and then a password), layout collapses, and
/// the rest is cut to `limit` bytes.
std::string redacted_sql(std::string_view sql, std::size_t limit);

}  // namespace pgsluice
