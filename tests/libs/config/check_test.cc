#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "libs/config/load.h"
#include "tests/libs/config/sample_config.h"

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(CheckConfig, AcceptsAConfigurationThatFits) {
  EXPECT_THAT(ConfigProblems(SampleConfig()), IsEmpty());
  EXPECT_TRUE(CheckConfig(SampleConfig()).ok());
}

// One thing broken, one problem that names it.
struct Broken {
  const char* name;
  std::function<void(Config&)> breaks;
  const char* says;
};

class CheckConfigTest : public ::testing::TestWithParam<Broken> {};

TEST_P(CheckConfigTest, Refuses) {
  Config config = SampleConfig();
  GetParam().breaks(config);
  EXPECT_THAT(ConfigProblems(config), ElementsAre(HasSubstr(GetParam().says)));
}

const Broken kBroken[] = {
    {"NoModel", [](Config& c) { c.model.path.clear(); }, "model.path is missing"},
    {"NoStage", [](Config& c) { c.stages.clear(); }, "there is no stage"},
    {"NoSteps", [](Config& c) { c.stages[1].steps = 0; }, "stages.1.steps"},
    {"TopPInTraining", [](Config& c) { c.sampling.top_p = 0.9; }, "sampling.top_p must be 1"},
    {"UnknownScorer", [](Config& c) { c.routes[0].scorers = {"nobody"}; }, "\"nobody\""},
    {"ScorerTwiceInARoute",
     [](Config& c) {
       c.routes[0].scorers = {"answer", "format", "answer"};
     },
     "twice"},
    {"NoScorers", [](Config& c) { c.routes[0].scorers.clear(); }, "routes.main.scorers is empty"},
    {"KindMissing", [](Config& c) { c.scorers[1].kind.clear(); }, "scorers.format.kind is missing"},
    {"NothingPasses", [](Config& c) { c.scorers[0].passes = false; }, "passes = true"},
    {"NoWeight", [](Config& c) { c.scorers[0].weight = c.scorers[1].weight = 0; }, "weight 0"},
    {"UnknownGate", [](Config& c) { c.scorers[0].requires_ = {"x"}; },
     "scorers.answer.requires names \"x\""},
    {"GateOutsideOfTheRoute",
     [](Config& c) {
       c.scorers[0].requires_ = {"format"};
       c.routes[0].scorers = {"answer"};
     },
     "requires \"format\", which is not in the list"},
    {"GateCycle",
     [](Config& c) {
       c.scorers[0].requires_ = {"format"};
       c.scorers[1].requires_ = {"answer"};
     },
     "in a circle: answer → format → answer"},
    {"GateOnItself", [](Config& c) { c.scorers[0].requires_ = {"answer"}; },
     "in a circle: answer → answer"},
    {"MinimumAboveMaximum", [](Config& c) { c.scorers[0].minimum = 2; }, "above its maximum"},
    {"LengthWithoutLimit", [](Config& c) { c.scorers[1].kind = "length"; }, "length_limit"},
    {"SoftOverlongWithoutLimit",
     [](Config& c) {
       c.scorers[1].kind = "soft_overlong";
       c.scorers[1].minimum = -1;
     },
     "length_limit must be set for kind soft_overlong"},
    {"SoftOverlongThatIsCutOff",
     [](Config& c) {
       c.scorers[1].kind = "soft_overlong";
       c.scorers[1].length_limit = 8;
     },
     "set it to -1"},
    {"BufferAboveLimit",
     [](Config& c) {
       c.scorers[1].kind = "soft_overlong";
       c.scorers[1].length_limit = 8;
       c.scorers[1].length_buffer = 9;
       c.scorers[1].minimum = -1;
     },
     "length_buffer is above"},
    {"KeyThatNothingReads", [](Config& c) { c.scorers[0].length_limit = 8; },
     "scorers.answer.length_limit is set, but kind exact does not read it (only length, "},
    {"CosineWithoutWhatIsRight",
     [](Config& c) {
       c.scorers[1].kind = "cosine";
       c.scorers[1].length_limit = 8;
       c.scorers[1].minimum = -1;
     },
     "right_by must be set for kind cosine"},
    {"CosineByItself",
     [](Config& c) {
       c.scorers[1].kind = "cosine";
       c.scorers[1].length_limit = 8;
       c.scorers[1].minimum = -1;
       c.scorers[1].right_by = "format";
     },
     "in a circle: format → format"},
    {"CosineThatIsCutOff",
     [](Config& c) {
       c.scorers[1].kind = "cosine";
       c.scorers[1].length_limit = 8;
       c.scorers[1].right_by = "answer";
     },
     "which lie between -1.0 and 1.0"},
    {"JudgeWithoutModel",
     [](Config& c) {
       c.scorers[1].kind = "judge";
       c.scorers[1].url = "http://judge/v1";
       c.scorers[1].rubric = "rubric.txt";
     },
     "scorers.format.model must be set for kind judge"},
    {"JudgeWithMarksUpsideDown",
     [](Config& c) {
       c.scorers[1].kind = "judge";
       c.scorers[1].url = "http://judge/v1";
       c.scorers[1].model = "m";
       c.scorers[1].rubric = "rubric.txt";
       c.scorers[1].lowest = 10;
     },
     "lowest is not below its highest"},
    {"ProgramInNoLanguage",
     [](Config& c) {
       c.scorers[1].kind = "code";
       c.scorers[1].program = "cobol";
     },
     "scorers.format.program names \"cobol\", which is no language"},
    {"LanguageWithoutACommand",
     [](Config& c) {
       c.languages = {
           {.name = "lua", .fences = {}, .file = "program.lua", .compile = {}, .run = {}}};
     },
     "languages.lua.run is missing"},
    {"LanguageThatRunsWhatNothingMakes",
     [](Config& c) {
       c.languages = {
           {.name = "lua", .fences = {}, .file = "program", .compile = {}, .run = {"./program"}}};
     },
     "languages.lua.run starts ./NAME, which no command compiles"},
    {"LanguageThatDoesNotRunWhatItMakes",
     [](Config& c) {
       c.languages = {
           {.name = "c", .fences = {}, .file = "a.c", .compile = {"cc", "a.c"}, .run = {"a.out"}}};
     },
     "languages.c.run must start what `compile` made"},
    {"LanguageThatPrecompilesOutside",
     [](Config& c) {
       c.languages = {{.name = "c",
                       .fences = {},
                       .file = "a.c",
                       .compile = {"cc", "a.c"},
                       .run = {"./a.out"},
                       .precompile = {"cc", "a.h"},
                       .precompiled = "../a.h.gch"}};
     },
     "languages.c.precompiled must be FOLDER/NAME"},
    {"LanguageThatPrecompilesNothing",
     [](Config& c) {
       c.languages = {{.name = "c",
                       .fences = {},
                       .file = "a.c",
                       .compile = {"cc", "a.c"},
                       .run = {"./a.out"},
                       .precompile = {"cc", "a.h"}}};
     },
     "languages.c.precompile and .precompiled go together"},
    {"LanguageThatIsKnown",
     [](Config& c) {
       c.languages = {{.name = "cpp", .fences = {}, .file = "a", .compile = {}, .run = {"a"}}};
     },
     "languages.cpp is known already"},
    {"RouteTwice", [](Config& c) { c.routes.push_back(c.routes[0]); }, "\"main\" is given twice"},
    {"RouteNameWithDot", [](Config& c) { c.routes[0].name = "a.b"; }, "must be a word"},
    {"NoTrainingFile", [](Config& c) { c.routes[0].train.clear(); }, "routes.main.train"},
    {"NoRoute", [](Config& c) { c.routes.clear(); }, "there is no route"},
    {"MinGroupAboveGroup", [](Config& c) { c.routes[0].min_group = 9; }, "routes.main.min_group"},
    {"DeadlineBelowDelay", [](Config& c) { c.scorers[0].delay_seconds = 600; },
     "routes.main.deadline_seconds"},
    {"MoreMinibatchesThanGroups", [](Config& c) { c.stages[1].minibatches = 9; }, "minibatches"},
    {"WarmupAboveSteps", [](Config& c) { c.stages[1].warmup_steps = 21; }, "warmup_steps"},
    {"NoDemonstrations", [](Config& c) { c.stages[0].data.clear(); }, "stages.0.data"},
    {"DualClipInsideTheClip", [](Config& c) { c.stages[1].dual_clip = 1.1; }, "dual_clip"},
    {"EvaluationWithoutData",
     [](Config& c) {
       c.stages[1].kind = "eval";
       c.evaluation.data.clear();
     },
     "evaluation.data is empty"},
    {"EvaluationEveryWithoutData",
     [](Config& c) {
       c.evaluation.data.clear();
       c.evaluation.every_steps = 5;
     },
     "evaluation.every_steps is set"},
    {"EvaluationScorerUnknown", [](Config& c) { c.evaluation.scorers = {"x"}; },
     "evaluation.scorers names \"x\""},
    // 8 × 8 samples a step: outstanding 128, between checkpoints 20 × 64; × 1.25 = 1760.
    {"NothingTrained", [](Config& c) { c.routes[0].trained = false; },
     "every route has trained = false"},
    {"HeldBoundTooSmall", [](Config& c) { c.broker.held_tasks = 1759; }, "need 1760"},
    {"QueueBoundTooSmall", [](Config& c) { c.broker.queue_tasks = 127; }, "broker.queue_tasks"},
    {"NoActors", [](Config& c) { c.fleet.actors = 0; }, "fleet.actors"},
    {"NoRewardWorkers", [](Config& c) { c.fleet.reward_workers = 0; }, "fleet.reward_workers"},
    {"PortsRunOut", [](Config& c) { c.telemetry.port = 65534; }, "telemetry.port"},
    {"OpenAddress", [](Config& c) { c.broker.endpoint = "tcp://0.0.0.0:5555"; }, "no loopback"},
    {"TwoAddresses", [](Config& c) { c.broker.endpoint = "tcp://127.0.0.1:5555;0.0.0.0:5556"; },
     "tcp://HOST:PORT"},
    {"NamedLikeLoopback", [](Config& c) { c.broker.endpoint = "tcp://127.0.0.1.example:5555"; },
     "no loopback"},
    {"SocketWithoutAFile", [](Config& c) { c.broker.endpoint = "ipc://@broker"; },
     "a socket without a file"},
    {"NoEndpoint", [](Config& c) { c.weights.endpoint = "localhost:5555"; }, "weights.endpoint"},
    {"NoPort", [](Config& c) { c.weights.endpoint = "tcp://127.0.0.1:x"; }, "a port from 1"},
    {"LongSocket", [](Config& c) { c.broker.endpoint = "ipc:///" + std::string(120, 'x'); },
     "1 to 107 bytes"},
    {"SameEndpoint",
     [](Config& c) { c.broker.endpoint = c.weights.endpoint = "tcp://127.0.0.1:5555"; },
     "are the same"},
};

INSTANTIATE_TEST_SUITE_P(All, CheckConfigTest, ::testing::ValuesIn(kBroken),
                         [](const auto& test) { return test.param.name; });

TEST(CheckConfig, AcceptsTheHeldBoundItAsksFor) {
  Config config = SampleConfig();
  config.broker.held_tasks = 1760;
  EXPECT_THAT(ConfigProblems(config), IsEmpty());
}

TEST(CheckConfig, NamesTheFirstProblemAndCountsTheOthers) {
  Config config = SampleConfig();
  config.model.path.clear();
  config.sampling.top_p = 0.5;
  config.fleet.actors = 0;
  EXPECT_THAT(CheckConfig(config).message(), HasSubstr("(and 2 more"));
}

}  // namespace
}  // namespace cohort
