#include "libs/config/schema.h"

#include <utility>

#include "libs/config/schema_building.h"

namespace cohort {
namespace {

ConfigSection RunSection() {
  using S = RunConfig;
  return Table("run", &Config::run, "The run itself.",
               KeysOf<S>()
                   .Key("name", &S::name, Any(), "Name of the run, for people.")
                   .Key("directory", &S::directory, Any(),
                        "Everything that the run leaves behind lies here; one run, one directory.")
                   .Key("seed", &S::seed, AtLeast(0),
                        "First part of the address of every random draw: the same seed repeats "
                        "the run's draws.")
                   .Key("log_level", &S::log_level, OneOf({"debug", "info", "warning", "error"}),
                        "Records below this level are not logged."));
}

ConfigSection ModelSection() {
  using S = ModelConfigSection;
  return Table(
      "model", &Config::model, "The model that is trained.",
      KeysOf<S>()
          .Key("path", &S::path, Any(),
               "Hugging Face directory with config.json, tokenizer.json and weights.")
          .Key("init", &S::init, OneOf({"pretrained", "random"}),
               "Start from the weights in the directory, or from random ones (config.json and the "
               "tokenizer are enough then).")
          .Key("compute_type", &S::compute_type, OneOf({"bfloat16", "float32"}),
               "Type of the forward and backward passes; master weights are always float32.")
          .Key("chat_template", &S::chat_template, OneOf({"plain", "smollm2"}),
               "How messages become text; plain joins the contents and nothing else.")
          .Key("threads", &S::threads, Within(1, 1024), "Compute threads of each process."));
}

ConfigSection SamplingSection() {
  using S = SamplingConfig;
  return Table("sampling", &Config::sampling, "How training rollouts are drawn.",
               KeysOf<S>()
                   .Key("temperature", &S::temperature, MoreThan(0),
                        "Logits are divided by it; log-probabilities are those at this "
                        "temperature.")
                   .Key("top_p", &S::top_p, OpenWithin(0, 1),
                        "Must be 1 for training: truncated sampling is not corrected for.")
                   .Key("max_new_tokens", &S::max_new_tokens, AtLeast(1),
                        "Longest completion, in tokens with the stop token."));
}

ConfigSection RoutesSection() {
  using S = RouteConfig;
  return List(
      "routes", &Config::routes, "name",
      "Kinds of prompts, each with queues, scorers and patience of its own.",
      KeysOf<S>()
          .Key("name", &S::name, Any(), "Names its queues; a word.")
          .Key("train", &S::train, Any(),
               "JSONL file of training prompts: `prompt` or `messages`, and `answer`.")
          .Key("scorers", &S::scorers, Any(), "Names of the scorers that judge its rollouts.")
          .Key("trained", &S::trained, Any(),
               "false: its groups are drawn, judged and counted as if they were trained, but no "
               "step waits for them or learns from them; they end as observed (scorers in "
               "shadow).")
          .Key(
              "groups_per_step", &S::groups_per_step, AtLeast(1),
              "Its share of a step, in groups: at most, and for the routes with the least patience "
              "exactly.")
          .Key("over_sampling", &S::over_sampling, AtLeast(1),
               "For routes with more patience than others: how many groups are kept under way for "
               "each one that it takes to have its share ready at every step. Above 1 some lie "
               "ready in reserve, so that a hiccup of slow evaluations leaves no gap, and all are "
               "trained later by as much. Every group still counts, whoever finishes first.")
          .Key("group_size", &S::group_size, AtLeast(2), "Completions of each prompt.")
          .Key("min_group", &S::min_group, AtLeast(2),
               "A group with fewer scored members is masked.")
          .Key("max_staleness", &S::max_staleness, AtLeast(0),
               "Oldest group that is trained, in publications of weights; 0 is synchronous.")
          .Key("deadline_seconds", &S::deadline_seconds, MoreThan(0),
               "Seconds after which a group with members still running expires whole.")
          .Key("length_weight", &S::length_weight, AtLeast(0),
               "Weight of Kimi's length value (0.5 for the shortest member of a group, "
               "falling to -0.5 for the longest; never above 0 for a wrong one), added once a "
               "group is complete; 0 is "
               "without.")
          .Key("max_attempts", &S::max_attempts, AtLeast(1),
               "Attempts at a task before it is given up as dead."));
}

KeysOf<StageConfig>& AddOptimizerKeys(KeysOf<StageConfig>& keys) {
  using S = StageConfig;
  return keys
      .Key("kind", &S::kind, OneOf({"sft", "grpo", "eval"}),
           "What the stage does: learn from demonstrations, from rewards, or evaluate once.")
      .Key("steps", &S::steps, AtLeast(0), "Training steps.")
      .Key("learning_rate", &S::learning_rate, AtLeast(0), "AdamW's rate after the warm-up.")
      .Key("warmup_steps", &S::warmup_steps, AtLeast(0),
           "Steps over which the rate rises linearly from 0.")
      .Key("schedule", &S::schedule, OneOf({"constant", "cosine"}),
           "The rate after the warm-up; cosine falls to a tenth.")
      .Key("beta1", &S::beta1, Within(0, 0.9999), "AdamW's decay of the first moment.")
      .Key("beta2", &S::beta2, Within(0, 0.999999), "AdamW's decay of the second moment.")
      .Key("weight_decay", &S::weight_decay, AtLeast(0), "AdamW's decoupled weight decay.")
      .Key("grad_clip", &S::grad_clip, AtLeast(0), "Largest norm of the gradient; 0 does not clip.")
      .Key("micro_batch_rows", &S::micro_batch_rows, AtLeast(1),
           "Packed rows (tokens) of one forward; changes memory and speed, not the result.");
}

ConfigSection StagesSection() {
  using S = StageConfig;
  KeysOf<S> keys;
  return List(
      "stages", &Config::stages, "kind", "What the learner does, in this order.",
      AddOptimizerKeys(keys)
          .Key("data", &S::data, Any(),
               "For sft: JSONL file of demonstrations, `prompt` and `completion`, or `messages`.")
          .Key("batch_size", &S::batch_size, AtLeast(1), "For sft: demonstrations of a step.")
          .Key("minibatches", &S::minibatches, AtLeast(1),
               "For grpo: optimizer steps made of one step's groups.")
          .Key("clip_low", &S::clip_low, AtLeast(0),
               "For grpo: the ratio is clipped at 1 − clip_low.")
          .Key("clip_high", &S::clip_high, AtLeast(0),
               "For grpo: the ratio is clipped at 1 + clip_high.")
          .Key("dual_clip", &S::dual_clip, AtLeast(0),
               "For grpo: caps the loss of negative advantages at this ratio; 0 is off.")
          .Key("kl_coefficient", &S::kl_coefficient, AtLeast(0),
               "For grpo: weight of the KL term (k3) towards the reference; 0 is off.")
          .Key("reference_every", &S::reference_every, AtLeast(0),
               "For grpo: optimizer steps between refreshes of the reference; 0 never refreshes.")
          .Key("aggregation", &S::aggregation, OneOf({"token_mean", "sequence_mean"}),
               "For grpo: mean over all tokens of the step, or over sequences of their means.")
          .Key(
              "ratio", &S::ratio, OneOf({"proximal", "sampler"}),
              "For grpo: what a ratio is taken against. proximal: the learner's policy at the "
              "start of the step, so that a step of one minibatch never clips. sampler: the policy "
              "that drew the token, the paper's old policy, so that stale tokens are clipped.")
          .Key("importance_cap", &S::importance_cap, AtLeast(0),
               "For grpo: cap of the importance weights between sampler and learner; 0 is off.")
          .Key("dynamic_sampling", &S::dynamic_sampling, Any(),
               "For grpo: replace groups whose members all score the same."));
}

ConfigSection EvaluationSection() {
  using S = EvaluationConfig;
  return Table(
      "evaluation", &Config::evaluation, "Held-out prompts, sampled while training goes on.",
      KeysOf<S>()
          .Key("data", &S::data, Any(), "JSONL file of prompts; empty evaluates nothing.")
          .Key("scorers", &S::scorers, Any(), "Names of scorers; empty takes the first route's.")
          .Key("every_steps", &S::every_steps, AtLeast(0),
               "Steps between evaluations; 0 evaluates before the first and after the last step "
               "only.")
          .Key("samples", &S::samples, AtLeast(1),
               "Rows of the file that are used, from the first.")
          .Key("samples_per_prompt", &S::samples_per_prompt, AtLeast(1), "Completions of each row.")
          .Key("temperature", &S::temperature, AtLeast(0), "Logits are divided by it; 0 is greedy.")
          .Key("top_p", &S::top_p, OpenWithin(0, 1),
               "Draws from the most likely tokens that hold this much probability.")
          .Key("seed", &S::seed, AtLeast(0), "Fixed, so that evaluations of a run compare."));
}

ConfigSection CheckpointsSection() {
  using S = CheckpointConfig;
  return Table("checkpoints", &Config::checkpoints, "What a killed learner resumes from.",
               KeysOf<S>()
                   .Key("every_steps", &S::every_steps, AtLeast(0),
                        "Steps between checkpoints; one more follows the last step of a stage, and "
                        "with 0 it is the only one.")
                   .Key("keep", &S::keep, AtLeast(1), "Newest checkpoints that are kept."));
}

ConfigSection BrokerSection() {
  using S = BrokerConfig;
  return Table(
      "broker", &Config::broker, "The queues between the processes.",
      KeysOf<S>()
          .Key("endpoint", &S::endpoint, Any(),
               "`ipc://PATH` or `tcp://HOST:PORT`; empty is a socket in the run directory.")
          .Key("lease_seconds", &S::lease_seconds, MoreThan(0),
               "A worker that is silent for this long loses its tasks.")
          .Key("session_grace_seconds", &S::session_grace_seconds, AtLeast(0),
               "Seconds that a lost connection keeps its leases.")
          .Key("restart_grace_seconds", &S::restart_grace_seconds, AtLeast(0),
               "Seconds after a start in which nothing is delivered.")
          .Key("max_attempts", &S::max_attempts, AtLeast(1),
               "Attempts at a task that names no number of its own.")
          .Key("retry_delay_seconds", &S::retry_delay_seconds, AtLeast(0),
               "Seconds before the second attempt; doubles with each further one.")
          .Key("queue_tasks", &S::queue_tasks, AtLeast(1), "Bound of each queue, in tasks.")
          .Key("queue_bytes", &S::queue_bytes, AtLeast(1),
               "Bound of each queue, in bytes of bodies.")
          .Key("held_tasks", &S::held_tasks, AtLeast(1),
               "Bound on tasks of a queue that the learner holds until its next checkpoint.")
          .Key("held_bytes", &S::held_bytes, AtLeast(1), "The same, in bytes of bodies.")
          .Key("remembered_ids", &S::remembered_ids, AtLeast(1),
               "Ids of a queue's ended tasks that are remembered until their producer declares "
               "that they never come again; beyond it puts are held back.")
          .Key("durability", &S::durability, OneOf({"disk", "memory"}),
               "`disk`: a task is confirmed once it is synced to the journal, and survives any "
               "crash or power cut; `memory`: it is confirmed when received, and lost with the "
               "broker's process.")
          .Key("memory_queues", &S::memory_queues, Any(),
               "Queues that live in memory although durability is `disk`; `name*` names all that "
               "begin so. Results must not be less durable than their source.")
          .Key("journal_directory", &S::journal_directory, Any(),
               "Where the journal lives; empty is `journal` in the run directory.")
          .Key("segment_bytes", &S::segment_bytes, Within(65536, int64_t{1} << 30),
               "Size of the journal's files; it takes at most twice the live bytes and two of "
               "them.")
          .Key("max_message_bytes", &S::max_message_bytes, AtLeast(1024),
               "A peer that sends a larger message is refused.")
          .Key("io_threads", &S::io_threads, Within(0, 64),
               "Threads that send, receive and encrypt; each connection belongs to one. 0: one "
               "where all queues wait for the disk and no keys are in use, else two."));
}

ConfigSection SecuritySection() {
  using S = SecurityConfig;
  return Table(
      "security", &Config::security, "Who may connect to the broker and to the weights.",
      KeysOf<S>()
          .Key("keys", &S::keys, Any(),
               "Folder of CURVE keys that `cohort keys` makes; every socket then uses them. Empty "
               "is none: only ipc and loopback addresses are allowed.")
          .Key("allowed", &S::allowed, Any(),
               "Allow-list of public keys; empty is the file `allowed` in the folder of keys. Read "
               "again when it changes.")
          .Key("hello_seconds", &S::hello_seconds, MoreThan(0),
               "A connection that has said no hello after so many seconds is cut.")
          .Key("pending_connections", &S::pending_connections, AtLeast(16),
               "Connections without a hello; with more of them the oldest is cut.")
          .Key("unfinished_bytes", &S::unfinished_bytes, AtLeast(1 << 20),
               "A tcp connection that has sent more bytes than this without ending its message is "
               "cut."));
}

ConfigSection WeightsSection() {
  using S = WeightsConfig;
  return Table("weights", &Config::weights, "How new weights reach the actors.",
               KeysOf<S>()
                   .Key("endpoint", &S::endpoint, Any(),
                        "`ipc://PATH` or `tcp://HOST:PORT` of the learner; empty is a socket in "
                        "the run directory.")
                   .Key("chunk_bytes", &S::chunk_bytes, Within(1024, 32 << 20),
                        "Bytes of one piece of the stream.")
                   .Key("chunks_in_flight", &S::chunks_in_flight, Within(1, 65536),
                        "Pieces that an actor asks for ahead."));
}

ConfigSection ActorSection() {
  using S = ActorConfig;
  return Table("actor", &Config::actor, "Each actor.",
               KeysOf<S>()
                   .Key("max_rows", &S::max_rows, Within(1, 65536), "Samples decoded together.")
                   .Key("prefetch", &S::prefetch, AtLeast(0),
                        "Prompts held beyond those that are being decoded."));
}

ConfigSection RewardWorkerSection() {
  using S = RewardWorkerConfig;
  return Table(
      "reward_worker", &Config::reward_worker, "Each reward worker.",
      KeysOf<S>()
          .Key("tasks_in_flight", &S::tasks_in_flight, AtLeast(1),
               "Rollouts of each route taken and not yet scored, at most; a delayed one holds no "
               "thread.")
          .Key("cache_entries", &S::cache_entries, AtLeast(0),
               "Verdicts of deterministic scorers that are kept for answers that come again; 0 "
               "keeps none."));
}

ConfigSection FleetSection() {
  using S = FleetConfig;
  return Table("fleet", &Config::fleet, "What `cohort up` starts.",
               KeysOf<S>()
                   .Key("actors", &S::actors, Within(0, 4096), "Actors.")
                   .Key("reward_workers", &S::reward_workers, Within(0, 4096), "Reward workers.")
                   .Key("stop_timeout_seconds", &S::stop_timeout_seconds, AtLeast(0),
                        "Seconds between SIGTERM and SIGKILL."));
}

ConfigSection TelemetrySection() {
  using S = TelemetryConfig;
  return Table("telemetry", &Config::telemetry, "`/metrics`, `/status` and health of each process.",
               KeysOf<S>()
                   .Key("address", &S::address, Any(), "Numeric IP address to listen on.")
                   .Key("port", &S::port, Within(0, 65535),
                        "Port of the broker; the learner has the next one, then actors, then "
                        "reward workers. 0 takes any free ports."));
}

}  // namespace

const ConfigKey* ConfigSection::Find(std::string_view key) const {
  for (const ConfigKey& candidate : keys) {
    if (candidate.name == key) return &candidate;
  }
  return nullptr;
}

const std::vector<ConfigSection>& ConfigSections() {
  static const std::vector<ConfigSection> sections = {
      RunSection(),         ModelSection(),        SamplingSection(), ScorersSection(),
      LanguagesSection(),   RoutesSection(),       StagesSection(),   EvaluationSection(),
      CheckpointsSection(), BrokerSection(),       SecuritySection(), WeightsSection(),
      ActorSection(),       RewardWorkerSection(), FleetSection(),    TelemetrySection(),
  };
  return sections;
}

const ConfigSection* FindConfigSection(std::string_view name) {
  for (const ConfigSection& section : ConfigSections()) {
    if (section.name == name) return &section;
  }
  return nullptr;
}

}  // namespace cohort
