#include "libs/base/ids.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

TEST(TaskId, SurvivesItsOwnText) {
  const TaskId id{0x9f3c000000000001u, TrainingSpace(0), 42, 3};
  const Result<TaskId> parsed = TaskId::Parse(id.ToString());
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_EQ(*parsed, id);
}

TEST(TaskId, RefusesWhatIsNoId) {
  for (const char* text : {"", "1/2/3", "x/1/2/3", "1/1/2/3/4", "1/1/-2/3"}) {
    EXPECT_FALSE(TaskId::Parse(text).ok()) << text;
  }
}

TEST(TaskId, ASampleKnowsItsPrompt) {
  const TaskId prompt{7, TrainingSpace(0), 5, 0};
  EXPECT_EQ(prompt.Sample(0).index, 1u);
  EXPECT_EQ(prompt.Sample(3).Prompt(), prompt);
}

}  // namespace
}  // namespace cohort
