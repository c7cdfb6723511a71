// The queue machine beside the naive broker, under seeded random commands, crashes and power cuts.
//
// COHORT_MODEL_COMMANDS sets how many steps (default 1,000,000), COHORT_MODEL_SEED the first seed.
// A failure is shrunk and printed with its seed.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/broker/model_run.h"

namespace cohort {
namespace {

constexpr uint64_t kStepsPerLife = 4'000;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// The report of the first life that shows what was broken on purpose; each fault must be found
// soon, and a few steps must suffice to show it.
void ExpectFound(const Sabotage& sabotage, const std::string& symptom) {
  for (uint64_t seed = 2; seed < 400; seed += 2) {
    const RandomLife life = MakeLife(seed, kStepsPerLife);
    if (RunLife(life, sabotage).wrong.empty()) continue;
    const RandomLife shrunk = ShrinkLife(life, sabotage);
    const std::string report = Report(shrunk, sabotage);
    std::printf("%s\n", report.c_str());
    EXPECT_LT(shrunk.steps.size(), 30u);
    EXPECT_NE(report.find(symptom), std::string::npos);
    EXPECT_TRUE(RunLife(shrunk).wrong.empty()) << "it fails without the fault too";
    return;
  }
  ADD_FAILURE() << "nothing was found";
}

TEST(ModelCheckTest, FindsALeaseThatLastsTooLong) {
  Sabotage sabotage;
  sabotage.machine = [](MachineConfig& config) { config.lease = Seconds(7); };
  ExpectFound(sabotage, "was not told to session");
}

TEST(ModelCheckTest, FindsIdsThatAreForgottenTooSoon) {
  Sabotage sabotage;
  sabotage.machine = [](MachineConfig& config) { config.broken.no_dedupe = true; };
  ExpectFound(sabotage, "");
}

TEST(ModelCheckTest, FindsSettlesThatCountWhoeverSendsThem) {
  Sabotage sabotage;
  sabotage.machine = [](MachineConfig& config) { config.broken.no_fencing = true; };
  ExpectFound(sabotage, "answer to");
}

TEST(ModelCheckTest, FindsAJournalThatLosesSettles) {
  Sabotage sabotage;
  sabotage.journal = JournalFault::kLosesSettles;
  ExpectFound(sabotage, "restored: ");
}

TEST(ModelCheckTest, FindsAnswersThatAreGivenBeforeTheSync) {
  Sabotage sabotage;
  sabotage.journal = JournalFault::kConfirmsEarly;
  ExpectFound(sabotage, "although a peer knows");
}

TEST(ModelCheckTest, FindsRecordsThatAreDroppedBeforeTheirSuccessorsAreSynced) {
  Sabotage sabotage;
  sabotage.journal = JournalFault::kDropsEarly;
  ExpectFound(sabotage, "restarted: ");
}

TEST(ModelCheckTest, BehavesAsTheNaiveBrokerDoes) {
  const uint64_t steps = FromEnvironment("COHORT_MODEL_COMMANDS", 1'000'000);
  const uint64_t first = FromEnvironment("COHORT_MODEL_SEED", 1);
  ModelCounts counts;
  for (uint64_t seed = first; counts.steps < steps; ++seed) {
    const RandomLife life = MakeLife(seed, kStepsPerLife);
    const Verdict verdict = RunLife(life);
    ASSERT_TRUE(verdict.wrong.empty()) << Report(life) << "rerun with COHORT_MODEL_SEED=" << seed
                                       << " COHORT_MODEL_COMMANDS=" << kStepsPerLife;
    counts += verdict.counts;
  }
  std::printf(
      "%llu steps: %llu deliveries, %llu ends without result, %llu crashes, %llu power cuts that "
      "lost %llu of %llu changes (%llu compacted away); %llu tasks confirmed, %llu purged, %llu "
      "revived\n",
      static_cast<unsigned long long>(counts.steps),
      static_cast<unsigned long long>(counts.deliveries),
      static_cast<unsigned long long>(counts.ends), static_cast<unsigned long long>(counts.crashes),
      static_cast<unsigned long long>(counts.power_cuts),
      static_cast<unsigned long long>(counts.lost_changes),
      static_cast<unsigned long long>(counts.changes),
      static_cast<unsigned long long>(counts.dropped),
      static_cast<unsigned long long>(counts.confirmed),
      static_cast<unsigned long long>(counts.purged),
      static_cast<unsigned long long>(counts.revived));
  // The steps were worth the time.
  if (steps < 100'000) return;
  EXPECT_GT(counts.deliveries, steps / 50);
  EXPECT_GT(counts.ends, steps / 500);
  EXPECT_GT(counts.crashes, steps / 1000);
  EXPECT_GT(counts.power_cuts, steps / 1000);
  EXPECT_GT(counts.lost_changes, counts.power_cuts);
  EXPECT_GT(counts.dropped, steps / 50);
  EXPECT_GT(counts.purged, steps / 5'000);
  EXPECT_GT(counts.revived, steps / 40'000);
}

}  // namespace
}  // namespace cohort
