// Processes to broker.
#include <capnp/message.h>

#include <cmath>
#include <utility>

#include "libs/messaging/capnp_frame.h"
#include "libs/messaging/envelope.h"
#include "libs/messaging/envelope_bodies.h"
#include "libs/messaging/envelope_parts.h"
#include "schemas/envelope.capnp.h"

namespace cohort {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

schema::Envelope::Builder Start(capnp::MessageBuilder& message, uint64_t session) {
  auto envelope = message.initRoot<schema::Envelope>();
  envelope.setProtocol(kProtocolVersion);
  envelope.setSession(session);
  return envelope;
}

Frames OneFrame(capnp::MessageBuilder& message) {
  Frames frames;
  frames.push_back(ToFrame(message));
  return frames;
}

void WriteRenewedLeases(const std::vector<LeaseToken>& tokens,
                        const std::vector<std::string>& phases,
                        schema::Command::Renew::Builder to) {
  WriteLeases(tokens, to.initLeases(tokens.size()));
  if (phases.empty()) return;
  auto list = to.initPhases(phases.size());
  for (size_t i = 0; i < phases.size(); ++i) {
    if (!phases[i].empty()) list.set(i, phases[i]);
  }
}

void WriteCommand(const Command& command, schema::Command::Builder to, BodyPacker& bodies) {
  to.setNumber(command.number);
  std::visit(
      Overloaded{
          [&](const PutCommand& c) { WriteTask(c.task, to.initPut(), bodies); },
          [&](const FloorCommand& c) {
            auto floor = to.initFloor();
            floor.setQueue(c.queue);
            floor.setRun(c.run);
            floor.setSpace(c.space);
            floor.setCursor(c.cursor);
          },
          [&](const CancelCommand& c) {
            auto cancel = to.initCancel();
            cancel.setRun(c.run);
            cancel.setSpace(c.space);
            cancel.setFirst(c.first);
            cancel.setLast(c.last);
          },
          [&](const SubscribeCommand& c) { to.setSubscribe(c.queue); },
          [&](const CreditCommand& c) {
            auto credit = to.initCredit();
            credit.setQueue(c.queue);
            credit.setTasks(c.tasks);
            credit.setBytes(c.bytes);
          },
          [&](const BeginCommand& c) { WriteLease(c.token, to.initBegin()); },
          [&](const EmitCommand& c) {
            auto emit = to.initEmit();
            WriteLease(c.token, emit.initLease());
            WriteTasks(c.children, emit.initChildren(c.children.size()), bodies);
          },
          [&](const SettleCommand& c) {
            auto settle = to.initSettle();
            WriteLease(c.token, settle.initLease());
            settle.setQueue(c.queue);
            WriteTaskId(c.id, settle.initId());
            WriteTasks(c.children, settle.initChildren(c.children.size()), bodies);
          },
          [&](const RenewCommand& c) { WriteRenewedLeases(c.tokens, c.phases, to.initRenew()); },
          [&](const AcceptCommand& c) { WriteLease(c.token, to.initAccept()); },
          [&](const ReleaseCommand& c) { WriteLease(c.token, to.initRelease()); },
          [&](const FailCommand& c) {
            auto fail = to.initFail();
            WriteLease(c.token, fail.initLease());
            fail.setReason(c.reason.substr(0, kMaxReasonBytes));
          },
          [&](const StatsCommand&) { to.setStats(); },
          [&](const PeekCommand& c) {
            auto peek = to.initPeek();
            peek.setQueue(c.queue);
            peek.setState(static_cast<uint8_t>(c.state));
            peek.setLimit(c.limit);
          },
          [&](const ReviveCommand& c) {
            auto revive = to.initRevive();
            revive.setQueue(c.queue);
            revive.setAll(!c.id.has_value());
            if (c.id.has_value()) WriteTaskId(*c.id, revive.initId());
          },
          [&](const PurgeCommand& c) {
            auto purge = to.initPurge();
            purge.setQueue(c.queue);
            purge.setWhich(static_cast<uint8_t>(c.which));
          },
          [&](const PauseCommand& c) { to.setPause(c.queue); },
          [&](const ResumeCommand& c) { to.setResume(c.queue); },
      },
      command.verb);
}

// Tasks and small items of a command: what its words depend on.
std::pair<size_t, size_t> Extent(const Command& command) {
  if (const auto* emit = std::get_if<EmitCommand>(&command.verb)) return {emit->children.size(), 1};
  if (const auto* settle = std::get_if<SettleCommand>(&command.verb)) {
    return {settle->children.size(), 1};
  }
  if (const auto* renew = std::get_if<RenewCommand>(&command.verb)) {
    return {0, 1 + renew->tokens.size() / 4 + renew->phases.size() / 2};
  }
  if (std::holds_alternative<PutCommand>(command.verb)) return {1, 1};
  return {0, 1};
}

Result<RenewCommand> ReadRenew(schema::Command::Renew::Reader from) {
  RenewCommand renew;
  COHORT_ASSIGN_OR_RETURN(renew.tokens, ReadLeases(from.getLeases()));
  const auto phases = from.getPhases();
  if (phases.size() != 0 && phases.size() != renew.tokens.size()) {
    return InvalidArgument("a renewal tells phases of other leases than it renews");
  }
  for (auto phase : phases) renew.phases.push_back(ReadReason(phase, kMaxPhaseBytes));
  return renew;
}

Result<Verb> ReadOperatorsVerb(schema::Command::Reader from) {
  constexpr std::string_view kQueue = "an operator's queue";
  switch (from.which()) {
    case schema::Command::PEEK: {
      auto peek = from.getPeek();
      PeekCommand command;
      COHORT_ASSIGN_OR_RETURN(command.queue, ReadName(peek.getQueue(), kQueue));
      COHORT_ASSIGN_OR_RETURN(command.state, ReadTaskState(peek.getState()));
      command.limit = peek.getLimit();
      if (command.limit < 1 || command.limit > kMaxPeeked) {
        return InvalidArgument("a peek asks for other than 1 to " + std::to_string(kMaxPeeked) +
                               " tasks");
      }
      return Verb(std::move(command));
    }
    case schema::Command::REVIVE: {
      auto revive = from.getRevive();
      ReviveCommand command;
      COHORT_ASSIGN_OR_RETURN(command.queue, ReadName(revive.getQueue(), kQueue));
      if (!revive.getAll()) {
        COHORT_ASSIGN_OR_RETURN(command.id, ReadTaskId(revive.getId()));
      }
      return Verb(std::move(command));
    }
    case schema::Command::PURGE: {
      auto purge = from.getPurge();
      PurgeCommand command;
      COHORT_ASSIGN_OR_RETURN(command.queue, ReadName(purge.getQueue(), kQueue));
      const uint8_t which = purge.getWhich();
      if (which < 1 || which > 3) return InvalidArgument("a purge of unknown tasks");
      command.which = static_cast<PurgeScope>(which);
      return Verb(std::move(command));
    }
    case schema::Command::PAUSE: {
      COHORT_ASSIGN_OR_RETURN(std::string queue, ReadName(from.getPause(), kQueue));
      return Verb(PauseCommand{std::move(queue)});
    }
    default: {
      COHORT_ASSIGN_OR_RETURN(std::string queue, ReadName(from.getResume(), kQueue));
      return Verb(ResumeCommand{std::move(queue)});
    }
  }
}

Result<Verb> ReadVerb(schema::Command::Reader from, BodyResolver& bodies) {
  switch (from.which()) {
    case schema::Command::PUT: {
      COHORT_ASSIGN_OR_RETURN(TaskSpec task, ReadTask(from.getPut(), bodies));
      return Verb(PutCommand{std::move(task)});
    }
    case schema::Command::FLOOR: {
      auto floor = from.getFloor();
      COHORT_ASSIGN_OR_RETURN(std::string queue, ReadName(floor.getQueue(), "a floor's queue"));
      return Verb(
          FloorCommand{std::move(queue), floor.getRun(), floor.getSpace(), floor.getCursor()});
    }
    case schema::Command::CANCEL: {
      auto cancel = from.getCancel();
      return Verb(
          CancelCommand{cancel.getRun(), cancel.getSpace(), cancel.getFirst(), cancel.getLast()});
    }
    case schema::Command::SUBSCRIBE: {
      COHORT_ASSIGN_OR_RETURN(std::string queue,
                              ReadName(from.getSubscribe(), "a subscribed queue"));
      return Verb(SubscribeCommand{std::move(queue)});
    }
    case schema::Command::CREDIT: {
      auto credit = from.getCredit();
      COHORT_ASSIGN_OR_RETURN(std::string queue, ReadName(credit.getQueue(), "a credit's queue"));
      return Verb(CreditCommand{std::move(queue), credit.getTasks(), credit.getBytes()});
    }
    case schema::Command::BEGIN: {
      COHORT_ASSIGN_OR_RETURN(LeaseToken token, ReadLease(from.getBegin()));
      return Verb(BeginCommand{token});
    }
    case schema::Command::EMIT: {
      auto emit = from.getEmit();
      COHORT_ASSIGN_OR_RETURN(LeaseToken token, ReadLease(emit.getLease()));
      COHORT_ASSIGN_OR_RETURN(std::vector<TaskSpec> children,
                              ReadTasks(emit.getChildren(), bodies));
      return Verb(EmitCommand{token, std::move(children)});
    }
    case schema::Command::SETTLE: {
      auto settle = from.getSettle();
      SettleCommand command;
      COHORT_ASSIGN_OR_RETURN(command.token, ReadLease(settle.getLease()));
      COHORT_ASSIGN_OR_RETURN(command.queue, ReadName(settle.getQueue(), "a settle's queue"));
      COHORT_ASSIGN_OR_RETURN(command.id, ReadTaskId(settle.getId()));
      COHORT_ASSIGN_OR_RETURN(command.children, ReadTasks(settle.getChildren(), bodies));
      return Verb(std::move(command));
    }
    case schema::Command::RENEW: {
      COHORT_ASSIGN_OR_RETURN(RenewCommand renew, ReadRenew(from.getRenew()));
      return Verb(std::move(renew));
    }
    case schema::Command::ACCEPT: {
      COHORT_ASSIGN_OR_RETURN(LeaseToken token, ReadLease(from.getAccept()));
      return Verb(AcceptCommand{token});
    }
    case schema::Command::RELEASE: {
      COHORT_ASSIGN_OR_RETURN(LeaseToken token, ReadLease(from.getRelease()));
      return Verb(ReleaseCommand{token});
    }
    case schema::Command::FAIL: {
      auto fail = from.getFail();
      COHORT_ASSIGN_OR_RETURN(LeaseToken token, ReadLease(fail.getLease()));
      return Verb(FailCommand{token, ReadReason(fail.getReason())});
    }
    case schema::Command::STATS:
      return Verb(StatsCommand{});
    case schema::Command::PEEK:
    case schema::Command::REVIVE:
    case schema::Command::PURGE:
    case schema::Command::PAUSE:
    case schema::Command::RESUME:
      return ReadOperatorsVerb(from);
    case schema::Command::INVALID:
      break;
  }
  return InvalidArgument("a command has a verb that this version does not know");
}

Result<HelloMessage> ReadHello(schema::Hello::Reader from) {
  HelloMessage hello;
  const uint8_t role = from.getRole();
  if (role < 1 || role > 4) return InvalidArgument("a hello has an unknown role");
  hello.role = static_cast<Role>(role);
  COHORT_ASSIGN_OR_RETURN(hello.instance, ReadName(from.getInstance(), "a hello's instance"));
  COHORT_ASSIGN_OR_RETURN(hello.held, ReadLeases(from.getHeld()));
  hello.known_epoch = from.getKnownEpoch();
  return hello;
}

Result<std::vector<Command>> ReadCommands(capnp::List<schema::Command>::Reader from,
                                          BodyResolver& bodies) {
  if (from.size() > kMaxCommands) {
    return InvalidArgument("an envelope has more than " + std::to_string(kMaxCommands) +
                           " commands");
  }
  std::vector<Command> commands;
  commands.reserve(from.size());
  for (auto each : from) {
    const uint64_t number = each.getNumber();
    COHORT_ASSIGN_OR_RETURN(Verb verb, ReadVerb(each, bodies));
    if (number == 0 && !IsSaidAnew(verb)) return InvalidArgument("a command has number zero");
    commands.push_back({number, std::move(verb)});
  }
  return commands;
}

}  // namespace

Frames EncodeHello(uint64_t session, const HelloMessage& hello) {
  capnp::MallocMessageBuilder message(FirstSegmentWords(0, 4 + hello.held.size() / 4));
  auto to = Start(message, session).initHello();
  to.setRole(static_cast<uint8_t>(hello.role));
  to.setInstance(hello.instance);
  WriteLeases(hello.held, to.initHeld(hello.held.size()));
  to.setKnownEpoch(hello.known_epoch);
  return OneFrame(message);
}

Frames EncodeCommands(uint64_t session, std::span<const Command* const> commands) {
  size_t tasks = 0;
  size_t items = 0;
  for (const Command* command : commands) {
    const auto [more_tasks, more_items] = Extent(*command);
    tasks += more_tasks;
    items += more_items;
  }
  capnp::MallocMessageBuilder message(FirstSegmentWords(tasks, items));
  auto list = Start(message, session).initCommands(commands.size());
  BodyPacker bodies;
  for (size_t i = 0; i < commands.size(); ++i) WriteCommand(*commands[i], list[i], bodies);
  return std::move(bodies).Finish(ToFrame(message));
}

Frames EncodePing(uint64_t session) {
  capnp::MallocMessageBuilder message(32);
  Start(message, session).setPing();
  return OneFrame(message);
}

Frames EncodeGoodbye(uint64_t session) {
  capnp::MallocMessageBuilder message(32);
  Start(message, session).setGoodbye();
  return OneFrame(message);
}

Result<ClientMessage> DecodeClientMessage(Frames frames) {
  if (frames.empty()) return DataLoss("message: no frames");
  if (frames.size() > kMaxFrames) return DataLoss("message: too many frames");
  ClientMessage message;
  BodyResolver bodies(frames);
  const Status status = ReadFrame<schema::Envelope>(
      FrameView(frames[0]), "envelope", [&](schema::Envelope::Reader envelope) -> Status {
        if (envelope.getProtocol() != kProtocolVersion) {
          return FailedPrecondition("protocol version " + std::to_string(envelope.getProtocol()) +
                                    " is not " + std::to_string(kProtocolVersion) +
                                    ": run the same version of Cohort everywhere");
        }
        message.session = envelope.getSession();
        if (message.session == 0) return InvalidArgument("envelope: session zero");
        switch (envelope.which()) {
          case schema::Envelope::HELLO: {
            COHORT_ASSIGN_OR_RETURN(message.content, ReadHello(envelope.getHello()));
            return Status();
          }
          case schema::Envelope::COMMANDS: {
            COHORT_ASSIGN_OR_RETURN(message.content, ReadCommands(envelope.getCommands(), bodies));
            return Status();
          }
          case schema::Envelope::PING:
            message.content = Ping{};
            return Status();
          case schema::Envelope::GOODBYE:
            message.content = Goodbye{};
            return Status();
          default:
            return InvalidArgument("envelope: no message of a process");
        }
      });
  if (!status.ok()) return status;
  return message;
}

size_t ApproximateBytes(const Command& command) {
  size_t bytes = 64;
  const auto add = [&bytes](const TaskSpec& task) { bytes += 256 + task.body.size(); };
  if (const auto* put = std::get_if<PutCommand>(&command.verb)) add(put->task);
  if (const auto* emit = std::get_if<EmitCommand>(&command.verb)) {
    for (const TaskSpec& child : emit->children) add(child);
  }
  if (const auto* settle = std::get_if<SettleCommand>(&command.verb)) {
    for (const TaskSpec& child : settle->children) add(child);
  }
  if (const auto* renew = std::get_if<RenewCommand>(&command.verb)) {
    bytes += 24 * renew->tokens.size();
    for (const std::string& phase : renew->phases) bytes += 16 + phase.size();
  }
  return bytes;
}

}  // namespace cohort
