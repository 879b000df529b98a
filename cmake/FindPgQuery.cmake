# SPDX-License-Identifier: Apache-2.0
# Finds libpg_query with the headers of PostgreSQL's own parse tree, as scripts/setup unpacks it, as PgQuery_ROOT
# names it, or as the system has it. Gives the target PgQuery::PgQuery and PgQuery_GRAMMAR, the PostgreSQL major
# whose grammar it is.
#
# The static library only: node tags and layouts differ between versions, so library and headers must be of one
# package, and the shared library of newer suites does not load on Debian 12.

if(DEFINED ENV{PGSLUICE_CACHE})
  set(_pgquery_hints "$ENV{PGSLUICE_CACHE}/libpg_query/usr")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(_pgquery_hints "$ENV{XDG_CACHE_HOME}/pgsluice/libpg_query/usr")
else()
  set(_pgquery_hints "$ENV{HOME}/.cache/pgsluice/libpg_query/usr")
endif()
list(APPEND _pgquery_hints /var/cache/pgsluice/libpg_query/usr)

find_path(PgQuery_INCLUDE_DIR NAMES pg_query/pg_query_internal.h HINTS ${_pgquery_hints} PATH_SUFFIXES include)
# The library that lies beside the headers, not whichever comes first.
cmake_path(GET PgQuery_INCLUDE_DIR PARENT_PATH _pgquery_prefix)
find_library(PgQuery_LIBRARY NAMES libpg_query.a HINTS "${_pgquery_prefix}" NO_DEFAULT_PATH
  PATH_SUFFIXES lib "lib/${CMAKE_LIBRARY_ARCHITECTURE}")

if(EXISTS "${PgQuery_INCLUDE_DIR}/pg_query/postgres/pg_config.h")
  file(STRINGS "${PgQuery_INCLUDE_DIR}/pg_query/postgres/pg_config.h" _pgquery_version
    REGEX "^#define PG_VERSION_NUM [0-9]+")
  string(REGEX REPLACE "^.* ([0-9]+)[0-9][0-9][0-9][0-9]$" "\\1" PgQuery_GRAMMAR "${_pgquery_version}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(PgQuery
  REQUIRED_VARS PgQuery_LIBRARY PgQuery_INCLUDE_DIR PgQuery_GRAMMAR
  REASON_FAILURE_MESSAGE "run scripts/setup, or set PgQuery_ROOT to an unpacked libpg-query-dev of version 17 or 18")
mark_as_advanced(PgQuery_INCLUDE_DIR PgQuery_LIBRARY)

if(PgQuery_FOUND AND NOT TARGET PgQuery::PgQuery)
  find_package(Threads REQUIRED)
  add_library(PgQuery::PgQuery STATIC IMPORTED)
  set_target_properties(PgQuery::PgQuery PROPERTIES
    IMPORTED_LOCATION "${PgQuery_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES
      "${PgQuery_INCLUDE_DIR};${PgQuery_INCLUDE_DIR}/pg_query;${PgQuery_INCLUDE_DIR}/pg_query/postgres"
    INTERFACE_LINK_LIBRARIES Threads::Threads)
endif()
