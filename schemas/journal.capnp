@0xd3a1f0b62c9e4478;
# What the broker's journal remembers: one Change to a record.
#
# The record's head is a Change; the bodies of its tasks follow it in the record, in the order of the
# images, each `bodyBytes` long. Times are the machine's own, in nanoseconds: they go on from life to
# life of a broker and have nothing to do with the clock on the wall.
#
# Fields are retired, never renumbered.

using Cxx = import "/capnp/c++.capnp";
using Envelope = import "envelope.capnp";
$Cxx.namespace("cohort::schema::journal");

struct Change {
  at @0 :Int64;   # time of the change
  union {
    invalid @1 :Void;
    start :group {              # the broker started
      epoch @2 :UInt64;
      rememberedSince @3 :UInt64;  # tasks put since this epoch are still known
    }
    queue @4 :Queue;            # replaces what was known of it
    task @5 :Task;              # a task that is new, or is written anew
    retired6 @6 :Over;          # read, not written: remembered, one task
    retired7 :group {           # the same: leases, one
      of @7 :Name;
      lease @8 :Lease;
    }
    failure :group {            # an attempt that counted
      of @9 :Name;
      reason @10 :Text;         # with the attempt's number and whose it was
    }
    emit :group {               # children that were put early
      of @11 :Name;
      emitted @12 :List(Envelope.TaskId);  # all of them
      children @13 :List(Task);            # those that were new
    }
    settle :group {
      over @14 :Over;
      children @15 :List(Task);
    }
    end :group {                # without a result
      of @16 :Name;
      deadLetter @17 :Bool;     # it stays as one
      children @18 :List(Task); # its obituary, if one was written
    }
    revive :group {             # a dead letter lives again
      of @19 :Name;
      obituaries @20 :Text;     # its obituary there is as if it had never been; empty: none was
      task @21 :Task;           # it, written anew; null: it is not kept here
    }
    remembered :group {         # tasks that are over, written anew
      queue @22 :Text;
      over @23 :List(Settled);
    }
    leases :group {             # in the order in which they were given
      queue @24 :Text;
      given @25 :List(Given);
    }
  }
}

struct Name {
  queue @0 :Text;
  id @1 :Envelope.TaskId;
}

struct Over {
  of @0 :Name;
  epoch @1 :UInt64;   # the lease that settled it; zeros: it was not settled
  lease @2 :UInt64;
}

struct Settled {
  id @0 :Envelope.TaskId;
  epoch @1 :UInt64;   # as in Over
  lease @2 :UInt64;
}

struct Given {
  id @0 :Envelope.TaskId;
  lease @1 :Lease;
}

struct Lease {
  session @0 :UInt64;
  epoch @1 :UInt64;
  lease @2 :UInt64;
  accepted @3 :Bool;
}

struct Floor {
  run @0 :UInt64;
  space @1 :UInt64;
  cursor @2 :UInt64;
}

struct Queue {
  name @0 :Text;
  paused @1 :Bool;
  floors @2 :List(Floor);
}

struct Task {
  of @0 :Name;
  bodyBytes @1 :UInt64;
  priority @2 :UInt8;
  results @3 :Text;
  obituaries @4 :Text;
  children @5 :UInt32;
  maxAttempts @6 :UInt32;
  putAt @7 :Int64;
  deadline @8 :Int64;           # the largest value: none
  order @9 :UInt64;             # of its put, over all queues
  dead @10 :Bool;
  delivered @11 :Bool;
  failures @12 :UInt32;
  reasons @13 :List(Text);      # of those
  emitted @14 :List(Envelope.TaskId);
  obituary @15 :Envelope.Obituary;  # null unless the task tells of an end
  lease @16 :Lease;                 # null: nobody holds it
}
