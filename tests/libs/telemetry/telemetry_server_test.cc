#include "libs/telemetry/telemetry_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/libs/telemetry/http_get.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : server_(*TelemetryServer::Start("127.0.0.1", 0, &metrics_, &health_)) {}
  HttpAnswer Get(const std::string& path) { return HttpGet(server_->url() + path); }

  Metrics metrics_;
  Health health_;
  std::unique_ptr<TelemetryServer> server_;
};

TEST_F(ServerTest, ShowsMetrics) {
  metrics_.AddCounter("a_total", "A.").Add(3);
  const HttpAnswer answer = Get("/metrics");
  EXPECT_EQ(answer.code, 200);
  EXPECT_THAT(answer.body, HasSubstr("a_total 3\n"));
  EXPECT_THAT(answer.type, HasSubstr("text/plain; version=0.0.4"));
}

TEST_F(ServerTest, IsAliveBeforeItIsReady) {
  EXPECT_EQ(Get("/healthz").code, 200);
  const HttpAnswer before = Get("/readyz");
  EXPECT_EQ(before.code, 503);
  EXPECT_EQ(before.body, "not ready: starting\n");
  health_.SetReady(true);
  EXPECT_EQ(Get("/readyz").code, 200);
  health_.SetReady(false, "draining");
  EXPECT_EQ(Get("/readyz").body, "not ready: draining\n");
  EXPECT_EQ(Get("/healthz").code, 200);
}

TEST_F(ServerTest, ShowsTheStatusAsJson) {
  EXPECT_EQ(Get("/status").body, "{}\n");
  health_.SetStatus([] { return std::string("{\"state\":\"here\"}"); });
  const HttpAnswer answer = Get("/status");
  EXPECT_EQ(answer.body, "{\"state\":\"here\"}\n");
  EXPECT_EQ(answer.type, "application/json");
  health_.SetStatus({});
  EXPECT_EQ(Get("/status").body, "{}\n");
}

TEST_F(ServerTest, KnowsNoOtherPaths) {
  EXPECT_EQ(Get("/").code, 404);
  EXPECT_EQ(Get("/metrics/x").code, 404);
  EXPECT_EQ(Get("/etc/passwd").code, 404);
}

TEST_F(ServerTest, SaysThatThePortIsInUse) {
  Metrics metrics;
  Health health;
  const auto second = TelemetryServer::Start("127.0.0.1", server_->port(), &metrics, &health);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(second.status().message(), HasSubstr(std::to_string(server_->port()) +
                                                   ": the port is in use; set telemetry.port"));
}

TEST_F(ServerTest, RefusesAddressesThatAreNotOfThisMachine) {
  Metrics metrics;
  Health health;
  for (const char* address : {"192.0.2.1", "not-an-address", ""}) {
    const auto server = TelemetryServer::Start(address, 0, &metrics, &health);
    ASSERT_FALSE(server.ok()) << address;
    EXPECT_THAT(server.status().message(), HasSubstr("telemetry"));
  }
  EXPECT_FALSE(TelemetryServer::Start("127.0.0.1", 70000, &metrics, &health).ok());
}

}  // namespace
}  // namespace cohort
