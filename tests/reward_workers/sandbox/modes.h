// Sandboxes in each of the modes that this machine has, and attackers in them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "libs/base/files.h"
#include "reward_workers/sandbox/sandbox.h"
#include "tests/reward_workers/sandbox/host_state.h"

namespace cohort {

struct ModeChoice {
  const char* name;
  bool root;
  bool cgroups;
};
inline constexpr ModeChoice kModes[] = {{"RootWithCgroups", true, true},
                                        {"RootWithout", true, false},
                                        {"UserWithCgroups", false, true},
                                        {"UserWithout", false, false}};
inline constexpr uid_t kNobody = 65534;

inline SandboxOptions OptionsOf(const ModeChoice& mode) {
  SandboxOptions options;
  options.cgroups = mode.cgroups;
  if (!mode.root && geteuid() == 0) options.as_user = kNobody;
  return options;
}

inline std::string AttackersFolder() {
  const char* source = std::getenv("COHORT_SOURCE");
  return std::string(source == nullptr ? "." : source) + "/tests/reward_workers/sandbox/attackers";
}

inline std::string TestsFolder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

// One sandbox for each mode, for all tests of the program: starting them is what takes time.
inline Sandbox* SandboxOf(const ModeChoice& mode) {
  static std::map<std::string, std::unique_ptr<Sandbox>> open;
  std::unique_ptr<Sandbox>& sandbox = open[mode.name];
  if (sandbox == nullptr) {
    Result<std::unique_ptr<Sandbox>> opened = Sandbox::Open(OptionsOf(mode));
    EXPECT_TRUE(opened.ok()) << opened.status().message();
    if (!opened.ok()) return nullptr;
    sandbox = *std::move(opened);
  }
  return sandbox.get();
}

// A program that is spoken to: waits for its first word.
inline std::unique_ptr<SandboxRun> StartAndHear(Sandbox* sandbox, SandboxSpec spec, int* channel,
                                                std::string* word) {
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  spec.channel = ends[1];
  Result<std::unique_ptr<SandboxRun>> run = sandbox->Start(spec);
  close(ends[1]);
  EXPECT_TRUE(run.ok()) << run.status().message();
  char bytes[64] = {};
  const ssize_t count = read(ends[0], bytes, sizeof(bytes));
  word->assign(bytes, count > 0 ? static_cast<size_t>(count) : 0);
  *channel = ends[0];
  return *std::move(run);
}

class InEachMode : public ::testing::TestWithParam<ModeChoice> {
 protected:
  void SetUp() override {
    if (GetParam().root && geteuid() != 0) GTEST_SKIP() << "this mode needs root";
    sandbox_ = SandboxOf(GetParam());
    ASSERT_NE(sandbox_, nullptr);
    if (GetParam().cgroups && !sandbox_->mode().cgroups) GTEST_SKIP() << "no cgroups here";
    before_ = HostState::Now();
  }
  // Whatever ran, this machine is as it was, and so is the next run.
  void TearDown() override {
    if (sandbox_ == nullptr || IsSkipped()) return;
    const SandboxResult next = Attack("a06_see_traces.py");
    EXPECT_EQ(Describe(next), "exited 0") << next.errors;
    EXPECT_EQ(next.output, "answer\n");
    EXPECT_EQ(before_.DifferenceTo(HostState::Now()), "");
  }

  static SandboxSpec Spec(std::vector<std::string> argv) {
    SandboxSpec spec;
    spec.argv = std::move(argv);
    spec.limits.cpu = std::chrono::seconds(20);
    spec.limits.wall = std::chrono::seconds(60);
    return spec;
  }
  // A program of attackers/ with what it imports, or one of C that was built for the tests.
  static SandboxSpec AttackSpec(const std::string& name, std::vector<std::string> words = {}) {
    SandboxSpec spec = Spec({});
    if (name.ends_with(".py")) {
      spec.argv = {"python3", "-B", name};
      for (const std::string& file : {name, std::string("attack.py")}) {
        spec.files.push_back({file, *ReadFile(AttackersFolder() + "/" + file)});
      }
    } else {
      spec.argv = {"./" + name};
      spec.files.push_back({name, *ReadFile(TestsFolder() + "/" + name), 0755});
    }
    spec.argv.insert(spec.argv.end(), words.begin(), words.end());
    return spec;
  }
  SandboxResult Attack(const std::string& name, std::vector<std::string> words = {}) {
    return sandbox_->Run(AttackSpec(name, std::move(words)));
  }
  // The attack reaches nothing, and its right answer counts.
  void ExpectBlocked(const SandboxResult& result) {
    EXPECT_EQ(Describe(result), "exited 0") << result.errors;
    EXPECT_EQ(result.output, "answer\n") << result.errors;
  }
  void ExpectBlocked(const std::string& name, std::vector<std::string> words = {}) {
    ExpectBlocked(Attack(name, std::move(words)));
  }
  // Whether this mode says of itself that it does not hold an attack in full.
  bool Lists(int attack) const {
    for (const Mechanism& mechanism : sandbox_->mechanisms()) {
      const std::vector<int> attacks = AttacksHeldBy(mechanism.kind);
      if (!mechanism.present && std::count(attacks.begin(), attacks.end(), attack) > 0) return true;
    }
    return false;
  }
  bool Has(MechanismKind kind) const {
    for (const Mechanism& mechanism : sandbox_->mechanisms()) {
      if (mechanism.kind == kind) return mechanism.present;
    }
    return false;
  }

  Sandbox* sandbox_ = nullptr;
  HostState before_;
};

inline std::string ModeName(const ::testing::TestParamInfo<ModeChoice>& info) {
  return info.param.name;
}

}  // namespace cohort
