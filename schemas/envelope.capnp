@0xc0c28ae6f2cf0a11;
# What a process and the broker say to each other.
#
# One message is one ZeroMQ multipart: an Envelope in the first frame, bodies in the frames behind
# it. The broker never reads a body. A connection begins with `hello`, answered by `welcome` (or by
# `refused`, which is final); then the process sends `commands` and the broker `events`, several to
# an envelope. Commands are numbered by the session and are answered in one of two ways: put, emit,
# settle, cancel and stats have an `answer` each, and so have the verbs of operators; the others are
# done when `processed` of any later envelope has reached their number. What is not answered is sent
# again after the next hello, and every command may be applied twice: a put by its task's id, a
# settle by its lease's token, the others change nothing the second time.
#
# Whoever hears nothing from the other side pings. A process that the broker does not know (the
# broker or the connection is a new one) is told `sayHello`.
#
# Fields are retired, never renumbered; zero is never a valid id or kind.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("cohort::schema");

struct Envelope {
  protocol @0 :UInt32;   # major version; messages with another one are refused
  session @1 :UInt64;    # random, one for each life of a client; never zero from a client
  processed @2 :UInt64;  # from the broker: all commands up to this number have been applied
  trace @3 :Data;        # W3C trace context of the sender, empty: none; passed on unread
  union {
    invalid @4 :Void;
    # from a process
    hello @5 :Hello;
    commands @6 :List(Command);
    ping @7 :Void;
    goodbye @8 :Void;        # frees the session's leases at once
    # from the broker
    welcome @9 :Welcome;
    sayHello @10 :Text;      # why
    refused @11 :Refusal;    # final
    events @12 :List(Event);
    pong @13 :Void;
    farewell @14 :Void;      # answers goodbye
  }
}

struct Hello {
  role @0 :UInt8;             # 1 learner, 2 actor, 3 reward worker, 4 operator
  instance @1 :Text;          # "actor-1"; a new session of the same role and instance ends the old one
  held @2 :List(Lease);       # leases that the process still works on; they stay valid
  knownEpoch @3 :UInt64;      # the broker's epoch at our last welcome; 0: none yet
}

struct Welcome {
  epoch @0 :UInt64;             # of this broker's life; grows with every start
  rememberedSince @1 :UInt64;   # tasks put since this epoch are still known
  lost @2 :List(Lease);         # leases of the hello that the broker does not know (any more)
  leaseSeconds @3 :Float64;     # a lease that is not renewed ends after this
  pingSeconds @4 :Float64;      # send something at least this often
  silenceSeconds @5 :Float64;   # hearing nothing for this long, the other side is gone
  windowTasks @6 :UInt32;       # puts that may be unanswered at a time
  windowBytes @7 :UInt64;       # … and the bytes of their bodies
  weightsEndpoint @8 :Text;     # where actors fetch weights; empty: nowhere
}

struct Refusal {
  code @0 :UInt8;    # as Answer.code
  reason @1 :Text;   # one line: what is wrong and the cure
}

# Names one lease: a late answer from an earlier attempt is refused by it.
struct Lease {
  epoch @0 :UInt64;    # the broker's, at issue
  lease @1 :UInt64;    # unique within the epoch, from 1
  attempt @2 :UInt32;  # from 1
}

struct TaskId {
  run @0 :UInt64;     # random, never zero
  space @1 :UInt64;   # 1 training, version + 1 an evaluation
  cursor @2 :UInt64;  # place in the order of issue
  index @3 :UInt32;   # 0 the prompt, from 1 its samples
}

# Where the bytes of a body lie in the multipart message.
struct Body {
  frame @0 :UInt32;   # 1 is the frame behind the envelope; 0: the body is empty
  offset @1 :UInt32;  # bytes
  size @2 :UInt64;    # bytes
}

struct Task {
  queue @0 :Text;
  id @1 :TaskId;
  body @2 :Body;
  priority @3 :UInt8;            # higher first
  results @4 :Text;              # queue of its children; empty: it has none
  obituaries @5 :Text;           # queue that is told of an end without result; empty: nobody
  children @6 :UInt32;           # how many children it will have in all; 0: unknown
  deadlineSeconds @7 :Float64;   # hard limit, from the put; 0: none
  maxAttempts @8 :UInt32;        # 0: the broker's default
}

struct Command {
  number @0 :UInt64;  # of the session, from 1, ascending; 0 for subscribe, credit and renew,
                      # which are said anew after each hello
  union {
    invalid @1 :Void;
    put @2 :Task;
    floor :group {              # ids of this run and space below the cursor are never put again
      queue @3 :Text;
      run @4 :UInt64;
      space @5 :UInt64;
      cursor @6 :UInt64;
    }
    cancel :group {             # in all queues; both ends belong to it
      run @7 :UInt64;
      space @8 :UInt64;
      first @9 :UInt64;
      last @10 :UInt64;
    }
    subscribe @11 :Text;        # queue
    credit :group {
      queue @12 :Text;
      tasks @13 :UInt64;        # deliveries allowed since this hello, in all
      bytes @14 :UInt64;        # … bytes of their bodies; any positive rest admits one task
    }
    begin @15 :Lease;           # first progress: an attempt begins
    emit :group {               # puts children early
      lease @16 :Lease;
      children @17 :List(Task);
    }
    settle :group {             # acknowledges and puts the remaining children in one step
      lease @18 :Lease;
      queue @19 :Text;          # of the task, so that a repeated settle is known as such
      id @20 :TaskId;
      children @21 :List(Task);
    }
    renew :group {
      leases @22 :List(Lease);
      phases @38 :List(Text);   # of each lease: what is done for its task now, for people
                                # ("testing"); 80 bytes of it count. An empty list, or text: nothing
                                # to tell
    }
    accept @23 :Lease;          # hold across checkpoints
    release @24 :Lease;         # hand back untouched
    fail :group {
      lease @25 :Lease;
      reason @26 :Text;
    }
    stats @27 :Void;
    # of operators; answered by `operated`, or by an `answer` that says why not
    peek :group {               # what lies in a queue
      queue @28 :Text;
      state @29 :UInt8;         # 1 ready, 2 leased, 3 accepted, 4 delayed, 5 dead
      limit @30 :UInt32;        # tasks at most, from 1; those that are due first come first
    }
    revive :group {             # dead letters become ready, with fresh attempts
      queue @31 :Text;
      all @32 :Bool;
      id @33 :TaskId;           # null when all
    }
    purge :group {              # ends tasks; who waits for them is told by obituaries
      queue @34 :Text;
      which @35 :UInt8;         # 1 dead, 2 ready (and delayed), 3 these and the leased ones
    }
    pause @36 :Text;            # queue; no deliveries until it is resumed
    resume @37 :Text;           # queue
  }
}

struct Event {
  union {
    invalid @0 :Void;
    answer @1 :Answer;
    deliver @2 :Deliver;
    leaseLost @3 :LeaseLost;
    stats @4 :Stats;
    operated @5 :Operated;
    heldBack @6 :HeldBack;
  }
}

struct Answer {
  number @0 :UInt64;      # of the command
  code @1 :UInt8;         # 1 ok, 2 invalid argument, 3 not found, 4 failed precondition,
                          # 5 resource exhausted, 6 unavailable, 7 permission denied
  reason @2 :Text;        # one line, when not ok
  knownBefore @3 :Bool;   # the task was there already
}

struct Deliver {
  queue @0 :Text;
  id @1 :TaskId;
  lease @2 :Lease;
  redelivered @3 :Bool;
  emitted @4 :List(TaskId);   # children that an earlier attempt put
  obituary @5 :Obituary;      # null unless the task tells of an end; then the body is empty
  body @6 :Body;
}

struct Obituary {
  reason @0 :UInt8;           # 1 dead, 2 expired, 3 cancelled, 4 purged
  detail @1 :Text;            # one line: the reasons of its attempts
  emitted @2 :List(TaskId);   # children that exist nevertheless
}

struct LeaseLost {
  queue @0 :Text;
  id @1 :TaskId;
  lease @2 :Lease;
  reason @3 :Text;
}

struct Stats {
  number @0 :UInt64;   # of the command
  queues @1 :List(QueueStats);
}

struct QueueStats {
  name @0 :Text;
  ready @1 :UInt64;               # tasks, here and below
  leased @2 :UInt64;
  accepted @3 :UInt64;
  delayed @4 :UInt64;
  dead @5 :UInt64;
  bytes @6 :UInt64;               # of all bodies
  oldestAgeSeconds @7 :Float64;   # of a ready task, since its put
  puts @8 :UInt64;                # totals since the broker's start, here and below
  deliveries @9 :UInt64;
  settles @10 :UInt64;
  redeliveries @11 :UInt64;
  staleAnswers @12 :UInt64;
  refused @13 :UInt64;
  subscribers @14 :UInt64;        # now
  waitsFor @15 :Text;             # empty: nothing
  waitsSinceSeconds @16 :Float64;
  paused @17 :Bool;               # by an operator
  # Of the leased tasks whose holders tell what they do, the one that was put first.
  phase @18 :Text;                # empty: no holder tells
  phaseSinceSeconds @19 :Float64; # since the renewal that told it first
  phaseOf @20 :TaskId;
}

# What an operator's verb has done.
struct Operated {
  number @0 :UInt64;     # of the command
  done @1 :UInt64;       # tasks that it revived or ended
  refused @2 :UInt64;    # tasks that it left as they were
  reason @3 :Text;       # why, of the first of those
  tasks @4 :List(TaskSummary);  # of peek
}

# A task in a queue, without its body.
struct TaskSummary {
  id @0 :TaskId;
  state @1 :UInt8;               # as Command.peek.state
  priority @2 :UInt8;
  attempts @3 :UInt32;           # that counted as failures
  bytes @4 :UInt64;              # of its body
  ageSeconds @5 :Float64;        # since its put
  holder @6 :Text;               # instance that has leased or accepted it; empty: nobody
  reasons @7 :List(Text);        # of its attempts, oldest first
  obituary @8 :UInt8;            # as Obituary.reason when it tells of another task's end; 0: it does not
}

# A put has waited for room for a while; its answer will come when there is some.
struct HeldBack {
  number @0 :UInt64;         # of the put
  queue @1 :Text;
  why @2 :Text;              # "full"
  sinceSeconds @3 :Float64;  # for how long so far
}
