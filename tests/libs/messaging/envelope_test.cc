#include "libs/messaging/envelope.h"

#include <capnp/message.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "libs/base/rng.h"
#include "libs/messaging/capnp_frame.h"
#include "schemas/envelope.capnp.h"

namespace cohort {
namespace {

using testing::ElementsAre;

TaskSpec Task(uint64_t cursor, size_t bytes) {
  TaskSpec task;
  task.queue = "prompts.main";
  task.id = {7, 1, cursor, 0};
  task.body = Body::Own(std::string(bytes, static_cast<char>('a' + cursor % 26)));
  task.priority = 3;
  task.results = "rollouts.main";
  task.obituaries = "scored.main";
  task.children = 8;
  task.deadline_seconds = 60;
  task.max_attempts = 2;
  return task;
}

std::vector<Command> OneOfEach() {
  const LeaseToken token{9, 8, 7};
  std::vector<Command> commands;
  const auto add = [&](Verb verb) { commands.push_back({commands.size() + 1, std::move(verb)}); };
  add(PutCommand{Task(1, 100)});
  add(FloorCommand{"q", 7, 1, 5});
  add(CancelCommand{7, 1, 2, 3});
  add(SubscribeCommand{"q"});
  add(CreditCommand{"q", 10, 1000});
  add(BeginCommand{token});
  add(EmitCommand{token, {Task(2, 0), Task(3, kCopiedBody), Task(4, kCopiedBody + 1)}});
  add(SettleCommand{token, "q", {7, 1, 4, 0}, {Task(5, 100'000)}});
  add(RenewCommand{{token, {9, 9, 1}}, {"", "testing"}});
  add(AcceptCommand{token});
  add(ReleaseCommand{token});
  add(FailCommand{token, "because"});
  add(StatsCommand{});
  add(PeekCommand{"q", TaskState::kDead, 20});
  add(ReviveCommand{"q", TaskId{7, 1, 4, 2}});
  add(PurgeCommand{"q", PurgeScope::kAll});
  add(PauseCommand{"q"});
  add(ResumeCommand{"q"});
  add(ReviveCommand{"q", std::nullopt});
  return commands;
}

Frames Encode(const std::vector<Command>& commands) {
  std::vector<const Command*> pointers;
  for (const Command& command : commands) pointers.push_back(&command);
  return EncodeCommands(5, pointers);
}

// A frame of these bytes, at an address that is (or is not) a multiple of eight.
zmq::message_t FrameAt(std::string_view bytes, size_t offset) {
  auto* memory = new char[bytes.size() + 16];
  char* start = memory + (8 - reinterpret_cast<uintptr_t>(memory) % 8) % 8 + offset;
  std::memcpy(start, bytes.data(), bytes.size());
  return zmq::message_t(
      start, bytes.size(), [](void*, void* hint) { delete[] static_cast<char*>(hint); }, memory);
}

TEST(EnvelopeTest, CarriesEveryVerbUnchanged) {
  const Result<ClientMessage> decoded = DecodeClientMessage(Encode(OneOfEach()));
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(decoded->session, 5u);
  const auto& commands = std::get<std::vector<Command>>(decoded->content);
  ASSERT_EQ(commands.size(), OneOfEach().size());
  for (size_t i = 0; i < commands.size(); ++i) {
    EXPECT_EQ(commands[i].number, i + 1);
    EXPECT_EQ(commands[i].verb.index(), OneOfEach()[i].verb.index());
  }
  const TaskSpec& task = std::get<PutCommand>(commands[0].verb).task;
  EXPECT_EQ(task.queue, "prompts.main");
  EXPECT_EQ(task.id, (TaskId{7, 1, 1, 0}));
  EXPECT_EQ(task.body.view(), std::string(100, 'b'));
  EXPECT_EQ(task.priority, 3);
  EXPECT_EQ(task.results, "rollouts.main");
  EXPECT_EQ(task.obituaries, "scored.main");
  EXPECT_EQ(task.children, 8u);
  EXPECT_EQ(task.deadline_seconds, 60);
  EXPECT_EQ(task.max_attempts, 2u);
  const auto& emit = std::get<EmitCommand>(commands[6].verb);
  EXPECT_EQ(emit.token, (LeaseToken{9, 8, 7}));
  ASSERT_EQ(emit.children.size(), 3u);
  EXPECT_EQ(emit.children[1].body.view(), std::string(kCopiedBody, 'd'));
  EXPECT_EQ(emit.children[2].body.view(), std::string(kCopiedBody + 1, 'e'));
  EXPECT_EQ(std::get<SettleCommand>(commands[7].verb).children[0].body.size(), 100'000u);
  EXPECT_EQ(std::get<RenewCommand>(commands[8].verb).tokens.size(), 2u);
  EXPECT_THAT(std::get<RenewCommand>(commands[8].verb).phases, ElementsAre("", "testing"));
  EXPECT_EQ(std::get<FailCommand>(commands[11].verb).reason, "because");
  const auto& peek = std::get<PeekCommand>(commands[13].verb);
  EXPECT_EQ(peek.queue, "q");
  EXPECT_EQ(peek.state, TaskState::kDead);
  EXPECT_EQ(peek.limit, 20u);
  EXPECT_EQ(std::get<ReviveCommand>(commands[14].verb).id, (TaskId{7, 1, 4, 2}));
  EXPECT_EQ(std::get<PurgeCommand>(commands[15].verb).which, PurgeScope::kAll);
  EXPECT_EQ(std::get<PauseCommand>(commands[16].verb).queue, "q");
  EXPECT_EQ(std::get<ResumeCommand>(commands[17].verb).queue, "q");
  EXPECT_FALSE(std::get<ReviveCommand>(commands[18].verb).id.has_value());
}

std::vector<Event> OneOfEachEvent() {
  std::vector<Event> events;
  events.push_back(AnswerEvent{4, NotFound("gone"), true});
  DeliverEvent deliver;
  deliver.queue = "q";
  deliver.id = {7, 1, 2, 3};
  deliver.token = {1, 2, 3};
  deliver.redelivered = true;
  deliver.emitted = {{7, 1, 2, 1}};
  deliver.obituary = Obituary{EndReason::kExpired, "late", {{7, 1, 2, 2}}};
  deliver.body = Body::Own("bytes");
  events.push_back(deliver);
  events.push_back(LeaseLostEvent{"q", {7, 1, 2, 3}, {1, 2, 3}, "cancelled"});
  QueueStats stats;
  stats.name = "q";
  stats.waits_for = "a consumer";
  stats.waits_since_seconds = 2.5;
  stats.paused = true;
  stats.phase = "testing";
  stats.phase_since_seconds = 1.5;
  stats.phase_of = {7, 1, 2, 4};
  events.push_back(StatsEvent{6, {stats}});
  TaskSummary task;
  task.id = {7, 1, 2, 3};
  task.state = TaskState::kLeased;
  task.priority = 4;
  task.attempts = 2;
  task.bytes = 1000;
  task.age_seconds = 1.5;
  task.holder = "actor-1";
  task.reasons = {"attempt 1 by actor-2: first", "attempt 2 by actor-1: second"};
  TaskSummary told;
  told.id = {7, 1, 3, 0};
  told.obituary = EndReason::kPurged;
  events.push_back(OperatedEvent{7, {3, 2, "not those", {task, told}}});
  events.push_back(HeldBackEvent{8, "q", "full", 12.5});
  return events;
}

TEST(EnvelopeTest, CarriesEveryEventUnchanged) {
  const Result<BrokerMessage> decoded = DecodeBrokerMessage(EncodeEvents(5, 44, OneOfEachEvent()));
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(decoded->processed, 44u);
  const auto& got = std::get<std::vector<Event>>(decoded->content);
  const auto& answer = std::get<AnswerEvent>(got[0]);
  EXPECT_EQ(answer.status.code(), StatusCode::kNotFound);
  EXPECT_EQ(answer.status.message(), "gone");
  EXPECT_TRUE(answer.known_before);
  const auto& delivery = std::get<DeliverEvent>(got[1]);
  EXPECT_EQ(delivery.body.view(), "bytes");
  EXPECT_EQ(delivery.obituary->reason, EndReason::kExpired);
  EXPECT_EQ(delivery.obituary->detail, "late");
  EXPECT_THAT(delivery.obituary->emitted, ElementsAre(TaskId{7, 1, 2, 2}));
  EXPECT_THAT(delivery.emitted, ElementsAre(TaskId{7, 1, 2, 1}));
  EXPECT_EQ(std::get<LeaseLostEvent>(got[2]).reason, "cancelled");
  EXPECT_EQ(std::get<StatsEvent>(got[3]).queues[0].waits_for, "a consumer");
  EXPECT_TRUE(std::get<StatsEvent>(got[3]).queues[0].paused);
  EXPECT_EQ(std::get<StatsEvent>(got[3]).queues[0].phase, "testing");
  EXPECT_EQ(std::get<StatsEvent>(got[3]).queues[0].phase_since_seconds, 1.5);
  EXPECT_EQ(std::get<StatsEvent>(got[3]).queues[0].phase_of, (TaskId{7, 1, 2, 4}));
  const auto& operated = std::get<OperatedEvent>(got[4]);
  EXPECT_EQ(operated.number, 7u);
  EXPECT_EQ(operated.report.done, 3u);
  EXPECT_EQ(operated.report.refused, 2u);
  EXPECT_EQ(operated.report.reason, "not those");
  ASSERT_EQ(operated.report.tasks.size(), 2u);
  const TaskSummary& task = operated.report.tasks[0];
  EXPECT_EQ(task.id, (TaskId{7, 1, 2, 3}));
  EXPECT_EQ(task.state, TaskState::kLeased);
  EXPECT_EQ(task.priority, 4);
  EXPECT_EQ(task.attempts, 2u);
  EXPECT_EQ(task.bytes, 1000u);
  EXPECT_EQ(task.age_seconds, 1.5);
  EXPECT_EQ(task.holder, "actor-1");
  EXPECT_THAT(task.reasons,
              ElementsAre("attempt 1 by actor-2: first", "attempt 2 by actor-1: second"));
  EXPECT_FALSE(task.obituary.has_value());
  EXPECT_EQ(operated.report.tasks[1].obituary, EndReason::kPurged);
  const auto& held = std::get<HeldBackEvent>(got[5]);
  EXPECT_EQ(held.number, 8u);
  EXPECT_EQ(held.queue, "q");
  EXPECT_EQ(held.why, "full");
  EXPECT_EQ(held.since_seconds, 12.5);
}

Result<RenewCommand> DecodeRenew(Frames frames) {
  COHORT_ASSIGN_OR_RETURN(ClientMessage message, DecodeClientMessage(std::move(frames)));
  return std::get<RenewCommand>(std::get<std::vector<Command>>(message.content).at(0).verb);
}

TEST(EnvelopeTest, ReadsARenewalFromBeforeThereWerePhases) {
  // capnp encode, of: protocol 1, session 5, one command: renew the lease (9, 8, attempt 7).
  const std::string_view digits =
      "00000000150000000000000003000200010000000200000005000000000000000000000000000000"
      "00000000000000000100000057000000040000000600040000000000000000000900000000000000"
      "00000000000000000000000000000000000000000000000000000000000000000d0000001f000000"
      "00000000000000000000000000000000000000000000000004000000030000000900000000000000"
      "08000000000000000700000000000000";
  std::string bytes;
  for (size_t i = 0; i < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  Frames frames;
  frames.push_back(FrameAt(bytes, 0));
  const Result<RenewCommand> renew = DecodeRenew(std::move(frames));
  ASSERT_TRUE(renew.ok()) << renew.status().ToString();
  EXPECT_THAT(renew->tokens, ElementsAre(LeaseToken{9, 8, 7}));
  EXPECT_TRUE(renew->phases.empty());
}

TEST(EnvelopeTest, CutsLongPhasesAndTakesControlCharactersOut) {
  const std::string phase = "a\n\x1b[2J" + std::string(1000, 'x');
  const Result<RenewCommand> renew =
      DecodeRenew(Encode({{0, RenewCommand{{LeaseToken{9, 8, 7}}, {phase}}}}));
  ASSERT_TRUE(renew.ok()) << renew.status().ToString();
  EXPECT_THAT(renew->phases, ElementsAre("a  [2J" + std::string(kMaxPhaseBytes - 6, 'x')));
}

TEST(EnvelopeTest, RefusesPhasesThatAreNotOneForEachLease) {
  const LeaseToken token{9, 8, 7};
  EXPECT_FALSE(DecodeRenew(Encode({{0, RenewCommand{{token}, {"a", "b"}}}})).ok());
  EXPECT_FALSE(DecodeRenew(Encode({{0, RenewCommand{{token, token}, {"a"}}}})).ok());
}

TEST(EnvelopeTest, ReadsFramesAtAnyAddress) {
  const Frames frames = Encode({OneOfEach()[1]});
  for (size_t offset = 0; offset < 8; ++offset) {
    Frames moved;
    moved.push_back(FrameAt(FrameView(frames[0]), offset));
    EXPECT_TRUE(DecodeClientMessage(std::move(moved)).ok()) << "at " << offset;
  }
}

TEST(EnvelopeTest, NeverCopiesALargeBody) {
  const TaskSpec task = Task(1, 1 << 20);
  Frames frames = Encode({{1, PutCommand{task}}});
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[1].data(), task.body.view().data());
  const Result<ClientMessage> decoded = DecodeClientMessage(std::move(frames));
  const auto& command = std::get<std::vector<Command>>(decoded->content)[0];
  EXPECT_EQ(std::get<PutCommand>(command.verb).task.body.view().data(), task.body.view().data());
}

TEST(EnvelopeTest, SmallBodiesShareAFrame) {
  std::vector<Command> commands;
  for (uint64_t i = 1; i <= 50; ++i) commands.push_back({i, PutCommand{Task(i, 100)}});
  EXPECT_EQ(Encode(commands).size(), 2u);
}

TEST(EnvelopeTest, SmallBodiesBehindALargeOneShareTheSecondFrame) {
  const std::vector<size_t> sizes = {kCopiedBody + 1, 100, 0, 200};
  std::vector<Command> commands;
  for (uint64_t i = 0; i < sizes.size(); ++i) {
    commands.push_back({i + 1, PutCommand{Task(i, sizes[i])}});
  }
  Frames frames = Encode(commands);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[2].size(), 300u);
  const Result<ClientMessage> decoded = DecodeClientMessage(std::move(frames));
  ASSERT_TRUE(decoded.ok());
  const auto& read = std::get<std::vector<Command>>(decoded->content);
  for (uint64_t i = 0; i < sizes.size(); ++i) {
    EXPECT_EQ(std::get<PutCommand>(read[i].verb).task.body.view(), Task(i, sizes[i]).body.view());
  }
}

TEST(EnvelopeTest, ABodyThatFillsItsFrameIsNotCopied) {
  const auto decoded_in_place = [](std::vector<size_t> sizes) {
    std::vector<Command> commands;
    for (const size_t size : sizes) {
      commands.push_back({commands.size() + 1, PutCommand{Task(1, size)}});
    }
    Frames frames = Encode(commands);
    const auto* packed = frames[1].data<char>();
    const Result<ClientMessage> decoded = DecodeClientMessage(std::move(frames));
    const auto& read = std::get<std::vector<Command>>(decoded->content);
    return std::get<PutCommand>(read[0].verb).task.body.view().data() == packed;
  };
  EXPECT_TRUE(decoded_in_place({4096}));
  EXPECT_TRUE(decoded_in_place({4096, 1000}));
  EXPECT_FALSE(decoded_in_place({4096, 4096})) << "one would keep the memory of both";
  EXPECT_FALSE(decoded_in_place({100}));
}

TEST(EnvelopeTest, RefusesAnotherProtocolVersionAsSuch) {
  capnp::MallocMessageBuilder builder;
  auto envelope = builder.initRoot<schema::Envelope>();
  envelope.setProtocol(kProtocolVersion + 1);
  envelope.setSession(1);
  envelope.setPing();
  Frames frames;
  frames.push_back(ToFrame(builder));
  EXPECT_EQ(DecodeClientMessage(std::move(frames)).status().code(),
            StatusCode::kFailedPrecondition);
}

// What a peer may write into a body's place.
struct Place {
  uint32_t frame;
  uint32_t offset;
  uint64_t size;
};
Status DecodePut(Place place, size_t frame_bytes, int repeat = 1) {
  capnp::MallocMessageBuilder builder;
  auto envelope = builder.initRoot<schema::Envelope>();
  envelope.setProtocol(kProtocolVersion);
  envelope.setSession(1);
  auto commands = envelope.initCommands(repeat);
  for (int i = 0; i < repeat; ++i) {
    commands[i].setNumber(1);
    auto put = commands[i].initPut();
    put.setQueue("q");
    put.initId().setRun(1);
    put.getId().setSpace(1);
    put.initBody().setFrame(place.frame);
    put.getBody().setOffset(place.offset);
    put.getBody().setSize(place.size);
  }
  Frames frames;
  frames.push_back(ToFrame(builder));
  frames.emplace_back(frame_bytes);
  return DecodeClientMessage(std::move(frames)).status();
}

TEST(EnvelopeTest, RefusesBodiesThatLieElsewhere) {
  EXPECT_TRUE(DecodePut({1, 10, 90}, 100).ok());
  EXPECT_FALSE(DecodePut({1, 10, 91}, 100).ok());
  EXPECT_FALSE(DecodePut({1, 101, 0}, 100).ok());
  EXPECT_FALSE(DecodePut({1, 1, UINT64_MAX}, 100).ok());
  EXPECT_FALSE(DecodePut({2, 0, 1}, 100).ok());
  EXPECT_FALSE(DecodePut({0, 0, 1}, 100).ok());
  EXPECT_FALSE(DecodePut({1, 0, 100}, 100, /*repeat=*/2).ok()) << "the same bytes twice";
}

TEST(EnvelopeTest, RefusesZeroIdsAndBadNames) {
  TaskSpec task = Task(1, 1);
  task.id.run = 0;
  EXPECT_FALSE(DecodeClientMessage(Encode({{1, PutCommand{task}}})).ok());
  for (const std::string& name : {std::string(), std::string(300, 'x'), std::string("a b"),
                                  std::string("a\n"), std::string("\xff")}) {
    EXPECT_FALSE(DecodeClientMessage(Encode({{1, SubscribeCommand{name}}})).ok()) << name;
  }
  EXPECT_FALSE(DecodeClientMessage(Encode({{0, FloorCommand{"q", 1, 1, 1}}})).ok());
  EXPECT_TRUE(DecodeClientMessage(Encode({{0, SubscribeCommand{"q"}}})).ok());  // said anew
  EXPECT_FALSE(DecodeClientMessage(Encode({{1, BeginCommand{{0, 1, 1}}}})).ok());
  task = Task(1, 1);
  for (double deadline : {-1.0, 1e12, std::nan("")}) {
    task.deadline_seconds = deadline;
    EXPECT_FALSE(DecodeClientMessage(Encode({{1, PutCommand{task}}})).ok());
  }
}

TEST(EnvelopeTest, RefusesOperatorsVerbsOfUnknownKinds) {
  const Verb bad[] = {PeekCommand{"q", static_cast<TaskState>(0), 1},
                      PeekCommand{"q", static_cast<TaskState>(6), 1},
                      PeekCommand{"q", TaskState::kReady, 0},
                      PeekCommand{"q", TaskState::kReady, kMaxPeeked + 1},
                      PeekCommand{"", TaskState::kReady, 1},
                      ReviveCommand{"q", TaskId{0, 1, 1, 0}},
                      ReviveCommand{"", std::nullopt},
                      PurgeCommand{"q", static_cast<PurgeScope>(0)},
                      PurgeCommand{"q", static_cast<PurgeScope>(4)},
                      PauseCommand{"a b"},
                      ResumeCommand{""}};
  for (const Verb& verb : bad) {
    EXPECT_FALSE(DecodeClientMessage(Encode({{1, verb}})).ok()) << verb.index();
  }
}

TEST(EnvelopeTest, RefusesEventsThatCannotBe) {
  TaskSummary task;
  task.id = {7, 1, 2, 3};
  const auto decodes = [](Event event) {
    return DecodeBrokerMessage(EncodeEvents(1, 1, {&event, 1})).ok();
  };
  EXPECT_TRUE(decodes(OperatedEvent{1, {0, 0, "", {task}}}));
  task.state = static_cast<TaskState>(9);
  EXPECT_FALSE(decodes(OperatedEvent{1, {0, 0, "", {task}}}));
  task.state = TaskState::kReady;
  task.obituary = static_cast<EndReason>(9);
  EXPECT_FALSE(decodes(OperatedEvent{1, {0, 0, "", {task}}}));
  for (double since : {-1.0, 1e12, std::nan("")}) {
    EXPECT_FALSE(decodes(HeldBackEvent{1, "q", "full", since}));
  }
  EXPECT_FALSE(decodes(HeldBackEvent{1, "", "full", 1}));
}

TEST(EnvelopeTest, RefusesMoreCommandsThanAnEnvelopeMayHold) {
  std::vector<Command> commands;
  for (uint64_t i = 1; i <= kMaxCommands + 1; ++i) commands.push_back({i, StatsCommand{}});
  EXPECT_FALSE(DecodeClientMessage(Encode(commands)).ok());
}

// Every truncation of the envelope is refused, and no flipped bit does harm.
void Damage(const Frames& whole) {
  const std::string envelope(FrameView(whole[0]));
  const auto decode = [&](std::string_view bytes) {
    Frames frames;
    frames.push_back(FrameAt(bytes, 0));
    for (size_t i = 1; i < whole.size(); ++i) frames.push_back(FrameAt(FrameView(whole[i]), 0));
    Frames again;
    again.push_back(FrameAt(bytes, 0));
    const bool ok = DecodeClientMessage(std::move(frames)).ok();
    return DecodeBrokerMessage(std::move(again)).ok() || ok;
  };
  for (size_t size = 0; size < envelope.size(); ++size) {
    EXPECT_FALSE(decode(std::string_view(envelope).substr(0, size))) << size;
  }
  for (size_t bit = 0; bit < envelope.size() * 8; ++bit) {
    std::string flipped = envelope;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    decode(flipped);
  }
}

TEST(EnvelopeTest, SurvivesEveryTruncationAndBitFlipOfCommands) { Damage(Encode(OneOfEach())); }

TEST(EnvelopeTest, SurvivesEveryTruncationAndBitFlipOfEvents) {
  Damage(EncodeEvents(5, 44, OneOfEachEvent()));
}

TEST(EnvelopeTest, SurvivesRandomBytes) {
  Rng rng(11);
  const std::string envelope(FrameView(Encode(OneOfEach())[0]));
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = i % 2 == 0 ? envelope : std::string(8 * rng.Below(64), '\0');
    const uint64_t changes = i % 2 == 0 ? 1 + rng.Below(16) : bytes.size();
    for (uint64_t n = 0; n < changes && !bytes.empty(); ++n) {
      bytes[rng.Below(bytes.size())] = static_cast<char>(rng.Next());
    }
    Frames frames;
    frames.push_back(FrameAt(bytes, 0));
    static_cast<void>(DecodeClientMessage(std::move(frames)).ok());
  }
}

}  // namespace
}  // namespace cohort
