// Broker to processes.
#include <capnp/message.h>

#include <utility>

#include "libs/messaging/capnp_frame.h"
#include "libs/messaging/envelope.h"
#include "libs/messaging/envelope_bodies.h"
#include "libs/messaging/envelope_parts.h"
#include "schemas/envelope.capnp.h"

namespace cohort {
namespace {

schema::Envelope::Builder Start(capnp::MessageBuilder& message, uint64_t session,
                                uint64_t processed) {
  auto envelope = message.initRoot<schema::Envelope>();
  envelope.setProtocol(kProtocolVersion);
  envelope.setSession(session);
  envelope.setProcessed(processed);
  return envelope;
}

Frames OneFrame(capnp::MessageBuilder& message) {
  Frames frames;
  frames.push_back(ToFrame(message));
  return frames;
}

void WriteStats(const StatsEvent& stats, schema::Stats::Builder to) {
  to.setNumber(stats.number);
  auto list = to.initQueues(stats.queues.size());
  for (size_t i = 0; i < stats.queues.size(); ++i) {
    const QueueStats& queue = stats.queues[i];
    auto entry = list[i];
    entry.setName(queue.name);
    entry.setReady(queue.ready);
    entry.setLeased(queue.leased);
    entry.setAccepted(queue.accepted);
    entry.setDelayed(queue.delayed);
    entry.setDead(queue.dead);
    entry.setBytes(queue.bytes);
    entry.setOldestAgeSeconds(queue.oldest_age_seconds);
    entry.setPuts(queue.puts);
    entry.setDeliveries(queue.deliveries);
    entry.setSettles(queue.settles);
    entry.setRedeliveries(queue.redeliveries);
    entry.setStaleAnswers(queue.stale_answers);
    entry.setRefused(queue.refused);
    entry.setSubscribers(queue.subscribers);
    entry.setWaitsFor(queue.waits_for);
    entry.setWaitsSinceSeconds(queue.waits_since_seconds);
    entry.setPaused(queue.paused);
    if (queue.phase.empty()) continue;
    entry.setPhase(queue.phase);
    entry.setPhaseSinceSeconds(queue.phase_since_seconds);
    WriteTaskId(queue.phase_of, entry.initPhaseOf());
  }
}

void WriteDeliver(const DeliverEvent& deliver, schema::Deliver::Builder to, BodyPacker& bodies) {
  to.setQueue(deliver.queue);
  WriteTaskId(deliver.id, to.initId());
  WriteLease(deliver.token, to.initLease());
  to.setRedelivered(deliver.redelivered);
  if (!deliver.emitted.empty()) {
    WriteTaskIds(deliver.emitted, to.initEmitted(deliver.emitted.size()));
  }
  if (deliver.obituary.has_value()) WriteObituary(*deliver.obituary, to.initObituary());
  bodies.Add(deliver.body, to.initBody());
}

void WriteOperated(const OperatedEvent& operated, schema::Operated::Builder to) {
  const OperatorReport& report = operated.report;
  to.setNumber(operated.number);
  to.setDone(report.done);
  to.setRefused(report.refused);
  to.setReason(report.reason);
  auto list = to.initTasks(report.tasks.size());
  for (size_t i = 0; i < report.tasks.size(); ++i) {
    const TaskSummary& task = report.tasks[i];
    auto entry = list[i];
    WriteTaskId(task.id, entry.initId());
    entry.setState(static_cast<uint8_t>(task.state));
    entry.setPriority(task.priority);
    entry.setAttempts(task.attempts);
    entry.setBytes(task.bytes);
    entry.setAgeSeconds(task.age_seconds);
    entry.setHolder(task.holder);
    auto reasons = entry.initReasons(task.reasons.size());
    for (size_t r = 0; r < task.reasons.size(); ++r) reasons.set(r, task.reasons[r]);
    if (task.obituary.has_value()) entry.setObituary(static_cast<uint8_t>(*task.obituary));
  }
}

void WriteEvent(const Event& event, schema::Event::Builder to, BodyPacker& bodies) {
  if (const auto* answer = std::get_if<AnswerEvent>(&event)) {
    auto out = to.initAnswer();
    out.setNumber(answer->number);
    out.setCode(WireCode(answer->status.code()));
    if (!answer->status.ok()) out.setReason(answer->status.message());
    out.setKnownBefore(answer->known_before);
  } else if (const auto* deliver = std::get_if<DeliverEvent>(&event)) {
    WriteDeliver(*deliver, to.initDeliver(), bodies);
  } else if (const auto* lost = std::get_if<LeaseLostEvent>(&event)) {
    auto out = to.initLeaseLost();
    out.setQueue(lost->queue);
    WriteTaskId(lost->id, out.initId());
    WriteLease(lost->token, out.initLease());
    out.setReason(lost->reason);
  } else if (const auto* stats = std::get_if<StatsEvent>(&event)) {
    WriteStats(*stats, to.initStats());
  } else if (const auto* operated = std::get_if<OperatedEvent>(&event)) {
    WriteOperated(*operated, to.initOperated());
  } else {
    const auto& held = std::get<HeldBackEvent>(event);
    auto out = to.initHeldBack();
    out.setNumber(held.number);
    out.setQueue(held.queue);
    out.setWhy(held.why);
    out.setSinceSeconds(held.since_seconds);
  }
}

Result<DeliverEvent> ReadDeliver(schema::Deliver::Reader from, BodyResolver& bodies) {
  DeliverEvent deliver;
  COHORT_ASSIGN_OR_RETURN(deliver.queue, ReadName(from.getQueue(), "a delivery's queue"));
  COHORT_ASSIGN_OR_RETURN(deliver.id, ReadTaskId(from.getId()));
  COHORT_ASSIGN_OR_RETURN(deliver.token, ReadLease(from.getLease()));
  deliver.redelivered = from.getRedelivered();
  COHORT_ASSIGN_OR_RETURN(deliver.emitted, ReadTaskIds(from.getEmitted()));
  if (from.hasObituary()) {
    COHORT_ASSIGN_OR_RETURN(deliver.obituary, ReadObituary(from.getObituary()));
  }
  COHORT_ASSIGN_OR_RETURN(deliver.body, bodies.Resolve(from.getBody()));
  return deliver;
}

Result<StatsEvent> ReadStats(schema::Stats::Reader from) {
  StatsEvent stats;
  stats.number = from.getNumber();
  for (auto each : from.getQueues()) {
    QueueStats queue;
    COHORT_ASSIGN_OR_RETURN(queue.name, ReadName(each.getName(), "a queue's name"));
    queue.ready = each.getReady();
    queue.leased = each.getLeased();
    queue.accepted = each.getAccepted();
    queue.delayed = each.getDelayed();
    queue.dead = each.getDead();
    queue.bytes = each.getBytes();
    queue.oldest_age_seconds = each.getOldestAgeSeconds();
    queue.puts = each.getPuts();
    queue.deliveries = each.getDeliveries();
    queue.settles = each.getSettles();
    queue.redeliveries = each.getRedeliveries();
    queue.stale_answers = each.getStaleAnswers();
    queue.refused = each.getRefused();
    queue.subscribers = each.getSubscribers();
    queue.waits_for = ReadReason(each.getWaitsFor());
    queue.waits_since_seconds = each.getWaitsSinceSeconds();
    queue.paused = each.getPaused();
    queue.phase = ReadReason(each.getPhase(), kMaxPhaseBytes);
    if (!queue.phase.empty()) {
      queue.phase_since_seconds = each.getPhaseSinceSeconds();
      COHORT_ASSIGN_OR_RETURN(queue.phase_of, ReadTaskId(each.getPhaseOf()));
    }
    stats.queues.push_back(std::move(queue));
  }
  return stats;
}

Result<OperatedEvent> ReadOperated(schema::Operated::Reader from) {
  OperatedEvent operated;
  operated.number = from.getNumber();
  OperatorReport& report = operated.report;
  report.done = from.getDone();
  report.refused = from.getRefused();
  report.reason = ReadReason(from.getReason());
  for (auto each : from.getTasks()) {
    TaskSummary task;
    COHORT_ASSIGN_OR_RETURN(task.id, ReadTaskId(each.getId()));
    COHORT_ASSIGN_OR_RETURN(task.state, ReadTaskState(each.getState()));
    task.priority = each.getPriority();
    task.attempts = each.getAttempts();
    task.bytes = each.getBytes();
    task.age_seconds = each.getAgeSeconds();
    COHORT_ASSIGN_OR_RETURN(task.holder, ReadOptionalName(each.getHolder(), "a holder's name"));
    for (auto reason : each.getReasons()) task.reasons.push_back(ReadReason(reason));
    if (each.getObituary() != 0) {
      COHORT_ASSIGN_OR_RETURN(task.obituary, ReadEndReason(each.getObituary()));
    }
    report.tasks.push_back(std::move(task));
  }
  return operated;
}

Result<Event> ReadEvent(schema::Event::Reader from, BodyResolver& bodies) {
  switch (from.which()) {
    case schema::Event::ANSWER: {
      auto answer = from.getAnswer();
      Status status;
      COHORT_RETURN_IF_ERROR(ReadStatus(answer.getCode(), ReadReason(answer.getReason()), &status));
      return Event(AnswerEvent{answer.getNumber(), std::move(status), answer.getKnownBefore()});
    }
    case schema::Event::DELIVER: {
      COHORT_ASSIGN_OR_RETURN(DeliverEvent deliver, ReadDeliver(from.getDeliver(), bodies));
      return Event(std::move(deliver));
    }
    case schema::Event::LEASE_LOST: {
      auto lost = from.getLeaseLost();
      LeaseLostEvent event;
      COHORT_ASSIGN_OR_RETURN(event.queue, ReadOptionalName(lost.getQueue(), "a lost queue"));
      const auto id = lost.getId();
      event.id = {id.getRun(), id.getSpace(), id.getCursor(), id.getIndex()};  // may be unknown
      COHORT_ASSIGN_OR_RETURN(event.token, ReadLease(lost.getLease()));
      event.reason = ReadReason(lost.getReason());
      return Event(std::move(event));
    }
    case schema::Event::STATS: {
      COHORT_ASSIGN_OR_RETURN(StatsEvent stats, ReadStats(from.getStats()));
      return Event(std::move(stats));
    }
    case schema::Event::OPERATED: {
      COHORT_ASSIGN_OR_RETURN(OperatedEvent operated, ReadOperated(from.getOperated()));
      return Event(std::move(operated));
    }
    case schema::Event::HELD_BACK: {
      auto held = from.getHeldBack();
      HeldBackEvent event;
      event.number = held.getNumber();
      COHORT_ASSIGN_OR_RETURN(event.queue, ReadName(held.getQueue(), "a full queue"));
      event.why = ReadReason(held.getWhy());
      event.since_seconds = held.getSinceSeconds();
      // What a clock would not bear is no waiting time.
      if (!(event.since_seconds >= 0 && event.since_seconds < 1e9)) {
        return DataLoss("a put is held back for no possible time");
      }
      return Event(std::move(event));
    }
    case schema::Event::INVALID:
      break;
  }
  return DataLoss("an event of a kind that this version does not know");
}

Result<WelcomeMessage> ReadWelcome(schema::Welcome::Reader from) {
  WelcomeMessage welcome;
  welcome.epoch = from.getEpoch();
  welcome.remembered_since = from.getRememberedSince();
  COHORT_ASSIGN_OR_RETURN(welcome.lost, ReadLeases(from.getLost()));
  welcome.lease_seconds = from.getLeaseSeconds();
  welcome.ping_seconds = from.getPingSeconds();
  welcome.silence_seconds = from.getSilenceSeconds();
  welcome.window_tasks = from.getWindowTasks();
  welcome.window_bytes = from.getWindowBytes();
  const auto sane = [](double seconds) { return seconds > 0 && seconds < 1e6; };
  if (welcome.epoch == 0 || !sane(welcome.lease_seconds) || !sane(welcome.ping_seconds) ||
      !sane(welcome.silence_seconds) || welcome.window_tasks == 0 || welcome.window_bytes == 0) {
    return DataLoss("a welcome has a value out of range");
  }
  COHORT_ASSIGN_OR_RETURN(welcome.weights_endpoint,
                          ReadOptionalName(from.getWeightsEndpoint(), "the weights' endpoint"));
  return welcome;
}

Status ReadBrokerContent(schema::Envelope::Reader envelope, BodyResolver& bodies,
                         BrokerMessage& message) {
  switch (envelope.which()) {
    case schema::Envelope::WELCOME: {
      COHORT_ASSIGN_OR_RETURN(message.content, ReadWelcome(envelope.getWelcome()));
      return Status();
    }
    case schema::Envelope::SAY_HELLO:
      message.content = SayHello{ReadReason(envelope.getSayHello())};
      return Status();
    case schema::Envelope::REFUSED: {
      auto refused = envelope.getRefused();
      Status status;
      COHORT_RETURN_IF_ERROR(
          ReadStatus(refused.getCode(), ReadReason(refused.getReason()), &status));
      if (status.ok()) return DataLoss("a refusal with code ok");
      message.content = Refused{std::move(status)};
      return Status();
    }
    case schema::Envelope::EVENTS: {
      auto list = envelope.getEvents();
      std::vector<Event> events;
      events.reserve(list.size());
      for (auto each : list) {
        COHORT_ASSIGN_OR_RETURN(Event event, ReadEvent(each, bodies));
        events.push_back(std::move(event));
      }
      message.content = std::move(events);
      return Status();
    }
    case schema::Envelope::PONG:
      message.content = Pong{};
      return Status();
    case schema::Envelope::FAREWELL:
      message.content = Farewell{};
      return Status();
    default:
      return DataLoss("envelope: no message of a broker");
  }
}

}  // namespace

Frames EncodeWelcome(uint64_t session, uint64_t processed, const WelcomeMessage& welcome) {
  capnp::MallocMessageBuilder message(FirstSegmentWords(0, 4 + welcome.lost.size() / 4));
  auto to = Start(message, session, processed).initWelcome();
  to.setEpoch(welcome.epoch);
  to.setRememberedSince(welcome.remembered_since);
  WriteLeases(welcome.lost, to.initLost(welcome.lost.size()));
  to.setLeaseSeconds(welcome.lease_seconds);
  to.setPingSeconds(welcome.ping_seconds);
  to.setSilenceSeconds(welcome.silence_seconds);
  to.setWindowTasks(welcome.window_tasks);
  to.setWindowBytes(welcome.window_bytes);
  to.setWeightsEndpoint(welcome.weights_endpoint);
  return OneFrame(message);
}

Frames EncodeSayHello(uint64_t session, const std::string& why) {
  capnp::MallocMessageBuilder message(64);
  Start(message, session, 0).setSayHello(why);
  return OneFrame(message);
}

Frames EncodeRefused(uint64_t session, const Status& status) {
  capnp::MallocMessageBuilder message(64);
  auto refused = Start(message, session, 0).initRefused();
  refused.setCode(WireCode(status.code()));
  refused.setReason(status.message());
  return OneFrame(message);
}

Frames EncodeEvents(uint64_t session, uint64_t processed, std::span<const Event> events) {
  capnp::MallocMessageBuilder message(FirstSegmentWords(0, 2 * events.size()));
  auto list = Start(message, session, processed).initEvents(events.size());
  BodyPacker bodies;
  for (size_t i = 0; i < events.size(); ++i) WriteEvent(events[i], list[i], bodies);
  return std::move(bodies).Finish(ToFrame(message));
}

Frames EncodePong(uint64_t session, uint64_t processed) {
  capnp::MallocMessageBuilder message(32);
  Start(message, session, processed).setPong();
  return OneFrame(message);
}

Frames EncodeFarewell(uint64_t session, uint64_t processed) {
  capnp::MallocMessageBuilder message(32);
  Start(message, session, processed).setFarewell();
  return OneFrame(message);
}

Result<BrokerMessage> DecodeBrokerMessage(Frames frames) {
  if (frames.empty()) return DataLoss("message: no frames");
  if (frames.size() > kMaxFrames) return DataLoss("message: too many frames");
  BrokerMessage message;
  BodyResolver bodies(frames);
  const Status status = ReadFrame<schema::Envelope>(
      FrameView(frames[0]), "envelope", [&](schema::Envelope::Reader envelope) -> Status {
        // A refusal is read whatever its version: it says that the versions differ.
        if (envelope.getProtocol() != kProtocolVersion &&
            envelope.which() != schema::Envelope::REFUSED) {
          return FailedPrecondition("the broker speaks protocol version " +
                                    std::to_string(envelope.getProtocol()) + ", we speak " +
                                    std::to_string(kProtocolVersion) +
                                    ": run the same version of Cohort everywhere");
        }
        message.session = envelope.getSession();
        message.processed = envelope.getProcessed();
        return ReadBrokerContent(envelope, bodies, message);
      });
  if (!status.ok()) return status;
  return message;
}

size_t ApproximateBytes(const Event& event) {
  if (const auto* deliver = std::get_if<DeliverEvent>(&event)) {
    return 256 + deliver->body.size() + 32 * deliver->emitted.size();
  }
  if (const auto* operated = std::get_if<OperatedEvent>(&event)) {
    size_t bytes = 128;
    for (const TaskSummary& task : operated->report.tasks) {
      bytes += 128;
      for (const std::string& reason : task.reasons) bytes += 16 + reason.size();
    }
    return bytes;
  }
  return 64;
}

}  // namespace cohort
