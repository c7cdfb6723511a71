#include "libs/messaging/connection_monitor.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

namespace cohort {
namespace {

TEST(ConnectionStandsTest, UntilEitherSideHasClosedIt) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  EXPECT_TRUE(ConnectionStands(ends[0]));
  ASSERT_EQ(write(ends[1], "last words", 10), 10);
  EXPECT_TRUE(ConnectionStands(ends[0])) << "bytes to read are no end";
  close(ends[1]);
  EXPECT_FALSE(ConnectionStands(ends[0])) << "the other side";
  close(ends[0]);
  EXPECT_FALSE(ConnectionStands(ends[0])) << "this one";
}

}  // namespace
}  // namespace cohort
