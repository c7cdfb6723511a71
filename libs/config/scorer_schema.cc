// The part of the table that describes scorers.
#include "libs/config/schema_building.h"
#include "libs/config/scorer_kinds.h"

namespace cohort {
namespace {

using S = ScorerConfig;

// What every kind has.
void AddCommonKeys(KeysOf<S>& keys) {
  keys.Key("name", &S::name, Any(), "How routes and gates call it; a word.")
      .Key("kind", &S::kind, OneOf(ScorerKinds()),
           "What it looks at: the answer as text, its last number, its mathematical value "
           "(docs/math_equality.md), R1's `<think>…</think>` pattern, a clean stop, the length, "
           "DAPO's soft overlong punishment (-1 to 0), the cosine of the length by what is right, "
           "the share of repeated n-grams (give it a negative weight), the share of words of one "
           "language; a Python function, a process, a shared library, a service; what a model says "
           "of it; what its program does in a sandbox; whether a project's tests pass with its "
           "patch, or how alike that is to the reference.")
      .Key("weight", &S::weight, Any(),
           "The reward is the sum of weight × value; 0 computes the value for gates and metrics "
           "only.")
      .Key("requires", &S::requires_, Any(),
           "Gates: scorers whose value must be 1, else this one is 0; also where its values are "
           "below 0, so that a gated punishment is escaped at the gate.")
      .Key("passes", &S::passes, Any(),
           "pass@1 counts a sample when every scorer that says so has the value 1.")
      .Key("minimum", &S::minimum, Any(), "Smaller values are raised to it.")
      .Key("maximum", &S::maximum, Any(), "Larger values are cut to it.")
      .Key("delay_seconds", &S::delay_seconds, AtLeast(0),
           "Answers this many seconds later; stands for a slow evaluation.")
      .Key("delay_jitter_seconds", &S::delay_jitter_seconds, AtLeast(0),
           "Adds a uniform draw from 0 to this many seconds to the delay.");
}

void AddBuiltInKeys(KeysOf<S>& keys) {
  keys.Key("span", &S::span, OneOf({"all", "answer", "reasoning"}),
           "The part of the completion that it sees: all of it, what follows `</think>`, or what "
           "precedes it. Not given, it is reasoning for kind language, answer for kind judge, "
           "what follows `</think>` (all of it where there is none) for kinds swe and "
           "patch_similarity, else all.")
      .For({"exact", "numeric", "math", "language", "judge", "code", "swe", "patch_similarity"})
      .Key("length_limit", &S::length_limit, AtLeast(0),
           "The number of tokens at which the value reaches 0 (length), -1 (soft_overlong), or its "
           "end (cosine).")
      .For({"length", "soft_overlong", "cosine"})
      .Key("length_buffer", &S::length_buffer, AtLeast(0),
           "The value falls over so many tokens before the limit.")
      .For({"soft_overlong"})
      .Key("right_by", &S::right_by, Any(),
           "The scorer whose value 1 means that the completion is right; asked before.")
      .For({"cosine"})
      .Key("right_at_zero", &S::right_at_zero, Any(), "The value of a right one without a token.")
      .For({"cosine"})
      .Key("right_at_limit", &S::right_at_limit, Any(),
           "The value of a right one of length_limit tokens.")
      .For({"cosine"})
      .Key("wrong_at_zero", &S::wrong_at_zero, Any(), "The value of a wrong one without a token.")
      .For({"cosine"})
      .Key("wrong_at_limit", &S::wrong_at_limit, Any(),
           "The value of a wrong one of length_limit tokens.")
      .For({"cosine"})
      .Key("ngram", &S::ngram, AtLeast(1), "The number of tokens of a pattern.")
      .For({"repetition"})
      .Key(
          "variant", &S::variant, OneOf(FormatVariants()),
          "strict refuses every known trap; strict_or_empty all of them but the empty thought, for "
          "where thinking is to be found out and not demanded; lenient lets white space stand "
          "around the tags and does not look at what is between and behind them; tags gives a "
          "quarter for each of the four tags on a line of its own.")
      .For({"format"})
      .Key("language", &S::language, OneOf(ScorerLanguages()),
           "The language whose share of the words it gives, math and code left out.")
      .For({"language"});
}

void AddPluginKeys(KeysOf<S>& keys) {
  std::vector<std::string_view> parallel = ChildKinds();
  for (const std::string_view kind : SandboxKinds()) parallel.push_back(kind);
  std::vector<std::string_view> asking = PluginKinds();
  asking.push_back("judge");
  std::vector<std::string_view> timed = ChildKinds();  // swe: its environments say
  for (const std::string_view kind : {"http", "judge", "code"}) timed.push_back(kind);
  keys.Key("source", &S::source, Any(),
           "FILE.py:FUNCTION, or MODULE:FUNCTION; a reward function of TRL, a `compute_score` of "
           "verl or one of your own, unchanged (docs/scorers.md).")
      .For({"python"})
      .Key("style", &S::style, OneOf(PythonStyles()),
           "How the function is called; auto looks at its parameters.")
      .For({"python"})
      .Key("command", &S::command, Any(),
           "The program that speaks the scorer protocol, and its arguments.")
      .For({"process"})
      .Key("library", &S::library, Any(),
           "The shared library with the C interface of cohort_scorer.h.")
      .For({"library"})
      .Key("url", &S::url, Any(),
           "Where rollouts are posted (http), or what `/chat/completions` is added to (judge).")
      .For(ServiceKinds())
      .Key("options", &S::options, Any(),
           "\"key=value\", passed on to it; services know token_env=VARIABLE, the variable with "
           "their bearer token.")
      .For(asking)
      .Key("deterministic", &S::deterministic, Any(),
           "The same row and completion always have the same verdict: it may be kept and given "
           "again.")
      .For(PluginKinds())
      .Key("processes", &S::processes, AtLeast(0),
           "Children, or programs, that run at once; 0 takes as many as cpus and memory_mb leave "
           "room "
           "for, in one worker that has the machine to itself.")
      .For(parallel)
      .Key("cpus", &S::cpus, MoreThan(0), "Cores that one child keeps busy; for processes = 0.")
      .For(parallel)
      .Key(
          "timeout_seconds", &S::timeout_seconds, AtLeast(0.001),
          "How long one rollout (for kind code: one test) may take, counted from when it is handed "
          "over.")
      .For(timed)
      .Key("memory_mb", &S::memory_mb, AtLeast(1),
           "Memory of one child, or of a program with its processes, in MiB; above it, it is "
           "killed.")
      .For(parallel)
      .Key("in_flight", &S::in_flight, AtLeast(1), "Requests under way at once.")
      .For(ServiceKinds())
      .Key("batch", &S::batch, AtLeast(1), "Rollouts in one request at most.")
      .For({"http"})
      .Key("retries", &S::retries, AtLeast(0), "How often a request that broke off is repeated.")
      .For(ServiceKinds())
      .Key("outage_seconds", &S::outage_seconds, AtLeast(0),
           "How long rollouts wait for a service that is away or busy; then they are masked.")
      .For(ServiceKinds())
      .Key("requests_per_second", &S::requests_per_second, AtLeast(0),
           "The rate limit; 0 is without.")
      .For(ServiceKinds());
}

void AddCodeKeys(KeysOf<S>& keys) {
  keys.Key("program", &S::program, Any(),
           "The language of the programs: python, cpp, or the name of one in [[languages]].")
      .For({"code"})
      .Key("credit", &S::credit, OneOf(CodeCredits()),
           "all: every test must be accepted; fraction: the share of the tests, by weight; "
           "subtasks: "
           "the share of the subtasks whose every test is accepted.")
      .For({"code"})
      .Key("match", &S::match, OneOf(OutputMatches()),
           "How outputs are compared: line by line to the letter; line by line by tokens, numbers "
           "by "
           "value; by tokens alone; or with a tolerance for numbers that are not whole.")
      .For({"code"})
      .Key("tolerance", &S::tolerance, AtLeast(0),
           "Of match = floats: the difference that is taken, absolute or relative.")
      .For({"code"})
      .Key("cpu_seconds", &S::cpu_seconds, MoreThan(0),
           "Processor time of one test, over all of its processes.")
      .For({"code"})
      .Key("continues_prompt", &S::continues_prompt, Any(),
           "The program is the prompt's text with the completion behind it, as base models write "
           "it; "
           "else it is the last fenced block of the completion.")
      .For({"code"})
      .Key("sandbox", &S::sandbox, OneOf(SandboxDemands()),
           "full: the worker does not start where `cohort sandbox check` finds something missing; "
           "any: it runs with what there is.")
      .For(SandboxKinds());
}

void AddSweKeys(KeysOf<S>& keys) {
  keys.Key("environments", &S::environments, Any(),
           "The folder with a folder for each environment (docs/scorers.md), as the rows name "
           "them.")
      .For(PatchKinds())
      .Key("trees", &S::trees, Any(),
           "Where commits are checked out, for all workers of the machine; empty is "
           "cohort-trees-UID below the temporary folder.")
      .For(PatchKinds());
}

void AddJudgeKeys(KeysOf<S>& keys) {
  keys.Key("model", &S::model, Any(), "The name of the model at the endpoint.")
      .For({"judge"})
      .Key("rubric", &S::rubric, Any(),
           "A text file with what the judge is asked (docs/scorers.md); {question}, {response} and "
           "{reference} stand for the row's.")
      .For({"judge"})
      .Key("comparison", &S::comparison, OneOf(JudgeComparisons()),
           "pointwise asks for a mark; pairwise whether the completion is better than the row's "
           "answer, in both orders.")
      .For({"judge"})
      .Key("lowest", &S::lowest, Any(), "Pointwise: the mark that is worth 0.")
      .For({"judge"})
      .Key("highest", &S::highest, Any(), "Pointwise: the mark that is worth 1.")
      .For({"judge"})
      .Key("max_tokens", &S::max_tokens, AtLeast(1), "The longest reply of the judge, in tokens.")
      .For({"judge"})
      .Key("temperature", &S::temperature, AtLeast(0), "Of the judge.")
      .For({"judge"});
}

}  // namespace

ConfigSection LanguagesSection() {
  using L = LanguageConfig;
  return List("languages", &Config::languages, "name",
              "Languages of programs, beside python and cpp, which are known.",
              KeysOf<L>()
                  .Key("name", &L::name, Any(), "How scorers call it; a word.")
                  .Key("fences", &L::fences, Any(),
                       "What stands behind ``` where a program of it begins; empty: its name.")
                  .Key("file", &L::file, Any(), "The name of the program's file.")
                  .Key("compile", &L::compile, Any(),
                       "The command that compiles it, in the file's folder; empty: none is.")
                  .Key("run", &L::run, Any(), "The command that runs it, in that folder.")
                  .Key("precompile", &L::precompile, Any(),
                       "A command that is run once on a machine, in a folder of its own, for what "
                       "all compilations share; empty: none is.")
                  .Key("precompiled", &L::precompiled, Any(),
                       "The file that `precompile` leaves; each compilation finds it under this "
                       "name."));
}

ConfigSection ScorersSection() {
  KeysOf<S> keys;
  AddCommonKeys(keys);
  AddBuiltInKeys(keys);
  AddPluginKeys(keys);
  AddJudgeKeys(keys);
  AddCodeKeys(keys);
  AddSweKeys(keys);
  return List("scorers", &Config::scorers, "name",
              "Components of the reward, used by routes by name.", keys);
}

}  // namespace cohort
