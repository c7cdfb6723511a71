#include "broker/access.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace cohort {
namespace {

const Role kRoles[] = {Role::kLearner, Role::kActor, Role::kRewardWorker, Role::kOperator};
const char* const kQueues[] = {"prompts.main", "rollouts.main", "scored.main", "q"};

TaskSpec Spec(const std::string& queue, const std::string& results = "") {
  TaskSpec task;
  task.queue = queue;
  task.results = results;
  return task;
}

// Rows are roles, columns the queues above, with keys in use.
void ExpectTable(const std::function<Verb(const std::string& queue)>& verb,
                 const bool (&table)[4][4]) {
  for (size_t role = 0; role < 4; ++role) {
    for (size_t queue = 0; queue < 4; ++queue) {
      EXPECT_EQ(CheckAccess(kRoles[role], verb(kQueues[queue]), /*keys_in_use=*/true).ok(),
                table[role][queue])
          << RoleName(kRoles[role]) << " " << kQueues[queue];
    }
  }
}

TEST(Access, EachRoleTakesFromItsOwnKindOfQueue) {
  const bool table[4][4] = {{false, false, true, false},
                            {true, false, false, false},
                            {false, true, false, false},
                            {false, false, false, false}};
  ExpectTable([](const std::string& queue) { return SubscribeCommand{queue}; }, table);
  ExpectTable([](const std::string& queue) { return CreditCommand{queue, 1, 1}; }, table);
  ExpectTable([](const std::string& queue) { return SettleCommand{{}, queue, {}, {}}; }, table);
}

TEST(Access, OnlyTheLearnerPutsAndOnlyPrompts) {
  ExpectTable([](const std::string& queue) { return PutCommand{Spec(queue)}; },
              {{true, false, false, false}, {}, {}, {}});
}

TEST(Access, OnlyTheLearnerForgetsAndCancels) {
  ExpectTable(
      [](const std::string& queue) {
        return FloorCommand{queue, 1, 1, 1};
      },
      {{true, true, true, true}, {}, {}, {}});
  for (const Role role : kRoles) {
    EXPECT_EQ(CheckAccess(role, CancelCommand{}, /*keys_in_use=*/true).ok(),
              role == Role::kLearner);
  }
}

TEST(Access, ChildrenGoOneStepOn) {
  ExpectTable(
      [](const std::string& queue) {
        return EmitCommand{{}, {Spec(queue)}};
      },
      {{}, {false, true, false, false}, {false, false, true, false}, {}});
  // One that is allowed does not let another through.
  EXPECT_FALSE(
      CheckAccess(Role::kActor, EmitCommand{{}, {Spec("rollouts.a"), Spec("scored.a")}}, true)
          .ok());
  EXPECT_FALSE(
      CheckAccess(Role::kActor, SettleCommand{{}, "prompts.a", {}, {Spec("scored.a")}}, true).ok());
}

TEST(Access, ResultsAndObituariesGoWhereTheyBelong) {
  TaskSpec prompt = Spec("prompts.a", "rollouts.a");
  prompt.obituaries = "scored.a";
  EXPECT_TRUE(CheckAccess(Role::kLearner, PutCommand{prompt}, true).ok());
  prompt.results = "prompts.a";
  EXPECT_FALSE(CheckAccess(Role::kLearner, PutCommand{prompt}, true).ok());
  TaskSpec rollout = Spec("rollouts.a", "scored.a");
  rollout.obituaries = "prompts.a";
  EXPECT_FALSE(CheckAccess(Role::kActor, EmitCommand{{}, {rollout}}, true).ok());
}

TEST(Access, WithoutKeysOtherNamesAreFreeAndThesePrefixesAreNot) {
  for (const Role role : kRoles) {
    EXPECT_TRUE(CheckAccess(role, PutCommand{Spec("q", "r")}, false).ok());
    EXPECT_TRUE(CheckAccess(role, SubscribeCommand{"q"}, false).ok());
    EXPECT_TRUE(CheckAccess(role, EmitCommand{{}, {Spec("q")}}, false).ok());
    EXPECT_EQ(CheckAccess(role, SubscribeCommand{"prompts.a"}, false).ok(), role == Role::kActor);
    EXPECT_EQ(CheckAccess(role, PutCommand{Spec("prompts.a")}, false).ok(), role == Role::kLearner);
  }
}

TEST(Access, StatisticsAreEverybodysAndARefusalNamesRoleAndQueue) {
  for (const Role role : kRoles) EXPECT_TRUE(CheckAccess(role, StatsCommand{}, true).ok());
  const Status refused = CheckAccess(Role::kRewardWorker, SubscribeCommand{"prompts.a"}, true);
  EXPECT_EQ(refused.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(refused.message(),
            "a process with the role reward_worker may not take tasks of prompts.a");
}

}  // namespace
}  // namespace cohort
