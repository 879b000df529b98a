// SPDX-License-Identifier: Apache-2.0
// What src/pg can do without a server.

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "base/signals.hpp"
#include "pg/arrays.hpp"
#include "pg/connection.hpp"
#include "pg/libpq.hpp"
#include "pg/literal.hpp"
#include "pg/sqlstate.hpp"
#include "pgsluice/error.hpp"

namespace pgsluice {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string refusal(std::string_view conninfo) {
  try {
    pg::read_conninfo(conninfo);
  } catch (const Error& error) {
    return std::string(error.what()) + error.hint();
  }
  return "accepted";
}

TEST(Libpq, IsLoadedWhenAskedFor) {
  EXPECT_THAT(pg::libpq_version(), HasSubstr("."));
}

TEST(Literal, IsPlainAsciiWhateverTheSessionIsSetTo) {
  EXPECT_EQ(pg::literal("o'clock", "text"), "'o''clock'::text");
  EXPECT_EQ(pg::literal(std::nullopt, "jsonb"), "NULL::jsonb");
  EXPECT_EQ(pg::literal("\\'", "text"),
            "pg_catalog.convert_from(pg_catalog.decode('5c27', 'hex'), 'UTF8')::text");
  EXPECT_EQ(pg::literal("\u00e9\n", "text"),
            "pg_catalog.convert_from(pg_catalog.decode('c3a90a', 'hex'), 'UTF8')::text");
}

TEST(Conninfo, DescribesTheTargetWithoutThePassword) {
  const pg::Conninfo conninfo = pg::read_conninfo("postgresql://me:hush@db.example:5433/shop");
  EXPECT_EQ(conninfo.description, "database shop at db.example:5433 as me");
  EXPECT_EQ(pg::scrub("tried hush and hush", conninfo.secrets), "tried *** and ***");
}

TEST(Conninfo, KnowsThePasswordInBothSpellings) {
  const pg::Conninfo conninfo = pg::read_conninfo("postgresql://me:h%75sh-it@db/shop");
  EXPECT_EQ(pg::scrub("h%75sh-it hush-it", conninfo.secrets), "*** ***");
}

TEST(Conninfo, NeverRepeatsWhatItCannotRead) {
  for (const char* text : {"postgresql://me:hush@db/shop?nonsense=1", "password=hush 'open",
                           "host=db password=hush nonsense=1", "postgresql://me:hu@sh@db/shop",
                           "postgresql://me:hu/sh@db/shop", "postgresql://me:%zzhush@db/shop"}) {
    EXPECT_THAT(refusal(text), Not(HasSubstr("sh@"))) << text;
    EXPECT_THAT(refusal(text), Not(HasSubstr("hush"))) << text;
    EXPECT_NE(refusal(text), "accepted") << text;
  }
}

TEST(Conninfo, TakesParametersInPlaceOfItsOwn) {
  const std::string text =
      pg::conninfo_with("postgresql://me@db/shop?sslmode=verify-full",
                        {{"host", "other"}, {"dbname", "it's a \\ name"}, {"password", ""}});
  const pg::Conninfo conninfo = pg::read_conninfo(text);
  EXPECT_EQ(conninfo.parameters, (pg::Parameters{{"dbname", "it's a \\ name"},
                                                 {"host", "other"},
                                                 {"password", ""},
                                                 {"sslmode", "verify-full"},
                                                 {"user", "me"}}));
}

TEST(Connect, SaysOnOneLineWhatWentWrong) {
  const Interrupt interrupt;
  const pg::Conninfo conninfo = pg::read_conninfo("host=127.0.0.1 port=1");
  const pg::ConnectResult result = pg::connect(conninfo, "test", pg::Access::any, interrupt);
  ASSERT_TRUE(std::holds_alternative<pg::ConnectFailure>(result));
  const std::string message = std::get<pg::ConnectFailure>(result).message;
  EXPECT_THAT(message, HasSubstr("refused"));
  EXPECT_THAT(message, Not(testing::ContainsRegex("[\n\t]")));
}

TEST(Arrays, SurviveTheRoundTrip) {
  const std::vector<std::string> elements{"a", "b\"c", "d\\e", "", "NULL", "{x,y}", "ä\n"};
  EXPECT_EQ(pg::parse_texts(pg::text_array(elements)), elements);
  EXPECT_EQ(pg::parse_texts("{a,NULL,\"b c\"}"), (std::vector<std::string>{"a", "", "b c"}));
  EXPECT_TRUE(pg::parse_texts("{}").empty());
  EXPECT_EQ(pg::parse_numbers("{12,7}"), (std::vector<long long>{12, 7}));
}

TEST(Sqlstate, SaysWhatToDo) {
  EXPECT_EQ(pg::classify("55P03"), pg::Failure::lock_timeout);
  EXPECT_EQ(pg::classify("40P01"), pg::Failure::conflict);
  EXPECT_EQ(pg::classify("57P01"), pg::Failure::connection);
  EXPECT_EQ(pg::classify("08003"), pg::Failure::connection);
  EXPECT_EQ(pg::classify("23514"), pg::Failure::data);
  EXPECT_EQ(pg::classify("42601"), pg::Failure::statement);
  EXPECT_EQ(pg::classify(""), pg::Failure::statement);
}

TEST(Interrupt, KeepsTheFirstSignalAndWakesEveryWait) {
  Interrupt interrupt;
  EXPECT_EQ(interrupt.signal(), 0);
  {
    const SignalGuard guard(interrupt);
    std::raise(SIGTERM);
  }
  interrupt.raise(SIGINT);
  EXPECT_EQ(interrupt.signal(), SIGTERM);
  for (int i = 0; i < 2; ++i) {
    pollfd wake{.fd = interrupt.fd(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(poll(&wake, 1, 0), 1);
  }
}

}  // namespace
}  // namespace pgsluice
