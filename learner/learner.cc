#include "learner/learner.h"

#include <algorithm>
#include <utility>

#include "libs/base/logging.h"
#include "libs/base/rng.h"
#include "libs/checkpoint/hf_directory.h"
#include "libs/model/master_weights.h"

namespace cohort {
namespace {

constexpr uint64_t kInitSalt = 0x696e6974;  // tells the seed of the weights from others
constexpr Duration kCloseTimeout = Seconds(5);

Result<MasterWeights> LoadMasters(const LearnerSession& session,
                                  const std::filesystem::path& checkpoint) {
  const Config& config = session.config;
  if (checkpoint.empty() && config.model.init == "random") {
    COHORT_ASSIGN_OR_RETURN(
        const ModelConfig shape,
        ReadModelConfig(std::filesystem::path(config.model.path) / "config.json"));
    return MasterWeights::Random(shape,
                                 RandomAt({static_cast<uint64_t>(config.run.seed), kInitSalt}));
  }
  if (!checkpoint.empty()) return Trainer::LoadMasters(checkpoint);
  COHORT_ASSIGN_OR_RETURN(const HfDirectory directory, HfDirectory::Open(config.model.path));
  return MasterWeights::Load(directory);
}

TrainerOptions OptionsOf(const Config& config, const StageConfig& stage) {
  TrainerOptions options;
  options.compute_type =
      config.model.compute_type == "float32" ? DType::kFloat32 : DType::kBFloat16;
  options.adamw.beta1 = stage.beta1;
  options.adamw.beta2 = stage.beta2;
  options.adamw.weight_decay = stage.weight_decay;
  options.schedule.peak = stage.learning_rate;
  options.schedule.warmup_steps = stage.warmup_steps;
  options.schedule.shape =
      stage.schedule == "cosine" ? ScheduleShape::kCosine : ScheduleShape::kConstant;
  options.schedule.total_steps = stage.steps * std::max<int64_t>(stage.minibatches, 1);
  options.grad_clip = stage.grad_clip;
  options.micro_batch_rows = stage.micro_batch_rows;
  options.temperature = config.sampling.temperature;
  options.loss.clip_low = stage.clip_low;
  options.loss.clip_high = stage.clip_high;
  options.loss.dual_clip = stage.dual_clip;
  options.loss.kl_coefficient = stage.kl_coefficient;
  if (stage.importance_cap > 0) {
    options.loss.correction = ImportanceCorrection::kTruncate;
    options.loss.importance_cap = stage.importance_cap;
  }
  options.aggregation =
      stage.aggregation == "sequence_mean" ? Aggregation::kSequenceMean : Aggregation::kTokenMean;
  options.ratio_base = stage.ratio == "sampler" ? RatioBase::kBehaviour : RatioBase::kProximal;
  options.minibatches = stage.minibatches;
  options.reference_every = stage.reference_every;
  return options;
}

Status RunStage(LearnerSession& session, Trainer& trainer) {
  const std::string& kind = session.stage().kind;
  if (kind == "sft") return RunSftStage(session, trainer);
  if (kind == "grpo") return RunGrpoStage(session, trainer);
  if (kind == "eval") return RunEvalStage(session, trainer);
  return InvalidArgument("stage kind \"" + kind + "\" is not known; use sft, grpo or eval");
}

// What is left of a finished run in the broker is nobody's any more.
void SayGoodbye(LearnerSession& session, bool finished) {
  if (!session.broker) return;
  if (finished) {
    for (size_t i = 0; i < session.config.routes.size(); ++i) {
      session.broker->Cancel(session.directory.run_id(), TrainingSpace(static_cast<uint32_t>(i)), 0,
                             UINT64_MAX, 0);
    }
  }
  session.broker->Close(kCloseTimeout);
}

Status RunStages(LearnerSession& session) {
  COHORT_ASSIGN_OR_RETURN(const std::optional<CheckpointStore::Found> found,
                          session.store.Newest(session.config.routes.size()));
  session.state.run = session.directory.run_id();
  session.state.ledger = Ledger(session.config.routes.size());
  std::filesystem::path checkpoint;
  if (found) {
    if (found->state.run != session.directory.run_id()) {
      return FailedPrecondition(found->path.string() + " belongs to run " + Hex(found->state.run) +
                                ", not to this one; use another run.directory");
    }
    session.state = found->state;
    checkpoint = found->path;
    LogInfo("resuming", {{"checkpoint", checkpoint.string()}, {"step", session.state.step}});
  }
  session.metrics.SetLedger(session.state.ledger);

  const int64_t stages = static_cast<int64_t>(session.config.stages.size());
  if (session.state.stage_index >= stages) {
    LogInfo("all stages are done already; finished stages are not opened again");
    return session.records.Done();
  }
  COHORT_ASSIGN_OR_RETURN(MasterWeights masters, LoadMasters(session, checkpoint));
  if (found) {
    COHORT_RETURN_IF_ERROR(session.records.Resumed(session.Here(), session.state.saved_at));
  }
  std::shared_ptr<const Decoder> decoder;
  while (session.state.stage_index < stages) {
    COHORT_RETURN_IF_ERROR(
        session.records.Stage(session.Here(), /*begin=*/true, session.stage().steps));
    COHORT_ASSIGN_OR_RETURN(std::unique_ptr<Trainer> trainer,
                            Trainer::Create(OptionsOf(session.config, session.stage()),
                                            std::move(masters), session.clock, decoder));
    if (session.state.step > 0) COHORT_RETURN_IF_ERROR(trainer->LoadState(checkpoint));
    COHORT_RETURN_IF_ERROR(RunStage(session, *trainer));
    COHORT_RETURN_IF_ERROR(
        session.records.Stage(session.Here(), /*begin=*/false, session.stage().steps));
    const bool only_evaluated = session.stage().kind == "eval";
    session.state.stage_index += 1;
    session.state.step = 0;
    // An evaluation alone leaves no weights behind: they are those that it was given.
    if (!only_evaluated || session.state.stage_index < stages) {
      COHORT_RETURN_IF_ERROR(session.Checkpoint(*trainer));
    }
    decoder = trainer->decoder();
    masters = std::move(*trainer).TakeMasters();
  }
  return session.records.Done();
}

}  // namespace

Status RunLearner(LearnerSession& session) {
  const Status status = RunStages(session);
  SayGoodbye(session, /*finished=*/status.ok());
  return status;
}

}  // namespace cohort
