# How weights travel from the learner to the actors.
#
# The learner's publisher binds one socket (ZeroMQ ROUTER), every actor connects to it (DEALER). Each
# message is one frame that holds a WeightsMessage; a `chunk` is followed by a second frame, the raw
# bytes. The actor speaks first and keeps the flow in its own hands:
#
#   actor                              learner
#   hello                    ->
#                            <-        offers       (also after every publication)
#   fetch, fetch, fetch …    ->                     (as many as the actor's credit allows)
#                            <-        chunk, chunk, chunk …
#   fetch                    ->                     (one for each chunk that arrived)
#   loaded                   ->                     (the digest of what was loaded)
#                            <-        verdict
#   failed                   ->                     (instead of loaded: why it could not)
#   ping                     ->                     (every second; silence means a lost peer)
#                            <-        pong
#
# The learner keeps no queue for anybody: it answers one fetch with one chunk. What it no longer has
# it answers with `gone`. A peer that it does not know (it was started anew) is told `whoAreYou` and
# says hello again. A version is delivered to an actor when the actor has returned its digest.
@0xd84e365b7c2757e3;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("cohort::schema");

const weightsProtocolVersion :UInt32 = 1;   # a peer of another number is refused in one line

struct WeightsMessage {
  union {
    unset @0 :Void;              # never valid

    # actor -> learner
    hello @1 :WeightsHello;
    fetch @2 :WeightsFetch;
    loaded @3 :WeightsLoaded;
    ping @4 :Void;               # proves that the actor lives; answered with pong
    goodbye @5 :Void;            # the actor leaves: forget it now
    failed @6 :WeightsFailed;

    # learner -> actor
    offers @7 :WeightsOffers;
    chunk @8 :WeightsChunk;      # its bytes are the second frame
    gone @9 :WeightsGone;
    verdict @10 :WeightsVerdict;
    pong @11 :Void;
    whoAreYou @12 :Void;         # say hello first
    refused @13 :Text;           # for good: other protocol version; the reason in one line
  }
}

struct WeightsHello {
  protocolVersion @0 :UInt32;
  instance @1 :Text;             # "actor-1"; a later hello of the same instance ends the earlier one
  session @2 :UInt64;            # random, not zero: names this life of the process
}

# The complete state of what can be had. An actor needs no earlier message to understand it.
struct WeightsOffers {
  publisher @0 :UInt64;          # random, not zero: names this life of the publisher
  newest @1 :WeightsOffer;       # for training rollouts; absent before the first publication
  evaluation @2 :WeightsOffer;   # last one published for evaluation; absent when there is none
}

# One publication: all that is needed to stage and to check it.
struct WeightsOffer {
  version @0 :UInt64;            # from 1
  bytes @1 :UInt64;              # size of the whole buffer
  digest @2 :WeightsDigest;      # of the whole buffer
  transport @3 :Transport;
  tensors @4 :List(TensorEntry); # the manifest, in order of their bytes
  epoch @5 :UInt64;              # membership epoch (transports with groups); 0: none

  enum Transport {
    unset @0;                    # never valid
    stream @1;                   # fetched in chunks from this socket
  }
}

struct TensorEntry {
  name @0 :Text;                 # Hugging Face name
  type @1 :Text;                 # safetensors' name: "F32", "BF16"
  shape @2 :List(UInt64);
  offset @3 :UInt64;             # first byte in the buffer
  bytes @4 :UInt64;
}

# XXH3, 128 bits.
struct WeightsDigest {
  high @0 :UInt64;
  low @1 :UInt64;
}

struct WeightsFetch {
  version @0 :UInt64;
  offset @1 :UInt64;             # first byte
  length @2 :UInt32;             # bytes; a publisher may send fewer, never more
}

struct WeightsChunk {
  version @0 :UInt64;
  offset @1 :UInt64;             # first byte; the second frame's size is the length
}

struct WeightsGone {
  version @0 :UInt64;            # nobody can have it any more
}

struct WeightsLoaded {
  version @0 :UInt64;
  digest @1 :WeightsDigest;      # of what the actor holds now
}

struct WeightsFailed {
  version @0 :UInt64;
  reason @1 :Text;               # one line
}

struct WeightsVerdict {
  version @0 :UInt64;
  accepted @1 :Bool;             # false: the actor is quarantined
  reason @2 :Text;               # one line, when it is not accepted
}
