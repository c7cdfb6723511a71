#include "learner/admission.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

constexpr uint64_t kManySteps = 1000;

TEST(Admission, AtStalenessZeroExactlyOneShareIsUnderWay) {
  const Admission admission({{8, 0}});
  EXPECT_EQ(admission.MayIssue(0, 0, kManySteps), 8u);
  EXPECT_EQ(admission.MayIssue(0, 8, kManySteps), 0u);
  EXPECT_EQ(admission.MayIssue(0, 7, kManySteps),
            1u);  // one ended unused: its turn goes to the next
}

TEST(Admission, NeverExceedsShareTimesStalenessPlusOne) {
  const Admission admission({{8, 3}});
  EXPECT_EQ(admission.MayIssue(0, 0, kManySteps), 32u);
  EXPECT_EQ(admission.MayIssue(0, 30, kManySteps), 2u);
}

TEST(Admission, IssuesNoMoreThanTheStageCanStillTrain) {
  const Admission admission({{8, 3}});
  EXPECT_EQ(admission.MayIssue(0, 0, 2), 16u);
  EXPECT_EQ(admission.MayIssue(0, 8, 1), 0u);
  EXPECT_EQ(admission.MayIssue(0, 0, 0), 0u);
}

TEST(Admission, APatientRouteIsIssuedAtThePaceOfItsShare) {
  Admission admission({{12, 1}, {4, 120}});
  EXPECT_EQ(admission.MayIssue(1, 0, kManySteps), 8u);
  admission.Issued(1, 8);
  EXPECT_EQ(admission.MayIssue(1, 8, kManySteps), 0u);
  admission.StepDone();
  EXPECT_EQ(admission.MayIssue(1, 8, kManySteps), 4u);
  uint64_t pending = 8;
  for (int step = 0; step < 500; ++step) {
    const uint64_t issue = admission.MayIssue(1, pending, kManySteps);
    admission.Issued(1, issue);
    pending += issue;
    admission.StepDone();
  }
  EXPECT_EQ(pending, 4u * 121u);  // nothing came back: the staleness bound holds it
}

TEST(Admission, AStepIsDueWhenThePacingRoutesHaveTheirShare) {
  const Admission admission({{12, 1}, {4, 120}});
  EXPECT_FALSE(admission.StepDue({11, 40}));
  EXPECT_TRUE(admission.StepDue({12, 0}));
  const Admission synchronous({{12, 0}, {4, 0}});
  EXPECT_FALSE(synchronous.StepDue({12, 3}));
  EXPECT_TRUE(synchronous.StepDue({12, 4}));
}

TEST(Admission, NoStepWaitsForARouteThatIsNotTrained) {
  const Admission admission({{12, 1}, {4, 0, /*trained=*/false}});
  EXPECT_TRUE(admission.StepDue({12, 0}));
  EXPECT_FALSE(admission.Paces(1));
}

}  // namespace
}  // namespace cohort
