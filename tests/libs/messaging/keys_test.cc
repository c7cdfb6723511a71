#include "libs/messaging/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "libs/base/rng.h"
#include "libs/messaging/allow_list.h"

namespace cohort {
namespace {

using testing::HasSubstr;
using testing::Not;

class KeysTest : public testing::Test {
 protected:
  KeysTest() {
    char name[] = "/tmp/cohort-keys-XXXXXX";
    root = mkdtemp(name);
    folder = root / "keys";
  }
  ~KeysTest() override { std::filesystem::remove_all(root); }
  static mode_t ModeOf(const std::filesystem::path& path) {
    struct stat facts {};
    EXPECT_EQ(stat(path.c_str(), &facts), 0);
    return facts.st_mode & 0777;
  }
  static void Write(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path) << text;
  }
  CurveKeyPair Made(const std::string& name) const {
    const CurveKeyPair pair = *MakeKeyPair();
    EXPECT_TRUE(WriteKeyPair(folder, name, pair).ok());
    return pair;
  }

  std::filesystem::path root, folder;
};

TEST_F(KeysTest, APairComesBackAndItsSecretIsTheOwnersAlone) {
  const CurveKeyPair pair = Made("actor");
  EXPECT_EQ(ModeOf(folder), 0700u);
  EXPECT_EQ(ModeOf(folder / "actor.key"), 0600u);
  const auto loaded = LoadKeyPair(folder, "actor");
  ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
  EXPECT_EQ(loaded->public_key, pair.public_key);
  EXPECT_EQ(loaded->secret_key, pair.secret_key);
}

TEST_F(KeysTest, ASecretThatOthersCanReadIsRefusedWithTheCure) {
  Made("actor");
  for (const mode_t mode : {0640, 0604, 0620, 0601}) {
    chmod((folder / "actor.key").c_str(), mode);
    const auto loaded = LoadKeyPair(folder, "actor");
    ASSERT_FALSE(loaded.ok()) << mode;
    EXPECT_EQ(loaded.status().code(), StatusCode::kPermissionDenied);
    EXPECT_THAT(loaded.status().message(), HasSubstr("chmod 600"));
  }
  chmod((folder / "actor.key").c_str(), 0600);
  chmod(folder.c_str(), 0750);
  EXPECT_THAT(LoadKeyPair(folder, "actor").status().message(), HasSubstr("chmod 700"));
}

TEST_F(KeysTest, NeverOverwritesAKey) {
  const CurveKeyPair pair = Made("actor");
  EXPECT_FALSE(WriteKeyPair(folder, "actor", *MakeKeyPair()).ok());
  EXPECT_EQ(LoadKeyPair(folder, "actor")->secret_key, pair.secret_key);
}

TEST_F(KeysTest, NamesStayInsideTheFolder) {
  for (const char* name : {"", "..", "../x", "a/b", ".hidden", "-x", "a b", "a\nb"}) {
    EXPECT_FALSE(WriteKeyPair(folder, name, *MakeKeyPair()).ok()) << name;
  }
  EXPECT_TRUE(IsKeyName("actor-1"));
}

TEST_F(KeysTest, HalvesThatDoNotBelongTogetherAndFilesWithoutAKeyAreRefused) {
  const CurveKeyPair pair = Made("actor");
  Write(folder / "actor.pub", MakeKeyPair()->public_key + "\n");
  const Status mixed = LoadKeyPair(folder, "actor").status();
  EXPECT_THAT(mixed.message(), HasSubstr("does not belong"));
  for (const std::string& text :
       {std::string(), std::string(39, 'a'), std::string(41, 'a'), std::string(40, '"'),
        std::string(5000, 'a'), std::string(40, '\0'),
        std::string("%%%%%%%%%%") + "#####" + std::string(25, '#')}) {
    Write(folder / "actor.key", text);
    const auto loaded = LoadKeyPair(folder, "actor");
    ASSERT_FALSE(loaded.ok());
    // No message ever shows what the file holds.
    if (text.size() > 30) {
      EXPECT_THAT(loaded.status().message(), Not(HasSubstr(text)));
    }
  }
}

TEST_F(KeysTest, AnInstancesOwnKeyComesBeforeItsRoles) {
  const CurveKeyPair role = Made("actor");
  EXPECT_EQ(LoadProcessKey(folder, "actor", "actor-1")->public_key, role.public_key);
  const CurveKeyPair own = Made("actor-1");
  EXPECT_EQ(LoadProcessKey(folder, "actor", "actor-1")->public_key, own.public_key);
  EXPECT_EQ(LoadProcessKey(folder, "actor", "actor-2")->public_key, role.public_key);
  // One that is there and open to others is an error, not a reason to take the other.
  chmod((folder / "actor-1.key").c_str(), 0644);
  EXPECT_EQ(LoadProcessKey(folder, "actor", "actor-1").status().code(),
            StatusCode::kPermissionDenied);
  EXPECT_THAT(LoadProcessKey(folder, "learner", "learner").status().message(),
              HasSubstr("cohort keys new learner"));
}

TEST(AllowList, ComesBackFromItsText) {
  const std::vector<AllowedKey> keys = {{Role::kActor, MakeKeyPair()->public_key, "actor-1"},
                                        {std::nullopt, MakeKeyPair()->public_key, "old"},
                                        {Role::kOperator, MakeKeyPair()->public_key, "me"}};
  const auto parsed = ParseAllowList(AllowListText(keys), "allowed");
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  EXPECT_EQ(*parsed, keys);
}

TEST(AllowList, TakesCommentsAndBlanks) {
  const std::string key = MakeKeyPair()->public_key;
  const auto parsed =
      ParseAllowList("# a\n\n \t\r\n  actor\t" + key + "  a1  # mine\r\n#b", "allowed");
  ASSERT_TRUE(parsed.ok()) << parsed.status().ToString();
  ASSERT_EQ(parsed->size(), 1u);
  EXPECT_EQ(parsed->front(), (AllowedKey{Role::kActor, key, "a1"}));
}

TEST(AllowList, NamesFileAndLineOfWhatIsWrong) {
  const std::string key = MakeKeyPair()->public_key, other = MakeKeyPair()->public_key;
  const std::pair<std::string, std::string> wrong[] = {
      {"\nactor\n", "allowed:2"},
      {"boss " + key + " a\n", "allowed:1"},
      {"actor nonsense a\n", "allowed:1"},
      {"actor " + key + " ../a\n", "allowed:1"},
      {"actor " + key + " a b\n", "allowed:1"},
      {"actor " + key + " a\nlearner " + key + " b\n", "allowed:2"},
      {"actor " + key + " a\nactor " + other + " a\n", "allowed:2"},
  };
  for (const auto& [text, place] : wrong) {
    const auto parsed = ParseAllowList(text, "allowed");
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_THAT(parsed.status().message(), HasSubstr(place));
    EXPECT_THAT(parsed.status().message(), Not(HasSubstr(key)));
  }
}

TEST(AllowList, SurvivesAnyBytes) {
  Rng rng(1);
  const std::string good = "actor " + MakeKeyPair()->public_key + " a\n# x\n";
  for (int i = 0; i < 20'000; ++i) {
    std::string text = good;
    for (int edits = 0; edits < 4; ++edits) {
      text[rng.Next() % text.size()] = static_cast<char>(rng.Next());
    }
    const auto parsed = ParseAllowList(text, "allowed");
    if (parsed.ok() && !parsed->empty()) {
      EXPECT_EQ(*ParseAllowList(AllowListText(*parsed), "again"), *parsed);
    }
  }
  EXPECT_FALSE(ParseAllowList(std::string(kMaxAllowListBytes + 1, '\n'), "allowed").ok());
}

TEST_F(KeysTest, ALiveListFollowsItsFileAndKeepsTheLastGoodOne) {
  ManualClock clock;
  const std::string key = MakeKeyPair()->public_key;
  const auto file = root / "allowed";
  EXPECT_EQ(LiveAllowList::Open(file, clock).status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(WriteAllowList(file, {{Role::kActor, key, "a"}}).ok());
  EXPECT_EQ(ModeOf(file) & 022, 0u) << "others must not add themselves";
  auto opened = LiveAllowList::Open(file, clock);
  ASSERT_TRUE(opened.ok());
  LiveAllowList& list = **opened;
  EXPECT_EQ(list.Find(key).verdict, LiveAllowList::Verdict::kAllowed);
  const uint64_t generation = list.generation();

  ASSERT_TRUE(WriteAllowList(file, {{std::nullopt, key, "a"}}).ok());
  EXPECT_EQ(list.Find(key).verdict, LiveAllowList::Verdict::kAllowed) << "not yet looked at";
  clock.Advance(Seconds(0.21));
  EXPECT_EQ(list.Find(key).verdict, LiveAllowList::Verdict::kRevoked);
  EXPECT_GT(list.generation(), generation);

  Write(file, "nonsense");
  clock.Advance(Seconds(0.21));
  EXPECT_EQ(list.Find(key).verdict, LiveAllowList::Verdict::kRevoked);
  std::filesystem::remove(file);
  clock.Advance(Seconds(0.21));
  EXPECT_EQ(list.Find(key).verdict, LiveAllowList::Verdict::kRevoked);
  ASSERT_TRUE(WriteAllowList(file, {{Role::kLearner, key, "a"}}).ok());
  clock.Advance(Seconds(0.21));
  EXPECT_EQ(list.Find(key).role, Role::kLearner);
}

}  // namespace
}  // namespace cohort
