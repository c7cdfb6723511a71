// The run's configuration: one TOML file that every process of a fleet reads.
//
// Defaults ‹ file(s) ‹ environment (COHORT_SECTION__KEY) ‹ `--section.key=value`. Every key, its
// default, its bounds and its words live in one table (libs/config/schema.cc), from which loading,
// `cohort validate`, the resolved copy in the run directory and docs/configuration.md are made.
// Plain values; immutable after Load.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cohort {

struct RunConfig {
  std::string name = "run";
  std::string directory = "runs/run";  // everything a run leaves behind; one run, one directory
  int64_t seed = 0;                    // the first part of every random draw's address
  std::string log_level = "info";
};

struct ModelConfigSection {
  std::string path;                 // Hugging Face directory: config.json, tokenizer.json, weights
  std::string init = "pretrained";  // "pretrained", or "random": config.json and tokenizer only
  std::string compute_type = "bfloat16";  // or "float32"; masters are float32
  std::string chat_template = "plain";    // "plain", "smollm2"
  int64_t threads = 1;                    // compute threads of each process
};

struct SamplingConfig {
  double temperature = 1.0;
  double top_p = 1.0;  // must be 1 for training
  int64_t max_new_tokens = 64;
};

// A scorer by name; its kinds stand in libs/config/scorer_kinds.h.
struct ScorerConfig {
  std::string name;
  std::string kind;
  double weight = 1.0;  // 0: computed (gates, metrics), not part of the reward
  std::vector<std::string>
      requires_;         // key "requires": scorers whose value must be 1, else this one is 0
  bool passes = false;   // pass@1 counts this scorer's value = 1 (all that say so must)
  double minimum = 0.0;  // clamp
  double maximum = 1.0;
  double delay_seconds = 0.0;         // answers this much later (stands for a slow evaluation)
  double delay_jitter_seconds = 0.0;  // uniform, by seed address
  std::string span;                // "all", "answer" (after </think>), "reasoning"; "": the kind's
  int64_t length_limit = 0;        // kinds "length", "soft_overlong": tokens at the end
  int64_t length_buffer = 0;       // kind "soft_overlong": tokens before it that are punished
  int64_t ngram = 3;               // kind "repetition": tokens of a pattern
  std::string variant = "strict";  // kind "format": or "lenient", "tags"
  std::string language = "en";     // kind "language": the target, ISO 639-1
  std::string right_by;            // kind "cosine": the scorer whose value 1 means right
  double right_at_zero = 1.0;      // kind "cosine": a right completion without a token …
  double right_at_limit = 0.5;     // … and one of length_limit tokens
  double wrong_at_zero = -1.0;     // a wrong one likewise
  double wrong_at_limit = -0.5;

  // Plug-ins: scorers that run outside of the worker.
  std::vector<std::string> command;  // kind "process": program and arguments
  std::string source;                // kind "python": FILE.py:FUNCTION
  std::string style = "auto";        // kind "python": "trl", "verl", "cohort"
  std::string library;               // kind "library": a shared library
  std::string url;                   // kinds "http" and "judge"
  std::vector<std::string> options;  // "key=value" for the plug-in
  bool deterministic = false;        // plug-ins: verdicts may be kept and given again
  int64_t processes = 1;             // kinds "process", "python", "library": children; 0: by cost
  double cpus = 1.0;                 // … and what one of them keeps busy, for processes = 0
  double timeout_seconds = 30;       // for one rollout, from when it is handed over
  int64_t memory_mb = 2048;          // of one child, in MiB
  int64_t in_flight = 256;           // kinds "http" and "judge": requests under way
  int64_t batch = 1;                 // kind "http": rollouts in a request
  int64_t retries = 3;               // kinds "http" and "judge": of a request that broke off
  double outage_seconds = 120;       // kinds "http" and "judge": patience with one that is away
  double requests_per_second = 0;    // kinds "http" and "judge": 0 is without limit

  // Kind "judge": a model behind an OpenAI-compatible endpoint.
  std::string model;                     // its name there
  std::string rubric;                    // a text file: what it is asked
  std::string comparison = "pointwise";  // or "pairwise": against the row's answer, in both orders
  double lowest = 1;                     // pointwise: the mark that is worth 0 …
  double highest = 10;                   // … and the one that is worth 1
  int64_t max_tokens = 1024;             // of its reply
  double temperature = 0;

  // Kind "code": the program in the completion, run in a sandbox.
  std::string program = "python";  // its language: "python", "cpp", or one of [[languages]]
  std::string credit = "all";      // or "fraction", "subtasks": of the tests
  std::string match = "lines";     // how outputs are compared: "exact", "lines", "tokens", "floats"
  double tolerance = 1e-6;         // of match = "floats"
  double cpu_seconds = 10;         // for one test, over all its processes
  bool continues_prompt = false;   // the program is the prompt's text and the completion
  std::string sandbox = "full";  // kinds "code", "swe": what the machine must be able to: or "any"

  // Kind "swe": the patch in the completion, tested by its project's suite in a sandbox.
  std::string environments;  // the folder of the environments
  std::string trees;  // where source trees are checked out; empty: below the temporary folder
};

// A language that programs may be written in.
struct LanguageConfig {
  std::string name;
  std::vector<std::string> fences;   // names of the language behind ```
  std::string file;                  // the program's name in its folder
  std::vector<std::string> compile;  // leaves what `run` needs; empty: nothing is compiled
  std::vector<std::string> run;
  // Run once for all programs; leaves the file `precompiled`, which each `compile` finds there.
  std::vector<std::string> precompile = {};
  std::string precompiled = {};
};

// A kind of prompt with its own queues, scorers and patience.
struct RouteConfig {
  std::string name = "main";
  std::string train;                 // JSONL: prompt or messages, answer
  std::vector<std::string> scorers;  // names
  bool trained = true;               // or observed only: judged and counted, no step learns from it
  // Its share of a step: at most, and for the routes with the least patience exactly.
  int64_t groups_per_step = 8;
  double over_sampling = 1.0;  // of a patient route: groups kept under way, by those it needs
  int64_t group_size = 8;
  int64_t min_group = 2;          // fewer scored members: the group is masked
  int64_t max_staleness = 1;      // in publications; 0: synchronous
  double deadline_seconds = 600;  // a group with members still running then expires whole
  double length_weight = 0;       // of Kimi's length value, added once the group is complete
  int64_t max_attempts = 3;
};

struct StageConfig {
  std::string kind;  // "sft", "grpo", "eval" (one evaluation of the model, then the end)
  int64_t steps = 0;
  double learning_rate = 1e-6;
  int64_t warmup_steps = 0;
  std::string schedule = "constant";  // or "cosine" (to a tenth)
  double beta1 = 0.9;
  double beta2 = 0.95;
  double weight_decay = 0.0;
  double grad_clip = 1.0;
  int64_t micro_batch_rows = 4096;  // packed rows (tokens) of one forward
  // sft
  std::string data;         // JSONL: prompt and completion, or messages
  int64_t batch_size = 32;  // demonstrations of a step
  // grpo: a step takes the routes' groups_per_step together
  int64_t minibatches = 1;  // optimizer steps of a step
  double clip_low = 0.2;
  double clip_high = 0.2;
  double dual_clip = 0.0;       // 0: off; caps the loss of negative advantages at this ratio
  double kl_coefficient = 0.0;  // beta of the k3 term
  int64_t reference_every = 0;  // optimizer steps between refreshes of the reference; 0: never
  std::string aggregation = "token_mean";  // or "sequence_mean"
  std::string ratio = "proximal";          // or "sampler": the denominator of the ratios
  double importance_cap = 0.0;  // truncated importance weights between sampler and proximal; 0: off
  bool dynamic_sampling = false;  // replace groups without signal
};

struct EvaluationConfig {
  std::string data;                  // JSONL; empty: no evaluation
  std::vector<std::string> scorers;  // empty: those of the first route
  int64_t every_steps = 0;           // 0: only before the first and after the last GRPO step
  int64_t samples = 256;  // rows used, one sample each unless samples_per_prompt says otherwise
  int64_t samples_per_prompt = 1;
  double temperature = 1.0;  // 0: greedy
  double top_p = 1.0;
  int64_t seed = 1;  // fixed, so that curves compare
};

struct CheckpointConfig {
  int64_t every_steps = 20;  // and after the last step of a stage
  int64_t keep = 2;
};

struct BrokerConfig {
  std::string endpoint;  // empty: ipc in the run directory
  double lease_seconds = 30;
  double session_grace_seconds = 3;  // a lost connection keeps its leases this long
  double restart_grace_seconds = 2;  // after a start nothing is delivered this long
  int64_t max_attempts = 3;
  double retry_delay_seconds = 1;    // first back-off after a failure
  int64_t queue_tasks = 100000;      // bound of each queue, tasks
  int64_t queue_bytes = 1073741824;  // … and bytes of bodies
  int64_t held_tasks = 200000;       // bound on accepted tasks of each queue
  int64_t held_bytes = 2147483648;   // … and bytes of their bodies
  int64_t remembered_ids = 1000000;  // of each queue's tasks that are over and below no floor
  std::string durability = "disk";
  std::vector<std::string> memory_queues;  // with "disk": live in memory nevertheless
  std::string journal_directory;           // empty: in the run directory
  int64_t segment_bytes = 67108864;        // of the journal
  int64_t max_message_bytes = 33554432;
  int64_t io_threads = 0;  // of the sockets; 0: by durability and encryption
};

struct SecurityConfig {
  std::string keys;           // folder of keys; empty: none, and only this machine may connect
  std::string allowed;        // the allow-list; empty: `allowed` in that folder
  double hello_seconds = 10;  // a connection without a hello is cut after this long
  int64_t pending_connections = 4096;   // … of which there may be so many at once
  int64_t unfinished_bytes = 50331648;  // of a message whose end has not come
};

struct WeightsConfig {
  std::string endpoint;  // empty: ipc in the run directory
  int64_t chunk_bytes = 1048576;
  int64_t chunks_in_flight = 8;  // an actor's credit
};

struct ActorConfig {
  int64_t max_rows = 64;  // samples decoded together
  int64_t prefetch = 2;   // prompts held beyond those being decoded
};

struct RewardWorkerConfig {
  int64_t tasks_in_flight = 256;   // rollouts of each route, taken and not yet scored
  int64_t cache_entries = 100000;  // verdicts kept for answers that come again; 0: none
};

struct FleetConfig {  // `cohort up` only
  int64_t actors = 1;
  int64_t reward_workers = 1;
  double stop_timeout_seconds = 20;  // between SIGTERM and SIGKILL
};

struct TelemetryConfig {
  std::string address = "127.0.0.1";
  int64_t port = 0;  // first port: broker, learner, then the others count up; 0: any free one
};

struct Config {
  RunConfig run;
  ModelConfigSection model;
  SamplingConfig sampling;
  std::vector<ScorerConfig> scorers;
  std::vector<LanguageConfig> languages;
  std::vector<RouteConfig> routes;
  std::vector<StageConfig> stages;
  EvaluationConfig evaluation;
  CheckpointConfig checkpoints;
  BrokerConfig broker;
  SecurityConfig security;
  WeightsConfig weights;
  ActorConfig actor;
  RewardWorkerConfig reward_worker;
  FleetConfig fleet;
  TelemetryConfig telemetry;

  // The endpoints with their defaults resolved: "ipc://<absolute run directory>/sockets/broker".
  std::string BrokerEndpoint() const;
  std::string JournalDirectory() const;
  std::string WeightsEndpoint() const;
  const ScorerConfig* FindScorer(const std::string& name) const;
  // The first scorer of this kind among those of these names; null when there is none.
  const ScorerConfig* FindScorerOfKind(std::string_view kind,
                                       const std::vector<std::string>& names) const;
  const RouteConfig* FindRoute(const std::string& name) const;
};

}  // namespace cohort
