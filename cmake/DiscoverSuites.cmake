# SPDX-License-Identifier: Apache-2.0
# One CTest test per GoogleTest suite: a process per test case would cost more than the tests themselves, one for all
# would hide which suite failed. Run after each link of the test program:
#   cmake -DPROGRAM=… -DPREFIX=… -DLABELS=… -DOUTPUT=… -P DiscoverSuites.cmake

execute_process(COMMAND "${PROGRAM}" --gtest_list_tests OUTPUT_VARIABLE listing RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} --gtest_list_tests: ${status}")
endif()
# Only suites start at the margin and end with a dot; the rest of such a line is a comment on the parameter type.
string(REGEX MATCHALL "(^|\n)[^ \n#]+\\.[^\n]*" suites "${listing}")
set(tests "")
foreach(suite IN LISTS suites)
  string(REGEX REPLACE "^\n?([^ ]+)\\..*$" "\\1" suite "${suite}")
  string(REPLACE "/" "." name "${suite}")
  string(APPEND tests "add_test([==[${PREFIX}.${name}]==] [==[${PROGRAM}]==] [==[--gtest_filter=${suite}.*]==] --gtest_brief=1)\n"
    "set_tests_properties([==[${PREFIX}.${name}]==] PROPERTIES LABELS [==[${LABELS}]==] TIMEOUT 120)\n")
endforeach()
file(WRITE "${OUTPUT}" "${tests}")
