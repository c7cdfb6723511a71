// Attacks on what is behind a tree that the program may change.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/reward_workers/sandbox/modes.h"
#include "tests/reward_workers/sandbox/tree_state.h"
#include "tests/test_folder.h"

namespace cohort {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class TreeAttacks : public InEachMode {
 protected:
  void SetUp() override {
    InEachMode::SetUp();
    if (IsSkipped()) return;
    Plant(tree_ / "file", "source\n");
    Plant(tree_ / "folder/file", "source\n");
    Plant(folder_.path() / "outside/file", "outside\n");
  }
  SandboxSpec OnTree(SandboxSpec spec) {
    if (!GetParam().root && geteuid() == 0) GiveTree(folder_.path(), kNobody);
    spec.binds = {{tree_, "/work/tree", /*writable=*/true}};
    return spec;
  }
  // The attack reaches nothing, and the source is as it was.
  void ExpectHeld(const SandboxSpec& spec) {
    const std::map<std::string, std::string> before = TreeState(folder_.path());
    ExpectBlocked(sandbox_->Run(spec));
    EXPECT_EQ(TreeState(folder_.path()), before);
  }

  const TestFolder folder_;
  const fs::path tree_ = folder_.path() / "tree";
};

TEST_P(TreeAttacks, OnTheSourceAndOnWhatIsBelowTheOverlay) {
  ExpectHeld(OnTree(AttackSpec("a58_trees.py")));
}

// Links of anybody's making lead the laying of files nowhere, and the program to the box' own.
TEST_P(TreeAttacks, ByLinksOutOfTheTree) {
  const std::string outside = folder_.path() / "outside";
  const std::pair<const char*, std::string> links[] = {
      {"etc", "/etc"},         {"up", "../../../../../.."}, {"passwd", "/etc/passwd"},
      {"outside", outside},    {"within", "folder"},        {"loop", "loop"},
      {"work", "/work"},       {"self", "/proc/self/root"}, {"folder/above", ".."},
      {"dangling", "/tmp/new"}};
  for (const auto& [name, target] : links) fs::create_symlink(target, tree_ / name);
  SandboxSpec spec =
      OnTree(Spec({"sh", "-c",
                   "cd tree; test \"`cat passwd`\" = \"`cat /etc/passwd`\" && grep -c '' passwd; "
                   "cat outside/file up" +
                       outside +
                       "/file up/etc/shadow self/etc/shadow; echo x > "
                       "dangling; echo x > etc/x; ls /tmp"}));
  const std::map<std::string, std::string> before = TreeState(folder_.path());
  const SandboxResult result = sandbox_->Run(spec);
  EXPECT_EQ(result.output, "2\nnew\n") << result.errors;
  for (const char* path :
       {"tree/etc/x", "tree/up/tmp/x", "tree/outside/file", "tree/within/file", "tree/loop/x",
        "tree/work/x", "tree/self/tmp/x", "tree/folder/above/file", "tree/passwd/x",
        "tree/outside/new/deep/x", "tree/dangling/x"}) {
    for (const bool remove : {false, true}) {
      SandboxSpec laid = spec;
      if (remove) {
        laid.removed = {path};
      } else {
        laid.files = {{path, "evil"}};
      }
      const SandboxResult refused = sandbox_->Run(laid);
      EXPECT_EQ(refused.end, SandboxEnd::kInfrastructure) << path << Describe(refused);
      EXPECT_THAT(refused.what, HasSubstr("a symbolic link is in the way")) << path;
    }
  }
  // A link itself is replaced and removed, not what it leads to.
  spec.argv = {"sh", "-c", "cd tree; cat passwd; ls -d outside within; cat folder/file"};
  spec.files = {{"tree/passwd", "own\n"}};
  spec.removed = {"tree/outside", "tree/within"};
  EXPECT_EQ(sandbox_->Run(spec).output, "own\nsource\n");
  EXPECT_EQ(TreeState(folder_.path()), before);
}

// They are there, and each box has its own: nobody outside is at their other end.
TEST_P(TreeAttacks, ByPipesAndSocketsInTheTree) {
  const fs::path pipe = tree_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0666), 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string place = tree_ / "socket";
  ASSERT_LT(place.size(), sizeof(address.sun_path));
  std::copy(place.begin(), place.end(), address.sun_path);
  const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  ASSERT_EQ(bind(server, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(server, 1), 0);
  fs::permissions(place, fs::perms(0777));
  const int reader = open(pipe.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  ASSERT_EQ(write(reader, "secret", 6), 6);
  ExpectHeld(OnTree(AttackSpec("a58_pipes.py")));
  char bytes[64] = {};
  EXPECT_EQ(read(reader, bytes, sizeof(bytes)), 6);
  EXPECT_STREQ(bytes, "secret");
  EXPECT_LT(accept(server, nullptr, nullptr), 0);
  close(reader);
  close(server);
}

TEST_P(TreeAttacks, BySetUserIdFilesInTheTree) {
  const fs::path program = tree_ / "id";
  fs::copy_file("/usr/bin/id", program);
  SandboxSpec spec = OnTree(Spec({"sh", "-c",
                                  "id > /tmp/a; tree/id > /tmp/b; cmp /tmp/a /tmp/b && cp -p "
                                  "tree/id tree/own && chmod 6777 tree/own && tree/own > /tmp/b; "
                                  "cmp /tmp/a /tmp/b && stat -c %a tree/id && echo answer"}));
  if (geteuid() == 0) {
    ASSERT_EQ(chown(program.c_str(), 0, 0), 0);
  }
  ASSERT_EQ(chmod(program.c_str(), 06755), 0);
  const std::map<std::string, std::string> before = TreeState(folder_.path());
  EXPECT_EQ(sandbox_->Run(spec).output, "6755\nanswer\n");
  EXPECT_EQ(TreeState(folder_.path()), before);
}

TEST_P(TreeAttacks, ByBoxesOfTheSameTree) {
  SandboxSpec spec = OnTree(AttackSpec("a03_hold_locks.py", {"/work/tree/file", "/work/tree"}));
  int channel = -1;
  std::string word;
  const auto holder = StartAndHear(sandbox_, spec, &channel, &word);
  ASSERT_EQ(word, "held\n");
  spec.argv = {"sh", "-c", "echo evil > tree/file; rm -r tree/folder; echo done; read word"};
  int other = -1;
  const auto changer = StartAndHear(sandbox_, spec, &other, &word);
  ASSERT_EQ(word, "done\n");
  ExpectHeld(OnTree(AttackSpec("a03_see_locks.py", {"/work/tree/file", "/work/tree"})));
  EXPECT_EQ(sandbox_->Run(OnTree(Spec({"cat", "tree/file", "tree/folder/file"}))).output,
            "source\nsource\n");
  close(channel);
  close(other);
  EXPECT_EQ(Describe(holder->Wait()), "exited 0");
  changer->Wait();
}

INSTANTIATE_TEST_SUITE_P(Modes, TreeAttacks, ::testing::ValuesIn(kModes), ModeName);

}  // namespace
}  // namespace cohort
