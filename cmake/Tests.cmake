# SPDX-License-Identifier: Apache-2.0
# Every test of the project as a CTest test. Labels: unit and cli need nothing; cluster needs what scripts/setup --kube
# installs, browser what --browser and 18 do; db needs PostgreSQL servers; lint needs clang's tools.

find_package(GTest REQUIRED)

set(server_versions 12 13 14 15 16 17 18)
set(with_servers "${PROJECT_SOURCE_DIR}/scripts/with-servers")

# Tests that keep every core busy run one at a time, and behind those that wait for locks and timeouts of servers: those are
# the longest (COST), begin first, and are not to be held up.
set(behind nice -n 10)
set(keeps_cores_busy PROCESSORS 2 RESOURCE_LOCK cores TIMEOUT 5400)

# ---- what the tests share ----------------------------------------------------------------------------------------

file(GLOB_RECURSE support CONFIGURE_DEPENDS tests/support/*.cpp)
add_library(test_support STATIC ${support})
target_include_directories(test_support PUBLIC tests)
target_include_directories(test_support SYSTEM PUBLIC ${LIBPQ_INCLUDE_DIRS})
target_compile_definitions(test_support PUBLIC PGSLUICE_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
  PGSLUICE_PARSER_HEADERS="${PgQuery_INCLUDE_DIR}/pg_query/postgres")
target_link_libraries(test_support PUBLIC pgsluice_core GTest::gmock)
pgsluice_compile(test_support)

# pgsluice_test_program(<name> <folder under tests/>): its target, when the folder has sources.
function(pgsluice_test_program name folder)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS tests/${folder}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE test_support GTest::gtest_main)
  pgsluice_compile(${name})
  target_compile_options(${name} PRIVATE -O0)  # compiled for longer than they run
endfunction()

# ---- unit: one CTest test per GoogleTest suite -------------------------------------------------------------------

pgsluice_test_program(unit_tests unit)
if(TARGET unit_tests)
  if(PGSLUICE_SANITIZE)
    add_test(NAME unit COMMAND unit_tests --gtest_brief=1)
    set_tests_properties(unit PROPERTIES LABELS unit)
  else()
    add_custom_command(TARGET unit_tests POST_BUILD
      COMMAND ${CMAKE_COMMAND} -DPROGRAM=$<TARGET_FILE:unit_tests> -DPREFIX=unit -DLABELS=unit -DOUTPUT=unit_suites.cmake
        -P "${PROJECT_SOURCE_DIR}/cmake/DiscoverSuites.cmake"
      VERBATIM)
    file(WRITE "${CMAKE_BINARY_DIR}/unit_tests.cmake" "\
if(EXISTS \"${CMAKE_BINARY_DIR}/unit_suites.cmake\")
  include(\"${CMAKE_BINARY_DIR}/unit_suites.cmake\")
else()
  add_test(unit unit_tests_NOT_BUILT)
  set_tests_properties(unit PROPERTIES LABELS unit)
endif()
")
    set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${CMAKE_BINARY_DIR}/unit_tests.cmake")
  endif()
endif()

if(PGSLUICE_FUZZ)
  include(cmake/Fuzz.cmake)
endif()
if(PGSLUICE_SANITIZE)
  return()  # a sanitizer build is for the unit tests; the rest would only be run twice
endif()

add_test(NAME layering COMMAND "${PROJECT_SOURCE_DIR}/tests/layering/check" "${PROJECT_SOURCE_DIR}")
add_test(NAME layering.self_test COMMAND "${PROJECT_SOURCE_DIR}/tests/layering/self-test")
add_test(NAME facts COMMAND "${PROJECT_SOURCE_DIR}/tests/facts/check" "${PROJECT_SOURCE_DIR}")
set_tests_properties(layering layering.self_test facts PROPERTIES LABELS "unit;lint")

add_test(NAME scripts.with_servers COMMAND "${PROJECT_SOURCE_DIR}/tests/scripts/with-servers")
set_tests_properties(scripts.with_servers PROPERTIES LABELS unit)

# The unit tests again, under AddressSanitizer and UndefinedBehaviorSanitizer; builds what it runs.
if(TARGET unit_tests)
  add_test(NAME unit_asan COMMAND ${behind} "${PROJECT_SOURCE_DIR}/scripts/test-asan")
  set_tests_properties(unit_asan PROPERTIES LABELS asan ${keeps_cores_busy} COST 90)
endif()

# Mutated SQL under both sanitizers for two minutes.
# Always the same inputs here, so that a change is judged and not luck; others by hand.
add_test(NAME fuzz COMMAND ${behind} "${PROJECT_SOURCE_DIR}/scripts/fuzz" 120 2)
set_tests_properties(fuzz PROPERTIES LABELS fuzz ${keeps_cores_busy} COST 70)

# ---- bench: that it still measures what there is -----------------------------------------------------------------

set_target_properties(bare bench PROPERTIES EXCLUDE_FROM_ALL OFF)
add_test(NAME bench COMMAND bench --smoke $<TARGET_FILE:pgsluice> $<TARGET_FILE:bare> "${CMAKE_BINARY_DIR}/corpora")
set_tests_properties(bench PROPERTIES LABELS unit)

# ---- cli: one test per case folder -------------------------------------------------------------------------------

# A case that needs servers names their versions in a file `servers`.
file(GLOB cases CONFIGURE_DEPENDS tests/cli/*/*/cmd)
file(GLOB case_servers CONFIGURE_DEPENDS tests/cli/*/*/servers)
foreach(cmd IN LISTS cases)
  cmake_path(GET cmd PARENT_PATH folder)
  cmake_path(RELATIVE_PATH folder BASE_DIRECTORY "${PROJECT_SOURCE_DIR}/tests/cli" OUTPUT_VARIABLE name)
  string(REPLACE "/" "." name "${name}")
  set(command "${PROJECT_SOURCE_DIR}/tests/cli/run-case" "${folder}")
  set(labels cli)
  if("${folder}/servers" IN_LIST case_servers)
    file(READ "${folder}/servers" versions)
    string(REGEX MATCHALL "[0-9]+" versions "${versions}")
    set(command "${with_servers}" ${versions} -- ${command})
    list(APPEND labels db)
  endif()
  add_test(NAME cli.${name} COMMAND ${command})
  set_tests_properties(cli.${name} PROPERTIES LABELS "${labels}" TIMEOUT 300
    ENVIRONMENT "PGSLUICE=$<TARGET_FILE:pgsluice>")
endforeach()

# ---- cluster: against an API server over TLS ------------------------------------------------------------------------

pgsluice_test_program(cluster_tests cluster)
add_test(NAME cluster COMMAND cluster_tests --gtest_brief=1)
add_test(NAME manifests COMMAND "${PROJECT_SOURCE_DIR}/tests/manifests/check")
set_tests_properties(cluster manifests PROPERTIES LABELS cluster TIMEOUT 300
  ENVIRONMENT "PGSLUICE=$<TARGET_FILE:pgsluice>")

# ---- browser: the reports as a person sees them ------------------------------------------------------------------------

add_test(NAME browser COMMAND "${PROJECT_SOURCE_DIR}/tests/browser/check")
set_tests_properties(browser PROPERTIES LABELS browser TIMEOUT 900
  ENVIRONMENT "PGSLUICE=$<TARGET_FILE:pgsluice>")

# ---- db: against real servers --------------------------------------------------------------------------------------

pgsluice_test_program(oracle_tests oracle)
pgsluice_test_program(execute_tests execute)
if(TARGET oracle_tests)
  add_test(NAME oracle
    COMMAND ${behind} "${with_servers}" ${server_versions} -- $<TARGET_FILE:oracle_tests> --gtest_brief=1)
  set_tests_properties(oracle PROPERTIES LABELS db ${keeps_cores_busy})
endif()
if(TARGET execute_tests)
  # They mostly wait: for locks, timeouts and sessions that others hold. So two halves beside one another, each with servers
  # of its own.
  foreach(half IN ITEMS 0 1)
    add_test(NAME execute.half_${half}
      COMMAND "${with_servers}" ${server_versions} -- $<TARGET_FILE:execute_tests> --gtest_brief=1)
    set_tests_properties(execute.half_${half} PROPERTIES LABELS db TIMEOUT 3600 COST 100
      ENVIRONMENT "PGSLUICE=$<TARGET_FILE:pgsluice>;GTEST_TOTAL_SHARDS=2;GTEST_SHARD_INDEX=${half}")
  endforeach()
endif()

# A few moments of each; by hand, some hundred.
foreach(kind IN ITEMS kill failover)
  add_test(NAME execute.${kind}
    COMMAND "${PROJECT_SOURCE_DIR}/scripts/${kind}-test" --moments 5 --program $<TARGET_FILE:pgsluice> 12 18)
  set_tests_properties(execute.${kind} PROPERTIES LABELS db TIMEOUT 600)
endforeach()
add_test(NAME execute.lag
  COMMAND "${PROJECT_SOURCE_DIR}/scripts/lag-test" --program $<TARGET_FILE:pgsluice> 12 18)
set_tests_properties(execute.lag PROPERTIES LABELS db TIMEOUT 600)

# Predictions of random migrations; always the same ones here, others by hand.
add_test(NAME execute.differential
  COMMAND "${PROJECT_SOURCE_DIR}/scripts/differential-test" --seed 2 --migrations 2 --statements 80
    --program $<TARGET_FILE:pgsluice> 12 18)
set_tests_properties(execute.differential PROPERTIES LABELS db TIMEOUT 600)

# The image, built and run; not part of what scripts/test does without a word.
add_test(NAME image COMMAND "${PROJECT_SOURCE_DIR}/scripts/image-test")
set_tests_properties(image PROPERTIES LABELS image ${keeps_cores_busy})

# ---- lint ----------------------------------------------------------------------------------------------------------

# clang loses its way to the C headers when one of its own folders is named again.
set(system_folders ${LIBPQ_INCLUDE_DIRS} ${LIBCURL_INCLUDE_DIRS})
list(REMOVE_ITEM system_folders /usr/include)
file(GENERATE OUTPUT tidy.flags CONTENT "\
-std=c++20
-I${PROJECT_SOURCE_DIR}/include
-I${PROJECT_SOURCE_DIR}/src
-isystem$<JOIN:${system_folders};$<TARGET_PROPERTY:PgQuery::PgQuery,INTERFACE_INCLUDE_DIRECTORIES>,
-isystem>
-D$<JOIN:$<TARGET_PROPERTY:pgsluice_core,COMPILE_DEFINITIONS>,
-D>
")
add_test(NAME format COMMAND "${PROJECT_SOURCE_DIR}/scripts/check-format")
add_test(NAME tidy COMMAND ${behind} "${PROJECT_SOURCE_DIR}/scripts/check-tidy" "${CMAKE_BINARY_DIR}")
set_tests_properties(format tidy PROPERTIES LABELS lint)
set_tests_properties(tidy PROPERTIES ${keeps_cores_busy} COST 80)
