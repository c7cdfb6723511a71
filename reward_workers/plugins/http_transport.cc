#include "reward_workers/plugins/http_transport.h"

#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "libs/scoring/verdict.h"
#include "reward_workers/plugins/frames.h"
#include "reward_workers/plugins/retry_delay.h"

namespace cohort {

struct HttpTransport::Request {
  uint64_t id = 0;
  CURL* easy = nullptr;
  Time sent{};
  std::string body;
  std::string reply;
  bool too_long = false;

  // For libcurl.
  static size_t Take(char* bytes, size_t size, size_t count, void* request) {
    auto& taken = *static_cast<Request*>(request);
    if (taken.reply.size() + size * count > kMaxReplyBytes) {
      taken.too_long = true;
      return 0;
    }
    taken.reply.append(bytes, size * count);
    return size * count;
  }
};

namespace {

constexpr rlim_t kOtherDescriptors = 512;  // of this process
constexpr size_t kQuotedBytes = 200;       // of what a service says of its trouble

void StartCurl() {
  static std::once_flag once;
  std::call_once(once, [] {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    signal(SIGPIPE, SIG_IGN);  // a connection that is closed under us is an error, not the end
  });
}

// A connection that finds no descriptor would look like a service that is away.
void MakeRoomFor(size_t connections) {
  rlimit files{};
  const rlim_t wanted = connections + kOtherDescriptors;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= wanted) return;
  files.rlim_cur = std::min(wanted, files.rlim_max);
  setrlimit(RLIMIT_NOFILE, &files);
}

HttpFate FateOfStatus(long status) {
  if (status >= 200 && status < 300) return HttpFate::kAnswered;
  switch (status) {
    case 429:
      return HttpFate::kBusy;
    case 408:
    case 502:
    case 503:
    case 504:
      return HttpFate::kBrokeOff;
    default:
      return HttpFate::kError;
  }
}

HttpFate FateOf(CURLcode code, long status, bool connected) {
  switch (code) {
    case CURLE_OK:
      return FateOfStatus(status);
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_SSL_CONNECT_ERROR:
      return HttpFate::kAway;
    case CURLE_OPERATION_TIMEDOUT:
      return connected ? HttpFate::kTimeout : HttpFate::kAway;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return HttpFate::kBrokeOff;
    default:
      return HttpFate::kError;
  }
}

}  // namespace

HttpTransport::HttpTransport(const Options& options, const Clock* clock)
    : options_(options), clock_(*clock) {
  StartCurl();
  MakeRoomFor(options_.connections);
  multi_ = curl_multi_init();
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options_.connections));
  headers_ = curl_slist_append(headers_, "Content-Type: application/json");
  headers_ = curl_slist_append(headers_, "Expect:");
  if (!options_.authorization.empty()) {
    headers_ = curl_slist_append(headers_, ("Authorization: " + options_.authorization).c_str());
  }
}

HttpTransport::~HttpTransport() {
  for (auto& [id, request] : requests_) Close(*request);
  for (CURL* easy : idle_) curl_easy_cleanup(easy);
  curl_multi_cleanup(multi_);
  curl_slist_free_all(headers_);
}

void HttpTransport::Post(uint64_t id, std::string body) {
  CURL* easy = nullptr;
  if (idle_.empty()) {
    easy = curl_easy_init();
  } else {
    easy = idle_.back();
    idle_.pop_back();
    curl_easy_reset(easy);
  }
  auto request = std::make_unique<Request>();
  request->id = id;
  request->easy = easy;
  request->sent = clock_.Now();
  request->body = std::move(body);
  const auto limit = std::chrono::ceil<std::chrono::milliseconds>(options_.limit).count();
  curl_easy_setopt(easy, CURLOPT_URL, options_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");            // none, whatever the environment says
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");  // whatever it knows to unpack
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::max<int64_t>(1, limit / 4)));
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.c_str());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(request->body.size()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(limit));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Request::Take);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, request.get());
  curl_easy_setopt(easy, CURLOPT_PRIVATE, request.get());
  curl_multi_add_handle(multi_, easy);
  requests_[id] = std::move(request);
}

void HttpTransport::Drop(uint64_t id) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  Close(*found->second);
  requests_.erase(found);
}

void HttpTransport::Close(Request& request) {
  curl_multi_remove_handle(multi_, request.easy);
  idle_.push_back(request.easy);
}

std::vector<HttpReply> HttpTransport::Wait(Duration most) {
  std::vector<HttpReply> replies;
  int running = 0;
  curl_multi_perform(multi_, &running);
  int left = 0;
  const CURLMsg* message = curl_multi_info_read(multi_, &left);
  if (message == nullptr) {
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(most).count();
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(milliseconds), nullptr);
    curl_multi_perform(multi_, &running);
    message = curl_multi_info_read(multi_, &left);
  }
  for (; message != nullptr; message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    Request* request = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
    replies.push_back(ReplyOf(*request, message->data.result));
    Drop(request->id);
  }
  return replies;
}

void HttpTransport::Wake() { curl_multi_wakeup(multi_); }

HttpReply HttpTransport::ReplyOf(Request& request, CURLcode code) const {
  long status = 0;
  curl_off_t retry_after = 0;
  curl_off_t connected = 0;
  curl_easy_getinfo(request.easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(request.easy, CURLINFO_RETRY_AFTER, &retry_after);
  curl_easy_getinfo(request.easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
  HttpReply reply;
  reply.id = request.id;
  reply.fate = FateOf(request.too_long ? CURLE_OK : code, status, connected > 0);
  reply.what = code == CURLE_OK || request.too_long ? "HTTP " + std::to_string(status)
                                                    : curl_easy_strerror(code);
  if (request.too_long && reply.fate == HttpFate::kAnswered) {
    reply.fate = HttpFate::kTooLong;
    reply.what = "it answered with more than 1 MiB";
  }
  reply.status = status;
  if (code == CURLE_OK && reply.fate != HttpFate::kAnswered && !request.reply.empty()) {
    reply.what += ": " + Quoted(request.reply, kQuotedBytes);
  }
  reply.body = std::move(request.reply);
  reply.retry_after =
      std::min(kLongestRetryAfter,
               Duration(std::chrono::seconds(std::clamp<int64_t>(retry_after, 0, 3600))));
  reply.took = clock_.Now() - request.sent;
  return reply;
}

}  // namespace cohort
