// A configuration in which everything fits together, for tests that then break one thing.
#pragma once

#include "libs/config/config.h"
#include "tests/test_folder.h"

namespace cohort {

inline Config SampleConfig() {
  Config config;
  config.model.path = "models/tiny";
  ScorerConfig answer;
  answer.name = "answer";
  answer.kind = "exact";
  answer.passes = true;
  ScorerConfig format;
  format.name = "format";
  format.kind = "format";
  format.weight = 0.1;
  config.scorers = {answer, format};
  RouteConfig route;
  route.train = "data/train.jsonl";
  route.scorers = {"answer", "format"};
  config.routes = {route};
  StageConfig sft;
  sft.kind = "sft";
  sft.steps = 10;
  sft.data = "data/sft.jsonl";
  StageConfig grpo;
  grpo.kind = "grpo";
  grpo.steps = 20;
  config.stages = {sft, grpo};
  config.evaluation.data = "data/eval.jsonl";
  return config;
}

}  // namespace cohort
