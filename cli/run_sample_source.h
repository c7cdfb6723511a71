// The prompts that a run's samples were drawn for, found by its configuration. One thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/config/config.h"
#include "libs/run/accepted_samples.h"
#include "libs/tokenizer/chat_template.h"
#include "libs/tokenizer/tokenizer.h"

namespace cohort {

class RunSampleSource : public SampleSource {
 public:
  // Loads the tokenizer of the model; data files are read when a row of theirs is asked for.
  static Result<RunSampleSource> Open(const Config& config);

  Result<Row> Find(const SampleOrigin& origin) override;
  bool Repeats(const std::string& completion) override;

 private:
  RunSampleSource(const Config& config, Tokenizer tokenizer, ChatTemplate chat_template)
      : config_(config), tokenizer_(std::move(tokenizer)), chat_template_(chat_template) {}

  Config config_;
  Tokenizer tokenizer_;
  ChatTemplate chat_template_;
  std::map<std::string, std::vector<PromptRow>> files_;  // by path
};

}  // namespace cohort
