// Posts bodies to one address and says what became of each; many are under way at once.
//
// A request holds memory and a connection, no thread (libcurl's multi interface). Belongs to one
// thread, but for Wake.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/clock.h"

namespace cohort {

// What became of a request.
enum class HttpFate {
  kAnswered,  // 2xx, with a body
  kAway,      // nobody was there: no connection
  kBusy,      // 429: sent away unread
  kBrokeOff,  // 408, 502, 503, 504, a connection that ends: away, or broken by what was sent
  kTimeout,   // connected, and no reply in time
  kTooLong,   // a reply above kMaxReplyBytes
  kError,     // any other status or trouble
};

struct HttpReply {
  uint64_t id = 0;
  HttpFate fate = HttpFate::kError;
  long status = 0;         // of HTTP; 0: there is none
  std::string what;        // for people: "HTTP 500: …", "Couldn't connect to server"
  std::string body;        // of kAnswered
  Duration retry_after{};  // asked for; 0: not
  Duration took{};
};

class HttpTransport {
 public:
  struct Options {
    std::string url;
    std::string authorization;                  // value of that header; empty: none
    Duration limit = std::chrono::seconds(30);  // of one request
    size_t connections = 256;
  };

  // `clock` outlives it. Raises the process's soft limit of descriptors where that is too low.
  HttpTransport(const Options& options, const Clock* clock);
  ~HttpTransport();  // ends all requests
  HttpTransport(const HttpTransport&) = delete;
  HttpTransport& operator=(const HttpTransport&) = delete;

  // `id` is under way with no other request.
  void Post(uint64_t id, std::string body);
  // Ends it; there is no reply.
  void Drop(uint64_t id);
  size_t under_way() const { return requests_.size(); }

  // Those that have ended; waits for one, at most so long, or until Wake is called.
  std::vector<HttpReply> Wait(Duration most);
  // From any thread.
  void Wake();

 private:
  struct Request;

  void Close(Request& request);
  HttpReply ReplyOf(Request& request, CURLcode code) const;

  const Options options_;
  const Clock& clock_;
  CURLM* multi_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::map<uint64_t, std::unique_ptr<Request>> requests_;
  std::vector<CURL*> idle_;
};

}  // namespace cohort
