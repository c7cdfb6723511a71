#include "tests/faults/workload.h"

#include <cstring>

#include "libs/base/rng.h"

namespace cohort::faults {
namespace {

constexpr uint64_t kOnePromptPoisoned = 211;  // … of so many
constexpr uint64_t kOneSamplePoisoned = 307;
constexpr uint32_t kAttemptsOfPoisoned = 3;
constexpr uint32_t kAttemptsOfOthers = 1'000'000;
// Hours of hard deadline that no honest clock reaches: whoever reads stepped wall time does.
constexpr double kDeadlineSeconds = 6 * 3600;

uint64_t Draw(Stage stage, const TaskId& id, uint64_t purpose) {
  return RandomAt({static_cast<uint64_t>(stage), id.run, id.space, id.cursor, id.index, purpose});
}

// Mostly some hundred bytes, now and then more than one frame's worth.
size_t FillerBytes(Stage stage, const TaskId& id) {
  const uint64_t draw = Draw(stage, id, 1);
  const uint64_t kind = draw % 64;
  const uint64_t limit = kind == 0 ? 48 * 1024 : kind < 8 ? 8 * 1024 : 512;
  return 8 * ((draw >> 8) % (limit / 8));
}

struct Header {
  uint64_t stage, run, space, cursor, index;
  Authors authors;
  uint64_t check;  // of all before it

  uint64_t Check() const {
    return RandomAt({stage, run, space, cursor, index, authors.worker_epoch, authors.worker_lease,
                     authors.scorer_epoch, authors.scorer_lease});
  }
};

std::string MakeBody(Stage stage, const TaskId& id, const Authors& authors) {
  Header header{static_cast<uint64_t>(stage), id.run, id.space, id.cursor, id.index, authors, 0};
  header.check = header.Check();
  std::string body(sizeof(header) + FillerBytes(stage, id), '\0');
  std::memcpy(body.data(), &header, sizeof(header));
  Rng filler(Draw(stage, id, 2));
  for (size_t at = sizeof(header); at < body.size(); at += 8) {
    const uint64_t word = filler.Next();
    std::memcpy(body.data() + at, &word, 8);
  }
  return body;
}

}  // namespace

uint32_t Children(const TaskId& prompt) {
  return 1 + static_cast<uint32_t>(Draw(Stage::kPrompt, prompt.Prompt(), 3) % 3);
}

bool IsPoisoned(Stage stage, const TaskId& id) {
  if (stage == Stage::kScored) return false;
  const uint64_t one_in = stage == Stage::kPrompt ? kOnePromptPoisoned : kOneSamplePoisoned;
  return Draw(stage, id, 4) % one_in == 0;
}

NewTask MakeTask(Stage stage, const TaskId& id, const Authors& authors) {
  NewTask task;
  task.queue = stage == Stage::kPrompt ? kPrompts : stage == Stage::kRollout ? kRollouts : kScored;
  task.results = stage == Stage::kPrompt ? kRollouts : stage == Stage::kRollout ? kScored : "";
  task.obituaries = stage == Stage::kScored ? "" : kScored;
  task.id = id;
  task.body = MakeBody(stage, id, authors);
  task.priority = static_cast<uint8_t>(Draw(stage, id, 5) % 2);
  task.children = stage == Stage::kPrompt ? Children(id) : stage == Stage::kRollout ? 1 : 0;
  task.deadline_seconds = stage == Stage::kScored ? 0 : kDeadlineSeconds;
  task.max_attempts = IsPoisoned(stage, id) ? kAttemptsOfPoisoned : kAttemptsOfOthers;
  return task;
}

Result<Authors> CheckBody(Stage stage, const TaskId& id, std::string_view body) {
  Header header;
  if (body.size() < sizeof(header)) return DataLoss("the body is cut short");
  std::memcpy(&header, body.data(), sizeof(header));
  if (body != MakeBody(stage, id, header.authors)) {
    const bool sound = header.check == header.Check();
    const TaskId named{header.run, header.space, header.cursor,
                       static_cast<uint32_t>(header.index)};
    return DataLoss(sound ? "the body is that of " + named.ToString() : "the body is damaged");
  }
  return header.authors;
}

}  // namespace cohort::faults
