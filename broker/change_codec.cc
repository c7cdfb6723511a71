#include "broker/change_codec.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/io.h>

#include <string>
#include <utility>
#include <vector>

#include "libs/messaging/capnp_frame.h"
#include "libs/messaging/envelope_parts.h"
#include "schemas/journal.capnp.h"

namespace cohort {
namespace {

namespace journal = schema::journal;

// --- to the file

void Write(const std::string& queue, const TaskId& id, journal::Name::Builder to) {
  to.setQueue(queue);
  WriteTaskId(id, to.initId());
}

void Write(const LeaseImage& lease, journal::Lease::Builder to) {
  to.setSession(lease.session);
  to.setEpoch(lease.key.epoch);
  to.setLease(lease.key.lease);
  to.setAccepted(lease.accepted);
}

void Write(const std::string& queue, const TaskId& id, LeaseKey by, journal::Over::Builder to) {
  Write(queue, id, to.initOf());
  to.setEpoch(by.epoch);
  to.setLease(by.lease);
}

void Write(const TaskImage& task, journal::Task::Builder to, std::vector<Body>& bodies) {
  const TaskSpec& spec = task.spec;
  Write(spec.queue, spec.id, to.initOf());
  if (!spec.body.empty()) bodies.push_back(spec.body);
  to.setBodyBytes(spec.body.size());
  to.setPriority(spec.priority);
  if (!spec.results.empty()) to.setResults(spec.results);
  if (!spec.obituaries.empty()) to.setObituaries(spec.obituaries);
  to.setChildren(spec.children);
  to.setMaxAttempts(spec.max_attempts);
  to.setPutAt(task.put_at.time_since_epoch().count());
  to.setDeadline(task.deadline.time_since_epoch().count());
  to.setOrder(task.order);
  to.setDead(task.dead);
  to.setDelivered(task.delivered);
  to.setFailures(task.failures);
  if (!task.reasons.empty()) {
    auto reasons = to.initReasons(task.reasons.size());
    for (size_t i = 0; i < task.reasons.size(); ++i) reasons.set(i, task.reasons[i]);
  }
  if (!task.emitted.empty()) WriteTaskIds(task.emitted, to.initEmitted(task.emitted.size()));
  if (task.obituary.has_value()) WriteObituary(*task.obituary, to.initObituary());
  if (task.lease.has_value()) Write(*task.lease, to.initLease());
}

void Write(const std::vector<TaskImage>& tasks, capnp::List<journal::Task>::Builder to,
           std::vector<Body>& bodies) {
  for (size_t i = 0; i < tasks.size(); ++i) Write(tasks[i], to[i], bodies);
}

void Write(const QueueChange& queue, journal::Queue::Builder to) {
  to.setName(queue.queue);
  to.setPaused(queue.paused);
  auto floors = to.initFloors(queue.floors.size());
  size_t i = 0;
  for (const auto& [space, cursor] : queue.floors) {
    auto floor = floors[i++];
    floor.setRun(space.first);
    floor.setSpace(space.second);
    floor.setCursor(cursor);
  }
}

struct Writer {
  journal::Change::Builder to;
  std::vector<Body>& bodies;

  void operator()(const StartChange& start) {
    auto out = to.initStart();
    out.setEpoch(start.epoch);
    out.setRememberedSince(start.remembered_since);
  }
  void operator()(const QueueChange& queue) { Write(queue, to.initQueue()); }
  void operator()(const TaskChange& task) { Write(task.task, to.initTask(), bodies); }
  void operator()(const RememberedChange& remembered) {
    auto out = to.initRemembered();
    out.setQueue(remembered.queue);
    auto over = out.initOver(remembered.over.size());
    for (size_t i = 0; i < remembered.over.size(); ++i) {
      WriteTaskId(remembered.over[i].id, over[i].initId());
      over[i].setEpoch(remembered.over[i].settled_by.epoch);
      over[i].setLease(remembered.over[i].settled_by.lease);
    }
  }
  void operator()(const LeaseChange& leases) {
    auto out = to.initLeases();
    out.setQueue(leases.queue);
    auto given = out.initGiven(leases.given.size());
    for (size_t i = 0; i < leases.given.size(); ++i) {
      WriteTaskId(leases.given[i].id, given[i].initId());
      Write(leases.given[i].lease, given[i].initLease());
    }
  }
  void operator()(const FailureChange& failure) {
    auto out = to.initFailure();
    Write(failure.queue, failure.id, out.initOf());
    out.setReason(failure.reason);
  }
  void operator()(const EmitChange& emit) {
    auto out = to.initEmit();
    Write(emit.queue, emit.id, out.initOf());
    WriteTaskIds(emit.emitted, out.initEmitted(emit.emitted.size()));
    Write(emit.children, out.initChildren(emit.children.size()), bodies);
  }
  void operator()(const SettleChange& settle) {
    auto out = to.initSettle();
    Write(settle.queue, settle.id, settle.by, out.initOver());
    if (settle.children.empty()) return;
    Write(settle.children, out.initChildren(settle.children.size()), bodies);
  }
  void operator()(const EndChange& end) {
    auto out = to.initEnd();
    Write(end.queue, end.id, out.initOf());
    out.setDeadLetter(end.dead_letter);
    if (end.children.empty()) return;
    Write(end.children, out.initChildren(end.children.size()), bodies);
  }
  void operator()(const ReviveChange& revive) {
    auto out = to.initRevive();
    Write(revive.queue, revive.id, out.initOf());
    if (!revive.obituaries.empty()) out.setObituaries(revive.obituaries);
    if (revive.task.has_value()) Write(*revive.task, out.initTask(), bodies);
  }
};

// --- from the file

// Cuts the bodies off, one after the other.
class BodyCutter {
 public:
  explicit BodyCutter(std::string_view bytes) : rest_(bytes) {}
  Result<Body> Next(uint64_t bytes) {
    if (bytes > rest_.size()) return DataLoss("a body is longer than its record");
    const std::string_view body = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return body.empty() ? Body() : Body::Copy(body);
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// The machine's time begins at zero and reaches no century; beyond it, sums of times would
// overflow.
Result<Time> ReadTime(int64_t nanoseconds) {
  constexpr int64_t kCentury = int64_t{100} * 365 * 24 * 3600 * 1'000'000'000;
  if (nanoseconds < 0 || nanoseconds > kCentury) return DataLoss("a time lies beyond a century");
  return Time(Duration(nanoseconds));
}

Result<Time> ReadDeadline(int64_t nanoseconds) {
  if (Time(Duration(nanoseconds)) == Time::max()) return Time::max();
  return ReadTime(nanoseconds);
}

// Epochs and orders are counted on from what is read.
constexpr uint64_t kMostNumber = UINT64_MAX / 2;

struct Name {
  std::string queue;
  TaskId id;
};

Result<Name> Read(journal::Name::Reader from) {
  Name name;
  COHORT_ASSIGN_OR_RETURN(name.queue, ReadName(from.getQueue(), "a task's queue"));
  COHORT_ASSIGN_OR_RETURN(name.id, ReadTaskId(from.getId()));
  return name;
}

Result<LeaseImage> Read(journal::Lease::Reader from) {
  const LeaseImage lease{from.getSession(), {from.getEpoch(), from.getLease()}, from.getAccepted()};
  if (lease.session == 0 || lease.key.epoch == 0 || lease.key.lease == 0) {
    return DataLoss("a lease has a zero in it");
  }
  return lease;
}

Result<TaskImage> Read(journal::Task::Reader from, BodyCutter& bodies) {
  TaskImage task;
  TaskSpec& spec = task.spec;
  COHORT_ASSIGN_OR_RETURN(Name name, Read(from.getOf()));
  spec.queue = std::move(name.queue);
  spec.id = name.id;
  COHORT_ASSIGN_OR_RETURN(spec.body, bodies.Next(from.getBodyBytes()));
  spec.priority = from.getPriority();
  COHORT_ASSIGN_OR_RETURN(spec.results, ReadOptionalName(from.getResults(), "a results queue"));
  COHORT_ASSIGN_OR_RETURN(spec.obituaries,
                          ReadOptionalName(from.getObituaries(), "an obituary queue"));
  spec.children = from.getChildren();
  spec.max_attempts = from.getMaxAttempts();
  COHORT_ASSIGN_OR_RETURN(task.put_at, ReadTime(from.getPutAt()));
  COHORT_ASSIGN_OR_RETURN(task.deadline, ReadDeadline(from.getDeadline()));
  task.order = from.getOrder();
  if (task.order > kMostNumber) return DataLoss("a task's order is no order");
  task.dead = from.getDead();
  task.delivered = from.getDelivered();
  task.failures = from.getFailures();
  for (auto reason : from.getReasons()) task.reasons.push_back(ReadReason(reason));
  COHORT_ASSIGN_OR_RETURN(task.emitted, ReadTaskIds(from.getEmitted()));
  if (from.hasObituary()) {
    COHORT_ASSIGN_OR_RETURN(task.obituary, ReadObituary(from.getObituary()));
  }
  if (from.hasLease()) {
    COHORT_ASSIGN_OR_RETURN(task.lease, Read(from.getLease()));
  }
  return task;
}

Result<std::vector<TaskImage>> Read(capnp::List<journal::Task>::Reader from, BodyCutter& bodies) {
  std::vector<TaskImage> tasks;
  for (auto each : from) {
    COHORT_ASSIGN_OR_RETURN(TaskImage task, Read(each, bodies));
    tasks.push_back(std::move(task));
  }
  return tasks;
}

Result<QueueChange> Read(journal::Queue::Reader from) {
  QueueChange queue;
  COHORT_ASSIGN_OR_RETURN(queue.queue, ReadName(from.getName(), "a queue"));
  queue.paused = from.getPaused();
  for (auto floor : from.getFloors()) {
    queue.floors[{floor.getRun(), floor.getSpace()}] = floor.getCursor();
  }
  return queue;
}

Result<ChangeOf> Read(journal::Change::Reader from, BodyCutter& bodies) {
  switch (from.which()) {
    case journal::Change::INVALID:
      break;
    case journal::Change::START: {
      const StartChange start{from.getStart().getEpoch(), from.getStart().getRememberedSince()};
      if (start.epoch == 0 || start.epoch > kMostNumber) return DataLoss("an epoch is no epoch");
      return ChangeOf(start);
    }
    case journal::Change::QUEUE: {
      COHORT_ASSIGN_OR_RETURN(QueueChange queue, Read(from.getQueue()));
      return ChangeOf(std::move(queue));
    }
    case journal::Change::TASK: {
      COHORT_ASSIGN_OR_RETURN(TaskImage task, Read(from.getTask(), bodies));
      return ChangeOf(TaskChange{std::move(task)});
    }
    case journal::Change::RETIRED6: {
      const auto over = from.getRetired6();
      COHORT_ASSIGN_OR_RETURN(Name of, Read(over.getOf()));
      return ChangeOf(
          RememberedChange{std::move(of.queue), {{of.id, {over.getEpoch(), over.getLease()}}}});
    }
    case journal::Change::RETIRED7: {
      COHORT_ASSIGN_OR_RETURN(Name of, Read(from.getRetired7().getOf()));
      COHORT_ASSIGN_OR_RETURN(const LeaseImage lease, Read(from.getRetired7().getLease()));
      return ChangeOf(LeaseChange{std::move(of.queue), {{of.id, lease}}});
    }
    case journal::Change::REMEMBERED: {
      RememberedChange change;
      COHORT_ASSIGN_OR_RETURN(change.queue, ReadName(from.getRemembered().getQueue(), "a queue"));
      for (auto each : from.getRemembered().getOver()) {
        COHORT_ASSIGN_OR_RETURN(const TaskId id, ReadTaskId(each.getId()));
        change.over.push_back({id, {each.getEpoch(), each.getLease()}});
      }
      return ChangeOf(std::move(change));
    }
    case journal::Change::LEASES: {
      LeaseChange change;
      COHORT_ASSIGN_OR_RETURN(change.queue, ReadName(from.getLeases().getQueue(), "a queue"));
      for (auto each : from.getLeases().getGiven()) {
        COHORT_ASSIGN_OR_RETURN(const TaskId id, ReadTaskId(each.getId()));
        COHORT_ASSIGN_OR_RETURN(const LeaseImage lease, Read(each.getLease()));
        change.given.push_back({id, lease});
      }
      return ChangeOf(std::move(change));
    }
    case journal::Change::FAILURE: {
      COHORT_ASSIGN_OR_RETURN(Name of, Read(from.getFailure().getOf()));
      return ChangeOf(
          FailureChange{std::move(of.queue), of.id, ReadReason(from.getFailure().getReason())});
    }
    case journal::Change::EMIT: {
      const auto emit = from.getEmit();
      COHORT_ASSIGN_OR_RETURN(Name of, Read(emit.getOf()));
      COHORT_ASSIGN_OR_RETURN(auto emitted, ReadTaskIds(emit.getEmitted()));
      COHORT_ASSIGN_OR_RETURN(auto children, Read(emit.getChildren(), bodies));
      return ChangeOf(
          EmitChange{std::move(of.queue), of.id, std::move(emitted), std::move(children)});
    }
    case journal::Change::SETTLE: {
      const auto over = from.getSettle().getOver();
      COHORT_ASSIGN_OR_RETURN(Name of, Read(over.getOf()));
      COHORT_ASSIGN_OR_RETURN(auto children, Read(from.getSettle().getChildren(), bodies));
      return ChangeOf(SettleChange{
          std::move(of.queue), of.id, {over.getEpoch(), over.getLease()}, std::move(children)});
    }
    case journal::Change::END: {
      const auto end = from.getEnd();
      COHORT_ASSIGN_OR_RETURN(Name of, Read(end.getOf()));
      COHORT_ASSIGN_OR_RETURN(auto children, Read(end.getChildren(), bodies));
      return ChangeOf(
          EndChange{std::move(of.queue), of.id, end.getDeadLetter(), std::move(children)});
    }
    case journal::Change::REVIVE: {
      const auto revive = from.getRevive();
      ReviveChange change;
      COHORT_ASSIGN_OR_RETURN(Name of, Read(revive.getOf()));
      change.queue = std::move(of.queue);
      change.id = of.id;
      COHORT_ASSIGN_OR_RETURN(change.obituaries,
                              ReadOptionalName(revive.getObituaries(), "an obituary queue"));
      if (revive.hasTask()) {
        COHORT_ASSIGN_OR_RETURN(change.task, Read(revive.getTask(), bodies));
      }
      return ChangeOf(std::move(change));
    }
  }
  return DataLoss("a change of a kind that this version does not know");
}

constexpr uint32_t kChangeType = kFirstRecordType;

}  // namespace

JournalRecord EncodeChange(const Change& change) {
  JournalRecord record;
  record.sequence = change.sequence;
  record.type = kChangeType;
  record.sync = MustBeSynced(change.what);
  capnp::word scratch[256] = {};
  capnp::MallocMessageBuilder message(kj::arrayPtr(scratch, 256));
  auto root = message.initRoot<journal::Change>();
  root.setAt(change.at.time_since_epoch().count());
  std::visit(Writer{root, record.bodies}, change.what);
  record.head.resize(capnp::computeSerializedSizeInWords(message) * sizeof(capnp::word));
  kj::ArrayOutputStream out(
      kj::arrayPtr(reinterpret_cast<kj::byte*>(record.head.data()), record.head.size()));
  capnp::writeMessage(out, message);
  return record;
}

Result<Change> DecodeChange(uint64_t sequence, uint32_t type, std::string_view head,
                            std::string_view bodies) {
  if (type != kChangeType) {
    return DataLoss("record " + std::to_string(sequence) + " is of unknown type " +
                    std::to_string(type));
  }
  Change change;
  change.sequence = sequence;
  BodyCutter cutter(bodies);
  COHORT_RETURN_IF_ERROR(ReadFrame<journal::Change>(
      head, "record " + std::to_string(sequence), [&](journal::Change::Reader from) -> Status {
        COHORT_ASSIGN_OR_RETURN(change.at, ReadTime(from.getAt()));
        COHORT_ASSIGN_OR_RETURN(change.what, Read(from, cutter));
        return Status();
      }));
  if (!cutter.empty()) {
    return DataLoss("record " + std::to_string(sequence) + " is longer than its bodies");
  }
  return change;
}

}  // namespace cohort
