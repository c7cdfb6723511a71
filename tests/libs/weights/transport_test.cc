// Publisher and subscriber over real sockets, in one process.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <zmq.hpp>

#include "libs/messaging/allow_list.h"
#include "libs/messaging/keys.h"
#include "tests/libs/weights/weights_testing.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;

constexpr Duration kPatience = Seconds(20);

class WeightsTransport : public ::testing::Test {
 protected:
  std::unique_ptr<WeightsPublisher> Publisher() {
    auto publisher =
        WeightsPublisher::Start({.endpoint = endpoint_, .chunk_bytes = 1 << 16, .clock = &clock_});
    EXPECT_TRUE(publisher.ok()) << publisher.status().ToString();
    return publisher.ok() ? *std::move(publisher) : nullptr;
  }
  std::unique_ptr<WeightsSubscriber> Subscriber(const std::string& instance) {
    WeightsSubscriber::Options options;
    options.endpoint = endpoint_;
    options.instance = instance;
    options.chunk_bytes = 1 << 16;
    options.clock = &clock_;
    options.ping_every = Seconds(0.02);
    options.silence = Seconds(2);
    return *WeightsSubscriber::Start(options);
  }
  // Until the publisher's own view agrees: its thread tells it.
  template <typename F>
  static bool Eventually(F&& holds) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < end) {
      if (holds()) return true;
      std::this_thread::yield();
    }
    return false;
  }

  TestFolder folder_;
  std::string endpoint_ = "ipc://" + (folder_.path() / "weights").string();
  SystemClock clock_;
};

TEST_F(WeightsTransport, CarriesPublicationsToEarlyAndLateActors) {
  auto early = Subscriber("early");  // before there is a learner
  auto publisher = Publisher();
  const Publication publication = MakePublication(1, true, 5'000'001);
  publisher->Publish(publication);
  auto late = Subscriber("late");
  for (auto* actor : {early.get(), late.get()}) {
    const auto weights = actor->Take(kPatience);
    ASSERT_TRUE(weights.has_value()) << actor->State();
    EXPECT_EQ(weights->version, 1u);
    EXPECT_TRUE(weights->newest);
    EXPECT_TRUE(weights->for_evaluation);
    EXPECT_EQ(weights->digest, publication.digest);
    EXPECT_EQ(BytesOf(*weights->weights), BytesOf(*publication.weights));
    actor->Acknowledge(1, weights->digest);
  }
  EXPECT_TRUE(Eventually([&] {
    const auto actors = publisher->Actors();
    return actors.size() == 2 && actors[0].version == 1 && actors[1].version == 1;
  }));
}

TEST_F(WeightsTransport, SurvivesALearnersRestart) {
  auto actor = Subscriber("actor-1");
  auto publisher = Publisher();
  publisher->Publish(MakePublication(1));
  ASSERT_TRUE(actor->Take(kPatience).has_value());
  publisher.reset();
  publisher = Publisher();
  publisher->Publish(MakePublication(2));
  const auto weights = actor->Take(kPatience);
  ASSERT_TRUE(weights.has_value()) << actor->State();
  EXPECT_EQ(weights->version, 2u);
}

TEST_F(WeightsTransport, AnActorThatLeavesIsForgottenAtOnce) {
  auto publisher = Publisher();
  auto actor = Subscriber("actor-1");
  ASSERT_TRUE(Eventually([&] { return publisher->Actors().size() == 1; }));
  actor.reset();
  EXPECT_TRUE(Eventually([&] { return publisher->Actors().empty(); }));
}

TEST_F(WeightsTransport, GarbageAtTheSocketIsRefusedCountedAndHarmsNobody) {
  auto publisher = Publisher();
  publisher->Publish(MakePublication(1));
  zmq::context_t context;
  zmq::socket_t stranger(context, zmq::socket_type::dealer);
  stranger.set(zmq::sockopt::linger, 0);
  stranger.connect(endpoint_);
  for (const char* frame : {"", "garbage", "12345678"}) {
    zmq::message_t message(std::string{frame});
    stranger.send(message, zmq::send_flags::none);
  }
  for (int frames = 3; frames > 0; --frames) {
    zmq::message_t message(std::string("many"));
    stranger.send(message, frames > 1 ? zmq::send_flags::sndmore : zmq::send_flags::none);
  }
  EXPECT_TRUE(Eventually([&] { return publisher->Counters().refused == 4; }))
      << publisher->Counters().refused;
  auto actor = Subscriber("actor-1");
  EXPECT_TRUE(actor->Take(kPatience).has_value());
}

TEST_F(WeightsTransport, MovesToWhereTheLearnerLives) {
  WeightsSubscriber::Options options;
  options.instance = "actor-1";
  options.clock = &clock_;
  auto actor = *WeightsSubscriber::Start(options);
  EXPECT_THAT(actor->State(), HasSubstr("address"));
  auto publisher = Publisher();
  publisher->Publish(MakePublication(1));
  actor->Connect(publisher->endpoint());
  EXPECT_TRUE(actor->Take(kPatience).has_value());
}

TEST_F(WeightsTransport, AnEndpointInUseIsRefusedInOneLine) {
  auto first = Publisher();
  const auto second = WeightsPublisher::Start({.endpoint = endpoint_, .clock = &clock_});
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.status().message(), HasSubstr("in use"));

  auto tcp = WeightsPublisher::Start({.endpoint = "tcp://127.0.0.1:*", .clock = &clock_});
  ASSERT_TRUE(tcp.ok()) << tcp.status().ToString();
  const auto again = WeightsPublisher::Start({.endpoint = (*tcp)->endpoint(), .clock = &clock_});
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(again.status().message(), HasSubstr((*tcp)->endpoint()));
}

TEST_F(WeightsTransport, WithKeysOnlyActorsOnTheListGetWeightsUntilTheyAreRevoked) {
  const CurveKeyPair learner = *MakeKeyPair(), actor = *MakeKeyPair(), worker = *MakeKeyPair();
  const std::filesystem::path list = endpoint_.substr(6) + ".allowed";
  std::vector<AllowedKey> allowed = {{Role::kActor, actor.public_key, "actor"},
                                     {Role::kRewardWorker, worker.public_key, "worker"}};
  ASSERT_TRUE(WriteAllowList(list, allowed).ok());
  const auto publisher = *WeightsPublisher::Start({.endpoint = "tcp://127.0.0.1:*",
                                                   .chunk_bytes = 1 << 16,
                                                   .clock = &clock_,
                                                   .keys = CurveServer{learner, list}});
  publisher->Publish(MakePublication(1));
  const auto subscriber = [&](std::optional<CurveClient> keys, const std::string& instance) {
    WeightsSubscriber::Options options;
    options.endpoint = publisher->endpoint();
    options.instance = instance;
    options.clock = &clock_;
    options.ping_every = Seconds(0.05);
    options.silence = Seconds(0.5);
    options.keys = std::move(keys);
    return *WeightsSubscriber::Start(options);
  };
  const auto stranger = subscriber(CurveClient{*MakeKeyPair(), learner.public_key}, "stranger");
  const auto keyless = subscriber(std::nullopt, "keyless");
  const auto other_role = subscriber(CurveClient{worker, learner.public_key}, "worker");
  const auto welcome = subscriber(CurveClient{actor, learner.public_key}, "actor-1");
  ASSERT_TRUE(welcome->Take(kPatience).has_value());
  EXPECT_EQ(publisher->Counters().hellos, 1u);
  for (const auto* other : {stranger.get(), keyless.get(), other_role.get()}) {
    EXPECT_EQ(other->Counters().bytes, 0u);
  }
  allowed[0].role.reset();
  ASSERT_TRUE(WriteAllowList(list, allowed).ok());
  EXPECT_TRUE(Eventually([&] { return publisher->Counters().refused > 0; })) << "its next ping";
  std::filesystem::remove(list);
}

TEST_F(WeightsTransport, OtherMachinesAreKeptOutWhileThereAreNoKeys) {
  const auto open = WeightsPublisher::Start({.endpoint = "tcp://0.0.0.0:0", .clock = &clock_});
  ASSERT_FALSE(open.ok());
  EXPECT_EQ(open.status().code(), StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace cohort
