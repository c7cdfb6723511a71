// The program as an operator meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/broker/live_broker.h"

namespace cohort {
namespace {

using testing::HasSubstr;

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* bin = std::getenv("COHORT_BIN");
    program_ = std::string(bin == nullptr ? "build/bin" : bin) + "/cohort-broker";
    if (access(program_.c_str(), X_OK) != 0) GTEST_SKIP() << "SKIPPED: no " << program_;
  }
  pid_t Start(std::vector<std::string> arguments) {
    const char* source = std::getenv("COHORT_SOURCE");
    const std::string root = source == nullptr ? "." : source;
    arguments.insert(arguments.begin(), {program_, "--config", root + "/configs/demo-zero.toml"});
    arguments.push_back("--run.directory=" + folder.path() + "/run");
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const pid_t child = fork();
    if (child == 0) {
      if (std::freopen(Errors().c_str(), "w", stderr) == nullptr) _exit(126);
      execv(program_.c_str(), pointers.data());
      _exit(127);
    }
    return child;
  }
  static int ExitCode(pid_t child) {
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  std::string Errors() const { return folder.path() + "/errors"; }
  std::string ErrorText() const {
    std::ifstream file(Errors());
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  TemporaryFolder folder;
  std::string program_;
};

TEST_F(ProgramTest, ServesUntilItIsAskedToStopAndExitsWithZero) {
  const std::string endpoint = "ipc://" + folder.path() + "/other/socket";
  const pid_t broker = Start({"--endpoint", endpoint});
  auto client = ConnectTo(endpoint, Role::kOperator, "operator");
  const auto started = NextOf<SessionStarted>(*client);
  ASSERT_TRUE(started.has_value());
  EXPECT_THAT(started->weights_endpoint, HasSubstr("ipc://"));
  kill(broker, SIGTERM);
  EXPECT_EQ(ExitCode(broker), 0);
}

TEST_F(ProgramTest, SaysInOneLineThatItsEndpointIsInUse) {
  const std::string endpoint = "ipc://" + folder.path() + "/sockets/broker";
  LiveBroker first(endpoint);
  EXPECT_NE(ExitCode(Start({"--endpoint", endpoint})), 0);
  EXPECT_THAT(ErrorText(), HasSubstr(endpoint + " is in use"));
}

TEST_F(ProgramTest, RefusesAKeyThatItDoesNotKnow) {
  EXPECT_EQ(ExitCode(Start({"--broker.leese_seconds=3"})), 2);
  EXPECT_THAT(ErrorText(), HasSubstr("lease_seconds"));
}

}  // namespace
}  // namespace cohort
