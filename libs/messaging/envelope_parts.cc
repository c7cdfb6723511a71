#include "libs/messaging/envelope_parts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "libs/messaging/names.h"

namespace cohort {
namespace {

// Index is the number on the wire; zero is never valid.
constexpr std::array<StatusCode, 8> kCodes = {
    StatusCode::kInternal,           StatusCode::kOk,
    StatusCode::kInvalidArgument,    StatusCode::kNotFound,
    StatusCode::kFailedPrecondition, StatusCode::kResourceExhausted,
    StatusCode::kUnavailable,        StatusCode::kPermissionDenied};

std::string_view View(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

}  // namespace

void WriteTaskId(const TaskId& id, schema::TaskId::Builder to) {
  to.setRun(id.run);
  to.setSpace(id.space);
  to.setCursor(id.cursor);
  to.setIndex(id.index);
}

void WriteTaskIds(const std::vector<TaskId>& ids, capnp::List<schema::TaskId>::Builder to) {
  for (size_t i = 0; i < ids.size(); ++i) WriteTaskId(ids[i], to[i]);
}

void WriteLease(const LeaseToken& token, schema::Lease::Builder to) {
  to.setEpoch(token.epoch);
  to.setLease(token.lease);
  to.setAttempt(token.attempt);
}

void WriteLeases(const std::vector<LeaseToken>& tokens, capnp::List<schema::Lease>::Builder to) {
  for (size_t i = 0; i < tokens.size(); ++i) WriteLease(tokens[i], to[i]);
}

void WriteTask(const TaskSpec& task, schema::Task::Builder to, BodyPacker& bodies) {
  to.setQueue(task.queue);
  WriteTaskId(task.id, to.initId());
  bodies.Add(task.body, to.initBody());
  to.setPriority(task.priority);
  if (!task.results.empty()) to.setResults(task.results);
  if (!task.obituaries.empty()) to.setObituaries(task.obituaries);
  to.setChildren(task.children);
  to.setDeadlineSeconds(task.deadline_seconds);
  to.setMaxAttempts(task.max_attempts);
}

void WriteTasks(const std::vector<TaskSpec>& tasks, capnp::List<schema::Task>::Builder to,
                BodyPacker& bodies) {
  for (size_t i = 0; i < tasks.size(); ++i) WriteTask(tasks[i], to[i], bodies);
}

void WriteObituary(const Obituary& obituary, schema::Obituary::Builder to) {
  to.setReason(static_cast<uint8_t>(obituary.reason));
  to.setDetail(obituary.detail);
  if (obituary.emitted.empty()) return;
  WriteTaskIds(obituary.emitted, to.initEmitted(obituary.emitted.size()));
}

Result<EndReason> ReadEndReason(uint8_t from) {
  if (from < 1 || from > 4) return DataLoss("an obituary has an unknown reason");
  return static_cast<EndReason>(from);
}

Result<Obituary> ReadObituary(schema::Obituary::Reader from) {
  Obituary obituary;
  COHORT_ASSIGN_OR_RETURN(obituary.reason, ReadEndReason(from.getReason()));
  obituary.detail = ReadReason(from.getDetail());
  COHORT_ASSIGN_OR_RETURN(obituary.emitted, ReadTaskIds(from.getEmitted()));
  return obituary;
}

Result<TaskId> ReadTaskId(schema::TaskId::Reader from) {
  const TaskId id{from.getRun(), from.getSpace(), from.getCursor(), from.getIndex()};
  if (id.run == 0 || id.space == 0) return InvalidArgument("a task id has run or space zero");
  return id;
}

Result<std::vector<TaskId>> ReadTaskIds(capnp::List<schema::TaskId>::Reader from) {
  std::vector<TaskId> ids;
  for (auto each : from) {
    COHORT_ASSIGN_OR_RETURN(TaskId id, ReadTaskId(each));
    ids.push_back(id);
  }
  return ids;
}

Result<LeaseToken> ReadLease(schema::Lease::Reader from) {
  const LeaseToken token{from.getEpoch(), from.getLease(), from.getAttempt()};
  if (token.epoch == 0 || token.lease == 0) return InvalidArgument("a lease has a zero in it");
  return token;
}

Result<std::vector<LeaseToken>> ReadLeases(capnp::List<schema::Lease>::Reader from) {
  std::vector<LeaseToken> tokens;
  for (auto each : from) {
    COHORT_ASSIGN_OR_RETURN(LeaseToken token, ReadLease(each));
    tokens.push_back(token);
  }
  return tokens;
}

Result<std::string> ReadOptionalName(capnp::Text::Reader from, std::string_view what) {
  if (from.size() == 0) return std::string();
  return ReadName(from, what);
}

Result<std::string> ReadName(capnp::Text::Reader from, std::string_view what) {
  COHORT_RETURN_IF_ERROR(CheckName(View(from), what));
  return std::string(View(from));
}

std::string ReadReason(capnp::Text::Reader from, size_t most) {
  std::string reason(View(from).substr(0, most));
  std::replace_if(
      reason.begin(), reason.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; },
      ' ');
  return reason;
}

Result<TaskSpec> ReadTask(schema::Task::Reader from, BodyResolver& bodies) {
  TaskSpec task;
  COHORT_ASSIGN_OR_RETURN(task.queue, ReadName(from.getQueue(), "a task's queue"));
  COHORT_ASSIGN_OR_RETURN(task.id, ReadTaskId(from.getId()));
  COHORT_ASSIGN_OR_RETURN(task.body, bodies.Resolve(from.getBody()));
  task.priority = from.getPriority();
  COHORT_ASSIGN_OR_RETURN(task.results, ReadOptionalName(from.getResults(), "a results queue"));
  COHORT_ASSIGN_OR_RETURN(task.obituaries,
                          ReadOptionalName(from.getObituaries(), "an obituary queue"));
  task.children = from.getChildren();
  task.deadline_seconds = from.getDeadlineSeconds();
  // A year: beyond it nanoseconds would overflow.
  constexpr double kLongest = 365.0 * 24 * 3600;
  if (!(task.deadline_seconds >= 0 && task.deadline_seconds <= kLongest)) {
    return InvalidArgument("a task's deadline is not within 0 to 365 days");
  }
  task.max_attempts = from.getMaxAttempts();
  return task;
}

Result<std::vector<TaskSpec>> ReadTasks(capnp::List<schema::Task>::Reader from,
                                        BodyResolver& bodies) {
  std::vector<TaskSpec> tasks;
  for (auto each : from) {
    COHORT_ASSIGN_OR_RETURN(TaskSpec task, ReadTask(each, bodies));
    tasks.push_back(std::move(task));
  }
  return tasks;
}

Result<TaskState> ReadTaskState(uint8_t from) {
  if (from < 1 || from > 5) return InvalidArgument("a task's state is unknown");
  return static_cast<TaskState>(from);
}

uint8_t WireCode(StatusCode code) {
  for (size_t i = 1; i < kCodes.size(); ++i) {
    if (kCodes[i] == code) return static_cast<uint8_t>(i);
  }
  return 2;
}

Status ReadStatus(uint8_t code, std::string reason, Status* status) {
  if (code == 0 || code >= kCodes.size()) return DataLoss("an answer has an unknown code");
  const bool ok = kCodes[code] == StatusCode::kOk;
  *status = ok ? Status() : Status(kCodes[code], std::move(reason));
  return Status();
}

size_t FirstSegmentWords(size_t tasks, size_t small_items) {
  return 64 + 40 * tasks + 24 * small_items;
}

}  // namespace cohort
