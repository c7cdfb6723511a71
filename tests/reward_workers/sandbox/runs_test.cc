// What a run gives and how it ends, in each mode.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/reward_workers/sandbox/modes.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Runs = InEachMode;

TEST_P(Runs, GivesOutputErrorsAndCode) {
  const SandboxResult result = sandbox_->Run(Spec({"sh", "-c", "echo out; echo err >&2; exit 42"}));
  EXPECT_EQ(Describe(result), "exited 42");
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
  EXPECT_FALSE(result.cut);
  EXPECT_GT(result.cpu.count(), 0);
  EXPECT_GT(result.wall.count(), 0);
  EXPECT_GT(result.peak_memory, 0U);
}

TEST_P(Runs, TellsTheSignal) {
  EXPECT_EQ(Describe(sandbox_->Run(Spec({"sh", "-c", "kill -ABRT $$"}))), "signalled 6: Aborted");
}

TEST_P(Runs, TellsWhatIsNoProgramFromWhatFails) {
  SandboxSpec spec = Spec({"./text"});
  spec.files = {{"text", "no program", 0755}};
  EXPECT_EQ(sandbox_->Run(spec).end, SandboxEnd::kNotExecutable);
  spec.files[0].mode = 0644;
  EXPECT_EQ(sandbox_->Run(spec).end, SandboxEnd::kNotExecutable);
  const SandboxResult result = sandbox_->Run(Spec({"no-such-program"}));
  EXPECT_EQ(Describe(result),
            "not_executable: cannot execute no-such-program: No such file or directory");
}

TEST_P(Runs, ReadsItsInputAsAFile) {
  SandboxSpec spec = Spec({"sh", "-c", "cat; echo; wc -c < /dev/stdin"});
  spec.input = "hello";
  EXPECT_EQ(sandbox_->Run(spec).output, "hello\n5\n");
  spec = Spec({"wc", "-c"});
  spec.input.assign(5'000'000, 'x');
  EXPECT_EQ(sandbox_->Run(spec).output, "5000000\n");
  EXPECT_EQ(sandbox_->Run(Spec({"wc", "-c"})).output, "0\n");
  // And cannot change it, for whoever reads it afterwards.
  spec = Spec({"sh", "-c", "echo evil > /proc/self/fd/0; cat"});
  spec.input = "hello";
  EXPECT_EQ(sandbox_->Run(spec).output, "hello");
}

TEST_P(Runs, FindsItsFiles) {
  SandboxSpec spec =
      Spec({"sh", "-c", "./run; cat a/b/c; stat -c '%a %U' run a a/b/c; : > a/new && : > a/b/c"});
  spec.files = {{"run", "#!/bin/sh\necho ran\n", 0755}, {"a/b/c", "deep\n", 0644}};
  const SandboxResult result = sandbox_->Run(spec);
  EXPECT_EQ(result.output, "ran\ndeep\n755 runner\n755 runner\n644 runner\n") << result.errors;
  EXPECT_EQ(Describe(result), "exited 0");
}

TEST_P(Runs, FilesThatDoNotFitAreADiskLimit) {
  SandboxSpec spec = Spec({"true"});
  spec.limits.disk = 1 << 20;
  spec.files = {{"big", std::string(3 << 20, 'x')}};
  EXPECT_EQ(sandbox_->Run(spec).end, SandboxEnd::kDiskLimit);
}

TEST_P(Runs, HasTheEnvironmentOfItsSpecification) {
  SandboxSpec spec = Spec({"env"});
  spec.environment = {"A=b c", "HOME=/tmp"};
  EXPECT_EQ(sandbox_->Run(spec).output,
            "A=b c\nHOME=/tmp\nPATH=/usr/local/bin:/usr/bin:/bin\nLANG=C.UTF-8\nTMPDIR=/tmp\n");
}

TEST_P(Runs, ReadsBindsAndCannotWriteThem) {
  const TestFolder folder;
  folder.Write("x", "bound\n");
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0777));
  SandboxSpec spec =
      Spec({"sh", "-c",
            "cat /data/x /work/y; echo z > /data/x; touch /data/new; ls /data; echo z > /work/y"});
  spec.binds = {{folder.path().string(), "/data"}, {folder.path().string() + "/x", "/work/y"}};
  const SandboxResult result = sandbox_->Run(spec);
  EXPECT_EQ(result.output, "bound\nbound\nx\n") << result.errors << Describe(result);
  EXPECT_EQ(*ReadFile(folder.path() / "x"), "bound\n");
}

TEST_P(Runs, ABindThatIsNotThereIsThisMachinesFault) {
  SandboxSpec spec = Spec({"true"});
  spec.binds = {{"/no/such/folder", "/data"}};
  const SandboxResult result = sandbox_->Run(spec);
  EXPECT_EQ(result.end, SandboxEnd::kInfrastructure);
  EXPECT_THAT(result.what, HasSubstr("/no/such/folder: No such file or directory"));
}

TEST_P(Runs, CanBeWaitedForByEpoll) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<SandboxRun>> runs;
  for (uint32_t i = 0; i < 5; ++i) {
    Result<std::unique_ptr<SandboxRun>> run =
        sandbox_->Start(Spec({"sh", "-c", "head -c 300000 /dev/zero; exit " + std::to_string(i)}));
    ASSERT_TRUE(run.ok());
    epoll_event event = {};
    event.events = EPOLLIN;
    event.data.u32 = i;
    ASSERT_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, (*run)->fd(), &event), 0);
    runs.push_back(*std::move(run));
  }
  for (size_t ended = 0; ended < runs.size();) {
    epoll_event event = {};
    ASSERT_EQ(epoll_wait(epoll, &event, 1, 30'000), 1);
    const std::optional<SandboxResult> result = runs[event.data.u32]->TryTake();
    if (!result) continue;
    EXPECT_EQ(result->code, static_cast<int>(event.data.u32));
    EXPECT_EQ(result->output.size(), 300'000U);
    epoll_ctl(epoll, EPOLL_CTL_DEL, runs[event.data.u32]->fd(), nullptr);
    ++ended;
  }
  close(epoll);
}

TEST_P(Runs, CanBeSpokenTo) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  SandboxSpec spec = Spec({"sh", "-c", "while read number; do echo $((number * 2)); done"});
  spec.channel = ends[1];
  Result<std::unique_ptr<SandboxRun>> run = sandbox_->Start(spec);
  close(ends[1]);
  ASSERT_TRUE(run.ok());
  for (int i = 1; i < 4; ++i) {
    const std::string line = std::to_string(i) + "\n";
    ASSERT_EQ(write(ends[0], line.data(), line.size()), static_cast<ssize_t>(line.size()));
    char answer[16] = {};
    ASSERT_GT(read(ends[0], answer, sizeof(answer) - 1), 0);
    EXPECT_EQ(answer, std::to_string(2 * i) + "\n");
  }
  close(ends[0]);
  EXPECT_EQ(Describe((*run)->Wait()), "exited 0");
}

TEST_P(Runs, CanBeCancelled) {
  Result<std::unique_ptr<SandboxRun>> run =
      sandbox_->Start(Spec({"sh", "-c", "echo begun; exec sleep 100"}));
  ASSERT_TRUE(run.ok());
  EXPECT_FALSE((*run)->TryTake().has_value());
  (*run)->Cancel();
  (*run)->Cancel();
  EXPECT_EQ((*run)->Wait().end, SandboxEnd::kCancelled);
}

// The state of this machine that is looked at after each test shows that it has ended.
TEST_P(Runs, EndsWithItsHandle) {
  Result<std::unique_ptr<SandboxRun>> run =
      sandbox_->Start(Spec({"sh", "-c", "sleep 100 & sleep 100"}));
  ASSERT_TRUE(run.ok());
}

TEST_P(Runs, CutsWhatIsTooLong) {
  SandboxSpec spec = Spec({"sh", "-c", "printf 123456789; printf abcdefghijk >&2; sleep 100"});
  spec.limits.output = 10;
  const SandboxResult result = sandbox_->Run(spec);
  EXPECT_EQ(Describe(result), "output_limit: wrote more than 10 bytes");
  EXPECT_TRUE(result.cut);
  EXPECT_EQ(result.errors, "abcdefghij");
}

// A disk that is full is the program's to cope with, and never its memory.
TEST_P(Runs, AFullDiskIsNoMemoryLimit) {
  SandboxSpec spec =
      Spec({"python3", "-c",
            "held = bytearray(60 << 20)\n"
            "try:\n  f = open('/tmp/a', 'wb', 0)\n  while True: f.write(bytes(1 << 20))\n"
            "except OSError as error: print(error.errno)"});
  spec.limits.memory = 100 << 20;
  spec.limits.disk = 50 << 20;
  const SandboxResult result = sandbox_->Run(spec);
  EXPECT_EQ(Describe(result), "exited 0") << result.errors;
  EXPECT_EQ(result.output, "28\n");
}

TEST_P(Runs, StopsWhatHoldsTooMuchMemoryWithoutDisk) {
  SandboxSpec spec =
      Spec({"python3", "-c", "held = bytearray(b'x') * (80 << 20)\nimport time\ntime.sleep(100)"});
  spec.limits.memory = 60 << 20;
  spec.limits.disk = 64 << 20;  // lends its room to nobody
  EXPECT_EQ(sandbox_->Run(spec).end, SandboxEnd::kMemoryLimit);
}

TEST_P(Runs, SumsTheCpuOfAllProcesses) {
  SandboxSpec spec = Spec({"sh", "-c", "for i in 1 2 3 4; do (while :; do :; done) & done; wait"});
  spec.limits.cpu = std::chrono::milliseconds(400);
  const SandboxResult result = sandbox_->Run(spec);
  EXPECT_EQ(result.end, SandboxEnd::kCpuLimit) << Describe(result);
  EXPECT_LT(result.cpu, std::chrono::milliseconds(1000));
}

TEST_P(Runs, RefusedProcessesAreTheProgramsToCopeWith) {
  SandboxSpec spec = Spec({"python3", "-c",
                           "import os, signal\npids = []\n"
                           "try:\n  while True:\n    pid = os.fork()\n    if pid == 0: "
                           "signal.pause()\n    pids.append(pid)\n"
                           "except OSError: print(len(pids) < 12)"});
  spec.limits.processes = 10;
  const SandboxResult result = sandbox_->Run(spec);
  EXPECT_EQ(Describe(result), "exited 0") << result.errors;
  EXPECT_EQ(result.output, "True\n");
}

TEST_P(Runs, AKilledWatcherIsThisMachinesFault) {
  Result<std::unique_ptr<SandboxRun>> run = sandbox_->Start(Spec({"sleep", "100"}));
  ASSERT_TRUE(run.ok());
  const std::string children = "/proc/" + std::to_string(sandbox_->launcher()) + "/task/" +
                               std::to_string(sandbox_->launcher()) + "/children";
  pid_t watcher = 0;
  while (watcher == 0) std::ifstream(children) >> watcher;
  kill(watcher, SIGKILL);
  const SandboxResult result = (*run)->Wait();
  EXPECT_EQ(result.end, SandboxEnd::kInfrastructure);
  EXPECT_THAT(result.what, HasSubstr("ended without a report"));
}

TEST_P(Runs, AKilledLauncherIsStartedAgain) {
  Result<std::unique_ptr<Sandbox>> sandbox = Sandbox::Open(OptionsOf(GetParam()));
  ASSERT_TRUE(sandbox.ok()) << sandbox.status().message();
  const pid_t first = (*sandbox)->launcher();
  Result<std::unique_ptr<SandboxRun>> run = (*sandbox)->Start(Spec({"true"}));
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(Describe((*run)->Wait()), "exited 0");
  kill(first, SIGKILL);
  siginfo_t info = {};
  waitid(P_PID, static_cast<id_t>(first), &info, WEXITED | WNOWAIT);
  EXPECT_EQ(Describe((*sandbox)->Run(Spec({"true"}))), "exited 0");
  EXPECT_NE((*sandbox)->launcher(), first);
}

// Whoever owned the sandbox is killed: nothing of it stays.
TEST_P(Runs, EndWithTheirOwner) {
  int ready[2];
  ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
  const pid_t owner = fork();
  if (owner == 0) {
    Result<std::unique_ptr<Sandbox>> sandbox = Sandbox::Open(OptionsOf(GetParam()));
    if (!sandbox.ok()) _exit(1);
    auto run = (*sandbox)->Start(Spec({"sh", "-c", "sleep 100 & sleep 100"}));
    const pid_t launcher = (*sandbox)->launcher();
    [[maybe_unused]] const ssize_t ignored = write(ready[1], &launcher, sizeof(launcher));
    pause();
    _exit(0);
  }
  close(ready[1]);
  pid_t launcher = 0;
  ASSERT_EQ(read(ready[0], &launcher, sizeof(launcher)), static_cast<ssize_t>(sizeof(launcher)));
  close(ready[0]);
  const int watched = static_cast<int>(syscall(SYS_pidfd_open, launcher, 0));
  kill(owner, SIGKILL);
  waitpid(owner, nullptr, 0);
  pollfd end = {watched, POLLIN, 0};
  EXPECT_EQ(poll(&end, 1, 10'000), 1) << "the launcher lives";
  close(watched);
}

INSTANTIATE_TEST_SUITE_P(Modes, Runs, ::testing::ValuesIn(kModes), ModeName);

TEST(SandboxSpecs, ThatAreNoneAreRefused) {
  SandboxSpec good;
  good.argv = {"true"};
  EXPECT_TRUE(CheckSpec(good).ok());
  SandboxSpec spec = good;
  spec.argv = {};
  EXPECT_FALSE(CheckSpec(spec).ok());
  spec = good;
  spec.argv.push_back(std::string("a\0b", 3));
  EXPECT_FALSE(CheckSpec(spec).ok());
  spec = good;
  spec.limits.wall = std::chrono::seconds(0);
  EXPECT_FALSE(CheckSpec(spec).ok());
  spec = good;
  spec.limits.memory = 0;
  EXPECT_FALSE(CheckSpec(spec).ok());
}

TEST(SandboxModes, AreComparedByWhatTheyHave) {
  const SandboxMode full{.own_uid = true, .cgroups = true, .own_files = true};
  const SandboxMode user{.own_uid = false, .cgroups = true, .own_files = true};
  const SandboxMode root{.own_uid = true, .cgroups = false, .own_files = true};
  EXPECT_TRUE(full.AtLeast(user));
  EXPECT_TRUE(full.AtLeast(full));
  EXPECT_FALSE(user.AtLeast(full));
  EXPECT_FALSE(user.AtLeast(root));
  EXPECT_EQ(full.Name(), "full");
  EXPECT_EQ(SandboxMode().Name(), "no own uid, no cgroups, no own files");
}

}  // namespace
}  // namespace cohort
