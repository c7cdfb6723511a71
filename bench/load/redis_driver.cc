#include "bench/load/redis_driver.h"

#include <hiredis/hiredis.h>

#include <memory>
#include <vector>

namespace cohort::bench {
namespace {

struct FreeContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Connection = std::unique_ptr<redisContext, FreeContext>;
using Reply = std::unique_ptr<redisReply, FreeReply>;

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

Result<Reply> Take(redisContext* connection) {
  void* reply = nullptr;
  if (redisGetReply(connection, &reply) != REDIS_OK)
    return Unavailable(std::string("redis: ") + connection->errstr);
  Reply owned(static_cast<redisReply*>(reply));
  if (owned->type == REDIS_REPLY_ERROR) return Unavailable(std::string("redis: ") + owned->str);
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

}  // namespace

Status MakeRedisGroup(const std::string& path) {
  COHORT_ASSIGN_OR_RETURN(const Connection connection, Connect(path));
  Ask(connection.get(), {"FLUSHALL"});
  Ask(connection.get(), {"XGROUP", "CREATE", "bench", "group", "$", "MKSTREAM"});
  COHORT_RETURN_IF_ERROR(Take(connection.get()).status());
  return Take(connection.get()).status();
}

Status ProduceForRedis(const std::string& path, uint64_t window, size_t bytes, Board& board,
                       Tally& tally) {
  COHORT_ASSIGN_OR_RETURN(const Connection connection, Connect(path));
  const std::string body(bytes, 'x');
  uint64_t open = 0;
  while (!board.stop && !(board.sending_over && open == 0)) {
    for (; open < window && !board.sending_over; ++open) {
      Ask(connection.get(), {"XADD", "bench", "*", "d", body});
      tally.sent += 1;
    }
    if (open == 0) continue;
    COHORT_RETURN_IF_ERROR(Take(connection.get()).status());
    open -= 1;
    tally.confirmed += 1;
  }
  return {};
}

Status ConsumeFromRedis(const std::string& path, size_t index, size_t batch, Board& board,
                        Tally& tally) {
  COHORT_ASSIGN_OR_RETURN(const Connection connection, Connect(path));
  const std::string name = "consumer-" + std::to_string(index);
  const std::string count = std::to_string(batch);
  std::vector<std::string> ids;
  while (!board.stop) {
    if (!ids.empty()) {
      std::vector<std::string_view> words = {"XACK", "bench", "group"};
      words.insert(words.end(), ids.begin(), ids.end());
      Ask(connection.get(), words);
    }
    Ask(connection.get(), {"XREADGROUP", "GROUP", "group", name, "COUNT", count, "BLOCK", "50",
                           "STREAMS", "bench", ">"});
    if (!ids.empty()) {
      COHORT_RETURN_IF_ERROR(Take(connection.get()).status());
      tally.done += ids.size();
    }
    COHORT_ASSIGN_OR_RETURN(const Reply reply, Take(connection.get()));
    ids = IdsOf(*reply, tally);
  }
  return {};
}

}  // namespace cohort::bench
