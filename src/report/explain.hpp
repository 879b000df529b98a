// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `explain` says. Values in, pages and JSON out; decides nothing.

#include <string>
#include <vector>

#include "pgsluice/explain.hpp"
#include "report/document.hpp"

namespace pgsluice {

Document to_document(const Explanation& explanation);
Document to_document(const FindingPage& page);
/// The table of the group's rows; of a single row its page.
Document to_document(const RowGroup& group);
Document to_document(const RowPage& page);
/// Everything that has a page, with what it is about.
Document list_document(const std::vector<FindingPage>& findings, const std::vector<RowChapter>& chapters);
/// All pages: rules/README.md.
Document book_document(const std::vector<FindingPage>& findings, const std::vector<RowChapter>& chapters);

// The documents of rules/schema/explain.schema.json.
std::string to_json(const Explanation& explanation);
std::string to_json(const FindingPage& page);
std::string to_json(const RowGroup& group);
std::string to_json(const std::vector<FindingPage>& findings, const std::vector<RowChapter>& chapters);

/// "a, b and 7 more": `most` of them by name.
Words name_words(const std::vector<RelationName>& relations, std::size_t most);
/// "for an instant".
std::string_view hold_words(Hold hold);
/// "12 to 14 and 18".
std::string version_words(const std::vector<int>& versions);

}  // namespace pgsluice
