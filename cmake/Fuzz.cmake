# SPDX-License-Identifier: Apache-2.0
# The fuzz target and its seed corpus: scripts/fuzz.

file(GLOB support CONFIGURE_DEPENDS tests/support/*.cpp)
list(FILTER support EXCLUDE REGEX "/corpus\\.cpp$")  # it lints folders, and what does that is not built here
foreach(name IN ITEMS fuzz_predict fuzz_seeds)
  string(REPLACE "fuzz_" "" source ${name})
  if(source STREQUAL "predict")
    set(source predict_fuzz)
  endif()
  add_executable(${name} tests/fuzz/${source}.cpp ${support})
  target_include_directories(${name} PRIVATE tests)
  target_compile_definitions(${name} PRIVATE PGSLUICE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE pgsluice_core)
  pgsluice_compile(${name})
endforeach()
target_link_options(fuzz_predict PRIVATE -fsanitize=fuzzer)
