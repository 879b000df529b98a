// SPDX-License-Identifier: Apache-2.0
#pragma once

// The functions of libpq that we use, as a table of pointers. Inside src/pg only.

#include <libpq-fe.h>

namespace pgsluice::pg {

#define PGSLUICE_LIBPQ_FUNCTIONS(X) \
  X(PQlibVersion)                   \
  X(PQconninfoParse)                \
  X(PQconndefaults)                 \
  X(PQconninfoFree)                 \
  X(PQfreemem)                      \
  X(PQconnectdbParams)              \
  X(PQfinish)                       \
  X(PQstatus)                       \
  X(PQerrorMessage)                 \
  X(PQsocket)                       \
  X(PQpass)                         \
  X(PQbackendPID)                   \
  X(PQserverVersion)                \
  X(PQtransactionStatus)            \
  X(PQsetNoticeReceiver)            \
  X(PQsetnonblocking)               \
  X(PQsendQuery)                    \
  X(PQsendQueryParams)              \
  X(PQsendPrepare)                  \
  X(PQsendQueryPrepared)            \
  X(PQsetSingleRowMode)             \
  X(PQflush)                        \
  X(PQconsumeInput)                 \
  X(PQisBusy)                       \
  X(PQgetResult)                    \
  X(PQresultStatus)                 \
  X(PQresultErrorField)             \
  X(PQntuples)                      \
  X(PQnfields)                      \
  X(PQgetisnull)                    \
  X(PQgetvalue)                     \
  X(PQgetlength)                    \
  X(PQcmdStatus)                    \
  X(PQclear)                        \
  X(PQputCopyEnd)                   \
  X(PQgetCopyData)                  \
  X(PQgetCancel)                    \
  X(PQcancel)                       \
  X(PQfreeCancel)

// NOLINTBEGIN(readability-identifier-naming): libpq's own names.
struct Api {
#define PGSLUICE_LIBPQ_MEMBER(name) decltype(&::name) name = nullptr;
  PGSLUICE_LIBPQ_FUNCTIONS(PGSLUICE_LIBPQ_MEMBER)
#undef PGSLUICE_LIBPQ_MEMBER
};
// NOLINTEND(readability-identifier-naming)

/// Loads libpq at the first call. Throws Error(precondition) when it is missing.
const Api& api();

struct ResultClear {
  void operator()(PGresult* result) const noexcept { api().PQclear(result); }
};
struct ConnectionFinish {
  void operator()(PGconn* connection) const noexcept { api().PQfinish(connection); }
};
struct CancelFree {
  void operator()(PGcancel* cancel) const noexcept { api().PQfreeCancel(cancel); }
};
struct ConninfoFree {
  void operator()(PQconninfoOption* options) const noexcept { api().PQconninfoFree(options); }
};

}  // namespace pgsluice::pg
