#include "reward_workers/code/code_judge.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "reward_workers/code/code_block.h"
#include "reward_workers/code/code_task.h"
#include "reward_workers/code/function_check.h"

namespace cohort {
namespace {

Judged Lost(std::string detail) {
  return {Verdict::Masked(OutcomeReason::kSandboxLost, std::move(detail)), false};
}

bool HangsOnTheMachine(TestEnd end) {
  return end == TestEnd::kTimeLimit || end == TestEnd::kMemoryLimit;
}

}  // namespace

CodeJudge::CodeJudge(Sandbox* sandbox, Options options)
    : sandbox_(sandbox),
      options_(std::move(options)),
      runner_(sandbox, options_.runner),
      checker_(sandbox, &runner_, options_.scripts) {}

Judged CodeJudge::Judge(const CodeQuestion& question, const std::atomic<bool>& cancelled) {
  Result<CodeTask> task = ReadCodeTask(question.columns);
  if (!task.ok()) {
    return {Verdict::Masked(OutcomeReason::kGoldInvalid, task.status().message()), false};
  }
  std::string source;
  if (options_.continues_prompt) {
    source = question.prompt + question.completion;
  } else {
    const std::vector<std::string>& fences = options_.runner.language.fences;
    const std::vector<std::string_view> names(fences.begin(), fences.end());
    const std::optional<std::string_view> block = LastCodeBlock(question.completion, names);
    if (!block) {
      return {Verdict::Failed(OutcomeReason::kUnparseable,
                              "no fenced program in " + Quoted(question.completion)),
              true};
    }
    source = *block;
  }
  if (task->kind == CodeTask::Kind::kProgram) return JudgePrograms(*task, source, cancelled);
  if (options_.runner.language.name != "python") {
    return {Verdict::Masked(OutcomeReason::kTaskUnsupported,
                            "its row tests functions, which only Python programs have here"),
            false};
  }
  return JudgeFunctions(*task, source, cancelled);
}

Judged CodeJudge::JudgePrograms(const CodeTask& task, const std::string& source,
                                const std::atomic<bool>& cancelled) {
  const ProgramRunner::Program program = runner_.Compile(source, cancelled);
  if (program.end.lost) return Lost(program.end.detail);
  CodeGrade grade(TestsOf(task), options_.credit);
  bool keep = true;
  if (program.end.end != TestEnd::kAccepted) {
    grade.AddForAllLeft(program.end.end, program.end.detail);
  }
  while (!grade.settled()) {
    if (cancelled)
      return {Verdict::Masked(OutcomeReason::kCancelled, "nobody waits for it"), false};
    const ProgramTest& test = task.tests[grade.next()];
    RunEnd run = runner_.Run(program, test.input, cancelled);
    if (run.lost) return Lost(run.detail);
    if (run.end == TestEnd::kAccepted && !task.output_checker.empty()) {
      CheckedOutput checked = checker_.Check(task.output_checker, test, run.output, cancelled);
      if (checked.end == CheckedOutput::End::kLost) return Lost(std::move(checked.detail));
      if (checked.end == CheckedOutput::End::kBadChecker) {
        return {Verdict::Masked(OutcomeReason::kGoldInvalid, "its row: " + checked.detail), false};
      }
      keep = keep && checked.keep;
      if (checked.end == CheckedOutput::End::kRefused) {
        run.end = TestEnd::kWrongAnswer;
        run.detail = "it wrote " + Quoted(run.output) + ", " + checked.detail;
      }
    } else if (run.end == TestEnd::kAccepted &&
               !OutputMatches(run.output, test.output, options_.match, options_.tolerance)) {
      run.end = TestEnd::kWrongAnswer;
      run.detail = "it wrote " + Quoted(run.output) + ", wanted " + Quoted(test.output);
    }
    keep = keep && !HangsOnTheMachine(run.end);
    grade.Add(run.end, std::move(run.detail));
  }
  return {grade.Finish(), keep};
}

Judged CodeJudge::JudgeFunctions(const CodeTask& task, const std::string& source,
                                 const std::atomic<bool>& cancelled) {
  const bool all = options_.credit == CodeCredit::kAll;
  FunctionEnds ends =
      CheckFunctions(*sandbox_, runner_, options_.scripts, source, task, all, cancelled);
  if (ends.lost) return Lost(ends.detail);
  if (ends.bad_task) {
    return {Verdict::Masked(OutcomeReason::kGoldInvalid, "its row: " + ends.detail), false};
  }
  // How many asserts a checker has shows once they are run: what was not run stands for one.
  std::vector<CodeGrade::Test> tests = TestsOf(task);
  if (tests.empty()) tests.resize(std::max<size_t>(ends.tests.size(), 1));
  CodeGrade grade(std::move(tests), options_.credit);
  bool keep = true;
  for (RunEnd& test : ends.tests) {
    keep = keep && !HangsOnTheMachine(test.end);
    grade.Add(test.end, std::move(test.detail));
  }
  return {grade.Finish(), keep};
}

}  // namespace cohort
