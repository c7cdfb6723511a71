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

TEST(Strays, AreWhatTheScorersOfADeadWorkerStarted) {
  const std::string mine = StrayMark();
  const std::string of_another = mine.substr(0, mine.rfind(':') + 1) + "1";  // its number, reused
  const std::string elsewhere = "COHORT_SCORER_OF=1:1:1";                    // another namespace's
  const pid_t stray = Sleeper(of_another);
  const pid_t ours = Sleeper(mine);
  const pid_t foreign = Sleeper(elsewhere);
  const pid_t unmarked = Sleeper("OTHER=1");
  EXPECT_EQ(KillStrays(), 1u);
  EXPECT_TRUE(WasKilledBefore(stray));
  EXPECT_FALSE(WasKilledBefore(ours));
  EXPECT_FALSE(WasKilledBefore(foreign));
  EXPECT_FALSE(WasKilledBefore(unmarked));
}

}  // namespace
}  // namespace cohort
