// SPDX-License-Identifier: Apache-2.0
// What to do about a statement that the server of a preview refuses, and about a server that goes away.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/preview_refusal.hpp"
#include "preview/gone.hpp"

namespace pgsluice::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string hint(std::string_view sqlstate, const Surroundings& there, std::string_view message = "no") {
  SqlError error;
  error.sqlstate = sqlstate;
  error.message = message;
  return refused_here(error, "1.sql:1:1", there).hint();
}

TEST(PreviewRefusal, EarlierFilesAreAskedForWhereSomethingIsNotThere) {
  for (const char* sqlstate : {"42P01", "42703", "42704", "42883", "3F000"})
    EXPECT_THAT(hint(sqlstate, {}), HasSubstr("name the files that make it")) << sqlstate;
  for (const char* sqlstate : {"0A000", "22023", "42601", "2BP01", "42P07"})
    EXPECT_THAT(hint(sqlstate, {}), AllOf(HasSubstr("apply would fail there, too"), Not(HasSubstr("files"))))
        << sqlstate;
}

TEST(PreviewRefusal, ATimeoutOfThePreviewIsNoneOfApply) {
  SqlError error;
  error.sqlstate = "57014";
  error.message = "canceling statement due to statement timeout";
  EXPECT_THAT(refused_by_clone(error, "1.sql:1:1", true).hint(),
              AllOf(HasSubstr("--statement-timeout"), Not(HasSubstr("apply"))));
  EXPECT_THAT(refused_by_clone(error, "1.sql:1:1", false).hint(), HasSubstr("apply would fail here, too"));
}

TEST(PreviewRefusal, ACatalogNeedsNoEarlierFiles) {
  EXPECT_THAT(hint("42P01", {.catalog = true}),
              AllOf(HasSubstr("The catalog does not have it"), Not(HasSubstr("files"))));
  EXPECT_THAT(hint("42704", {.catalog = true, .complete = false}),
              HasSubstr("what of the catalog is not here"));
  EXPECT_THAT(hint("42701", {.catalog = true}), HasSubstr("files that have not been applied there"));
  EXPECT_THAT(hint("0A000", {.catalog = true}), Not(HasSubstr("files")));
}

TEST(PreviewRefusal, WhatIsThereAlreadyMayBeTheHistorys) {
  EXPECT_THAT(hint("42P07", {.history = true}), HasSubstr("--no-history"));
}

TEST(PreviewRefusal, NamesWhatTheMachineDoesNotHave) {
  EXPECT_THAT(hint("0A000", {}, "extension \"postgis\" is not available"), HasSubstr("--pg-bin"));
  EXPECT_THAT(hint("58P01", {}, "could not open extension control file \"/usr/…\""), HasSubstr("--pg-bin"));
  EXPECT_THAT(hint("53100", {}), HasSubstr("TMPDIR"));
  EXPECT_THAT(hint("23505", {.filled = true}), HasSubstr("made up (--rows)"));
}

/// To try again would fill it again.
TEST(PreviewRefusal, AFullDiskIsNoServerThatGoesAway) {
  SqlError full;
  full.message = "could not write to file \"pg_wal/xlogtemp.1\": No space left on device";
  const Error gone = server_gone("tables were filled", full);
  EXPECT_EQ(gone.code(), ExitCode::precondition);
  EXPECT_THAT(gone.hint(), HasSubstr("TMPDIR"));
  EXPECT_THAT(gone.what(), HasSubstr("while tables were filled: could not write"));
  EXPECT_EQ(server_gone("tables were filled", {}).code(), ExitCode::unreachable);
}

}  // namespace
}  // namespace pgsluice::cli
