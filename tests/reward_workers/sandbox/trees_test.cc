// Writable binds: the program's own to change, and as they were for the next.
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "reward_workers/sandbox/box.h"
#include "tests/reward_workers/sandbox/modes.h"
#include "tests/reward_workers/sandbox/tree_state.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

// A folder that is removed with the test, for the maker of boxes in this mode.
class Trees : public InEachMode {
 protected:
  void SetUp() override {
    InEachMode::SetUp();
    if (IsSkipped()) return;
    Plant(tree_ / "a/b/f", "f\n");
    Plant(tree_ / "a/d/z", "z\n");
    Plant(tree_ / "g", "g\n");
    fs::create_directory(tree_ / "empty");
    Seal();
  }
  void TearDown() override {
    if (!IsSkipped()) {
      EXPECT_EQ(TreeState(tree_), state_) << "the source was changed";
    }
    InEachMode::TearDown();
  }
  // As root the tree stays root's: that it is somebody else's than the program's is the point.
  void Seal() {
    if (!GetParam().root && geteuid() == 0) {
      GiveTree(folder_.path(), kNobody);
    }
    state_ = TreeState(tree_);
  }
  SandboxSpec OnTree(std::vector<std::string> argv) const {
    SandboxSpec spec = Spec(std::move(argv));
    spec.binds = {{tree_, "/work/tree", /*writable=*/true}};
    spec.limits.processes = 64;
    return spec;
  }
  SandboxResult Python(const std::string& text) { return sandbox_->Run(PythonSpec(text)); }
  SandboxSpec PythonSpec(const std::string& text) const {
    return OnTree({"python3", "-c", "import os, shutil, sys\nos.chdir('/work/tree')\n" + text});
  }

  const TestFolder folder_;
  const fs::path tree_ = folder_.path() / "tree";
  std::map<std::string, std::string> state_;
};

TEST_P(Trees, AreTheProgramsAndFreshForTheNext) {
  const std::string text =
      "print(sorted(os.listdir()), open('g').read(), os.stat('a/b/f').st_uid == os.getuid())\n"
      "open('g', 'a').write('more')\nopen('a/b/f', 'w').write('')\nos.remove('a/d/z')\n"
      "os.chmod('a', 0o700)\nos.utime('a/b/f', (1, 1))\nos.mkdir('new')\n"
      "open('new/x', 'w').write('x')\nos.symlink('/etc', 'link')\n"
      "print(open('g').read(), os.path.getsize('a/b/f'), os.listdir('a/d'))\n";
  for (int i = 0; i < 2; ++i) {
    const SandboxResult result = Python(text);
    EXPECT_EQ(Describe(result), "exited 0") << result.errors;
    EXPECT_EQ(result.output, "['a', 'empty', 'g'] g\n True\ng\nmore 0 []\n");
  }
}

TEST_P(Trees, WorkLikeAPlainDisk) {
  const SandboxResult result = Python(R"(
import mmap
os.link('g', 'h')
open('h', 'a').write('more')
assert open('g').read() == 'g\nmore' and os.stat('g').st_nlink == 2, 'hard links'
open('n', 'w').write('n')
os.replace('n', 'a/b/f')
assert open('a/b/f').read() == 'n', 'a file over a file'
os.mkdir('made')
open('made/x', 'w').write('x')
os.rename('made', 'empty')
assert os.listdir('empty') == ['x'], 'a folder over an empty one'
shutil.rmtree('a')
os.mkdir('a')
assert os.listdir('a') == [], 'a folder that was removed and made again'
os.makedirs('a/b/c')
assert os.listdir('a/b') == ['c'], 'and below'
with open('g', 'r+b') as file:
    with mmap.mmap(file.fileno(), 0) as memory:
        memory[0:1] = b'G'
assert open('h').read() == 'G\nmore', 'written through memory'
shutil.rmtree('/work/tree', ignore_errors=True)
assert os.listdir('/work/tree') == [], 'nothing left'
print('answer'))");
  ExpectBlocked(result);
}

// Packages are moved out of the way and back by those who install them.
TEST_P(Trees, HaveFoldersThatCanBeMoved) {
  const SandboxResult result = Python(R"(
shutil.move('a/d', 'a/~d')
assert os.listdir('a/~d') == ['z'] and not os.path.exists('a/d')
shutil.move('a/~d', 'a/d')
try:
    os.rename('a', 'b')
    print('renamed', sorted(os.listdir('b')))
except OSError as error:
    print(error.errno)
)");
  EXPECT_EQ(Describe(result), "exited 0") << result.errors;
  EXPECT_EQ(result.output, GetParam().root ? "renamed ['b', 'd']\n" : "18\n");  // EXDEV
}

TEST_P(Trees, KeepCompiledModules) {
  Plant(tree_ / "package/__init__.py", "word = 'answer'\n");
  Seal();
  SandboxSpec spec = PythonSpec(
      "sys.path.insert(0, '')\nimport package\n"
      "assert len(os.listdir('package/__pycache__')) == 1\nprint(package.word)\n");
  ExpectBlocked(sandbox_->Run(spec));
}

TEST_P(Trees, HoldRepositories) {
  if (sandbox_->Run(Spec({"git", "--version"})).end != SandboxEnd::kExited) {
    GTEST_SKIP() << "no git";
  }
  const SandboxResult result = sandbox_->Run(
      OnTree({"sh", "-ec",
              "cd tree; git init -q .; git config user.name n; git config user.email e\n"
              "git add .; git commit -qm one; git mv g moved; git rm -q a/d/z; echo x >> a/b/f\n"
              "git commit -qam two; git checkout -q HEAD~; cat g a/d/z a/b/f; git stash list\n"
              "git checkout -q -; test ! -e g; git gc -q; git fsck; git status --short; "
              "git log --oneline | wc -l"}));
  EXPECT_EQ(Describe(result), "exited 0") << result.errors;
  EXPECT_EQ(result.output, "g\nz\nf\n2\n") << result.errors;
}

TEST_P(Trees, TakeFilesInThePlaceOfTheirOwn) {
  fs::create_symlink("g", tree_ / "link");
  Seal();
  SandboxSpec spec =
      OnTree({"sh", "-c",
              "cd tree; cat g a/b/f new/deep/x link; stat -c '%a %U %F' g a/b/f new new/deep link; "
              "for f in g a/b/f a/b/y new/y; do echo z >> $f || echo no; done"});
  spec.files = {{"tree/g", "G\n", 0600},
                {"tree/a/b/f", "F\n", 0755},
                {"tree/new/deep/x", "X\n"},
                {"tree/link", "L\n"},
                {"beside", "B\n"}};
  const SandboxResult result = sandbox_->Run(spec);
  EXPECT_EQ(Describe(result), "exited 0") << result.errors;
  EXPECT_EQ(result.output,
            "G\nF\nX\nL\n600 runner regular file\n755 runner regular file\n755 runner directory\n"
            "755 runner directory\n644 runner regular file\n");
  spec.files = {{"tree/a", "no folder is replaced"}};
  const SandboxResult folder = sandbox_->Run(spec);
  EXPECT_EQ(Describe(folder), "infrastructure: cannot place tree/a: Is a directory");
}

TEST_P(Trees, AreWithoutWhatIsRemoved) {
  fs::create_directory_symlink("a", tree_ / "link");
  Seal();
  SandboxSpec spec =
      OnTree({"sh", "-c", "cd tree; find . | sort; cat a/b/f; mkdir empty; ls empty"});
  spec.removed = {"tree/a",    "tree/empty", "tree/link",  "tree/none",
                  "tree/no/x", "tree/g/x",   "tree/a/b/f", "elsewhere"};
  spec.files = {{"tree/a/b/f", "again\n"}};
  const SandboxResult result = sandbox_->Run(spec);
  EXPECT_EQ(Describe(result), "exited 0") << result.errors;
  EXPECT_EQ(result.output, ".\n./a\n./a/b\n./a/b/f\n./g\nagain\n");
}

TEST_P(Trees, MayBeSeveralOnOneDisk) {
  Plant(folder_.path() / "other/o", "o\n");
  Seal();
  SandboxSpec spec =
      OnTree({"sh", "-c",
              "cat /other/o /data/g; echo x > /other/o; head -c 3000000 /dev/zero > /other/y && "
              "head -c 3000000 /dev/zero > /work/tree/y && head -c 3000000 /dev/zero > /tmp/y"});
  spec.binds.push_back({folder_.path() / "other", "/other", /*writable=*/true});
  spec.binds.push_back({tree_, "/data"});
  spec.limits.disk = 8 << 20;
  const SandboxResult result = sandbox_->Run(spec);
  EXPECT_EQ(result.end, SandboxEnd::kDiskLimit) << Describe(result) << result.errors;
  EXPECT_EQ(result.output, "o\ng\n");
  EXPECT_THAT(result.errors, HasSubstr("No space left"));
  EXPECT_EQ(*ReadFile(folder_.path() / "other/o"), "o\n");
}

// By new files, by a file of the tree's that grows, by one that is too large to be changed at all,
// and by very many: never by being killed for memory.
TEST_P(Trees, FillTheDiskAndNotTheMemory) {
  Plant(tree_ / "large", std::string(70 << 20, 'x'));
  Seal();
  SandboxSpec spec = PythonSpec(R"(
held = bytearray(b'x') * (50 << 20)
def fill(action):
    try:
        action()
    except OSError as error:
        print(error.errno)
def grow():
    with open('g', 'ab', 0) as file:
        while True:
            file.write(bytes(1 << 20))
def make_many():
    for i in range(1 << 20):
        open(f'a/b/{i}', 'wb').write(bytes(2000))
fill(grow)
fill(lambda: open('large', 'r+b'))
os.truncate('g', 0)
fill(make_many)
for name in os.listdir('a/b'):
    if name != 'f':
        os.remove('a/b/' + name)
shutil.rmtree('a')
open('g', 'w').write('room'))");
  spec.limits.memory = 100 << 20;
  spec.limits.disk = 50 << 20;
  const SandboxResult result = sandbox_->Run(spec);
  EXPECT_EQ(Describe(result), "exited 0") << result.errors;
  EXPECT_EQ(result.output, "28\n28\n28\n");
  spec.argv = {"sh", "-c", "cat /dev/zero > /work/tree/zeros"};
  EXPECT_EQ(sandbox_->Run(spec).end, SandboxEnd::kDiskLimit);
}

TEST_P(Trees, ThatNobodyCanLendAreThisMachinesFault) {
  SandboxSpec spec = OnTree({"true"});
  spec.binds[0].source = tree_ / "g";
  EXPECT_THAT(Describe(sandbox_->Run(spec)), HasSubstr("g is no folder: it cannot be writable"));
  spec.binds[0].source = tree_ / "none";
  EXPECT_THAT(Describe(sandbox_->Run(spec)), HasSubstr("none: No such file or directory"));
  if (GetParam().root) return;
  spec.binds[0].source = "/usr";
  const SandboxResult result = sandbox_->Run(spec);
  EXPECT_EQ(result.end, SandboxEnd::kInfrastructure);
  EXPECT_THAT(result.what, HasSubstr("/usr is not the user's"));
}

// What belongs to others in a tree is theirs there, too.
TEST_P(Trees, ShowTheOwnersOfOthersFiles) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  chmod((tree_ / "a/b/f").c_str(), 0644);
  ASSERT_EQ(chown((tree_ / "a/b/f").c_str(), 7, 7), 0);
  ASSERT_EQ(chown((tree_ / "a/d").c_str(), 7, 7), 0);
  state_ = TreeState(tree_);
  const SandboxResult result = sandbox_->Run(
      OnTree({"sh", "-c",
              "cd tree; id -u > /tmp/me; stat -c %u a/b/f | grep -qv -f /tmp/me && cat a/b/f; "
              "for act in 'echo x >> a/b/f' 'chmod 666 a/b/f' 'touch a/d/new' 'rm a/d/z'; do "
              "sh -c \"$act\" && echo \"OPEN $act\"; done; rm -f a/b/f && echo mine > a/b/f && cat "
              "a/b/f"}));
  EXPECT_EQ(Describe(result), "exited 0") << result.errors;
  EXPECT_EQ(result.output, "f\nmine\n") << result.errors;
}

// Half a gigabyte in large files, and ten thousand small ones.
const fs::path& LargeTree() {
  static const TestFolder folder;
  static const fs::path tree = [] {
    const fs::path root = folder.path() / "large";
    std::string bytes(5 << 20, '\0');
    for (int i = 0; i < 100; ++i) {
      for (char& byte : bytes) byte = static_cast<char>(byte * 31 + i + 1);
      Plant(root / ("data/" + std::to_string(i)), bytes);
    }
    for (int i = 0; i < 10'000; ++i) {
      const std::string place = std::to_string(i % 10) + "/" + std::to_string(i / 10 % 10) + "/" +
                                std::to_string(i / 100 % 10);
      Plant(root / ("small/" + place + "/" + std::to_string(i) + ".py"), std::to_string(i));
    }
    if (geteuid() == 0) GiveTree(folder.path(), kNobody);
    return root;
  }();
  return tree;
}

TEST_P(Trees, CostNothingUntilTheyAreChanged) {
  constexpr uint64_t kMostEach = 100 << 20;
  constexpr milliseconds kMostStart{200};
  const fs::path& tree = LargeTree();
  static const std::map<std::string, std::string> state = TreeState(tree);
  SandboxSpec spec = Spec({"sh", "-c",
                           "echo ready; read word; test -n \"$word\" && echo changed > "
                           "tree/small/0/0/0/0.py && cat tree/small/0/0/0/0.py >&2"});
  spec.binds = {{tree, "/work/tree", /*writable=*/true}};
  struct Box {
    std::unique_ptr<SandboxRun> run;
    int channel;
  };
  std::vector<Box> boxes;
  before_ = HostState::Now();  // without what LargeTree holds
  for (int i = 0; i < 4; ++i) {
    const auto start = std::chrono::steady_clock::now();
    Box box;
    std::string word;
    box.run = StartAndHear(sandbox_, spec, &box.channel, &word);
    const auto took = std::chrono::steady_clock::now() - start;
    EXPECT_EQ(word, "ready\n");
    EXPECT_LE(took, kMostStart);
    std::printf("first byte of box %d after %.1f ms\n", i,
                std::chrono::duration<double, std::milli>(took).count());
    boxes.push_back(std::move(box));
  }
  for (Box& box : boxes) {
    ASSERT_EQ(write(box.channel, "go\n", 3), 3);
    close(box.channel);
    const SandboxResult result = box.run->Wait();
    EXPECT_EQ(Describe(result), "exited 0") << result.errors;
    EXPECT_EQ(result.errors, "changed\n");
    EXPECT_LE(result.peak_memory, kMostEach);
  }
  // Memory is the sum of processes where there are no cgroups: the disk tells of itself.
  spec.argv = {"python3", "-c",
               "import os\nd = os.statvfs('/work/tree')\n"
               "print((d.f_blocks - d.f_bfree) * d.f_frsize, d.f_files - d.f_ffree)"};
  const SandboxResult used = sandbox_->Run(spec);
  uint64_t bytes = kMostEach + 1, inodes = 0;
  ASSERT_EQ(std::sscanf(used.output.c_str(), "%lu %lu", &bytes, &inodes), 2) << used.errors;
  std::printf("on the disk of an idle box: %lu bytes, %lu inodes\n", bytes, inodes);
  EXPECT_LE(bytes, kMostEach);
  // All of it, read; and all of the small ones, removed.
  spec.argv = {"sh", "-c", "find tree -type f | wc -l; cat tree/data/* | wc -c; rm -r tree/small"};
  const SandboxResult read = sandbox_->Run(spec);
  EXPECT_EQ(Describe(read), "exited 0") << read.errors;
  EXPECT_EQ(read.output, "10100\n524288000\n");
  EXPECT_TRUE(TreeState(tree) == state) << "the source was changed";
}

INSTANTIATE_TEST_SUITE_P(Modes, Trees, ::testing::ValuesIn(kModes), ModeName);

TEST(SandboxTrees, AreRefusedWhereThereAreNone) {
  SandboxSpec spec;
  spec.binds = {{"/usr", "/a"}, {"/usr", "/work/tree", /*writable=*/true}};
  BaseTree base;
  const Status status = CheckTrees(base, spec);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("no writable /work/tree: this machine has no"));
  spec.binds[1].writable = false;
  EXPECT_TRUE(CheckTrees(base, spec).ok());
  spec.binds[1].writable = base.trees = true;
  EXPECT_TRUE(CheckTrees(base, spec).ok());
}

TEST(SandboxTrees, OfSpecificationsThatAreNoneAreRefused) {
  SandboxSpec good;
  good.argv = {"true"};
  good.binds = {{"/usr", "/work/a", /*writable=*/true}, {"/usr", "/work/ab"}, {"/usr", "/data"}};
  good.removed = {"a/b", "ab/c", "c"};
  good.files = {{"a/b", ""}, {"a/c", ""}};
  EXPECT_TRUE(CheckSpec(good).ok()) << CheckSpec(good).message();
  for (const char* target : {"/work/a", "/work/a/b", "/data/x/y"}) {
    SandboxSpec spec = good;
    spec.binds.push_back({"/usr", target});
    EXPECT_FALSE(CheckSpec(spec).ok()) << target;
  }
  for (const char* path : {"", ".", "..", "/a", "a/../b", "a//b", "a/", "a", "ab"}) {
    SandboxSpec spec = good;
    spec.removed.push_back(path);
    EXPECT_FALSE(CheckSpec(spec).ok()) << path;
  }
  SandboxSpec twice = good;
  twice.files.push_back({"a/b", ""});
  EXPECT_FALSE(CheckSpec(twice).ok());
}

}  // namespace
}  // namespace cohort
