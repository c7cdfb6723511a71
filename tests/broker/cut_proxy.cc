#include "tests/broker/cut_proxy.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

namespace cohort {
namespace {

sockaddr_un Address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  return address;
}

}  // namespace

CutProxy::CutProxy(std::string listen_path, std::string target_path)
    : listen_path_(std::move(listen_path)), target_path_(std::move(target_path)) {
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = Address(listen_path_);
  [[maybe_unused]] const int bound =
      bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  listen(listener_, 64);
  thread_ = std::thread([this] { Run(); });
}

CutProxy::~CutProxy() {
  stop_ = true;
  wakeup_.Notify();
  thread_.join();
  CloseAll();
  close(listener_);
}

void CutProxy::Cut() {
  cuts_ += 1;
  wakeup_.Notify();
}

void CutProxy::CloseAll() {
  for (const Pair& pair : pairs_) {
    close(pair.near);
    close(pair.far);
  }
  pairs_.clear();
}

void CutProxy::Accept() {
  const int near = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (near < 0) return;
  const int far = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = Address(target_path_);
  if (connect(far, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    close(near);
    close(far);
    return;
  }
  pairs_.push_back({near, far});
}

bool CutProxy::Forward(int from, int to) {
  std::array<char, 65536> bytes;
  const ssize_t got = recv(from, bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  for (ssize_t sent = 0; sent < got;) {
    const ssize_t more =
        send(to, bytes.data() + sent, static_cast<size_t>(got - sent), MSG_NOSIGNAL);
    if (more <= 0) return false;
    sent += more;
  }
  return true;
}

void CutProxy::Run() {
  int cuts_done = 0;
  while (!stop_) {
    std::vector<pollfd> polled = {{wakeup_.fd(), POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const Pair& pair : pairs_) {
      polled.push_back({pair.near, POLLIN, 0});
      polled.push_back({pair.far, POLLIN, 0});
    }
    poll(polled.data(), polled.size(), -1);
    wakeup_.Drain();
    if (const int cuts = cuts_; cuts != cuts_done) {
      cuts_done = cuts;
      CloseAll();
      continue;
    }
    std::vector<Pair> kept;
    for (size_t i = 0; i < pairs_.size(); ++i) {
      const Pair pair = pairs_[i];
      const bool near_ok = polled[2 + 2 * i].revents == 0 || Forward(pair.near, pair.far);
      const bool far_ok = polled[3 + 2 * i].revents == 0 || Forward(pair.far, pair.near);
      if (near_ok && far_ok) {
        kept.push_back(pair);
      } else {
        close(pair.near);
        close(pair.far);
      }
    }
    pairs_ = std::move(kept);
    if (polled[1].revents != 0) Accept();
  }
}

}  // namespace cohort
