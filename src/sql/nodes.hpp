// SPDX-License-Identifier: Apache-2.0
// PostgreSQL's parse nodes, made safe to use from C++. Only src/sql/*.cpp include this, and last:
// postgres.h redefines names of the standard library as macros.
#pragma once

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

extern "C" {
#include "postgres.h"

#include "catalog/pg_trigger.h"
#include "nodes/parsenodes.h"
#include "pg_query.h"
#include "pg_query_internal.h"
}

#undef printf
#undef fprintf
#undef sprintf
#undef snprintf
#undef vsnprintf
#undef vsprintf
#undef vprintf
#undef vfprintf
#undef strerror
#undef strerror_r
#undef gettext
#undef ngettext
#undef _
#undef Min
#undef Max
#undef Assert
#undef foreach
#undef likely
#undef unlikely
#undef ERROR
#undef INFO
#undef LOG
#undef WARNING
#undef NOTICE
#undef FATAL
#undef PANIC
#undef DEBUG

// Node layouts and tags differ between majors: headers and library must be of one package.
static_assert(PG_VERSION_NUM / 10000 >= 17,
              "libpg_query with the grammar of PostgreSQL 17 or newer is needed");

namespace pgsluice::sql {

/// A List as a range of borrowed pointers: `for (::Node* n : each<::Node>(list))`.
template <typename T>
class Each {
 public:
  explicit Each(const ::List* list) : list_(list) {}
  class Iterator {
   public:
    Iterator(const ::List* list, int i) : list_(list), i_(i) {}
    T* operator*() const { return static_cast<T*>(list_->elements[i_].ptr_value); }
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return i_ != other.i_; }

   private:
    const ::List* list_;
    int i_;
  };
  [[nodiscard]] Iterator begin() const { return {list_, 0}; }
  [[nodiscard]] Iterator end() const { return {list_, list_ != nullptr ? list_->length : 0}; }

 private:
  const ::List* list_;
};

template <typename T = ::Node>
Each<T> each(const ::List* list) {
  return Each<T>(list);
}

inline int length(const ::List* list) {
  return list != nullptr ? list->length : 0;
}

/// The node as T, or nullptr when it is another kind of node.
template <typename T>
T* as(void* node, ::NodeTag tag) {
  return node != nullptr && static_cast<::Node*>(node)->type == tag ? static_cast<T*>(node) : nullptr;
}

inline std::string_view view(const char* text) {
  return text != nullptr ? std::string_view(text) : std::string_view();
}
inline std::string string(const char* text) {
  return std::string(view(text));
}
inline std::string_view string_value(void* node) {
  const auto* value = as<::String>(node, T_String);
  return value != nullptr ? view(value->sval) : std::string_view();
}

}  // namespace pgsluice::sql
