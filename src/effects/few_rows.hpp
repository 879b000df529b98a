// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "subject.hpp"

namespace pgsluice::effects {

/// An UPDATE or DELETE that says by a unique key which rows it means: a handful at most.
bool has_few_rows(const Subject& subject);

}  // namespace pgsluice::effects
