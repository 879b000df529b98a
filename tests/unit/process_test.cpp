// SPDX-License-Identifier: Apache-2.0
#include "base/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

TEST(Process, AnArgumentIsAnArgument) {
  EXPECT_EQ(run_process({"printf", "%s|", "$(id)", "a b", "; x", "*"}).out, "$(id)|a b|; x|*|");
}

TEST(Process, TellsBothOutputsAndTheExitCode) {
  const ProcessResult result = run_process({"sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(run_process({"sh", "-c", "kill -TERM $$"}).code, 128 + 15);
}

TEST(Process, ReadsMoreThanAPipeHolds) {
  const ProcessResult result =
      run_process({"sh", "-c", "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero"});
  EXPECT_EQ(result.out.size(), 300'000U);
  EXPECT_EQ(result.err.size(), 300'000U);
}

TEST(Process, WhatIsNotThereIsAnErrorThatNamesIt) {
  try {
    run_process({"no-such-program"});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("cannot run no-such-program: No such file"));
  }
}

}  // namespace
}  // namespace pgsluice
