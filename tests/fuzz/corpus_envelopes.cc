// One message of every kind, both directions.
#include "libs/messaging/envelope.h"
#include "tests/fuzz/corpus.h"
#include "tests/fuzz/frames.h"

namespace cohort {
namespace {

TaskSpec Task(uint64_t cursor, size_t bytes) {
  TaskSpec task;
  task.queue = "prompts.main";
  task.id = {7, 1, cursor, 0};
  task.body = Body::Own(std::string(bytes, 'b'));
  task.priority = 3;
  task.results = "rollouts.main";
  task.obituaries = "scored.main";
  task.children = 8;
  task.deadline_seconds = 60;
  task.max_attempts = 2;
  return task;
}

std::vector<Verb> OneOfEach() {
  const LeaseToken token{9, 8, 7};
  return {PutCommand{Task(1, 100)},
          FloorCommand{"q", 7, 1, 5},
          CancelCommand{7, 1, 2, 3},
          SubscribeCommand{"q"},
          CreditCommand{"q", 10, 1000},
          BeginCommand{token},
          EmitCommand{token, {Task(2, 0), Task(3, 50), Task(4, kCopiedBody + 1)}},
          SettleCommand{token, "q", {7, 1, 4, 0}, {Task(5, 300)}},
          RenewCommand{{token, {9, 9, 1}}, {"testing", ""}},
          AcceptCommand{token},
          ReleaseCommand{token},
          FailCommand{token, "because"},
          StatsCommand{}};
}

void ClientEnvelopes(const Corpus& corpus) {
  const std::string target = "client_envelope";
  const HelloMessage hello{Role::kActor, "actor-1", {{9, 8, 7}, {9, 9, 1}}, 9};
  corpus.Seed(target, "hello", JoinFrames(EncodeHello(5, hello)));
  corpus.Seed(target, "ping", JoinFrames(EncodePing(5)));
  corpus.Seed(target, "goodbye", JoinFrames(EncodeGoodbye(5)));
  std::vector<Command> all;
  std::vector<const Command*> pointers;
  for (Verb& verb : OneOfEach()) all.push_back({all.size() + 1, std::move(verb)});
  for (const Command& command : all) {
    pointers.push_back(&command);
    const Command* const one[] = {&command};
    corpus.Seed(target, "verb-" + std::to_string(command.verb.index()),
                JoinFrames(EncodeCommands(5, one)));
  }
  corpus.Seed(target, "all", JoinFrames(EncodeCommands(5, pointers)));
}

void BrokerEnvelopes(const Corpus& corpus) {
  const std::string target = "broker_envelope";
  WelcomeMessage welcome;
  welcome.epoch = 3;
  welcome.remembered_since = 2;
  welcome.lost = {{2, 1, 1}};
  welcome.lease_seconds = 30;
  welcome.ping_seconds = 1;
  welcome.silence_seconds = 6;
  welcome.window_tasks = 100;
  welcome.window_bytes = 1 << 20;
  welcome.weights_endpoint = "ipc://weights";
  corpus.Seed(target, "welcome", JoinFrames(EncodeWelcome(5, 1, welcome)));
  corpus.Seed(target, "say-hello", JoinFrames(EncodeSayHello(5, "who are you?")));
  corpus.Seed(target, "refused", JoinFrames(EncodeRefused(5, PermissionDenied("no"))));
  corpus.Seed(target, "pong", JoinFrames(EncodePong(5, 9)));
  corpus.Seed(target, "farewell", JoinFrames(EncodeFarewell(5, 9)));
  DeliverEvent deliver;
  deliver.queue = "q";
  deliver.id = {7, 1, 2, 3};
  deliver.token = {1, 2, 3};
  deliver.redelivered = true;
  deliver.emitted = {{7, 1, 2, 1}};
  deliver.body = Body::Own("bytes");
  DeliverEvent obituary = deliver;
  obituary.body = Body();
  obituary.obituary = Obituary{EndReason::kExpired, "late", {{7, 1, 2, 2}}};
  QueueStats stats;
  stats.name = "q";
  stats.ready = 4;
  stats.waits_for = "a consumer";
  stats.waits_since_seconds = 2.5;
  stats.phase = "testing";
  stats.phase_since_seconds = 1.5;
  stats.phase_of = {7, 1, 2, 3};
  const std::vector<Event> events = {AnswerEvent{4, NotFound("gone"), true},
                                     AnswerEvent{5, Status(), false},
                                     deliver,
                                     obituary,
                                     LeaseLostEvent{"q", {7, 1, 2, 3}, {1, 2, 3}, "cancelled"},
                                     StatsEvent{6, {stats, stats}}};
  for (size_t i = 0; i < events.size(); ++i) {
    corpus.Seed(target, "event-" + std::to_string(i),
                JoinFrames(EncodeEvents(5, 44, {&events[i], 1})));
  }
  corpus.Seed(target, "all", JoinFrames(EncodeEvents(5, 44, events)));
}

}  // namespace

void SeedEnvelopes(const Corpus& corpus) {
  ClientEnvelopes(corpus);
  BrokerEnvelopes(corpus);
}

}  // namespace cohort
