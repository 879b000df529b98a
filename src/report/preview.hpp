// SPDX-License-Identifier: Apache-2.0
#pragma once

// What preview shows.

#include <string>

#include "pgsluice/preview.hpp"
#include "report/document.hpp"

namespace pgsluice {

/// What matters most stands where the eye is: at the end in a terminal, at the top of a page.
enum class PreviewOrder { terminal, page };
/// Statements with what was seen of them, where that is not what was said, and who was kept out when.
Document to_document(const Preview& preview, PreviewOrder order);
/// The document of rules/schema/lint.schema.json, with `observed` and `agrees` beside each statement that ran.
std::string to_json(const Preview& preview, int pg_version);
/// "12 statements, all as predicted".
std::string preview_summary(const Preview& preview);
/// For a bug report: the statement that did not do what was said, on which server, and both sides. Nothing of the file
/// but that statement.
Document report_of(const PreviewedFile& file, const PreviewedStatement& statement, const Preview& preview);

}  // namespace pgsluice
