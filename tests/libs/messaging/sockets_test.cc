#include "libs/messaging/sockets.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

namespace cohort {
namespace {

TEST(WakeupTest, WaitEndsWithANotificationAndTakesIt) {
  const SystemClock clock;
  Wakeup wakeup;
  wakeup.Notify();
  const Time start = clock.Now();
  wakeup.Wait(Seconds(60));
  EXPECT_LT(clock.Now() - start, Seconds(30));
  const Time again = clock.Now();
  wakeup.Wait(Seconds(0.01));
  EXPECT_GE(clock.Now() - again, Seconds(0.01)) << "it was taken";
}

int SendBuffer(int descriptor) {
  int bytes = 0;
  socklen_t size = sizeof(bytes);
  EXPECT_EQ(getsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, &size), 0);
  return bytes;
}

void SetSendBuffer(int descriptor, int bytes) {
  EXPECT_EQ(setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
}

TEST(AllowLargeSendsTest, ABodyFitsAtOnceThroughTheFileSystem) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  SetSendBuffer(pair[0], 64 * 1024);
  const std::string body(256 * 1024, 'x');
  AllowLargeSends(pair[0]);
  EXPECT_EQ(send(pair[0], body.data(), body.size(), 0), static_cast<ssize_t>(body.size()));
  close(pair[0]);
  close(pair[1]);
}

TEST(AllowLargeSendsTest, NeverShrinksABuffer) {
  const int local = socket(AF_UNIX, SOCK_STREAM, 0);
  SetSendBuffer(local, 1 << 20);
  const int before = SendBuffer(local);
  AllowLargeSends(local);
  EXPECT_EQ(SendBuffer(local), before);
  close(local);
}

TEST(AllowLargeSendsTest, LeavesOthersAlone) {
  const int tcp = socket(AF_INET, SOCK_STREAM, 0);
  SetSendBuffer(tcp, 16 * 1024);
  const int before = SendBuffer(tcp);
  AllowLargeSends(tcp);
  EXPECT_EQ(SendBuffer(tcp), before);
  close(tcp);
  AllowLargeSends(-1);
}

}  // namespace
}  // namespace cohort
