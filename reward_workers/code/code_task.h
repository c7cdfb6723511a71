// What a program is tested by, read from the columns of a row as the data sets write them.
//
//   own          {"tests": [{"stdin": "1 2", "stdout": "3", "weight": 1, "subtask": "a"}]}
//   APPS, TACO   {"input_output": {"inputs": […], "outputs": […], "fn_name": "add"}}  (or its text)
//   LiveCodeBench {"public_test_cases": […], "private_test_cases": […], "metadata": {"func_name":
//   …}}
//                each {"input": …, "output": …, "testtype": "stdin" | "functional"}
//   HumanEval    {"test": "def check(candidate): …", "entry_point": "add", "prompt" beside it}
//   MBPP         {"test_list": ["assert …"], "test_setup_code": "…", "test_imports": […]}
//
// Beside tests of whole programs: "checker", a Python program that says which outputs are right.
//
// Pure; what a file holds becomes one of these or a Status that names the key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/status.h"
#include "reward_workers/code/output_match.h"

namespace cohort {

// A run of the program: input on stdin, and what must come out.
struct ProgramTest {
  std::string input;
  std::string output;
  double weight = 1;
  std::string subtask;  // tests of one subtask count together; empty: by itself
};

// A call of a function: values as JSON texts.
struct CallTest {
  std::string arguments;              // a list
  std::vector<std::string> accepted;  // results, one of which it must be
  double weight = 1;
};

struct CodeTask {
  enum class Kind {
    kProgram,  // `tests`
    kCalls,    // `function` by `calls`
    kChecks,   // `function` by `checker`, a program of the data set that asserts
  };
  Kind kind = Kind::kProgram;
  std::vector<ProgramTest> tests;
  std::string function;
  bool is_method = false;  // of a class Solution
  std::vector<CallTest> calls;
  std::string checker;         // Python; defines check(candidate) or holds bare asserts (MBPP)
  std::string output_checker;  // of kProgram: Python (output_checker.h); empty: they are compared
  OutputMatch match = OutputMatch::kLines;
  double tolerance = 1e-6;
};

// `columns` is a JSON object. Fails where it holds tests of none of these shapes, or broken ones.
Result<CodeTask> ReadCodeTask(std::string_view columns);

}  // namespace cohort
