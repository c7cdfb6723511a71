#include "bench/load/beanstalk_driver.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cohort::bench {
namespace {

class Connection {
 public:
  ~Connection() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Status Open(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path))
      return InvalidArgument("beanstalkd: path too long: " + path);
    std::memcpy(address.sun_path, path.data(), path.size());
    descriptor_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
      return Broken();
    return {};
  }
  Status Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0) return Broken();
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return {};
  }
  // Without its end.
  Result<std::string> Line() {
    size_t end;
    while ((end = buffer_.find("\r\n", taken_)) == std::string::npos)
      COHORT_RETURN_IF_ERROR(More());
    std::string line = buffer_.substr(taken_, end - taken_);
    taken_ = end + 2;
    return line;
  }
  Status Skip(size_t bytes) {
    while (buffer_.size() - taken_ < bytes) COHORT_RETURN_IF_ERROR(More());
    taken_ += bytes;
    return {};
  }

 private:
  Status Broken() const { return Unavailable(std::string("beanstalkd: ") + std::strerror(errno)); }
  Status More() {
    buffer_.erase(0, taken_);
    taken_ = 0;
    const size_t before = buffer_.size();
    buffer_.resize(before + 128 * 1024);
    const ssize_t count = recv(descriptor_, buffer_.data() + before, buffer_.size() - before, 0);
    buffer_.resize(before + static_cast<size_t>(count > 0 ? count : 0));
    return count > 0 ? Status() : Broken();
  }

  int descriptor_ = -1;
  std::string buffer_;
  size_t taken_ = 0;
};

}  // namespace

Status ProduceForBeanstalk(const std::string& path, uint64_t window, size_t bytes, Board& board,
                           Tally& tally) {
  Connection connection;
  COHORT_RETURN_IF_ERROR(connection.Open(path));
  // Priority, delay, time to run.
  const std::string put =
      "put 0 0 60 " + std::to_string(bytes) + "\r\n" + std::string(bytes, 'x') + "\r\n";
  uint64_t open = 0;
  while (!board.stop && !(board.sending_over && open == 0)) {
    for (; open < window && !board.sending_over; ++open) {
      COHORT_RETURN_IF_ERROR(connection.Write(put));
      tally.sent += 1;
    }
    if (open == 0) continue;
    COHORT_ASSIGN_OR_RETURN(const std::string answer, connection.Line());
    if (answer.rfind("INSERTED", 0) != 0) return Internal("beanstalkd: put: " + answer);
    open -= 1;
    tally.confirmed += 1;
  }
  return {};
}

Status ConsumeFromBeanstalk(const std::string& path, Board& board, Tally& tally) {
  Connection connection;
  COHORT_RETURN_IF_ERROR(connection.Open(path));
  const std::string reserve = "reserve-with-timeout 1\r\n";
  COHORT_RETURN_IF_ERROR(connection.Write(reserve));
  while (!board.stop) {
    COHORT_ASSIGN_OR_RETURN(const std::string answer, connection.Line());
    if (answer == "TIMED_OUT" || answer == "DEADLINE_SOON") {
      COHORT_RETURN_IF_ERROR(connection.Write(reserve));
      continue;
    }
    // RESERVED <id> <bytes>
    const size_t space = answer.find(' ', 9);
    if (answer.rfind("RESERVED ", 0) != 0 || space == std::string::npos)
      return Internal("beanstalkd: reserve: " + answer);
    const std::string id = answer.substr(9, space - 9);
    const size_t bytes = std::stoul(answer.substr(space + 1));
    COHORT_RETURN_IF_ERROR(connection.Skip(bytes + 2));
    tally.delivered += 1;
    tally.delivered_bytes += bytes;
    COHORT_RETURN_IF_ERROR(connection.Write("delete " + id + "\r\n" + reserve));
    COHORT_ASSIGN_OR_RETURN(const std::string deleted, connection.Line());
    if (deleted != "DELETED") return Internal("beanstalkd: delete: " + deleted);
    tally.done += 1;
  }
  return {};
}

}  // namespace cohort::bench
