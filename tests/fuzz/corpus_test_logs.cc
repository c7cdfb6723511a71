// Logs of test suites, shorter than those of tests/reward_workers/swe/logs.
#include "reward_workers/swe/test_log.h"
#include "tests/fuzz/corpus.h"

namespace cohort {

void SeedTestLogs(const Corpus& corpus) {
  const struct {
    LogFormat format;
    const char* name;
    std::string text;
  } seeds[] = {
      {LogFormat::kPytest, "pytest",
       "==== test session starts ====\na.py::x[a - b] PASSED [ 33%]\na.py::y FAILED [ 66%]\n"
       "a.py::z SKIPPED (why (not)) [100%]\n\n==== FAILURES ====\n____ y ____\n"
       "---- Captured stdout call ----\nPASSED a.py::y\n==== short test summary info ====\n"
       "PASSED a.py::x[a - b]\nXPASS a.py::w because\nERROR b.py - ImportError\n"
       "SUBFAILED[a] (n=1) a.py::y - no\n\x1b[31mFAILED\x1b[0m a.py::y - assert [1] - 2\n"
       "= 1 failed, 1 passed, 2 subtests passed in 61.40s (0:01:01) =\n"},
      {LogFormat::kPytest, "pytest-processes",
       "[gw0] [ 50%] PASSED a.py::x\n[gw1] ERROR a.py::y\n"},
      {LogFormat::kUnittest, "unittest",
       "a (m.C.a) ... ok\nb (m.C.b)\nWhat it does ... FAIL\nc (m.C.c) ... prints\nok\n"
       "d (m.C.d) ... \n  d (m.C.d) [part] (n=1) ... ERROR\ne (m.C.e) ... skipped 'x ... ok'\n" +
           std::string(70, '=') + "\nFAIL: b (m.C.b)\n" + std::string(70, '-') +
           "\nRan 5 tests in 0.1s\n\nFAILED (failures=1, errors=1, skipped=1)\n"},
      {LogFormat::kCtest, "ctest",
       "1/2 Test #1: a ....   Passed    0.01 sec\n2/2 Test #2: b ....***Failed    0.01 sec\n\n"
       "50% tests passed, 1 tests failed out of 2\n\nTotal Test time (real) =   0.02 sec\n\n"
       "The following tests FAILED:\n\t  2 - b (Failed)\n"},
      {LogFormat::kGo, "go",
       "=== RUN   TestA\n=== RUN   TestA/x\nno end --- FAIL: TestA (0.00s)\n"
       "    --- PASS: TestA/x (0.00s)\n=== RUN   TestB\n=== PAUSE TestB\n=== CONT  TestB\n"
       "--- SKIP: TestB (0.00s)\nFAIL\nFAIL\ta\t0.1s\nok  \tb\t(cached)\nFAIL\n"},
      {LogFormat::kNode, "tap",
       "TAP version 13\n# Subtest: g\n    # Subtest: a\n    ok 1 - a \\# b # SKIP why\n      ---\n"
       "      error: |-\n        ok 1 - c\n      ...\n    1..1\nnot ok 1 - g # TODO\n1..1\n# pass "
       "0\n"
       "# fail 1\n# cancelled 1\n"},
      {LogFormat::kNode, "spec",
       "▶ g\n  ✔ a (0.1ms)\n  ✖ b (12ms) # later\n▶ g (13ms)\n﹣ c (0ms) # SKIP\nℹ pass 1\nℹ fail "
       "1\n\n"
       "✖ failing tests:\n\n✖ b (12ms)\n"},
      {LogFormat::kCargo, "cargo",
       "running 3 tests\ntest a ... ok\ntest b - should panic ... FAILED\ntest c ... prints\nok\n\n"
       "failures:\n\n---- b stdout ----\ntest d ... ok\n\nfailures:\n    b\n\n"
       "test result: FAILED. 2 passed; 1 failed; 0 ignored; finished in 0.00s\n"},
  };
  for (const auto& seed : seeds) {
    corpus.Seed("test_log", seed.name, std::string(1, static_cast<char>(seed.format)) + seed.text);
  }
}

}  // namespace cohort
