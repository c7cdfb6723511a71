#include <endian.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/load/link.h"

namespace cohort::bench {
namespace {

constexpr uint8_t kMore = 1, kLong = 2, kCommand = 4;
constexpr size_t kGreetingBytes = 64;
constexpr size_t kShortHeader = 2, kLongHeader = 9;
constexpr size_t kBufferBytes = 128 * 1024;
constexpr uint64_t kMostFrameBytes = uint64_t{1} << 30;
constexpr std::string_view kScheme = "ipc://";

std::string Greeting() {
  using std::string_view_literals::operator""sv;
  std::string greeting("\xff\0\0\0\0\0\0\0\1\x7f\3\0NULL"sv);
  greeting.resize(kGreetingBytes, '\0');
  return greeting;
}

std::string ReadyCommand() {
  using std::string_view_literals::operator""sv;
  std::string body("\x05READY\x0bSocket-Type\0\0\0\x06"sv);
  body += "DEALER";
  return std::string{static_cast<char>(kCommand), static_cast<char>(body.size())} + body;
}

class Bare : public Link {
 public:
  Bare() : buffer_(kBufferBytes) {}
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;
  ~Bare() override {
    if (socket_ >= 0) close(socket_);
  }

  Status Connect(const std::string& endpoint);
  int descriptor() override { return socket_; }
  Result<bool> Send(Frames& frames) override;
  Result<std::optional<Frames>> Receive() override;
  bool Ready(bool /*to_send*/) override { return Parse(); }

 private:
  Status Broken(const char* what) const {
    return Unavailable(std::string("bare link: ") + what + ": " + std::strerror(errno));
  }
  Status Write(iovec* pieces, size_t count);
  // Reads what has arrived into the buffer, whose rest is moved to the front; 0: nothing.
  Result<size_t> Read();
  // Moves what lies in the buffer into frames; true when they are a message, or too large for one.
  bool Parse();

  int socket_ = -1;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;  // of what was received and is not in a frame
  bool drained_ = false;        // the last read took all there was

  Frames frames_;  // of the message that is arriving
  bool complete_ = false, too_large_ = false;
  zmq::message_t frame_;  // the one that is arriving, if `open_`
  bool open_ = false;
  uint8_t flags_ = 0;
  size_t filled_ = 0;

  std::vector<std::array<uint8_t, kLongHeader>> headers_;
  std::vector<iovec> pieces_;
};

Status Bare::Connect(const std::string& endpoint) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool ipc = endpoint.starts_with(kScheme);
  const std::string path = ipc ? endpoint.substr(kScheme.size()) : "";
  if (path.empty() || path.size() >= sizeof(address.sun_path))
    return InvalidArgument("bare link: no ipc:// endpoint that fits: " + endpoint);
  std::memcpy(address.sun_path, path.data(), path.size());
  socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return Broken("connect");
  const std::string hello = Greeting() + ReadyCommand();
  if (send(socket_, hello.data(), hello.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(hello.size()))
    return Broken("greeting");
  // libzmq leaves a message lying that overtakes its own half of the handshake.
  std::array<char, kGreetingBytes + kShortHeader> theirs;
  if (recv(socket_, theirs.data(), theirs.size(), MSG_WAITALL) !=
      static_cast<ssize_t>(theirs.size()))
    return Unavailable("bare link: no greeting");
  std::array<char, 256> ready;
  const auto rest = static_cast<uint8_t>(theirs.back());
  const bool read = recv(socket_, ready.data(), rest, MSG_WAITALL) == rest;
  if (!read || !std::string_view(ready.data(), rest).starts_with("\x05READY"))
    return Unavailable("bare link: the broker did not say READY");
  return {};
}

Status Bare::Write(iovec* pieces, size_t count) {
  while (count > 0) {
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = std::min<size_t>(count, IOV_MAX);
    const ssize_t sent = sendmsg(socket_, &message, MSG_NOSIGNAL);
    if (sent < 0) return Broken("send");
    auto left = static_cast<size_t>(sent);
    while (count > 0 && left >= pieces->iov_len) {
      left -= pieces->iov_len;
      ++pieces;
      --count;
    }
    if (left == 0) continue;
    pieces->iov_base = static_cast<char*>(pieces->iov_base) + left;
    pieces->iov_len -= left;
  }
  return {};
}

Result<bool> Bare::Send(Frames& frames) {
  headers_.resize(frames.size());
  pieces_.clear();
  for (size_t i = 0; i < frames.size(); ++i) {
    const size_t size = frames[i].size();
    const bool is_long = size > UINT8_MAX;
    std::array<uint8_t, kLongHeader>& header = headers_[i];
    header[0] = static_cast<uint8_t>((i + 1 < frames.size() ? kMore : 0) | (is_long ? kLong : 0));
    header[1] = static_cast<uint8_t>(size);
    const uint64_t on_wire = htobe64(size);
    if (is_long) std::memcpy(&header[1], &on_wire, sizeof(on_wire));
    pieces_.push_back({header.data(), is_long ? kLongHeader : kShortHeader});
    if (size > 0) pieces_.push_back({frames[i].data(), size});
  }
  COHORT_RETURN_IF_ERROR(Write(pieces_.data(), pieces_.size()));
  drained_ = false;  // an answer may have come meanwhile
  return true;
}

Result<size_t> Bare::Read() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const size_t room = buffer_.size() - end_;
  const ssize_t count = recv(socket_, buffer_.data() + end_, room, MSG_DONTWAIT);
  if (count == 0) return Unavailable("bare link: the broker closed it");
  if (count < 0 && errno != EAGAIN) return Broken("receive");
  const auto got = static_cast<size_t>(std::max<ssize_t>(count, 0));
  end_ += got;
  drained_ = got > 0 && got < room;
  return got;
}

bool Bare::Parse() {
  while (!complete_) {
    if (!open_) {
      if (end_ == begin_) return false;
      flags_ = static_cast<uint8_t>(buffer_[begin_]);
      const size_t header = (flags_ & kLong) != 0 ? kLongHeader : kShortHeader;
      if (end_ - begin_ < header) return false;
      uint64_t size = static_cast<uint8_t>(buffer_[begin_ + 1]);
      if ((flags_ & kLong) != 0) {
        std::memcpy(&size, &buffer_[begin_ + 1], sizeof(size));
        size = be64toh(size);
      }
      begin_ += header;
      too_large_ = too_large_ || size > kMostFrameBytes;
      if (too_large_) return true;
      frame_.rebuild(size);
      filled_ = 0;
      open_ = true;
    }
    const size_t count = std::min(frame_.size() - filled_, end_ - begin_);
    if (count > 0) std::memcpy(frame_.data<char>() + filled_, &buffer_[begin_], count);
    begin_ += count;
    filled_ += count;
    if (filled_ < frame_.size()) return false;
    open_ = false;
    if ((flags_ & kCommand) != 0) continue;
    frames_.push_back(std::move(frame_));
    complete_ = (flags_ & kMore) == 0;
  }
  return true;
}

Result<std::optional<Frames>> Bare::Receive() {
  while (!Parse()) {
    if (std::exchange(drained_, false)) return std::optional<Frames>();
    COHORT_ASSIGN_OR_RETURN(const size_t got, Read());
    if (got == 0) return std::optional<Frames>();
  }
  if (too_large_) return Unavailable("bare link: the broker announces a frame of gigabytes");
  complete_ = false;
  return std::optional<Frames>(std::exchange(frames_, {}));
}

}  // namespace

Result<std::unique_ptr<Link>> BareLink(const std::string& endpoint) {
  auto link = std::make_unique<Bare>();
  COHORT_RETURN_IF_ERROR(link->Connect(endpoint));
  return std::unique_ptr<Link>(std::move(link));
}

}  // namespace cohort::bench
