#include "libs/telemetry/telemetry_server.h"

#include <CivetServer.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <thread>
#include <utility>
#include <vector>

namespace cohort {
namespace {

struct Answer {
  const char* status = "200 OK";
  const char* type = "text/plain; charset=utf-8";
  std::string body;
};

// One path: a function from nothing to an answer.
class Page : public CivetHandler {
 public:
  explicit Page(std::function<Answer()> answer) : answer_(std::move(answer)) {}

  bool handleGet(CivetServer* server, mg_connection* connection) override {
    return Send(connection, /*with_body=*/true);
  }
  bool handleHead(CivetServer* server, mg_connection* connection) override {
    return Send(connection, /*with_body=*/false);
  }

 private:
  bool Send(mg_connection* connection, bool with_body) {
    const Answer answer = answer_();
    mg_printf(connection,
              "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
              "Cache-Control: no-store\r\nConnection: close\r\n\r\n",
              answer.status, answer.type, answer.body.size());
    if (with_body) mg_write(connection, answer.body.data(), answer.body.size());
    return true;
  }

  std::function<Answer()> answer_;
};

std::string HostInUrl(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

// The server library says "failed" and no more: what is wrong with the address is found by trying.
// Gives the address in the kernel's form.
Status TryToListen(const std::string& address, int64_t port, sockaddr_storage& socket_address,
                   socklen_t& socket_address_bytes) {
  const std::string place = HostInUrl(address) + ":" + std::to_string(port);
  if (port < 0 || port > 65535) {
    return InvalidArgument("telemetry.port " + std::to_string(port) + " is not in 0 … 65535");
  }
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    return InvalidArgument("telemetry.address \"" + address +
                           "\" is no numeric IP address; use 127.0.0.1, 0.0.0.0 or one of this "
                           "machine's");
  }
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  const bool works = fd >= 0 && bind(fd, found->ai_addr, found->ai_addrlen) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  std::memcpy(&socket_address, found->ai_addr, found->ai_addrlen);
  socket_address_bytes = found->ai_addrlen;
  freeaddrinfo(found);
  if (works) return {};
  if (error == EADDRINUSE) {
    return InvalidArgument("telemetry cannot listen on " + place +
                           ": the port is in use; set telemetry.port to another one, or to 0 for "
                           "any free one");
  }
  return InvalidArgument("telemetry cannot listen on " + place + ": " + std::strerror(error) +
                         "; set telemetry.address and telemetry.port");
}

void SetPort(sockaddr_storage& address, int port) {
  if (address.ss_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6&>(address).sin6_port = htons(static_cast<uint16_t>(port));
  } else {
    reinterpret_cast<sockaddr_in&>(address).sin_port = htons(static_cast<uint16_t>(port));
  }
}

}  // namespace

struct TelemetryServer::State {
  State(Metrics* metrics, const Health* health)
      : metrics_page([metrics] {
          return Answer{.type = "text/plain; version=0.0.4; charset=utf-8",
                        .body = metrics->Text()};
        }),
        alive_page([] { return Answer{.body = "alive\n"}; }),
        ready_page([health] {
          if (health->ready()) return Answer{.body = "ready\n"};
          return Answer{.status = "503 Service Unavailable",
                        .body = "not ready: " + health->why() + "\n"};
        }),
        status_page([health] {
          return Answer{.type = "application/json", .body = health->StatusJson() + "\n"};
        }) {}

  // The library's listening thread looks only every two seconds whether it should end, or when
  // somebody connects: so we do.
  ~State() {
    if (!server) return;
    std::promise<void> closed;
    std::thread closer([&] {
      server->close();
      closed.set_value();
    });
    std::future<void> done = closed.get_future();
    while (done.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready) Knock();
    closer.join();
  }

  void Knock() const {
    const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return;
    // Whether it is answered does not matter.
    [[maybe_unused]] const int ignored =
        connect(fd, reinterpret_cast<const sockaddr*>(&address), address_bytes);
    close(fd);
  }

  sockaddr_storage address = {};  // where it listens
  socklen_t address_bytes = 0;
  Page metrics_page, alive_page, ready_page, status_page;
  std::unique_ptr<CivetServer> server;  // last: its threads end before the pages go away
};

Result<std::unique_ptr<TelemetryServer>> TelemetryServer::Start(const std::string& address,
                                                                int64_t port, Metrics* metrics,
                                                                const Health* health) {
  auto state = std::make_unique<State>(metrics, health);
  COHORT_RETURN_IF_ERROR(TryToListen(address, port, state->address, state->address_bytes));
  const std::string host = HostInUrl(address);
  const std::vector<std::string> options = {
      "listening_ports",    host + ":" + std::to_string(port),
      "num_threads",        "3",
      "request_timeout_ms", "5000",
      "enable_keep_alive",  "no",
  };
  // Constructing the server is where the library throws; this is the boundary.
  try {
    state->server = std::make_unique<CivetServer>(options);
  } catch (const CivetException& error) {
    return Unavailable("telemetry cannot listen on " + host + ":" + std::to_string(port) + ": " +
                       error.what());
  }
  state->server->addHandler("/metrics$", state->metrics_page);
  state->server->addHandler("/healthz$", state->alive_page);
  state->server->addHandler("/readyz$", state->ready_page);
  state->server->addHandler("/status$", state->status_page);
  const int bound = state->server->getListeningPorts().at(0);
  SetPort(state->address, bound);
  const bool everywhere = address == "0.0.0.0" || address == "::";
  const std::string url =
      "http://" + (everywhere ? "127.0.0.1" : host) + ":" + std::to_string(bound);
  return std::unique_ptr<TelemetryServer>(new TelemetryServer(std::move(state), bound, url));
}

TelemetryServer::TelemetryServer(std::unique_ptr<State> state, int port, std::string url)
    : state_(std::move(state)), port_(port), url_(std::move(url)) {}
TelemetryServer::~TelemetryServer() = default;

}  // namespace cohort
