#include "libs/config/endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "tests/libs/config/sample_config.h"

namespace cohort {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(DefaultEndpoint, LiesInTheRunDirectory) {
  EXPECT_EQ(DefaultEndpoint("/a/run", "broker"), "ipc:///a/run/sockets/broker");
  EXPECT_EQ(DefaultEndpoint("runs/x", "weights"),
            "ipc://" + (std::filesystem::current_path() / "runs/x/sockets/weights").string());
}

TEST(DefaultEndpoint, LiesElsewhereWhenThePathIsTooLongForTheKernel) {
  const std::string run = "/" + std::string(100, 'x');
  const std::string broker = DefaultEndpoint(run, "broker");
  EXPECT_LE(broker.size(), 6 + kMaxSocketPath);
  EXPECT_THAT(broker, EndsWith("/broker"));
  EXPECT_EQ(broker, DefaultEndpoint(run + "/", "broker"));
  EXPECT_NE(broker, DefaultEndpoint(run + "y", "broker"));
  EXPECT_NE(broker, DefaultEndpoint(run, "weights"));
  // One byte less fits.
  const std::string fits = "/" + std::string(kMaxSocketPath - 16, 'x');
  EXPECT_THAT(DefaultEndpoint(fits, "broker"), StartsWith("ipc:///xxx"));
  EXPECT_EQ(DefaultEndpoint(fits, "broker").size(), 6 + kMaxSocketPath);
}

TEST(DefaultEndpoint, LiesElsewhereWhenThePathIsNoPlainText) {
  for (const char* run : {"/a/my run", "/a/l\xc3\xa4ufe", "/a/\trun"}) {
    const std::string broker = DefaultEndpoint(run, "broker");
    EXPECT_THAT(broker, EndsWith("/broker")) << run;
    EXPECT_THAT(broker, Not(HasSubstr("/a/"))) << run;
    EXPECT_EQ(broker.find_first_of(" \t\xc3"), std::string::npos) << run;
  }
}

TEST(PrepareEndpointDirectory, MakesAPrivateDirectory) {
  const TestFolder folder;
  const auto directory = folder.path() / "a" / "sockets";
  ASSERT_TRUE(PrepareEndpointDirectory("ipc://" + (directory / "broker").string()).ok());
  struct stat facts = {};
  ASSERT_EQ(stat(directory.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0700u);
  EXPECT_TRUE(PrepareEndpointDirectory("ipc://" + (directory / "broker").string()).ok());
  EXPECT_TRUE(PrepareEndpointDirectory("tcp://127.0.0.1:1").ok());
}

TEST(PrepareEndpointDirectory, RefusesOneThatOthersMayEnter) {
  const TestFolder folder;
  const auto directory = folder.path() / "open";
  std::filesystem::create_directory(directory);
  chmod(directory.c_str(), 0755);
  const Status status = PrepareEndpointDirectory("ipc://" + (directory / "broker").string());
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(status.message(), HasSubstr("chmod 700"));
}

TEST(PrepareEndpointDirectory, RefusesALinkAndAPathThatIsTooLong) {
  const TestFolder folder;
  std::filesystem::create_directory(folder.path() / "real");
  std::filesystem::create_symlink(folder.path() / "real", folder.path() / "link");
  EXPECT_FALSE(PrepareEndpointDirectory("ipc://" + (folder.path() / "link/broker").string()).ok());
  EXPECT_FALSE(PrepareEndpointDirectory("ipc:///tmp/" + std::string(120, 'x')).ok());
}

TEST(TelemetryPort, CountsUpFromTheFirst) {
  Config config = SampleConfig();
  EXPECT_EQ(TelemetryPort(config, "broker"), 0);
  config.telemetry.port = 9000;
  config.fleet.actors = 2;
  EXPECT_EQ(TelemetryPort(config, "broker"), 9000);
  EXPECT_EQ(TelemetryPort(config, "learner"), 9001);
  EXPECT_EQ(TelemetryPort(config, "actor-1"), 9002);
  EXPECT_EQ(TelemetryPort(config, "actor-2"), 9003);
  EXPECT_EQ(TelemetryPort(config, "reward-worker-1"), 9004);
  EXPECT_EQ(TelemetryPort(config, "actor-3"), 0);
  EXPECT_EQ(TelemetryPort(config, "actor-late"), 0);
}

}  // namespace
}  // namespace cohort
