#include "libs/messaging/client_held.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cohort {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

LeaseToken Token(uint64_t lease) { return {1, lease, 1}; }

TEST(HeldLeases, RenewsInBatchesWithPhasesWhereThereAreAny) {
  HeldLeases held;
  for (uint64_t lease = 1; lease <= 5; ++lease) held.Add(Token(lease), "q", {7, 1, lease, 0});
  held.Find(Token(2))->phase = "testing";
  const auto renewals = held.Renewals(Time{}, 3);
  ASSERT_THAT(renewals, SizeIs(2));
  EXPECT_THAT(renewals[0].tokens, ElementsAre(Token(1), Token(2), Token(3)));
  EXPECT_THAT(renewals[0].phases, ElementsAre("", "testing", ""));
  EXPECT_THAT(renewals[1].tokens, ElementsAre(Token(4), Token(5)));
  EXPECT_THAT(renewals[1].phases, IsEmpty());
}

TEST(HeldLeases, RenewsNeitherWhatEndsNorWhatIsPastItsLimit) {
  HeldLeases held;
  for (uint64_t lease = 1; lease <= 4; ++lease) held.Add(Token(lease), "q", {7, 1, lease, 0});
  held.Find(Token(1))->ending = true;
  held.Find(Token(2))->renew_until = Time{} + Seconds(5);
  held.Find(Token(3))->renew_until = Time{} + Seconds(5);
  held.Find(Token(3))->accepted = true;
  EXPECT_THAT(held.Renewals(Time{} + Seconds(4), 10).at(0).tokens,
              ElementsAre(Token(2), Token(3), Token(4)));
  EXPECT_THAT(held.Renewals(Time{} + Seconds(5), 10).at(0).tokens, ElementsAre(Token(3), Token(4)));
  EXPECT_THAT(HeldLeases().Renewals(Time{}, 10), IsEmpty());
}

}  // namespace
}  // namespace cohort
