#include "libs/base/endpoint.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

TEST(NeedsKeys, IsTrueOfWhatOtherMachinesReach) {
  for (const char* endpoint : {"ipc:///x", "tcp://127.0.0.1:1", "tcp://127.1.2.3:*",
                               "tcp://localhost:5", "tcp://[::1]:5", "inproc://x"}) {
    EXPECT_FALSE(NeedsKeys(endpoint)) << endpoint;
  }
  for (const char* endpoint :
       {"tcp://0.0.0.0:1", "tcp://*:1", "tcp://10.0.0.1:1", "tcp://eth0:1", "tcp://127.evil.org:1",
        "tcp://127.0.0.1;10.0.0.1:1", "tcp://localhost.evil.org:1", "tcp://[::]:1", "tipc://1",
        "tcp://127.0.0.1:1;0.0.0.0:2", "tcp://localhost:1;*:2",
        "tcp://127.0.0.1:", "tcp://127.0.0.1"}) {
    EXPECT_TRUE(NeedsKeys(endpoint)) << endpoint;
  }
}

}  // namespace
}  // namespace cohort
