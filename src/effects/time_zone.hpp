// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace pgsluice::effects {

/// Whether a value of the setting `timezone` is UTC at any time, as timestamp.c TimestampTimestampTzRequiresRewrite() asks:
/// a name of it, 0, or a POSIX zone of any name with the offset 0 and no summer time.
bool is_utc(std::string_view zone);

}  // namespace pgsluice::effects
