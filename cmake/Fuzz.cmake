# SPDX-License-Identifier: Apache-2.0
# The fuzz target and its seed corpus: scripts/fuzz.

add_executable(fuzz_predict tests/fuzz/predict_fuzz.cpp)
add_executable(fuzz_seeds tests/fuzz/seeds.cpp)
foreach(target IN ITEMS fuzz_predict fuzz_seeds)
  target_link_libraries(${target} PRIVATE test_support)
  pgsluice_compile(${target})
endforeach()
target_link_options(fuzz_predict PRIVATE -fsanitize=fuzzer)
