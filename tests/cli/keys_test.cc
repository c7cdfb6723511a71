// cohort keys, as an operator calls it.
#include "libs/messaging/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/messaging/allow_list.h"
#include "tests/cli/cohort_program.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class KeysCommand : public ::testing::Test {
 protected:
  ProgramResult Keys(const std::string& words) {
    return RunCohort("keys " + words + " --keys " + keys_.string());
  }
  TestFolder folder_;
  std::filesystem::path keys_ = folder_.path() / "keys";
};

TEST_F(KeysCommand, AFleetGetsAKeyForEachRoleAndAListThatAllowsThem) {
  const ProgramResult made = Keys("new --fleet");
  ASSERT_EQ(made.code, 0) << made.err;
  for (const char* name : {"broker", "learner", "actor", "reward_worker", "operator"}) {
    const auto pair = LoadKeyPair(keys_, name);
    ASSERT_TRUE(pair.ok()) << pair.status().ToString();
    EXPECT_THAT(made.out, Not(HasSubstr(pair->secret_key)));
  }
  const auto allowed = ReadAllowList(keys_ / "allowed");
  ASSERT_TRUE(allowed.ok());
  EXPECT_EQ(allowed->size(), 4u) << "nobody connects as the broker";
  const ProgramResult list = Keys("list");
  EXPECT_THAT(list.out, HasSubstr("reward_worker  " + *LoadPublicKey(keys_ / "reward_worker.pub")));
  EXPECT_EQ(Keys("new --fleet").code, 1) << "an existing key is never overwritten";
}

TEST_F(KeysCommand, AllowsAndRevokesByName) {
  ASSERT_EQ(Keys("new actor-7").code, 0);
  ASSERT_EQ(Keys("allow actor actor-7").code, 0);
  EXPECT_EQ(ReadAllowList(keys_ / "allowed")->front().role, Role::kActor);
  ASSERT_EQ(Keys("revoke actor-7").code, 0);
  const auto revoked = *ReadAllowList(keys_ / "allowed");
  ASSERT_EQ(revoked.size(), 1u);
  EXPECT_FALSE(revoked[0].role.has_value());
  ASSERT_EQ(Keys("allow operator actor-7").code, 0) << "and back, in another role";
  EXPECT_EQ(ReadAllowList(keys_ / "allowed")->front().role, Role::kOperator);
}

TEST_F(KeysCommand, SaysInOneLineWhatIsWrong) {
  ASSERT_EQ(Keys("new actor").code, 0);
  for (const auto& [words, problem] :
       std::vector<std::pair<std::string, std::string>>{{"allow boss actor", "no role"},
                                                        {"allow actor nobody", "nobody.pub"},
                                                        {"revoke actor", "no key"},
                                                        {"new ../x", "a word"},
                                                        {"new", "--fleet"},
                                                        {"list", "cohort keys allow"}}) {
    const ProgramResult result = Keys(words);
    EXPECT_NE(result.code, 0) << words;
    EXPECT_THAT(result.err, HasSubstr(problem)) << words;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
  EXPECT_THAT(RunCohort("keys --help").out, HasSubstr("revoke"));
}

}  // namespace
}  // namespace cohort
