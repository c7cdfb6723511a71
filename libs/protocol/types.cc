#include "libs/protocol/types.h"

namespace cohort {

std::string_view FinishReasonName(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
  }
  return "unknown";
}

std::string PromptQueue(std::string_view route) { return "prompts." + std::string(route); }
std::string RolloutQueue(std::string_view route) { return "rollouts." + std::string(route); }
std::string ScoredQueue(std::string_view route) { return "scored." + std::string(route); }

}  // namespace cohort
