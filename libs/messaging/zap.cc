#include "libs/messaging/zap.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "libs/messaging/keys.h"

namespace cohort {
namespace {

constexpr char kEndpoint[] = "inproc://zeromq.zap.01";
constexpr std::string_view kVersion = "1.0";
constexpr size_t kCurveKeyBytes = 32;

std::string_view View(const zmq::message_t& frame) {
  return {static_cast<const char*>(frame.data()), frame.size()};
}

}  // namespace

std::string KeyOf(const zmq::message_t& frame) {
  const char* user = zmq_msg_gets(frame.handle(), "User-Id");
  return user == nullptr ? std::string() : std::string(user);
}

Result<std::unique_ptr<ZapHandler>> ZapHandler::Start(zmq::context_t& context, Options options) {
  try {
    zmq::socket_t socket(context, zmq::socket_type::rep);
    socket.set(zmq::sockopt::linger, 0);
    socket.bind(kEndpoint);
    return std::unique_ptr<ZapHandler>(new ZapHandler(std::move(socket), std::move(options)));
  } catch (const zmq::error_t& e) {
    return Internal(std::string("cannot answer for keys: ") + e.what());
  }
}

ZapHandler::ZapHandler(zmq::socket_t socket, Options options)
    : options_(std::move(options)), socket_(std::move(socket)) {
  refused_.With([](auto& refused) {
    for (const char* reason : {"unknown_key", "revoked", "wrong_role", "wrong_mechanism"}) {
      refused[reason] = 0;
    }
  });
  thread_ = std::thread([this] { Run(); });
}

ZapHandler::~ZapHandler() {
  stopping_ = true;
  wakeup_.Notify();
  thread_.join();
}

void ZapHandler::Run() {
  while (!stopping_) {
    zmq_pollitem_t items[] = {{socket_.handle(), 0, ZMQ_POLLIN, 0},
                              {nullptr, wakeup_.fd(), ZMQ_POLLIN, 0}};
    zmq_poll(items, 2, -1);
    while (const std::optional<Received> request = TryReceive(socket_, /*router=*/false)) {
      Frames reply = Reply(request->frames);
      // To libzmq itself, in this process: when it is gone, nobody waits for the answer.
      [[maybe_unused]] const Result<bool> sent = TrySend(socket_, reply);
    }
  }
}

// Request: version, request id, domain, address, routing id, mechanism, credentials. Reply:
// version, request id, status code, status text, user id, metadata.
Frames ZapHandler::Reply(const Frames& request) {
  std::string key;
  const bool curve = request.size() == 7 && View(request[0]) == kVersion &&
                     View(request[5]) == "CURVE" && request[6].size() == kCurveKeyBytes;
  if (curve) {
    std::array<char, kKeyCharacters + 1> text{};
    zmq_z85_encode(text.data(), static_cast<const uint8_t*>(request[6].data()), kCurveKeyBytes);
    key = text.data();
  }
  const std::string refusal = curve ? WhyNot(key) : "wrong_mechanism";
  if (!refusal.empty()) refused_.With([&](auto& refused) { refused[refusal] += 1; });
  const std::string_view id = request.size() > 1 ? View(request[1]) : std::string_view();
  Frames reply;
  for (const std::string_view part : {
           kVersion,
           id,
           std::string_view(refusal.empty() ? "200" : "400"),
           std::string_view(refusal.empty() ? "" : "not allowed"),
           refusal.empty() ? std::string_view(key) : std::string_view(),
           std::string_view(),
       }) {
    reply.emplace_back(part.data(), part.size());
  }
  return reply;
}

std::string ZapHandler::WhyNot(const std::string& key) {
  const LiveAllowList::Answer answer = options_.allowed->Find(key);
  switch (answer.verdict) {
    case LiveAllowList::Verdict::kUnknown:
      return "unknown_key";
    case LiveAllowList::Verdict::kRevoked:
      return "revoked";
    case LiveAllowList::Verdict::kAllowed:
      break;
  }
  const auto& roles = options_.roles;
  const bool welcome =
      roles.empty() || std::find(roles.begin(), roles.end(), answer.role) != roles.end();
  return welcome ? "" : "wrong_role";
}

}  // namespace cohort
