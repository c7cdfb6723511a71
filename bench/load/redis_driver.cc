#include "bench/load/redis_driver.h"

#include <hiredis/hiredis.h>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/load/loop.h"

namespace cohort::bench {
namespace {

constexpr int64_t kLongestWait = 50'000'000;

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

// One that has arrived already, or null.
Result<Reply> Next(redisContext* connection) {
  void* reply = nullptr;
  if (redisGetReplyFromReader(connection, &reply) != REDIS_OK) return Broken(*connection);
  Reply owned(static_cast<redisReply*>(reply));
  if (owned != nullptr && owned->type == REDIS_REPLY_ERROR)
    return Unavailable(std::string("redis: ") + owned->str);
  return owned;
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
  for (uint32_t i = 0; i < clients.size(); ++i) {
    loop.AddDescriptor(clients[i].connection->fd, i);
    clients[i].Start();
    COHORT_RETURN_IF_ERROR(Write(clients[i].connection.get()));
  }
  while (!board.stop) {
    for (const uint32_t index : loop.Wait(kLongestWait)) {
      redisContext* connection = clients[index].connection.get();
      if (redisBufferRead(connection) != REDIS_OK) return Broken(*connection);
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
  const std::string& body;
  uint64_t window;
  Board& board;
  Tally& tally;
  uint64_t open = 0;

  void Start() {
    for (; open < window && !board.sending_over; ++open) {
      Ask(connection.get(), {"XADD", "bench", "*", "d", body});
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
      tally.done += ids.size();
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
    const Reply owned(static_cast<redisReply*>(reply));
    if (owned->type == REDIS_REPLY_ERROR) return Unavailable(std::string("redis: ") + owned->str);
  }
  return {};
}

Status ProduceForRedis(const std::string& path, size_t connections, uint64_t window, size_t bytes,
                       Board& board, Tally& tally) {
  const std::string body(bytes, 'x');
  std::vector<Producer> producers;
  for (size_t i = 0; i < connections; ++i) {
    COHORT_ASSIGN_OR_RETURN(Connection connection, Connect(path));
    producers.push_back({std::move(connection), body, window, board, tally});
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
