// What a client still has to send or to hear an answer for.
//
// Commands get their number when they are first sent, so numbers ascend on the wire. Puts have a
// lane of their own: they wait when the window (what the broker lets be unanswered) is full, the
// others never wait behind them. After a new hello everything that is unanswered goes out again, in
// the order of numbers. Not thread-safe; belongs to the client's thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "libs/messaging/client_shared.h"
#include "libs/messaging/commands.h"

namespace cohort {

struct Outgoing {
  Command command;
  uint64_t tag = 0;
  std::shared_ptr<std::promise<std::vector<QueueStats>>> stats;  // of a stats command
  std::shared_ptr<OperatorPromise> operated;                     // of an operator's verb
};

class ClientOutbox {
 public:
  void Add(Outgoing outgoing);

  // A new session of the connection: what was sent and not answered is to be sent again, but for
  // plain commands that the broker says it has processed. Returns the leases that such commands
  // (release, fail) have ended.
  std::vector<Outgoing> Restart(uint64_t processed, uint32_t window_tasks, uint64_t window_bytes);

  // The next commands for one envelope, at most about `bytes` of them; empty when nothing may go.
  // They stay owned by the outbox and count as sent once MarkSent is called.
  std::vector<const Command*> NextBatch(size_t commands, size_t bytes);
  void MarkSent();

  // The broker cannot take this command now: it is sent again with the next SendPutOff (or after
  // the next hello). False when the number is unknown.
  bool PutOff(uint64_t number);
  void SendPutOff();

  // The command that this number answers; nothing when it is unknown (answered twice).
  std::optional<Outgoing> TakeAnswered(uint64_t number);
  // Plain commands that are done now.
  std::vector<Outgoing> TakeProcessed(uint64_t processed);
  // Puts within the range that were never sent: they need not be.
  std::vector<Outgoing> TakeUnsentPuts(const CancelCommand& cancel);

  bool empty() const { return puts_.empty() && others_.empty() && sent_.empty(); }

 private:
  struct Sent {
    Outgoing outgoing;
    bool on_the_wire = false;
  };
  bool WindowIsOpen() const {
    return open_tasks_ == 0 || (open_tasks_ < window_tasks_ && open_bytes_ < window_bytes_);
  }
  void Promote(std::deque<Outgoing>& lane);
  void Close(const Outgoing& outgoing);

  std::deque<Outgoing> puts_;
  std::deque<Outgoing> others_;
  std::map<uint64_t, Sent> sent_;     // by number: numbered, unanswered
  std::deque<uint64_t> to_send_;      // numbers in sent_ that are not on the wire
  std::deque<uint64_t> unprocessed_;  // plain commands, ascending
  std::vector<uint64_t> put_off_;     // numbers in sent_ that wait for better times
  size_t batched_ = 0;                // of to_send_, given out by NextBatch
  uint64_t last_number_ = 0;
  uint32_t window_tasks_ = 1;
  uint64_t window_bytes_ = 1;
  uint64_t open_tasks_ = 0;
  uint64_t open_bytes_ = 0;
};

}  // namespace cohort
