#include "broker/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/broker/cut_proxy.h"
#include "tests/broker/live_broker.h"
#include "tests/broker/raw_peer.h"

namespace cohort {
namespace {

using testing::HasSubstr;

class ServerTest : public testing::Test {
 protected:
  static NewTask Task(const std::string& queue, uint64_t cursor, size_t bytes = 100) {
    NewTask task;
    task.queue = queue;
    task.id = Id(cursor);
    task.body = std::string(bytes, 'x');
    return task;
  }
  static QueueStats StatsOf(BrokerClient& client, const std::string& queue) {
    auto stats = client.Stats(kPatience);
    EXPECT_TRUE(stats.ok()) << stats.status().ToString();
    for (const QueueStats& each : *stats) {
      if (each.name == queue) return each;
    }
    return {};
  }
  TemporaryFolder folder;
  const std::string path = folder.path() + "/sockets/broker";
  const std::string endpoint = "ipc://" + path;
};

TEST_F(ServerTest, CarriesATaskFromPutOverDeliveryToItsSettle) {
  LiveBroker broker(endpoint);
  auto producer = ConnectTo(endpoint, Role::kLearner, "learner");
  auto consumer = ConnectTo(endpoint, Role::kActor, "actor-1");
  const auto started = NextOf<SessionStarted>(*producer);
  ASSERT_TRUE(started.has_value());
  EXPECT_EQ(started->weights_endpoint, "ipc:///weights");
  EXPECT_TRUE(started->fresh);

  consumer->Subscribe("prompts.main");
  consumer->Grant("prompts.main", 1, 1 << 20);
  NewTask task;
  task.queue = "prompts.main";
  task.id = Id(1);
  task.body = std::string(100'000, 'x');
  task.results = "rollouts.main";
  producer->Put(task, 11);
  const auto put = NextOf<Answer>(*producer);
  ASSERT_TRUE(put.has_value());
  EXPECT_EQ(put->tag, 11u);
  EXPECT_TRUE(put->status.ok());
  const auto delivery = NextOf<Delivery>(*consumer);
  ASSERT_TRUE(delivery.has_value());
  EXPECT_EQ(delivery->id, Id(1));
  EXPECT_EQ(delivery->body, task.body);
  consumer->Begin(delivery->token);
  NewTask child;
  child.queue = "rollouts.main";
  child.id = Id(1, 1);
  child.body = "small";
  consumer->Settle(delivery->token, {child}, 12);
  const auto settled = NextOf<Answer>(*consumer);
  ASSERT_TRUE(settled.has_value());
  EXPECT_TRUE(settled->status.ok()) << settled->status.ToString();
  auto scorer = ConnectTo(endpoint, Role::kRewardWorker, "reward-worker-1");
  scorer->Subscribe("rollouts.main");
  scorer->Grant("rollouts.main", 1, 1);
  const auto result = NextOf<Delivery>(*scorer);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->body, "small");
}

TEST_F(ServerTest, RedeliversWhenTheConsumerVanishes) {
  LiveBroker broker(endpoint);
  auto producer = ConnectTo(endpoint, Role::kLearner, "learner");
  producer->Put(Task("prompts.main", 1), 1);
  auto doomed = std::make_unique<RawPeer>(endpoint);
  doomed->Hello(77, Role::kActor, "actor-1");
  doomed->SendCommands({SubscribeCommand{"prompts.main"}, CreditCommand{"prompts.main", 1, 1000}});
  const auto first = doomed->ExpectEvent<DeliverEvent>();
  doomed->SendCommands({BeginCommand{first.token}});
  doomed->Expect<std::vector<Event>>();  // processed
  doomed.reset();                        // without goodbye
  auto consumer = ConnectTo(endpoint, Role::kActor, "actor-2");
  consumer->Subscribe("prompts.main");
  consumer->Grant("prompts.main", 1, 1000);
  const auto again = NextOf<Delivery>(*consumer);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->id, Id(1));
  EXPECT_TRUE(again->redelivered);
  EXPECT_EQ(again->token.attempt, 2u) << "started work that was lost counts";
}

TEST_F(ServerTest, AProducerKnowsWhichQueueHoldsItBack) {
  MachineConfig config = LiveBroker::QuickConfig();
  config.queue_tasks = 1;
  config.tell_held_back = Seconds(0.05);
  LiveBroker broker(endpoint, config);
  auto producer = ConnectTo(endpoint, Role::kLearner, "learner");
  auto hand = ConnectTo(endpoint, Role::kOperator, "hand");
  producer->Put(Task("q", 1), 1);
  producer->Put(Task("q", 2), 2);
  EXPECT_EQ(NextOf<Answer>(*producer)->tag, 1u);
  EXPECT_TRUE(Eventually([&] {
    return producer->State().rfind("put held back by queue q (full) since ", 0) == 0;
  })) << producer->State();
  EXPECT_EQ(producer->Peek("q", TaskState::kReady, 1, kPatience).status().code(),
            StatusCode::kPermissionDenied);
  const auto purged = hand->Purge("q", PurgeScope::kReady, kPatience);
  ASSERT_TRUE(purged.ok()) << purged.status().ToString();
  EXPECT_EQ(purged->done, 1u);
  EXPECT_EQ(NextOf<Answer>(*producer)->tag, 2u);
  EXPECT_TRUE(Eventually([&] { return producer->State() == "connected"; })) << producer->State();
}

TEST_F(ServerTest, AClientOutlivesTheBroker) {
  auto producer = ConnectTo(endpoint, Role::kLearner, "learner");  // before there is a broker
  producer->Put(Task("prompts.main", 1), 1);
  auto consumer = ConnectTo(endpoint, Role::kActor, "actor-1");
  consumer->Subscribe("prompts.main");
  consumer->Grant("prompts.main", 4, 1 << 20);
  EXPECT_THAT(producer->State(), HasSubstr("waiting for the broker at " + endpoint));

  auto broker = std::make_unique<LiveBroker>(endpoint);
  const uint64_t first_epoch = broker->server().epoch();
  const auto delivery = NextOf<Delivery>(*consumer);
  ASSERT_TRUE(delivery.has_value());
  EXPECT_TRUE(NextOf<Answer>(*producer)->status.ok());
  broker.reset();
  producer->Put(Task("prompts.main", 2), 2);  // while there is none

  broker = std::make_unique<LiveBroker>(endpoint);
  EXPECT_GT(broker->server().epoch(), first_epoch);
  const auto lost = NextOf<LeaseLost>(*consumer);
  ASSERT_TRUE(lost.has_value());
  EXPECT_EQ(lost->token, delivery->token);
  consumer->Settle(delivery->token, {}, 3);
  EXPECT_EQ(NextOf<Answer>(*consumer)->status.code(), StatusCode::kNotFound);
  const auto second = NextOf<Delivery>(*consumer);
  EXPECT_EQ(second->id, Id(2)) << "the put was sent again, the subscription and credit too";
  const auto started = NextOf<SessionStarted>(*producer);
  EXPECT_TRUE(started->fresh);
  EXPECT_EQ(started->broker_epoch, broker->server().epoch());
}

TEST_F(ServerTest, AnswersNotFoundForHeldWorkOfAnEarlierBroker) {
  auto broker = std::make_unique<LiveBroker>(endpoint);
  auto learner = ConnectTo(endpoint, Role::kLearner, "learner");
  learner->Subscribe("held");
  learner->Grant("held", 4, 1 << 20);
  learner->Put(Task("held", 1), 1);
  const auto delivery = NextOf<Delivery>(*learner);
  learner->Accept(delivery->token);
  ASSERT_TRUE(Eventually([&] { return StatsOf(*learner, "held").accepted == 1; }));
  broker.reset();
  broker = std::make_unique<LiveBroker>(endpoint);
  NextOf<SessionStarted>(*learner);
  learner->Settle(delivery->token, {}, 2);
  EXPECT_EQ(NextOf<Answer>(*learner)->status.code(), StatusCode::kNotFound);
}

TEST_F(ServerTest, SubscribesToManyQueuesAtOnceAndAgain) {
  constexpr uint64_t kQueues = 60;
  auto broker = std::make_unique<LiveBroker>(endpoint);
  auto client = ConnectTo(endpoint, Role::kLearner, "learner");
  for (uint64_t queue = 1; queue <= kQueues; ++queue) {
    client->Subscribe("q" + std::to_string(queue));
    client->Grant("q" + std::to_string(queue), 1, 1000);
  }
  for (int life = 0; life < 2; ++life) {
    if (life == 1) {
      broker.reset();
      broker = std::make_unique<LiveBroker>(endpoint);
    }
    NextOf<SessionStarted>(*client);
    std::set<std::string> queues;
    for (uint64_t queue = 1; queue <= kQueues; ++queue) {
      client->Put(Task("q" + std::to_string(queue), queue), 0);
    }
    while (queues.size() < kQueues) {
      const auto delivery = NextOf<Delivery>(*client);
      ASSERT_TRUE(delivery.has_value());
      queues.insert(delivery->queue);
      client->Settle(delivery->token, {}, 0);
    }
  }
}

TEST_F(ServerTest, LosesAndDoublesNothingWhenConnectionsAreCut) {
  constexpr uint64_t kTasks = 3000;
  LiveBroker broker(endpoint);
  CutProxy proxy(folder.path() + "/wire", path);
  const std::string wire = "ipc://" + folder.path() + "/wire";
  auto producer = ConnectTo(wire, Role::kLearner, "learner");
  auto consumer = ConnectTo(wire, Role::kActor, "actor-1");
  consumer->Subscribe("prompts.main");
  consumer->Grant("prompts.main", 64, 1 << 20);
  for (uint64_t cursor = 1; cursor <= kTasks; ++cursor) {
    producer->Put(Task("prompts.main", cursor), cursor);
  }
  std::set<uint64_t> put;
  std::set<uint64_t> settled;
  uint64_t reconnections = 0;
  uint64_t turns = 0;
  const SystemClock clock;
  const Time until = clock.Now() + Seconds(60);
  while ((put.size() < kTasks || settled.size() < kTasks) && clock.Now() < until) {
    if (++turns % 700 == 0) proxy.Cut();
    if (auto event = producer->Next(Duration(0)); event.has_value()) {
      if (const auto* answer = std::get_if<Answer>(&*event)) {
        EXPECT_TRUE(answer->status.ok()) << answer->status.ToString();
        EXPECT_TRUE(put.insert(answer->tag).second) << "answered twice";
      } else if (std::holds_alternative<SessionStarted>(*event)) {
        reconnections += 1;
      }
    }
    auto event = consumer->Next(Seconds(0.001));
    if (!event.has_value()) continue;
    if (const auto* delivery = std::get_if<Delivery>(&*event)) {
      NewTask child = Task("rollouts.main", delivery->id.cursor);
      consumer->Settle(delivery->token, {child}, delivery->id.cursor);
    } else if (const auto* answer = std::get_if<Answer>(&*event)) {
      if (answer->status.ok()) settled.insert(answer->tag);
    }
  }
  EXPECT_EQ(put.size(), kTasks);
  EXPECT_EQ(settled.size(), kTasks);
  EXPECT_GT(reconnections, 3u) << "the test did not cut anything";
  const QueueStats rollouts = StatsOf(*producer, "rollouts.main");
  EXPECT_EQ(rollouts.puts, kTasks);
  EXPECT_EQ(StatsOf(*producer, "prompts.main").puts, kTasks);
  EXPECT_EQ(StatsOf(*producer, "prompts.main").settles, kTasks);
}

TEST_F(ServerTest, RenewsWhatIsWorkedOnUpToItsLimit) {
  MachineConfig config = LiveBroker::QuickConfig();
  config.lease = Seconds(0.3);
  LiveBroker broker(endpoint, config);
  auto client = ConnectTo(endpoint, Role::kActor, "actor-1");
  client->Subscribe("q");
  client->Grant("q", 2, 1000);
  client->Put(Task("q", 1), 0);
  client->Put(Task("q", 2), 0);
  const auto kept = NextOf<Delivery>(*client);
  const auto dropped = NextOf<Delivery>(*client);
  client->SetLimit(dropped->token, Duration(0));
  const auto lost = NextOf<LeaseLost>(*client);
  ASSERT_TRUE(lost.has_value());
  EXPECT_EQ(lost->token, dropped->token);
  const auto again = NextOf<Delivery>(*client);
  EXPECT_EQ(again->id, Id(2));
  // A second loss of the other takes longer than a lease of the first.
  client->SetLimit(again->token, Duration(0));
  NextOf<LeaseLost>(*client);
  client->Settle(kept->token, {}, 9);
  EXPECT_TRUE(NextOf<Answer>(*client)->status.ok());
}

TEST_F(ServerTest, HearsWithRenewalsWhatIsDoneForATask) {
  MachineConfig config = LiveBroker::QuickConfig();
  config.lease = Seconds(0.3);
  LiveBroker broker(endpoint, config);
  auto client = ConnectTo(endpoint, Role::kRewardWorker, "reward-worker-1");
  client->Subscribe("q");
  client->Grant("q", 1, 1000);
  auto producer = ConnectTo(endpoint, Role::kLearner, "learner");
  producer->Put(Task("q", 1), 0);
  const auto delivery = NextOf<Delivery>(*client);
  client->SetPhase(delivery->token, "testing" + std::string(1000, '!'));
  const std::string cut = "testing" + std::string(73, '!');
  EXPECT_TRUE(Eventually([&] { return StatsOf(*producer, "q").phase == cut; }));
  EXPECT_EQ(StatsOf(*producer, "q").phase_of, Id(1));
  client->SetPhase(delivery->token, "");
  EXPECT_TRUE(Eventually([&] { return StatsOf(*producer, "q").phase.empty(); }));
}

TEST_F(ServerTest, SendsNoMoreThanWasGrantedToWhoTakesNothing) {
  LiveBroker broker(endpoint);
  auto consumer = ConnectTo(endpoint, Role::kActor, "actor-1");
  consumer->Subscribe("q");
  consumer->Grant("q", 3, 1 << 20);
  auto producer = ConnectTo(endpoint, Role::kLearner, "learner");
  for (uint64_t cursor = 1; cursor <= 10; ++cursor) producer->Put(Task("q", cursor), cursor);
  for (int i = 0; i < 10; ++i) NextOf<Answer>(*producer);
  ASSERT_TRUE(Eventually([&] { return StatsOf(*producer, "q").leased == 3; }));
  EXPECT_EQ(StatsOf(*producer, "q").waits_for, "a consumer with credit");
  NextOf<Delivery>(*consumer);
  EXPECT_TRUE(Eventually([&] { return StatsOf(*producer, "q").leased == 4; }));
  EXPECT_EQ(StatsOf(*producer, "q").ready, 6u);
  consumer->Grant("q", 0, 0);
  for (int i = 0; i < 3; ++i) NextOf<Delivery>(*consumer);
  EXPECT_EQ(StatsOf(*producer, "q").leased, 4u);
}

TEST_F(ServerTest, HandsBackAtOnceOnClose) {
  LiveBroker broker(endpoint);
  auto first = ConnectTo(endpoint, Role::kActor, "actor-1");
  first->Subscribe("q");
  first->Grant("q", 1, 1000);
  for (uint64_t cursor = 1; cursor <= 500; ++cursor) first->Put(Task("q", cursor), 0);
  const auto delivery = NextOf<Delivery>(*first);
  first->Begin(delivery->token);
  first->Close(kPatience);
  auto second = ConnectTo(endpoint, Role::kActor, "actor-2");
  const QueueStats stats = StatsOf(*second, "q");
  EXPECT_EQ(stats.puts, 500u) << "what was asked before Close was sent";
  EXPECT_EQ(stats.ready, 500u);
  second->Subscribe("q");
  second->Grant("q", 1, 1000);
  EXPECT_EQ(NextOf<Delivery>(*second)->token.attempt, 1u);
}

TEST_F(ServerTest, RefusesTheOlderOfTwoProcessesOfOneName) {
  LiveBroker broker(endpoint);
  auto older = ConnectTo(endpoint, Role::kActor, "actor-1");
  NextOf<SessionStarted>(*older);
  auto newer = ConnectTo(endpoint, Role::kActor, "actor-1");
  NextOf<SessionStarted>(*newer);
  const auto refused = NextOf<SessionRefused>(*older);
  ASSERT_TRUE(refused.has_value());
  EXPECT_THAT(refused->status.message(), HasSubstr("actor-1 was started again"));
  EXPECT_TRUE(newer->Stats(kPatience).ok());
}

TEST_F(ServerTest, HoldsPutsBackAndNeverSettles) {
  MachineConfig config = LiveBroker::QuickConfig();
  config.queue_tasks = 2;
  LiveBroker broker(endpoint, config);
  auto client = ConnectTo(endpoint, Role::kLearner, "learner");
  for (uint64_t cursor = 1; cursor <= 50; ++cursor) client->Put(Task("q", cursor), cursor);
  client->Subscribe("q");
  client->Grant("q", 1, 1000);
  std::vector<uint64_t> order;
  uint64_t answers = 0;
  while (order.size() < 50 || answers < 50) {
    const auto event = client->Next(kPatience);
    ASSERT_TRUE(event.has_value());
    if (const auto* delivery = std::get_if<Delivery>(&*event)) {
      order.push_back(delivery->id.cursor);
      client->Settle(delivery->token, {}, 0);
    } else if (const auto* answer = std::get_if<Answer>(&*event)) {
      EXPECT_TRUE(answer->status.ok());
      EXPECT_EQ(answer->tag, ++answers);
    }
  }
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(ServerTest, SurvivesGarbageAndTellsItsSenderToSayHello) {
  LiveBroker broker(endpoint);
  RawPeer peer(endpoint);
  const zmq::message_t hello = std::move(EncodeHello(5, {Role::kActor, "x", {}, 0})[0]);
  const std::string good(static_cast<const char*>(hello.data()), hello.size());
  std::string huge = good;  // a segment table that claims four billion segments
  huge.replace(0, 4, "\xfe\xff\xff\xff");
  const std::vector<std::vector<std::string>> messages = {
      {""},
      {"", "", ""},
      {std::string(64, '\xff')},
      {std::string(64, '\0')},
      {"seven b"},
      {good.substr(0, good.size() - 8)},
      {good.substr(0, 8)},
      {huge},
      {std::string(1 << 20, 'z'), std::string(1 << 20, 'z')},
  };
  for (const auto& message : messages) {
    peer.SendBytes(message);
    peer.Expect<SayHello>();
  }
  peer.Send(EncodePing(5));  // well-formed, but who is it?
  EXPECT_THAT(peer.Expect<SayHello>().why, HasSubstr("does not know you"));
  peer.Hello(5, Role::kActor, "actor-1");  // and it is welcome all the same
  peer.Send(EncodePing(6));                // in another's name
  peer.Expect<SayHello>();
  ASSERT_TRUE(
      Eventually([&] { return broker.server().snapshot().malformed.at("unknown_peer") == 2; }));
  // An empty frame and one of zeros are messages of "version 0".
  const auto malformed = broker.server().snapshot().malformed;
  EXPECT_EQ(malformed.at("unreadable") + malformed.at("version"), messages.size());
}

TEST_F(ServerTest, RefusesAnotherVersionForGood) {
  LiveBroker broker(endpoint);
  RawPeer peer(endpoint);
  zmq::message_t ping = std::move(EncodePing(5)[0]);
  std::string bytes(static_cast<const char*>(ping.data()), ping.size());
  const size_t protocol = bytes.find('\1', 16);  // behind segment table and root pointer
  ASSERT_NE(protocol, std::string::npos);
  bytes[protocol] = 9;
  peer.SendBytes({bytes});
  const Status status = peer.Expect<Refused>().status;
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("protocol version 9 is not 1"));
}

TEST_F(ServerTest, CutsAPeerThatSendsTooMuchAndServesTheOthers) {
  TemporaryFolder other;
  auto bound = BrokerServer::Bind({.endpoint = endpoint,
                                   .weights_endpoint = "",
                                   .machine = LiveBroker::QuickConfig(),
                                   .max_message_bytes = 10'000});
  ASSERT_TRUE(bound.ok());
  std::thread serving([&] { (*bound)->Run(); });
  {
    auto client = ConnectTo(endpoint, Role::kLearner, "learner");
    NextOf<SessionStarted>(*client);
    RawPeer peer(endpoint);
    peer.SendBytes({std::string(20'000, 'x')});
    EXPECT_TRUE(client->Stats(kPatience).ok());
    RawPeer another(endpoint);
    another.Hello(9, Role::kActor, "actor-1");
    // It was cut before the message was whole: nobody had to judge it.
    EXPECT_EQ((*bound)->snapshot().malformed.at("unreadable"), 0u);
  }
  (*bound)->Stop();
  serving.join();
}

TEST_F(ServerTest, APeerThatDoesNotReadHoldsUpNobody) {
  LiveBroker broker(endpoint);
  RawPeer deaf(endpoint, /*high_water_mark=*/1);
  deaf.Hello(9, Role::kActor, "actor-deaf");
  deaf.SendCommands({SubscribeCommand{"q"}, CreditCommand{"q", 1'000'000, uint64_t{1} << 40}});
  auto client = ConnectTo(endpoint, Role::kLearner, "learner");
  for (uint64_t cursor = 1; cursor <= 600; ++cursor) {
    client->Put(Task("q", cursor, 100'000), cursor);
  }
  for (int i = 0; i < 600; ++i) ASSERT_TRUE(NextOf<Answer>(*client).has_value());
  EXPECT_TRUE(Eventually([&] { return broker.server().snapshot().blocked_peers == 1; }));
  client->Subscribe("r");
  client->Grant("r", 1, 1000);
  client->Put(Task("r", 1), 1);
  EXPECT_TRUE(NextOf<Delivery>(*client).has_value());
}

TEST_F(ServerTest, SaysWhenTheEndpointIsInUse) {
  LiveBroker broker(endpoint);
  const auto second = BrokerServer::Bind({.endpoint = endpoint});
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(second.status().message(), HasSubstr("in use"));
  auto client = ConnectTo(endpoint, Role::kActor, "actor-1");
  EXPECT_TRUE(NextOf<SessionStarted>(*client).has_value()) << "the first one still has its socket";
}

TEST_F(ServerTest, SaysWhatAnEndpointLooksLike) {
  EXPECT_THAT(BrokerServer::Bind({.endpoint = "nonsense"}).status().message(),
              HasSubstr("use ipc:///path or tcp://"));
  EXPECT_THAT(
      BrokerServer::Bind({.endpoint = "ipc:///tmp/" + std::string(200, 'x')}).status().message(),
      HasSubstr("shorter"));
}

}  // namespace
}  // namespace cohort
