// Everything that the stages of a run share: the run's place, the model between stages, and the
// links to the fleet.
//
// Made once by main, handed to one stage after another. Belongs to the learner's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "learner/checkpoint_store.h"
#include "learner/learner_metrics.h"
#include "learner/records.h"
#include "learner/trainer.h"
#include "learner/versions.h"
#include "libs/base/clock.h"
#include "libs/base/shutdown.h"
#include "libs/config/config.h"
#include "libs/messaging/broker_client.h"
#include "libs/run/run_directory.h"
#include "libs/tokenizer/chat_template.h"
#include "libs/tokenizer/tokenizer.h"
#include "libs/weights/publisher.h"

namespace cohort {

struct LearnerSession {
  const Config& config;
  const RunDirectory& directory;
  const Clock& clock;
  Shutdown& shutdown;
  const Tokenizer& tokenizer;
  ChatTemplate chat_template;
  std::string instance;

  LearnerMetrics& metrics;
  RunRecords& records;
  CheckpointStore store;
  VersionLog versions;
  LearnerState state;

  // Connected by the first stage that needs the fleet.
  std::unique_ptr<BrokerClient> broker;
  std::unique_ptr<WeightsPublisher> publisher;

  const StageConfig& stage() const { return config.stages[static_cast<size_t>(state.stage_index)]; }
  RecordPoint Here() const;

  Status ConnectFleet();
  // Reserves the next version and offers the trainer's weights under it.
  Status Publish(const Trainer& trainer, bool for_evaluation);
  // Writes a checkpoint of the state and the trainer; it is durable when this returns.
  Status Checkpoint(const Trainer& trainer);
};

// What a stage that was asked to stop returns: everything is saved, the process may end with 0.
inline Status Drained() { return Cancelled("drained"); }

// The stages. Each goes on from state.step and leaves the state at its end; a failure leaves the
// newest checkpoint as the place to resume from.
Status RunSftStage(LearnerSession& session, Trainer& trainer);
Status RunGrpoStage(LearnerSession& session, Trainer& trainer);
// Loads nothing, trains nothing: publishes, evaluates once, reports.
Status RunEvalStage(LearnerSession& session, Trainer& trainer);

}  // namespace cohort
