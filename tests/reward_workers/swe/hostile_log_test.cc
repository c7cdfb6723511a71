// What no tool writes: noise, lines without end, deep and repeated structure.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "tests/reward_workers/swe/recorded_log.h"

namespace cohort {
namespace {

using enum TestStatus;

constexpr std::array<LogFormat, 6> kAll = {LogFormat::kPytest, LogFormat::kUnittest,
                                           LogFormat::kCtest,  LogFormat::kGo,
                                           LogFormat::kNode,   LogFormat::kCargo};

std::string Repeated(std::string_view text, size_t bytes) {
  std::string repeated;
  while (repeated.size() < bytes) repeated += text;
  return repeated;
}

size_t BytesOf(const TestLog& log) {
  size_t bytes = 0;
  for (const auto& [id, status] : log.tests) bytes += id.size();
  return bytes;
}

TEST(HostileLog, IsEmptyWhereNothingIsSaid) {
  for (const LogFormat format : kAll) {
    for (const std::string& text : {std::string(), std::string("\n\n\n"), std::string(1000, '\0'),
                                    std::string(1 << 20, 'x'), Repeated("\x1b[", 1 << 20)}) {
      const TestLog log = ReadTestLog(format, text);
      EXPECT_TRUE(log.tests.empty());
      EXPECT_FALSE(log.finished);
      EXPECT_FALSE(log.passed.has_value());
      EXPECT_FALSE(log.failed.has_value());
    }
  }
}

// The quick suite's limit of time would end what is not linear.
TEST(HostileLog, StaysLinearInMegabytesOfOneShape) {
  constexpr size_t kBytes = 1 << 20;
  for (const char* piece : {"] - ",
                            "a.py::x[",
                            "FAILED a.py::x[a] - \n",
                            " (",
                            "ms)",
                            " ... ",
                            ".***",
                            "--- PASS: ",
                            "=== RUN   A\n",
                            "=== RUN   A\n=== PAUSE A\n=== CONT  A\n",
                            "= x =\n",
                            "# ",
                            "\\#",
                            "    ok 1 - a\n",
                            "▶ a\n",
                            "test a ... \n",
                            "a (b.c) ... \n",
                            "a (b.c) ... ok\n",
                            "\x1b[1;",
                            "= short test summary info =\n",
                            "running 1 test\n",
                            "failures:\n    a\n"}) {
    for (const char* front : {"", "FAILED a.py::x[", "= short test summary info =\nFAILED a.py::x[",
                              "running 1 test\n", "TAP version 13\n", "✔ "}) {
      const std::string text = front + Repeated(piece, kBytes);
      for (const LogFormat format : kAll) {
        EXPECT_LE(BytesOf(ReadTestLog(format, text)), 6 * text.size()) << front << piece;
      }
    }
  }
}

// A name that stands in front of the names of many tests.
TEST(HostileLog, GrowsNoNamesBeyondAFewTimesItsSize) {
  std::string tap = "TAP version 13\n";
  std::string spec = "▶ " + std::string(100'000, 's') + "\n";
  for (int i = 0; i < 10'000; ++i) {
    tap += "    ok 1 - t" + std::to_string(i) + "\n";
    spec += "  ✔ t" + std::to_string(i) + " (1.5ms)\n";
  }
  tap += "ok 1 - " + std::string(100'000, 's') + "\n";
  for (const std::string& text : {tap, spec}) {
    const TestLog log = ReadTestLog(LogFormat::kNode, text);
    EXPECT_LE(BytesOf(log), 6 * text.size());
    EXPECT_FALSE(log.tests.empty());
  }
}

TEST(HostileLog, KeepsALongId) {
  const std::string id = "a.py::x[" + std::string(1 << 20, 'p') + "]";
  EXPECT_EQ(
      ReadTestLog(LogFormat::kPytest, "= short test summary info =\nPASSED " + id + "\n").tests,
      (Tests{{id, kPassed}}));
}

TEST(HostileLog, ReadsCarriageReturnsAndALastLineWithoutEnd) {
  const TestLog log = ReadTestLog(
      LogFormat::kPytest, "= short test summary info =\r\nPASSED a.py::x\r\n= 1 passed in 0.10s =");
  EXPECT_EQ(log.tests, (Tests{{"a.py::x", kPassed}}));
  EXPECT_TRUE(log.finished);
}

// Noise in the middle of real logs: whatever is lost, no failure turns into a pass.
TEST(HostileLog, MakesNoPassOfAFailureWhereverLinesAreLostOrRepeated) {
  const std::pair<LogFormat, const char*> logs[] = {{LogFormat::kPytest, "pytest-8.4.2-verbose"},
                                                    {LogFormat::kUnittest, "unittest-3.11-verbose"},
                                                    {LogFormat::kCtest, "ctest-3.25-verbose"},
                                                    {LogFormat::kGo, "go-1.19-verbose"},
                                                    {LogFormat::kNode, "node-20-tap"},
                                                    {LogFormat::kCargo, "cargo-1.95-plain"}};
  std::mt19937 random(7);
  for (const auto& [format, name] : logs) {
    const std::string text = RecordedText(name);
    const TestLog whole = ReadTestLog(format, text);
    for (int round = 0; round < 200; ++round) {
      std::string noisy = text;
      const size_t at = random() % noisy.size();
      const size_t line = noisy.rfind('\n', at) + 1;
      std::string noise;
      for (int i = 0; i < 30; ++i) noise += static_cast<char>(random());
      noisy.insert(line, noise + "\n");
      for (const auto& [id, status] : ReadTestLog(format, noisy).tests) {
        const auto known = whole.tests.find(id);
        if (known == whole.tests.end() || known->second != kFailed) continue;
        EXPECT_NE(status, kPassed) << name << " " << id;
      }
    }
  }
}

TEST(LogFormat, IsNamed) {
  for (const char* name : {"pytest", "unittest", "ctest", "go", "node", "cargo"}) {
    EXPECT_TRUE(ParseLogFormat(name).ok()) << name;
  }
  EXPECT_EQ(*ParseLogFormat("cargo"), LogFormat::kCargo);
  EXPECT_FALSE(ParseLogFormat("Pytest").ok());
  EXPECT_NE(ParseLogFormat("").status().message().find("pytest"), std::string::npos);
}

TEST(TestStatus, IsOrderedByHowBadItIs) {
  const TestStatus order[] = {kPassed,         kExpectedFailure, kSkipped,
                              kUnexpectedPass, kFailed,          kError};
  for (size_t i = 0; i < std::size(order); ++i) {
    for (size_t j = 0; j <= i; ++j) {
      EXPECT_EQ(WorseOf(order[i], order[j]), order[i]);
      EXPECT_EQ(WorseOf(order[j], order[i]), order[i]);
    }
  }
}

}  // namespace
}  // namespace cohort
