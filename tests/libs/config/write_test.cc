#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "libs/base/files.h"
#include "libs/config/load.h"
#include "libs/config/schema.h"
#include "tests/libs/config/sample_config.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

TEST(ConfigToToml, LoadsToTheSameValues) {
  Config config = SampleConfig();
  config.run.name = "quotes \" \\ \t and \x01 täst";
  config.stages[1].learning_rate = 1e-6;
  config.stages[1].clip_high = 0.1 + 0.2;
  config.scorers[0].requires_ = {"format", "a b"};
  const TestFolder folder;
  const std::string text = ConfigToToml(config);
  const Result<Config> again = LoadConfig({{folder.Write("c.toml", text)}, {}, false});
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(ConfigToToml(*again), text);
  EXPECT_EQ(again->run.name, config.run.name);
  EXPECT_EQ(again->stages[1].clip_high, 0.1 + 0.2);
  EXPECT_EQ(again->stages[1].learning_rate, 1e-6);
  EXPECT_EQ(again->scorers[0].requires_, config.scorers[0].requires_);
}

TEST(ConfigSchema, LeavesEveryDefaultWithinItsOwnBounds) {
  Config defaults;
  for (const ConfigSection& section : ConfigSections()) {
    if (section.is_list) section.append(defaults);
    for (const ConfigKey& key : section.keys) {
      const ConfigField field = key.locate(section.entries(defaults).front());
      // Texts without a default are asked for by CheckConfig.
      if (const auto* text = std::get_if<std::string*>(&field); text && (*text)->empty()) continue;
      const std::string path = std::string(section.name) + "." + std::string(key.name);
      std::visit(
          [&](auto* value) {
            const Status status = AssignConfigValue(key, field, path, ConfigValue(*value));
            EXPECT_TRUE(status.ok()) << status.message();
          },
          field);
      EXPECT_TRUE(key.words.ends_with(".")) << path;
    }
  }
}

TEST(ConfigReference, IsTheCommittedOne) {
  const char* source = std::getenv("COHORT_SOURCE");
  const std::string file =
      (source == nullptr ? std::string(".") : std::string(source)) + "/docs/configuration.md";
  const Result<std::string> committed = ReadFile(file);
  ASSERT_TRUE(committed.ok()) << committed.status().message();
  EXPECT_EQ(*committed, ConfigReference())
      << "make it anew: build/bin/cohort config --reference > docs/configuration.md";
}

}  // namespace
}  // namespace cohort
