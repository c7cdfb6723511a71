// The pieces that messages of both directions and the broker's journal share: ids, leases, tasks.
// Used by their codecs only.
#pragma once

#include <string>
#include <vector>

#include "libs/messaging/envelope.h"
#include "libs/messaging/envelope_bodies.h"
#include "schemas/envelope.capnp.h"

namespace cohort {

void WriteTaskId(const TaskId& id, schema::TaskId::Builder to);
void WriteTaskIds(const std::vector<TaskId>& ids, capnp::List<schema::TaskId>::Builder to);
void WriteLease(const LeaseToken& token, schema::Lease::Builder to);
void WriteLeases(const std::vector<LeaseToken>& tokens, capnp::List<schema::Lease>::Builder to);
void WriteTask(const TaskSpec& task, schema::Task::Builder to, BodyPacker& bodies);
void WriteTasks(const std::vector<TaskSpec>& tasks, capnp::List<schema::Task>::Builder to,
                BodyPacker& bodies);

void WriteObituary(const Obituary& obituary, schema::Obituary::Builder to);

Result<EndReason> ReadEndReason(uint8_t from);
Result<Obituary> ReadObituary(schema::Obituary::Reader from);
Result<TaskId> ReadTaskId(schema::TaskId::Reader from);
Result<std::vector<TaskId>> ReadTaskIds(capnp::List<schema::TaskId>::Reader from);
Result<LeaseToken> ReadLease(schema::Lease::Reader from);
Result<std::vector<LeaseToken>> ReadLeases(capnp::List<schema::Lease>::Reader from);
// At least one byte.
Result<std::string> ReadName(capnp::Text::Reader from, std::string_view what);
Result<std::string> ReadOptionalName(capnp::Text::Reader from, std::string_view what);
// Cut to so many bytes, without control characters.
std::string ReadReason(capnp::Text::Reader from, size_t most = kMaxReasonBytes);
Result<TaskSpec> ReadTask(schema::Task::Reader from, BodyResolver& bodies);
Result<std::vector<TaskSpec>> ReadTasks(capnp::List<schema::Task>::Reader from,
                                        BodyResolver& bodies);

Result<TaskState> ReadTaskState(uint8_t from);

uint8_t WireCode(StatusCode code);
// Fails for a code that this version does not know.
Status ReadStatus(uint8_t code, std::string reason, Status* status);

// Words of the first segment that hold a message of about this many tasks, ids and leases.
size_t FirstSegmentWords(size_t tasks, size_t small_items);

}  // namespace cohort
