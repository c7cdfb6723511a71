// Who may speak to a broker that asks for keys, seen on the wire; and who is cut.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/broker/keyed_broker.h"
#include "tests/broker/raw_peer.h"

namespace cohort {
namespace {

using testing::HasSubstr;

constexpr char kBody[] = "the body of a task, in words that no cipher would write";

// Waits for what other threads and processes do: looks again and again, for a while.
template <typename F>
bool Eventually(F&& condition) {
  const SystemClock clock;
  const Time until = clock.Now() + kPatience;
  while (!condition()) {
    if (clock.Now() > until) return false;
    poll(nullptr, 0, /*timeout=*/2);
  }
  return true;
}

uint64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

NewTask Prompt(uint64_t cursor) {
  NewTask task;
  task.queue = "prompts.main";
  task.id = Id(cursor);
  task.body = kBody;
  task.results = "rollouts.main";
  return task;
}

class IdentityTest : public testing::Test {
 protected:
  std::unique_ptr<BrokerClient> Client(const std::string& endpoint, Role role,
                                       std::optional<CurveClient> keys) {
    auto client = BrokerClient::Connect({.endpoint = endpoint,
                                         .role = role,
                                         .instance = std::string(RoleName(role)) + "-1",
                                         .keys = std::move(keys)});
    EXPECT_TRUE(client.ok()) << client.status().ToString();
    return *std::move(client);
  }
  // Asks for everything that moves a task's bytes.
  static void Try(BrokerClient& client) {
    client.Put(Prompt(77), 1);
    client.Subscribe("prompts.main");
    client.Grant("prompts.main", 10, 1 << 20);
  }

  TemporaryFolder folder;
};

TEST_F(IdentityTest, TheKeysOfAFleetCarryATaskAndTheWireShowsNothingOfIt) {
  KeyedBroker broker(folder.path());
  RecordingProxy wire(broker.port());
  auto learner = Client(wire.endpoint(), Role::kLearner, broker.KeysOf(Role::kLearner));
  auto actor = Client(wire.endpoint(), Role::kActor, broker.KeysOf(Role::kActor));
  learner->Put(Prompt(1), 1);
  EXPECT_TRUE(NextOf<Answer>(*learner)->status.ok());
  actor->Subscribe("prompts.main");
  actor->Grant("prompts.main", 1, 1 << 20);
  const auto delivery = NextOf<Delivery>(*actor);
  ASSERT_TRUE(delivery.has_value());
  EXPECT_EQ(delivery->body, kBody);
  EXPECT_GT(wire.bytes(), 2 * sizeof(kBody));
  EXPECT_FALSE(wire.Saw(kBody));
  EXPECT_FALSE(wire.Saw("prompts.main"));
}

TEST_F(IdentityTest, TheRecordingSeesTheBodyWhereThereAreNoKeys) {
  KeyedBroker broker(folder.path(), /*with_keys=*/false);
  RecordingProxy wire(broker.port());
  auto learner = Client(wire.endpoint(), Role::kLearner, std::nullopt);
  learner->Put(Prompt(1), 1);
  EXPECT_TRUE(NextOf<Answer>(*learner)->status.ok());
  EXPECT_TRUE(wire.Saw(kBody)) << "or the other tests would prove nothing";
}

TEST_F(IdentityTest, WithoutAKeyNothingIsAcceptedOrSent) {
  KeyedBroker broker(folder.path());
  auto learner = Client(broker.endpoint(), Role::kLearner, broker.KeysOf(Role::kLearner));
  learner->Put(Prompt(1), 1);
  EXPECT_TRUE(NextOf<Answer>(*learner)->status.ok());
  ASSERT_TRUE(Eventually([&] { return broker.TasksMoved() == 1; }));

  RecordingProxy wire(broker.port());
  auto stranger = Client(wire.endpoint(), Role::kActor, std::nullopt);
  Try(*stranger);
  ASSERT_TRUE(Eventually([&] { return broker.Refused("no_key") >= 2; }));
  EXPECT_TRUE(Eventually([&] {
    return stranger->State().find("security.keys") != std::string::npos;
  })) << stranger->State();
  EXPECT_FALSE(wire.Saw(kBody)) << "neither what it put nor what it asked for";
  EXPECT_FALSE(wire.Saw("prompts.main"));
  EXPECT_EQ(broker.TasksMoved(), 1u);
  EXPECT_EQ(broker.Snapshot().hellos, 1u);
}

TEST_F(IdentityTest, AKeyThatIsNotOnTheListIsRefusedAndCounted) {
  KeyedBroker broker(folder.path());
  RecordingProxy wire(broker.port());
  auto stranger = Client(wire.endpoint(), Role::kLearner, broker.StrangersKeys());
  Try(*stranger);
  ASSERT_TRUE(Eventually([&] { return broker.Refused("unknown_key") >= 2; }));
  EXPECT_TRUE(Eventually([&] {
    return stranger->State().find("cohort keys allow") != std::string::npos;
  })) << stranger->State();
  EXPECT_FALSE(wire.Saw(kBody));
  EXPECT_EQ(broker.TasksMoved(), 0u);
  EXPECT_EQ(broker.Snapshot().hellos, 0u);
  EXPECT_EQ(broker.Snapshot().messages_received, 0u) << "it got no further than the handshake";
}

TEST_F(IdentityTest, TheKeyOfAnotherRoleIsRefusedForGood) {
  KeyedBroker broker(folder.path());
  RecordingProxy wire(broker.port());
  auto actor = Client(wire.endpoint(), Role::kLearner, broker.KeysOf(Role::kActor));
  Try(*actor);
  const auto refused = NextOf<SessionRefused>(*actor);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(refused->status.message(), HasSubstr("role actor, not for learner"));
  ASSERT_TRUE(Eventually([&] { return broker.Refused("wrong_role") == 1; }));
  EXPECT_FALSE(wire.Saw(kBody));
  EXPECT_EQ(broker.TasksMoved(), 0u);
}

TEST_F(IdentityTest, AnActorsKeyPutsNoPromptAndAWorkersTakesNone) {
  KeyedBroker broker(folder.path());
  auto learner = Client(broker.endpoint(), Role::kLearner, broker.KeysOf(Role::kLearner));
  learner->Put(Prompt(1), 1);
  EXPECT_TRUE(NextOf<Answer>(*learner)->status.ok());
  ASSERT_TRUE(Eventually([&] { return broker.TasksMoved() == 1; }));

  auto worker = Client(broker.endpoint(), Role::kRewardWorker, broker.KeysOf(Role::kRewardWorker));
  Try(*worker);
  EXPECT_EQ(NextOf<Answer>(*worker)->status.code(), StatusCode::kPermissionDenied);
  // Put, subscription and credit.
  ASSERT_TRUE(Eventually([&] { return broker.Snapshot().malformed["not_allowed"] >= 3; }));
  auto actor = Client(broker.endpoint(), Role::kActor, broker.KeysOf(Role::kActor));
  actor->Put(Prompt(2), 2);
  EXPECT_EQ(NextOf<Answer>(*actor)->status.code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(broker.TasksMoved(), 1u);

  actor->Subscribe("prompts.main");
  actor->Grant("prompts.main", 1, 1 << 20);
  const auto delivery = NextOf<Delivery>(*actor);
  ASSERT_TRUE(delivery.has_value());
  NewTask score;
  score.queue = "scored.main";
  score.id = Id(1, 1);
  actor->Settle(delivery->token, {score}, 3);
  EXPECT_EQ(NextOf<Answer>(*actor)->status.code(), StatusCode::kPermissionDenied)
      << "an actor judged its own work";
}

TEST_F(IdentityTest, ARevokedKeyLosesItsLiveConnectionAndItsWork) {
  KeyedBroker broker(folder.path());
  RecordingProxy wire(broker.port());
  auto learner = Client(broker.endpoint(), Role::kLearner, broker.KeysOf(Role::kLearner));
  auto actor = Client(wire.endpoint(), Role::kActor, broker.KeysOf(Role::kActor));
  actor->Subscribe("prompts.main");
  actor->Grant("prompts.main", 10, 1 << 20);
  learner->Put(Prompt(1), 1);
  ASSERT_TRUE(NextOf<Delivery>(*actor).has_value());
  ASSERT_TRUE(Eventually([&] { return broker.TasksMoved() == 2; }));

  const SystemClock clock;
  const Time revoked_at = clock.Now();
  broker.Revoke(Role::kActor);
  ASSERT_TRUE(Eventually([&] { return broker.Cut("revoked") == 1; }));
  RecordProperty("milliseconds_to_cut",
                 static_cast<int>(1000 * ToSeconds(clock.Now() - revoked_at)));
  ASSERT_TRUE(Eventually([&] { return broker.Refused("revoked") >= 2; })) << "it tries again";
  const uint64_t before = broker.TasksMoved();
  learner->Put(Prompt(2), 2);  // it had credit for more
  NextOf<Answer>(*learner);
  NextOf<Answer>(*learner, kPatience);
  ASSERT_TRUE(Eventually([&] { return broker.Refused("revoked") >= 4; }));
  EXPECT_EQ(broker.TasksMoved(), before + 1) << "the learner's put and nothing else";
  EXPECT_FALSE(wire.Saw(kBody));
  EXPECT_TRUE(learner->Stats(kPatience).ok()) << "others do not notice";
}

TEST_F(IdentityTest, ABrokenListLeavesTheLastGoodOneInForce) {
  KeyedBroker broker(folder.path());
  {
    std::ofstream list(broker.List());
    list << "actor nonsense\n";
  }
  auto learner = Client(broker.endpoint(), Role::kLearner, broker.KeysOf(Role::kLearner));
  EXPECT_TRUE(learner->Stats(kPatience).ok());
  auto stranger = Client(broker.endpoint(), Role::kLearner, broker.StrangersKeys());
  EXPECT_TRUE(Eventually([&] { return broker.Refused("unknown_key") >= 1; }));
}

TEST_F(IdentityTest, RefusesToListenInPublicWithoutKeys) {
  for (const char* endpoint :
       {"tcp://0.0.0.0:5999", "tcp://*:5999", "tcp://127.example.org:5999"}) {
    const auto bound = BrokerServer::Bind({.endpoint = endpoint});
    ASSERT_FALSE(bound.ok()) << endpoint;
    EXPECT_EQ(bound.status().code(), StatusCode::kPermissionDenied);
    EXPECT_THAT(bound.status().message(), HasSubstr("cohort keys new"));
    EXPECT_EQ(bound.status().message().find('\n'), std::string::npos);
  }
}

TEST_F(IdentityTest, SlowHandshakesByTheHundredKeepNobodyFromConnecting) {
  constexpr int kSlow = 600;
  ConnectionGuard::Limits limits;
  limits.pending = 400;
  limits.hello_deadline = Seconds(60);  // it is the bound that is shown here
  KeyedBroker broker(folder.path(), /*with_keys=*/true, limits);
  std::vector<int> slow;
  const std::string greeting("\xff\0\0\0\0\0\0\0\1\x7f\3", 11);
  for (int i = 0; i < kSlow; ++i) {
    const int descriptor = ConnectTcp(broker.port());
    ASSERT_GE(descriptor, 0);
    // Silent ones, and half greetings.
    if (i % 2 == 0) send(descriptor, greeting.data(), greeting.size(), MSG_NOSIGNAL);
    slow.push_back(descriptor);
  }
  ASSERT_TRUE(Eventually([&] { return broker.Cut("too_many_pending") >= kSlow - 400; }));
  const SystemClock clock;
  const Time begin = clock.Now();
  auto learner = Client(broker.endpoint(), Role::kLearner, broker.KeysOf(Role::kLearner));
  ASSERT_TRUE(NextOf<SessionStarted>(*learner).has_value());
  const double seconds = ToSeconds(clock.Now() - begin);
  RecordProperty("milliseconds_to_connect", static_cast<int>(1000 * seconds));
  std::printf("connected in %.3f s beside %llu slow handshakes\n", seconds,
              static_cast<unsigned long long>(broker.Snapshot().pending_connections));
  EXPECT_LT(seconds, 1.0);
  for (const int descriptor : slow) close(descriptor);
}

TEST_F(IdentityTest, WhoSaysNoHelloInTimeIsCut) {
  ConnectionGuard::Limits limits;
  limits.hello_deadline = Seconds(0.3);
  KeyedBroker broker(folder.path(), /*with_keys=*/true, limits);
  auto learner = Client(broker.endpoint(), Role::kLearner, broker.KeysOf(Role::kLearner));
  ASSERT_TRUE(NextOf<SessionStarted>(*learner).has_value());
  const int silent = ConnectTcp(broker.port());
  ASSERT_TRUE(Eventually([&] { return broker.Cut("no_hello") == 1; }));
  char byte;
  while (recv(silent, &byte, 1, 0) > 0) {
  }
  close(silent);
  EXPECT_TRUE(learner->Stats(kPatience).ok());
  EXPECT_EQ(broker.Cut("no_hello"), 1u) << "who has said hello stays";
}

TEST_F(IdentityTest, AMessageWithoutEndIsCutBeforeSixtyFourMebibytes) {
  ConnectionGuard::Limits limits;
  limits.unfinished_bytes = 17 << 20;
  KeyedBroker broker(folder.path(), /*with_keys=*/false, limits);
  auto learner = Client(broker.endpoint(), Role::kLearner, std::nullopt);
  ASSERT_TRUE(NextOf<SessionStarted>(*learner).has_value());
  // No library of ours or theirs: those hold back what has no end.
  const int raw = ConnectTcp(broker.port());
  const auto say = [raw](std::string_view bytes) {
    return send(raw, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  };
  std::string greeting("\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL", 16);
  greeting.resize(64, '\0');
  using std::string_view_literals::operator""sv;
  ASSERT_TRUE(say(greeting));
  ASSERT_TRUE(
      say("\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06"sv
          "DEALER"sv));
  // libzmq leaves a message lying that overtakes its own half of the handshake.
  std::string theirs;
  for (char byte; theirs.find("ROUTER") == std::string::npos;) {
    ASSERT_EQ(recv(raw, &byte, 1, 0), 1);
    theirs += byte;
  }
  Frames hello = EncodeHello(99, {Role::kActor, "actor-raw", {}, 0});
  ASSERT_LT(hello[0].size(), 256u);
  ASSERT_TRUE(
      say(std::string("\0", 1) + static_cast<char>(hello[0].size()) + hello[0].to_string()));
  ASSERT_TRUE(Eventually([&] { return broker.Snapshot().hellos == 2; }));

  const uint64_t before = ResidentBytes();
  uint64_t peak = before, sent = 0;
  const std::string frame = std::string("\3\0\0\0\0\0\1\0\0"sv) + std::string(64 * 1024, 'x');
  // A gigabyte, if nobody stops it.
  for (; sent < (uint64_t{1} << 30) && say(frame); sent += frame.size()) {
    peak = std::max(peak, ResidentBytes());
  }
  EXPECT_LT(sent, uint64_t{1} << 30);
  close(raw);
  EXPECT_TRUE(Eventually([&] { return broker.Cut("unfinished_message") == 1; }));
  std::printf("cut after %llu MiB; the broker grew by %llu MiB\n",
              static_cast<unsigned long long>(sent >> 20),
              static_cast<unsigned long long>((peak - before) >> 20));
  EXPECT_LT(peak - before, uint64_t{64} << 20);
  EXPECT_TRUE(learner->Stats(kPatience).ok()) << "others do not notice";
}

TEST_F(IdentityTest, WhoKeepsSendingWhatNobodyCanReadIsCut) {
  ConnectionGuard::Limits limits;
  limits.unreadable_messages = 5;
  KeyedBroker broker(folder.path(), /*with_keys=*/false, limits);
  RawPeer peer(broker.endpoint());
  for (int i = 0; i < 5; ++i) peer.SendBytes({"seven b"});
  EXPECT_TRUE(Eventually([&] { return broker.Cut("unreadable") == 1; }));
}

}  // namespace
}  // namespace cohort
