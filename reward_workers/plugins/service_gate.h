// Whether a service may be asked: one gate for everybody who waits for it.
//
// Open, everybody passes. A service that was not there, or sent somebody away unread, closes it for
// a delay, longer each time in a row (retry_delay.h, up to 16 s: one probe is no burden, and the
// end of an outage is noticed soon) and never shorter than what the caller passes on of the
// service's wish. Then it is half-open: one passes as a probe. Where somebody answers the probe,
// the gate is open for all; where nobody does, it is closed for longer. Only those say something
// who passed since the gate last opened: the many that were under way when an outage began close it
// once, and late news of an outage that is over close nothing. Pure: time is passed in. Belongs to
// one thread.
#pragma once

#include <cstdint>
#include <optional>

#include "libs/base/clock.h"
#include "libs/base/rng.h"

namespace cohort {

class ServiceGate {
 public:
  // `seed` draws the share of each delay that is waited.
  explicit ServiceGate(uint64_t seed) : rng_(seed) {}

  // What a request carries from when it passed until it is known what became of it.
  struct Pass {
    uint64_t opening = 0;  // how often the gate had opened
    bool probe = false;
  };

  bool IsOpen() const { return !closed_since_; }
  // When the outage began; nothing when open.
  std::optional<Time> closed_since() const { return closed_since_; }
  bool MayPass(Time now) const;
  // When MayPass may say so without news of a request: nothing while a probe is under way.
  std::optional<Time> OpensAt() const;

  // Only where MayPass says so.
  Pass Enter();

  // What became of a request, once for each pass. Somebody answered, whatever that was:
  void Answered(Pass pass);
  // Nobody was there, or it was sent away unread and asked to come back after `asked`:
  void Refused(Pass pass, Time now, Duration asked);
  // It broke off, for which the request itself may be to blame. A probe that does leaves the gate
  // closed for a delay as long as the last one; any other changes nothing.
  void BrokeOff(Pass pass, Time now);
  // It was given up before it was answered: the next one may be the probe.
  void GivenUp(Pass pass);

 private:
  Duration Delay(int refusals_before);

  Rng rng_;
  uint64_t openings_ = 0;
  std::optional<Time> closed_since_;
  Time closed_until_{};
  int refusals_ = 0;  // that closed it, in this outage
  bool probing_ = false;
};

}  // namespace cohort
