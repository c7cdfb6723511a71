# The life of a sample: Prompt → Rollout → Scored.
#
# The learner asks for a group of completions of one prompt (Prompt). An actor draws them and emits
# one Rollout for each. A reward worker judges a rollout and settles it with one Scored, which goes
# back to the learner. Each message carries the one before it, whole: the learner can join, train
# and log a sample from its Scored alone, whatever it has forgotten, and a redelivered task needs
# nothing but itself.
#
# These are bodies. Their task ids, queues, leases and attempts are in the envelope around them,
# which is all that the broker reads.
#
# Rules of this file. Fields are retired with a reason, never renumbered or given another meaning.
# An absent field reads as zero, so zero is never a valid id, kind or reason. Lists of numbers are
# read as raw little-endian bytes: their element type is fixed for ever. Times are seconds since
# 1970, UTC, for people and for ages; nothing is ordered by them. What a valid message promises
# beyond its types is checked by libs/protocol/validate.cc.

@0xc02349910af147ce;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("cohort::schema");

# One question, and how it is to be answered. Learner → actor.
struct Prompt {
  run @0 :UInt64;
  # The run's random name. With space and cursor it is the task's id (index 0).

  space @1 :UInt64;
  # 1 … 2^32 − 1: training prompts, a space for each route. 2^32 + v: the evaluation of version v.

  cursor @2 :UInt64;
  # The prompt's place in its space's order of issue, from 0, over all epochs.

  route @3 :Text;
  # Names the queues that its tasks pass through: prompts.<route>, rollouts.<route>,
  # scored.<route>.

  purpose @4 :Purpose;

  tokens @5 :List(Int32);
  # Token ids of the rendered prompt. At least one.

  groupSize @6 :UInt32;
  # Completions wanted: samples 0 … groupSize − 1.

  sampling @7 :Sampling;

  scorers @8 :List(Text);
  # Names of scorers in the configuration, in the order in which components are reported.

  truth @9 :Data;
  # What scorers compare with: the gold answer's text in UTF-8, for scorers of answers. Actors pass
  # it on unread.

  row @10 :UInt64;
  # The row of the prompt file, from 0. For people.

  seed @11 :UInt64;
  # First part of every draw's seed address: the configured seed.

  minVersion @12 :UInt64;
  # Publication that must have arrived before a token is drawn. At least 1.

  exactVersion @13 :UInt64;
  # Publication that must draw every token (evaluation). 0: any from minVersion.

  have @14 :List(UInt32);
  # Samples that exist already and must not be drawn again, ascending.

  issuedAt @15 :Float64;
  # When the learner first put it, seconds since 1970.

  columns @16 :Text;
  # The other columns of its row as a JSON object, for scorers that read more than a gold answer;
  # at most 1 MiB. Empty: there are none. Actors pass it on unread.
}

enum Purpose {
  unset @0;
  train @1;   # its group may be trained on
  eval @2;    # counted, never trained on
  sample @3;  # shown to a person, never trained on
}

# How tokens are drawn.
struct Sampling {
  temperature @0 :Float64;
  # Divides the logits, > 0. 0: greedy, never for training.

  topP @1 :Float64;
  # Probability mass that is drawn from, in (0, 1]. Below 1 never for training.

  maxNewTokens @2 :UInt32;
  # Longest completion, in tokens, stop token included. At least 1.

  stopTokens @3 :List(Int32);
  # Token ids that end a completion. At least one.
}

# One completion of a prompt. Actor → reward worker.
struct Rollout {
  prompt @0 :Prompt;

  sample @1 :UInt32;
  # Which of the group, from 0. The task's index is sample + 1.

  tokens @2 :List(Int32);
  # Token ids of the completion, the stop token included if one was drawn. At least one.

  logprobs @3 :List(Float32);
  # Natural logarithm of each token's probability under the full softmax at the sampling
  # temperature, by the weights that drew it. As many as tokens.

  finish @4 :Finish;

  versions @5 :List(VersionRun);
  # Which publication drew which tokens: runs in the order of tokens, versions ascending. Their
  # lengths sum to the number of tokens.

  startedAt @6 :Float64;
  # When the first token was drawn, seconds since 1970.

  finishedAt @7 :Float64;
  # When the last token was drawn, seconds since 1970.

  actor @8 :Text;
  # Instance that drew it. For people.
}

enum Finish {
  unset @0;
  stop @1;    # the last token is a stop token
  length @2;  # maxNewTokens, or the model's context, was reached
}

# Tokens drawn in one go by one publication.
struct VersionRun {
  version @0 :UInt64;
  # The publication's number, from 1.

  tokens @1 :UInt32;
  # How many tokens, at least 1.
}

# A rollout and what became of it. Reward worker → learner.
struct Scored {
  rollout @0 :Rollout;

  outcome @1 :Outcome;

  completion @2 :Text;
  # The completion as text, special tokens removed, as the scorers saw it. UTF-8.

  receivedAt @3 :Float64;
  # When the reward worker took the rollout, seconds since 1970.

  scoredAt @4 :Float64;
  # When its outcome was known, seconds since 1970.

  worker @5 :Text;
  # Instance that scored it. For people.
}

# A score made of components, or the reason why there is none: never a bare number.
struct Outcome {
  reason @0 :UInt16;
  # 1 … 99: the model caused it, it is scored. 101 …: it did not, and the sample is masked. The
  # numbers are those of OutcomeReason in libs/scoring/outcome.h, which are never reused.

  correct @1 :Bool;
  # What pass@1 counts. False when masked.

  components @2 :List(Component);
  # One for each scorer of the prompt, in its order (but for reported ones that failed). Empty when
  # masked.

  detail @3 :Text;
  # One line for people. May be empty.

  evidence @4 :Text;
  # What is kept for those who check the outcome later: some lines, 16 KiB at most. May be empty.
}

# One scorer's share of a reward: reward = sum of weight × value.
struct Component {
  name @0 :Text;
  # The scorer's name in the configuration.

  value @1 :Float64;
  # After gates and clamps. Finite.

  weight @2 :Float64;
  # Finite; 0 for what is reported and not rewarded.
}
