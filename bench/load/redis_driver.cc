#include "bench/load/redis_driver.h"

#include <hiredis/hiredis.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/load/loop.h"

namespace cohort::bench {
namespace {

constexpr int64_t kLongestWait = 50'000'000;
constexpr size_t kBufferBytes = 128 * 1024;  // as a bare link's

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Connection = std::unique_ptr<redisContext, FreeContext>;
using Reply = std::unique_ptr<redisReply, FreeReply>;

Status Broken(const redisContext& connection) {
  return Unavailable(std::string("redis: ") + connection.errstr);
}

Result<Connection> Connect(const std::string& path) {
  Connection connection(redisConnectUnix(path.c_str()));
  if (connection == nullptr || connection->err != 0)
    return Unavailable("redis: cannot connect to " + path);
  connection->reader->maxbuf = 0;  // its buffer is kept
  return connection;
}

void Ask(redisContext* connection, const std::vector<std::string_view>& words) {
  std::vector<const char*> data;
  std::vector<size_t> sizes;
  for (const std::string_view word : words) {
    data.push_back(word.data());
    sizes.push_back(word.size());
  }
  redisAppendCommandArgv(connection, static_cast<int>(words.size()), data.data(), sizes.data());
}

Status Write(redisContext* connection) {
  for (int done = 0; done == 0;) {
    if (redisBufferWrite(connection, &done) != REDIS_OK) return Broken(*connection);
  }
  return {};
}

// Reads all that has arrived. hiredis itself would read 16 KiB.
Status Read(redisContext* connection, std::vector<char>& buffer) {
  while (true) {
    const ssize_t count = recv(connection->fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count == 0) return Unavailable("redis: the server closed a connection");
    if (count < 0 && errno != EAGAIN)
      return Unavailable(std::string("redis: ") + std::strerror(errno));
    if (count < 0) return {};
    if (redisReaderFeed(connection->reader, buffer.data(), static_cast<size_t>(count)) != REDIS_OK)
      return Broken(*connection);
    if (static_cast<size_t>(count) < buffer.size()) return {};
  }
}

// Takes the reply over; null if there is none.
Result<Reply> Checked(void* reply) {
  Reply owned(static_cast<redisReply*>(reply));
  if (owned != nullptr && owned->type == REDIS_REPLY_ERROR)
    return Unavailable(std::string("redis: ") + owned->str);
  return owned;
}

// One that has arrived already, or null.
Result<Reply> Next(redisContext* connection) {
  void* reply = nullptr;
  if (redisGetReplyFromReader(connection, &reply) != REDIS_OK) return Broken(*connection);
  return Checked(reply);
}

// XREADGROUP answers [[stream, [[id, [field, value]], …]]], or nil.
std::vector<std::string> IdsOf(const redisReply& reply, Tally& tally) {
  std::vector<std::string> ids;
  if (reply.type != REDIS_REPLY_ARRAY || reply.elements == 0) return ids;
  const redisReply& entries = *reply.element[0]->element[1];
  for (size_t i = 0; i < entries.elements; ++i) {
    const redisReply& entry = *entries.element[i];
    ids.emplace_back(entry.element[0]->str, entry.element[0]->len);
    tally.delivered += 1;
    tally.delivered_bytes += entry.element[1]->element[1]->len;
  }
  return ids;
}

// A thread's connections; `Client` has Start() and OnReply(reply), both of which may ask.
template <typename Client>
Status Drive(std::vector<Client>& clients, Board& board) {
  Loop loop;
  std::vector<char> buffer(kBufferBytes);
  for (uint32_t i = 0; i < clients.size(); ++i) {
    loop.AddDescriptor(clients[i].connection->fd, i);
    clients[i].Start();
    COHORT_RETURN_IF_ERROR(Write(clients[i].connection.get()));
  }
  while (!board.stop) {
    for (const uint32_t index : loop.Wait(kLongestWait)) {
      redisContext* connection = clients[index].connection.get();
      COHORT_RETURN_IF_ERROR(Read(connection, buffer));
      while (true) {
        COHORT_ASSIGN_OR_RETURN(const Reply reply, Next(connection));
        if (reply == nullptr) break;
        clients[index].OnReply(*reply);
      }
      COHORT_RETURN_IF_ERROR(Write(connection));
    }
  }
  return {};
}

struct Producer {
  Connection connection;
  std::string_view put;  // XADD, as it is sent
  uint64_t window;
  Board& board;
  Tally& tally;
  uint64_t open = 0;

  void Start() {
    for (; open < window && !board.sending_over; ++open) {
      redisAppendFormattedCommand(connection.get(), put.data(), put.size());
      tally.sent += 1;
    }
  }
  void OnReply(const redisReply&) {
    open -= 1;
    tally.confirmed += 1;
    Start();
  }
};

struct Consumer {
  Connection connection;
  std::string name, count;
  Tally& tally;
  std::vector<std::string> ids;  // acknowledged with what was asked last
  bool acknowledges = false;     // its answer is the next

  void Start() {
    if (!ids.empty()) {
      std::vector<std::string_view> words = {"XACK", "bench", "group"};
      words.insert(words.end(), ids.begin(), ids.end());
      Ask(connection.get(), words);
      acknowledges = true;
    }
    Ask(connection.get(), {"XREADGROUP", "GROUP", "group", name, "COUNT", count, "BLOCK", "50",
                           "STREAMS", "bench", ">"});
  }
  void OnReply(const redisReply& reply) {
    if (acknowledges) {
      acknowledges = false;
      tally.done += static_cast<uint64_t>(reply.integer);
      return;
    }
    ids = IdsOf(reply, tally);
    Start();
  }
};

}  // namespace

Status MakeRedisGroup(const std::string& path) {
  COHORT_ASSIGN_OR_RETURN(const Connection connection, Connect(path));
  Ask(connection.get(), {"FLUSHALL"});
  Ask(connection.get(), {"XGROUP", "CREATE", "bench", "group", "$", "MKSTREAM"});
  for (int i = 0; i < 2; ++i) {
    void* reply = nullptr;
    if (redisGetReply(connection.get(), &reply) != REDIS_OK) return Broken(*connection);
    COHORT_RETURN_IF_ERROR(Checked(reply).status());
  }
  return {};
}

Status ProduceForRedis(const std::string& path, size_t connections, uint64_t window, size_t bytes,
                       Board& board, Tally& tally) {
  const std::string body(bytes, 'x');
  const std::array<const char*, 5> words = {"XADD", "bench", "*", "d", body.c_str()};
  const std::array<size_t, 5> sizes = {4, 5, 1, 1, bytes};
  char* formatted = nullptr;
  const int size =
      redisFormatCommandArgv(&formatted, 5, const_cast<const char**>(words.data()), sizes.data());
  if (size < 0) return Internal("redis: no memory for a command");
  const std::string put(formatted, static_cast<size_t>(size));
  redisFreeCommand(formatted);
  std::vector<Producer> producers;
  for (size_t i = 0; i < connections; ++i) {
    COHORT_ASSIGN_OR_RETURN(Connection connection, Connect(path));
    producers.push_back({std::move(connection), put, window, board, tally});
  }
  return Drive(producers, board);
}

Status ConsumeFromRedis(const std::string& path, size_t first, size_t connections, size_t batch,
                        Board& board, Tally& tally) {
  std::vector<Consumer> consumers;
  for (size_t i = 0; i < connections; ++i) {
    COHORT_ASSIGN_OR_RETURN(Connection connection, Connect(path));
    consumers.push_back({std::move(connection),
                         "consumer-" + std::to_string(first + i),
                         std::to_string(batch),
                         tally,
                         {},
                         false});
  }
  return Drive(consumers, board);
}

}  // namespace cohort::bench
