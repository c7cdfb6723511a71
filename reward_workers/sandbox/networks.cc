#include "reward_workers/sandbox/networks.h"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

#include "reward_workers/sandbox/cgroup_files.h"
#include "reward_workers/sandbox/system_calls.h"

namespace cohort {
namespace {

constexpr size_t kMostIdle = 16;

Status RaiseLoopback() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Failed("no socket");
  ifreq request = {};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const Status status =
      ioctl(fd, SIOCSIFFLAGS, &request) == 0 ? Status() : Failed("cannot raise lo");
  close(fd);
  return status;
}

// All that the kernel counts of the network that this process is in.
std::string Counters() {
  std::string text;
  for (const char* name : {"dev", "snmp", "snmp6", "netstat", "sockstat", "sockstat6"}) {
    text += ReadControlFile(std::string("/proc/self/net/") + name);
  }
  return text;
}

}  // namespace

Network::~Network() {
  if (fd >= 0) close(fd);
}

Result<std::unique_ptr<Network>> NetworkPool::Enter() {
  if (!idle_.empty()) {
    std::unique_ptr<Network> network = std::move(idle_.back());
    idle_.pop_back();
    if (setns(network->fd, CLONE_NEWNET) != 0) return Failed("cannot enter a network");
    return network;
  }
  auto network = std::make_unique<Network>();
  if (unshare(CLONE_NEWNET) != 0) return Failed("cannot make a network");
  COHORT_RETURN_IF_ERROR(RaiseLoopback());
  network->fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (network->fd < 0) return Failed("cannot open a network");
  network->counters = Counters();
  return network;
}

void NetworkPool::GiveBack(std::unique_ptr<Network> network) {
  if (network == nullptr || idle_.size() >= kMostIdle || network->counters.empty()) return;
  if (setns(network->fd, CLONE_NEWNET) != 0 || Counters() != network->counters) return;
  idle_.push_back(std::move(network));
}

}  // namespace cohort
