// Work on threads: what it does now, and what it leaves for the worker's thread.
#include "reward_workers/crew.h"

#include <gtest/gtest.h>

#include <future>

namespace cohort {
namespace {

TEST(Crew, TellsWhatEachPieceOfWorkDoesFromItsPlaceInTheLineToItsEnd) {
  std::promise<void> posted;
  Mailbox mailbox([&] { posted.set_value(); });
  Crew crew(&mailbox, /*threads=*/1);
  std::promise<void> testing, may_end;
  bool done = false;
  const auto first = crew.Start([&](CrewJob& job) -> Crew::Then {
    job.SetPhase("testing");
    testing.set_value();
    may_end.get_future().wait();
    return [&done] { done = true; };
  });
  testing.get_future().wait();
  EXPECT_EQ(first->phase(), "testing");
  auto second = crew.Start([](CrewJob&) -> Crew::Then { return [] {}; });
  EXPECT_EQ(second->phase(), "waiting for a place");
  second.reset();  // taken back before its turn
  may_end.set_value();
  posted.get_future().wait();
  EXPECT_EQ(first->phase(), "") << "it is done, and waits for its answer to be taken";
  EXPECT_FALSE(done);
  mailbox.RunAll();
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace cohort
