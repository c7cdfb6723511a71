// The learner's end of weight publication: offers weights to every actor that connects.
//
// A thread of its own owns the socket, so that publication never holds up a training step: Publish
// hands over a pointer and returns. The newest publication and the newest one for evaluation are
// kept for newcomers; an older one is let go when no actor is in the middle of it. An actor has a
// version when it returned the digest of what it loaded; one that returns another digest, or says
// that it cannot load, is told so, counted and quarantined until it acknowledges a version rightly.
// Nobody is ever waited for. Messages that make no sense are dropped and counted; nothing that a
// peer sends can end the process. All methods are thread-safe.
//
// One transport exists: a stream of chunks over ZeroMQ, fetched by the actors (credit is theirs;
// see schemas/weights.capnp). Others will stand behind this class.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/messaging/key_pair.h"
#include "libs/weights/publication.h"

namespace cohort {

// What the publisher knows of an actor that is connected.
struct ActorState {
  std::string instance;
  uint64_t version = 0;  // the last one acknowledged with the right digest; 0: none yet
  Time since{};          // of that acknowledgement; of the hello while there is none
  uint64_t fetching =
      0;  // the version whose chunks it fetched last and has not answered for; 0: none
  bool quarantined = false;
  std::string why;  // it is quarantined, one line
};

struct PublisherCounters {
  uint64_t publications = 0;
  uint64_t hellos = 0;
  uint64_t chunks = 0;            // sent
  uint64_t bytes = 0;             // of chunks sent
  uint64_t acknowledgements = 0;  // with the right digest
  uint64_t quarantines = 0;       // wrong digests and failures to load
  uint64_t refused = 0;           // messages that made no sense, or from a peer not allowed
  uint64_t dropped = 0;           // answers that a peer's full connection did not take
};

class WeightsPublisher {
 public:
  struct Options {
    std::string endpoint;             // "ipc:///…" or "tcp://127.0.0.1:port" (0: any free one)
    uint32_t chunk_bytes = 1u << 20;  // of one answer at most
    const Clock* clock = nullptr;
    Duration silence = Seconds(10);  // an actor that says nothing for so long is forgotten
    // The learner's own key, and the allow-list of actors' keys. A key that is revoked loses its
    // connection at its next message: a ping a second.
    std::optional<CurveServer> keys = {};
  };

  // Binds; the directory of an ipc endpoint must be there (PrepareEndpointDirectory). An endpoint
  // in use, or without keys one that other machines can reach, is refused in one line.
  static Result<std::unique_ptr<WeightsPublisher>> Start(const Options& options);
  virtual ~WeightsPublisher() = default;  // stops the thread; what was not sent is not sent

  // Returns at once. The version must be greater than all before; the same version again only adds
  // `for_evaluation`. Others are refused with a line in the log: a programmer's error.
  virtual void Publish(Publication publication) = 0;

  // Ordered by instance.
  virtual std::vector<ActorState> Actors() const = 0;
  virtual PublisherCounters Counters() const = 0;
  // Where actors connect, with the port that was chosen.
  virtual const std::string& endpoint() const = 0;
};

}  // namespace cohort
