// Scorers behind HTTP, with a service that does what the completion says.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/reward_workers/plugins/plugin_fixture.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

constexpr char kService[] = "plugins/http_service.py";

ScorerConfig Http(const std::string& url) {
  ScorerConfig config;
  config.kind = "http";
  config.url = url;
  config.timeout_seconds = 0.5;
  return config;
}

TEST_F(PluginScorers, AServiceIsAScorer) {
  const Service service(kService);
  setenv("SCORER_TOKEN", "secret", 1);
  ScorerConfig config = Http(service.Url("/score"));
  config.options = {"token_env=SCORER_TOKEN"};
  ASSERT_TRUE(Make(config).ok());
  EXPECT_EQ(Judge("good"), Verdict::Graded(0.5, "seen"));
  EXPECT_EQ(Judge("token"), Verdict::Graded(1));
  EXPECT_FALSE(Judge("none").applicable());
}

TEST_F(PluginScorers, WhatBreaksAServiceEveryTimeIsTheModelsFailure) {
  const Service service(kService);
  ASSERT_TRUE(Make(Http(service.Url("/score"))).ok());
  EXPECT_TRUE(Judge("good").scored());
  for (const char* what : {"hang", "500", "nonsense", "long", "404", "413"}) {
    EXPECT_EQ(Judge(what).reason(), OutcomeReason::kGraderKilled) << what;
  }
  EXPECT_EQ(told_["canary"], 3 + 3 + 4);  // what may be the service's is doubted for longer
}

TEST_F(PluginScorers, AnOutageIsWaitedFor) {
  const Service service(kService, "--outage 3");
  ASSERT_TRUE(Make(Http(service.Url("/score"))).ok());
  EXPECT_EQ(Judge("good"), Verdict::Graded(0.5, "seen"));
  EXPECT_EQ(told_["retry"], 3);
}

// An address at which nobody is, until somebody comes.
int FreePort() {
  const int socket_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(socket_);
  return ntohs(address.sin_port);
}

TEST_F(PluginScorers, AServiceThatIsAwayForTooLongMasks) {
  ScorerConfig config = Http("http://127.0.0.1:9/");
  config.outage_seconds = 0.4;
  config.retries = 0;
  ASSERT_TRUE(Make(config).ok());
  const Verdict verdict = Judge("good");
  EXPECT_EQ(verdict.reason(), OutcomeReason::kGraderCrashed);
  EXPECT_THAT(verdict.detail(), HasSubstr("connect"));
  EXPECT_THAT(verdict.detail(), HasSubstr("for 0.4 s"));
}

TEST_F(PluginScorers, AServiceThatComesLateLosesNothing) {
  const int port = FreePort();
  ScorerConfig config = Http("http://127.0.0.1:" + std::to_string(port) + "/score");
  config.retries = 0;
  config.timeout_seconds = 20;
  ASSERT_TRUE(Make(config).ok());
  std::vector<std::unique_ptr<Asked>> asked;
  for (int i = 0; i < 300; ++i) asked.push_back(Ask("good"));
  ASSERT_TRUE(WaitUntil([&] { return told_["retry"] > 1; }));
  const Service service(kService, "--port " + std::to_string(port));
  for (const auto& one : asked) EXPECT_EQ(Wait(one), Verdict::Graded(0.5, "seen"));
  // Those that were under way, and then one probe at a time.
  EXPECT_LT(told_["retry"], 300);
}

TEST_F(PluginScorers, AStormOf429LosesNothing) {
  const Service service(kService, "--busy 1");
  ScorerConfig config = Http(service.Url("/score"));
  config.retries = 0;
  config.timeout_seconds = 20;
  ASSERT_TRUE(Make(config).ok());
  std::vector<std::unique_ptr<Asked>> asked;
  for (int i = 0; i < 400; ++i) asked.push_back(Ask("good"));
  for (const auto& one : asked) EXPECT_EQ(Wait(one), Verdict::Graded(0.5, "seen"));
  EXPECT_GE(told_["rate_limited"], 1);    // those that were under way
  EXPECT_LT(told_["rate_limited"], 400);  // and then one probe at a time
}

TEST_F(PluginScorers, AServiceWithoutRoomForTooLongMasksAsSaturated) {
  const Service service(kService, "--busy 1000000");
  ScorerConfig config = Http(service.Url("/score"));
  config.outage_seconds = 0.5;
  ASSERT_TRUE(Make(config).ok());
  const Verdict verdict = Judge("good");
  EXPECT_EQ(verdict.reason(), OutcomeReason::kSaturated);
  EXPECT_THAT(verdict.detail(), HasSubstr("HTTP 429, for 0.5 s"));
}

TEST_F(PluginScorers, OneThatIsAlwaysSentAwayKeepsNobodyElse) {
  const Service service(kService);
  ScorerConfig config = Http(service.Url("/score"));
  config.outage_seconds = 2;
  ASSERT_TRUE(Make(config).ok());
  const auto refused = Ask("429");
  ASSERT_TRUE(WaitUntil([&] { return told_["rate_limited"] > 0; }));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Judge("good"), Verdict::Graded(0.5, "seen"));
  EXPECT_EQ(Wait(refused).reason(), OutcomeReason::kSaturated);
}

TEST_F(PluginScorers, WhatIsCancelledIsEndedAndMakesRoom) {
  const Service service(kService);
  ScorerConfig config = Http(service.Url("/score"));
  config.timeout_seconds = 30;
  config.in_flight = 1;
  ASSERT_TRUE(Make(config).ok());
  auto hangs = Ask("hang");
  const auto good = Ask("good");
  hangs.reset();
  EXPECT_EQ(Wait(good), Verdict::Graded(0.5, "seen"));
  EXPECT_EQ(told_["cancelled"], 1);
}

TEST_F(PluginScorers, SeveralRolloutsGoInOneRequest) {
  const Service service(kService);
  ScorerConfig config = Http(service.Url("/score"));
  config.batch = 8;
  ASSERT_TRUE(Make(config).ok());
  EXPECT_EQ(Judge("good"), Verdict::Graded(0.5, "seen"));
}

TEST_F(PluginScorers, ACrashThatLooksLikeAnOutageIsTheModelsFailureToo) {
  const Service service(kService);
  ScorerConfig config = Http(service.Url("/score"));
  config.retries = 1;
  ASSERT_TRUE(Make(config).ok());
  EXPECT_TRUE(Judge("good").scored());
  for (const char* what : {"die", "502"}) {
    EXPECT_EQ(Judge(what).reason(), OutcomeReason::kGraderKilled) << what;
  }
}

TEST_F(PluginScorers, AnAddressThatIsNoneIsRefused) {
  EXPECT_THAT(Make(Http("localhost:80")).message(), HasSubstr("must begin with http://"));
}

}  // namespace
}  // namespace cohort
