// The attacks of docs/sandbox.md on host and neighbours, by their numbers there.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/reward_workers/sandbox/modes.h"

namespace cohort {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Attacks = InEachMode;

TEST_P(Attacks, Number1Keyrings) { ExpectBlocked("a01_keyrings.py"); }

TEST_P(Attacks, Number2SocketsOfOtherFamilies) { ExpectBlocked("a02_sockets.py"); }

TEST_P(Attacks, Number3LocksAcrossBoxes) {
  const std::vector<std::string> base = {"/usr/bin/python3", "/etc/hosts", "/usr/lib", "/etc",
                                         "/proc/version"};
  const std::vector<std::string> devices = {"/dev/null", "/dev/urandom"};
  std::vector<std::string> all = base;
  all.insert(all.end(), devices.begin(), devices.end());
  int channel = -1;
  std::string word;
  const auto holder = StartAndHear(sandbox_, AttackSpec("a03_hold_locks.py", all), &channel, &word);
  ASSERT_EQ(word, "held\n");
  ExpectBlocked("a03_see_locks.py", base);
  const SandboxResult seen = Attack("a03_see_locks.py", devices);
  if (Has(MechanismKind::kOwnDevices)) {
    ExpectBlocked(seen);
  } else {
    EXPECT_THAT(seen.output, HasSubstr("OPEN: flock on /dev/null is seen"));
    EXPECT_TRUE(Lists(3));
  }
  close(channel);
  EXPECT_EQ(Describe(holder->Wait()), "exited 0");
}

TEST_P(Attacks, Number4IoUring) { ExpectBlocked("a04_io_uring.py"); }

TEST_P(Attacks, Number5OtherAbis) { ExpectBlocked("a05_other_abis"); }

// 6 shared memory, 7 special files, 8 links, 12 files, 56 System V IPC. The next run of each test
// looks for traces; here also one beside it.
TEST_P(Attacks, Number6To8And12And56NothingIsLeftBehind) {
  ExpectBlocked("a06_leave_traces.py");
  SandboxSpec spec = AttackSpec("a06_leave_traces.py");
  spec.argv = {"sh", "-c", "python3 -B a06_leave_traces.py; read word"};
  int channel = -1;
  std::string word;
  const auto beside = StartAndHear(sandbox_, spec, &channel, &word);
  ASSERT_EQ(word, "answer\n");
  ExpectBlocked("a06_see_traces.py");
  close(channel);
  beside->Wait();
}

TEST_P(Attacks, Number8FilesAreOnlyPlacedInTheWorkFolder) {
  for (const char* path : {"../x", "/etc/x", "a/../../x", "", ".", "a//b", "a/"}) {
    SandboxSpec spec = Spec({"true"});
    spec.files = {{path, "x"}};
    EXPECT_FALSE(sandbox_->Start(spec).ok()) << path;
  }
  for (const char* target :
       {"/", "/etc", "/etc/x", "/proc/x", "/dev/x", "/work", "/a/../b", "x", "/usr/x"}) {
    SandboxSpec spec = Spec({"true"});
    spec.binds = {{"/usr", target}};
    EXPECT_FALSE(sandbox_->Start(spec).ok()) << target;
  }
}

TEST_P(Attacks, Number9Network) {
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(server, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(server, 1), 0);
  ASSERT_EQ(getsockname(server, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const int local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const std::string name = "cohort-test-" + std::to_string(getpid());
  sockaddr_un path = {};
  path.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), path.sun_path + 1);
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(bind(local, reinterpret_cast<sockaddr*>(&path), length), 0);
  ASSERT_EQ(listen(local, 1), 0);
  ExpectBlocked("a09_network.py", {std::to_string(ntohs(address.sin_port)), name});
  close(server);
  close(local);
}

// What one run sends through its loopback is not counted in the next one's.
TEST_P(Attacks, Number9NetworksCarryNoTraces) {
  const std::string talk =
      "import socket\ns = socket.create_server(('127.0.0.1', 4567))\n"
      "c = socket.create_connection(('127.0.0.1', 4567))\nc.sendall(b'x')\nprint('answer')\n";
  for (int i = 0; i < 3; ++i) {
    const SandboxResult counters = sandbox_->Run(
        Spec({"sh", "-c", "cat /proc/net/dev | grep lo: | tr -s ' ' | cut -d' ' -f 2-4"}));
    EXPECT_THAT(counters.output, ::testing::AnyOf("lo: 0 0\n", " 0 0 0\n", "0 0 0\n"))
        << counters.errors;
    SandboxSpec spec = Spec({"python3", "-c", talk});
    ExpectBlocked(sandbox_->Run(spec));
  }
}

TEST_P(Attacks, Number10ForkBomb) {
  SandboxSpec spec = AttackSpec("a10_fork_bomb.py");
  spec.limits.cpu = std::chrono::seconds(1);
  spec.limits.processes = 20;
  EXPECT_EQ(sandbox_->Run(spec).end, SandboxEnd::kProcessLimit);
  // One that ends at once, and leaves the others to themselves, with the right answer.
  EXPECT_EQ(Describe(sandbox_->Run(Spec({"sh", "-c", "f() { f | f & }; f; exit 0"}))), "exited 0");
}

TEST_P(Attacks, Number11Disk) {
  ExpectBlocked("a11_fill_disk.py");
  SandboxSpec spec = Spec({"sh", "-c", "cat /dev/zero > /tmp/a; cat /dev/zero > /dev/shm/b"});
  spec.limits.file_size = 1 << 30;
  spec.limits.disk = 8 << 20;
  EXPECT_EQ(sandbox_->Run(spec).end, SandboxEnd::kDiskLimit);
}

TEST_P(Attacks, Number11HugeFile) {
  SandboxSpec spec = Spec({"python3", "-c",
                           "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
                           "f = open('/tmp/a', 'wb')\nwhile True: f.write(b'x' * 65536)"});
  spec.limits.file_size = 1 << 20;
  EXPECT_EQ(sandbox_->Run(spec).end, SandboxEnd::kFileSizeLimit);
}

TEST_P(Attacks, Number13RunawayOutput) {
  for (const char* command : {"yes", "yes >&2", "cat /dev/zero & cat /dev/zero >&2; wait"}) {
    const SandboxResult result = sandbox_->Run(Spec({"sh", "-c", command}));
    EXPECT_EQ(result.end, SandboxEnd::kOutputLimit) << command << Describe(result);
    EXPECT_TRUE(result.cut);
    EXPECT_LE(result.output.size(), size_t{1} << 20);
    EXPECT_LE(result.errors.size(), size_t{1} << 20);
  }
}

// All that is allowed, at once, and nobody reads until it is over.
TEST_P(Attacks, Number14OutputBeforeAnyoneReads) {
  const SandboxSpec spec =
      Spec({"sh", "-c", "head -c 1048576 /dev/zero; head -c 1048576 /dev/zero >&2; exit 7"});
  Result<std::unique_ptr<SandboxRun>> run = sandbox_->Start(spec);
  ASSERT_TRUE(run.ok());
  SandboxSpec other = Spec({"true"});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Describe(sandbox_->Run(other)), "exited 0");
  const SandboxResult result = (*run)->Wait();
  EXPECT_EQ(Describe(result), "exited 7");
  EXPECT_EQ(result.output, std::string(1 << 20, '\0'));
  EXPECT_EQ(result.errors.size(), size_t{1} << 20);
}

TEST_P(Attacks, Number15ConcurrentRunsDoNotMeet) {
  std::vector<std::unique_ptr<SandboxRun>> runs;
  for (int i = 0; i < 8; ++i) {
    const std::string number = std::to_string(i);
    SandboxSpec spec = AttackSpec("a06_see_traces.py");
    spec.argv = {"sh", "-c",
                 "echo " + number +
                     " > /work/n; touch /work/file; cat > /work/in; rm /work/file; "
                     "exec python3 -B a06_see_traces.py `cat /work/n /work/in >&2`"};
    spec.input = number;
    Result<std::unique_ptr<SandboxRun>> run = sandbox_->Start(spec);
    ASSERT_TRUE(run.ok());
    runs.push_back(*std::move(run));
  }
  for (int i = 0; i < 8; ++i) {
    const SandboxResult result = runs[static_cast<size_t>(i)]->Wait();
    ExpectBlocked(result);
    EXPECT_EQ(result.errors, std::to_string(i) + "\n" + std::to_string(i));
  }
}

TEST_P(Attacks, Number16MemoryBombs) {
  for (const char* kind : {"heap", "children", "memfd", "shm"}) {
    SandboxSpec spec = AttackSpec("a16_hidden_memory.py", {kind});
    spec.limits.memory = 200 << 20;
    spec.limits.disk = 1 << 20;
    spec.limits.file_size = uint64_t{1} << 40;
    const SandboxResult result = sandbox_->Run(spec);
    const bool refused = result.end == SandboxEnd::kExited && result.code == 3;
    const bool hidden = std::string(kind) == "memfd" || std::string(kind) == "shm";
    EXPECT_TRUE(result.end == SandboxEnd::kMemoryLimit || (refused && hidden && Lists(16)))
        << kind << " " << Describe(result) << result.errors;
    EXPECT_LT(result.peak_memory, uint64_t{400} << 20);
  }
}

TEST_P(Attacks, Number16BuffersOfSockets) {
  SandboxSpec spec = AttackSpec("a16_hidden_memory.py", {"sockets"});
  spec.limits.memory = 100 << 20;
  spec.limits.disk = 1 << 20;
  spec.limits.wall = std::chrono::seconds(5);
  spec.limits.open_files = 64;
  spec.limits.processes = 40;
  const SandboxResult result = sandbox_->Run(spec);
  if (Has(MechanismKind::kMemoryCgroup)) {
    EXPECT_LE(result.peak_memory, (uint64_t{101} << 20) + (1 << 20));
    EXPECT_NE(result.end, SandboxEnd::kExited) << Describe(result);
  } else {
    EXPECT_TRUE(Lists(16));  // bounded by the numbers of processes and descriptors only
  }
  EXPECT_NE(result.end, SandboxEnd::kInfrastructure) << Describe(result);
}

TEST_P(Attacks, Number17Descriptors) {
  ExpectBlocked("a17_descriptors.py");
  SandboxSpec spec =
      Spec({"python3", "-c",
            "import time\nheld = []\nwhile True:\n  try: held.append(open('/dev/null'))\n"
            "  except OSError: time.sleep(100)"});
  spec.limits.wall = std::chrono::milliseconds(1500);
  EXPECT_EQ(sandbox_->Run(spec).end, SandboxEnd::kOpenFilesLimit);
}

TEST_P(Attacks, Number18DeepRecursion) {
  EXPECT_EQ(Describe(Attack("a18_recursion")), "signalled 11: Segmentation fault");
}

TEST_P(Attacks, Number19CoreDump) { ExpectBlocked("a19_core.py"); }

TEST_P(Attacks, Number20SpinAndSleep) {
  SandboxSpec spin = Spec({"sh", "-c", "while :; do :; done"});
  spin.limits.cpu = std::chrono::milliseconds(300);
  const SandboxResult spun = sandbox_->Run(spin);
  EXPECT_EQ(spun.end, SandboxEnd::kCpuLimit) << Describe(spun);
  EXPECT_LT(spun.cpu, std::chrono::milliseconds(800));
  SandboxSpec sleep = Spec({"sleep", "100"});
  sleep.limits.wall = std::chrono::milliseconds(300);
  const SandboxResult slept = sandbox_->Run(sleep);
  EXPECT_EQ(slept.end, SandboxEnd::kWallLimit) << Describe(slept);
  EXPECT_LT(slept.cpu, std::chrono::milliseconds(150));
}

TEST_P(Attacks, Number21And22And48SecretsRightsAndSetUserId) {
  setenv("COHORT_TEST_SECRET", "hush-5c1f", 1);
  ExpectBlocked("a21_secrets.py", {"f1c5-hsuh"});
  unsetenv("COHORT_TEST_SECRET");
}

TEST_P(Attacks, Number46TheWatcher) { ExpectBlocked("a46_watcher.py"); }

TEST_P(Attacks, Number47CornersOfTheKernel) { ExpectBlocked("a47_kernel.py"); }

TEST_P(Attacks, Number49CompilersReadNothingOfThisMachine) {
  const auto compile = [&](const std::string& source) {
    SandboxSpec spec = Spec({"g++", "-c", "a.cc", "-o", "/tmp/a.o"});
    spec.files = {{"a.cc", source}};
    spec.limits.cpu = std::chrono::seconds(10);
    spec.limits.memory = 256 << 20;
    return sandbox_->Run(spec);
  };
  if (sandbox_->Run(Spec({"g++", "--version"})).end != SandboxEnd::kExited)
    GTEST_SKIP() << "no g++";
  EXPECT_EQ(Describe(compile("int main() {}")), "exited 0");
  for (const char* path :
       {"/etc/shadow", "/proc/1/environ", "/proc/kcore", "/root/.bashrc", "/proc/1/maps"}) {
    const SandboxResult included = compile("#include \"" + std::string(path) + "\"\n");
    EXPECT_NE(Describe(included), "exited 0") << path;
    EXPECT_THAT(included.errors, Not(HasSubstr("root:")));
    EXPECT_NE(Describe(compile("asm(\".incbin \\\"" + std::string(path) + "\\\"\");\n")),
              "exited 0")
        << path;
  }
  // Bombs end by a limit, or because the compiler gives up.
  for (const char* source :
       {"template <int N> struct A { A<N + 1> a; A<N * 2> b; }; template <> struct A<0> {}; A<1> "
        "a;",
        "#define A(x) x x x x x x x x\n#define B(x) A(A(A(A(x))))\nint x = B(B(B(1+)));",
        "char big[3000000000u] = {1};", "asm(\".incbin \\\"/dev/zero\\\"\");",
        "#include \"/dev/zero\"\n", "#include \"a.cc\"\n#include \"a.cc\"\n"}) {
    const SandboxResult result = compile(source);
    EXPECT_NE(Describe(result), "exited 0") << source;
    EXPECT_NE(result.end, SandboxEnd::kInfrastructure) << source << Describe(result);
  }
}

// The environment is the specification's, whatever the worker's own holds.
TEST_P(Attacks, Number52VariablesOfInterpreters) {
  for (const char* name : {"PYTHONPATH", "PYTHONSTARTUP", "PYTEST_ADDOPTS", "LD_PRELOAD"})
    setenv(name, "/work/evil", 1);
  const SandboxResult result = sandbox_->Run(Spec({"env"}));
  for (const char* name : {"PYTHONPATH", "PYTHONSTARTUP", "PYTEST_ADDOPTS", "LD_PRELOAD"})
    unsetenv(name);
  EXPECT_EQ(result.output,
            "PATH=/usr/local/bin:/usr/bin:/bin\nHOME=/work\nLANG=C.UTF-8\nTMPDIR=/tmp\n");
}

TEST_P(Attacks, Number55HangsAfterItsSummary) {
  SandboxSpec spec = Spec({"sh", "-c", "echo 40 passed; exec sleep 100"});
  spec.limits.wall = std::chrono::milliseconds(500);
  const SandboxResult result = sandbox_->Run(spec);
  EXPECT_EQ(result.end, SandboxEnd::kWallLimit);
  EXPECT_EQ(result.output, "40 passed\n");
  // Or leaves somebody behind who holds its output open: that is over when it is.
  EXPECT_EQ(Describe(sandbox_->Run(Spec({"sh", "-c", "sleep 100 & echo 40 passed; exit 0"}))),
            "exited 0");
}

TEST_P(Attacks, Number57ForksToResetItsCpu) {
  SandboxSpec spec = AttackSpec("a57_reset_cpu.py", {"waited", "0.02"});
  spec.limits.cpu = std::chrono::milliseconds(500);
  spec.limits.wall = std::chrono::seconds(20);
  EXPECT_EQ(sandbox_->Run(spec).end, SandboxEnd::kCpuLimit);
  spec = AttackSpec("a57_reset_cpu.py", {"unwaited", "0.004"});
  spec.limits.cpu = std::chrono::milliseconds(500);
  spec.limits.wall = std::chrono::seconds(4);
  const SandboxResult result = sandbox_->Run(spec);
  if (Has(MechanismKind::kCpuCgroup)) {
    EXPECT_EQ(result.end, SandboxEnd::kCpuLimit) << Describe(result);
  } else {
    EXPECT_TRUE(result.end == SandboxEnd::kWallLimit || result.end == SandboxEnd::kCpuLimit)
        << Describe(result);
    EXPECT_TRUE(Lists(57));
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, Attacks, ::testing::ValuesIn(kModes), ModeName);

}  // namespace
}  // namespace cohort
