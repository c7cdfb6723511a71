#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>

#include "reward_workers/code/program_language.h"
#include "reward_workers/code/program_runner.h"
#include "reward_workers/sandbox/sandbox.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

constexpr char kMakeTime[] = "mkdir shared && date +%N > shared/made";

class CompileTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Sandbox::Open({});
    if (!opened.ok()) GTEST_SKIP() << opened.status().ToString();
    sandbox_ = *std::move(opened);
    setenv("TMPDIR", folder_.path().c_str(), 1);  // what is precompiled lies below it
  }
  void TearDown() override { unsetenv("TMPDIR"); }

  // What the program writes; or why it does not compile, and what the compiler said.
  std::string Output(const LanguageConfig& language, const std::string& source) {
    ProgramRunner runner(sandbox_.get(), {.language = language, .limits = {}});
    const ProgramRunner::Program program = runner.Compile(source, cancelled_);
    if (program.end.end != TestEnd::kAccepted) return program.end.detail + program.end.errors;
    return runner.Run(program, "", cancelled_).output;
  }

  TestFolder folder_;
  std::unique_ptr<Sandbox> sandbox_;
  std::atomic<bool> cancelled_ = false;
};

// A language whose programs are their sources, with what was precompiled behind them.
LanguageConfig Appending(const std::string& precompile) {
  return {.name = "appending",
          .fences = {},
          .file = "source",
          .compile = {"/bin/sh", "-c", "cat source shared/made > program; chmod +x program"},
          .run = {"./program"},
          .precompile = {"/bin/sh", "-c", precompile},
          .precompiled = "shared/made"};
}

TEST_F(CompileTest, OnceForAMachineWhatAllCompilationsShare) {
  const LanguageConfig language = Appending(kMakeTime);
  const std::string first = Output(language, "#!/bin/tail -n1\n");
  EXPECT_GT(first.size(), 1U) << first;
  EXPECT_EQ(Output(language, "#!/bin/tail -n1\nanother\n"), first);
  EXPECT_NE(Output(Appending(std::string(kMakeTime) + " # changed"), "#!/bin/tail -n1\n"), first);
}

TEST_F(CompileTest, WithoutItWhereItCannotBeHad) {
  EXPECT_EQ(Output(Appending("exit 1"), "#!/bin/tail -n1\nalone\n"), "alone\n");
}

TEST_F(CompileTest, WithoutItWhereItIsDamaged) {
  LanguageConfig language = Appending("mkdir shared && echo damaged > shared/made");
  language.compile.back() = "test ! -e shared/made && mv source program && chmod +x program";
  EXPECT_EQ(Output(language, "#!/bin/tail -n1\nalone\n"), "alone\n");
}

TEST_F(CompileTest, CppWithAPrecompiledHeader) {
  LanguageConfig cpp = *FindLanguage("cpp", {});
  EXPECT_EQ(Output(cpp, "#include <bits/stdc++.h>\nint main() { std::cout << std::gcd(12, 18); }"),
            "6");
  // The program tells what the compiler read; "!" is before what was ready.
  cpp.compile = {"/bin/sh", "-c",
                 "g++ -H -std=c++20 -O2 -Iheaders -c program.cpp 2>said; "
                 "{ echo '#!/bin/tail -n+2'; cat said; } >program; chmod +x program"};
  const std::string said = Output(cpp, "#include <bits/stdc++.h>\nint x;\n");
  EXPECT_NE(said.find("! headers/bits/stdc++.h.gch"), std::string::npos) << said;
  const std::string other = Output(cpp, "#include <vector>\nint x;\n");
  EXPECT_EQ(other.find("stdc++.h.gch"), std::string::npos) << other;
}

TEST_F(CompileTest, NothingWithACompilerThatIsNotThere) {
  EXPECT_TRUE(CheckPrograms(*sandbox_, *FindLanguage("python", {})).ok());
  EXPECT_TRUE(CheckPrograms(*sandbox_, *FindLanguage("cpp", {})).ok());
  LanguageConfig missing = Appending("true");
  missing.compile.front() = "no-such-compiler";
  const Status status = CheckPrograms(*sandbox_, missing);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("no-such-compiler"), std::string::npos) << status.message();
  missing.compile.front() = "cd";  // only the shell knows it
  EXPECT_FALSE(CheckPrograms(*sandbox_, missing).ok());
}

}  // namespace
}  // namespace cohort
