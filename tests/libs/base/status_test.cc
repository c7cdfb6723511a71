#include "libs/base/status.h"

#include <gtest/gtest.h>

namespace cohort {
namespace {

Result<int> Half(int value) {
  if (value % 2 != 0) return InvalidArgument("odd");
  return value / 2;
}

Result<int> Quarter(int value) {
  COHORT_ASSIGN_OR_RETURN(const int half, Half(value));
  return Half(half);
}

TEST(Result, CarriesTheValueThroughSuccessfulSteps) { EXPECT_EQ(*Quarter(8), 2); }

TEST(Result, ReturnsTheFirstFailure) {
  EXPECT_EQ(Quarter(6).status().code(), StatusCode::kInvalidArgument);
}

TEST(Status, TellsItsContextFirst) {
  EXPECT_EQ(NotFound("no such key").WithContext("a.toml:3").ToString(),
            "not found: a.toml:3: no such key");
}

}  // namespace
}  // namespace cohort
