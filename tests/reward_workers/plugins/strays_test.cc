#include "reward_workers/plugins/strays.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace cohort {
namespace {

// A process that sleeps with this in its environment.
pid_t Sleeper(const std::string& mark) {
  const pid_t pid = fork();
  if (pid == 0) {
    const char* const arguments[] = {"sleep", "1000", nullptr};
    const char* const environment[] = {"PATH=/usr/bin:/bin", mark.c_str(), nullptr};
    execve("/bin/sleep", const_cast<char**>(arguments), const_cast<char**>(environment));
    _exit(127);
  }
  // Until it is another program: before that it has this one's environment.
  const std::string name = "/proc/" + std::to_string(pid) + "/comm";
  for (std::string text; text != "sleep\n";) {
    FILE* file = std::fopen(name.c_str(), "r");
    char line[32] = "";
    if (file != nullptr) {
      if (std::fgets(line, sizeof(line), file) == nullptr) line[0] = '\0';
      std::fclose(file);
    }
    text = line;
  }
  return pid;
}

// How it ended, after it was killed here if nobody had done so.
bool WasKilledBefore(pid_t pid) {
  int status = 0;
  kill(pid, SIGTERM);  // too late for one that is dead
  waitpid(pid, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

// A mark as that of another process with this one's number.
std::string MarkOfADeadOne(const std::string& name) {
  const std::string mine = StrayMark(name);
  return mine.substr(0, mine.rfind('|') + 1) + "1";
}

TEST(Strays, AreWhatTheScorersOfADeadWorkerStarted) {
  const std::string name = "COHORT_TEST_SCORER_OF";  // none of a scorer that runs beside the test
  const pid_t stray = Sleeper(MarkOfADeadOne(name));
  const pid_t ours = Sleeper(StrayMark(name));
  const pid_t foreign = Sleeper(name + "=pid:[1]time:[1]|1|1");
  const pid_t unmarked = Sleeper("OTHER=1");
  EXPECT_EQ(KillStrays(name), 1u);
  EXPECT_TRUE(WasKilledBefore(stray));
  EXPECT_FALSE(WasKilledBefore(ours));
  EXPECT_FALSE(WasKilledBefore(foreign));
  EXPECT_FALSE(WasKilledBefore(unmarked));
}

TEST(Strays, AreNeverThisProcessNorItsParents) {
  const std::string mark = MarkOfADeadOne("COHORT_TEST_SCORER_OF_ITSELF");
  const pid_t child = fork();
  if (child == 0) {  // this program again, with that mark on itself
    const char* const arguments[] = {"again", "--gtest_filter=StraysFromWithin.*", nullptr};
    const char* const environment[] = {mark.c_str(), nullptr};
    execve("/proc/self/exe", const_cast<char**>(arguments), const_cast<char**>(environment));
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(StraysFromWithin, LeaveTheOneThatLooksAlone) {
  EXPECT_EQ(KillStrays("COHORT_TEST_SCORER_OF_ITSELF"), 0u);
}

}  // namespace
}  // namespace cohort
