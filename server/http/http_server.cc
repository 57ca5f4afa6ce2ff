// libmicrohttpd: threads, limits, TLS; what is answered stands in dispatch.cc.
#include "server/http/http_server.h"

#include <microhttpd.h>
#include <sys/socket.h>

#include <cstdarg>
#include <cstdio>
#include <utility>
#include <vector>

#include "server/base/faults.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

constexpr size_t kStackBytes = size_t{2} << 20;
constexpr unsigned kThreads = 2;
constexpr size_t kMaxHeaderBytes = 16 << 10;
constexpr unsigned kIdleSeconds = 30;
// HTTP keeps half of what gRPC leaves free: it still answers when gRPC's
// connections have taken every descriptor they may.
constexpr double kReserve = 0.5;

using Response = std::unique_ptr<MHD_Response, decltype(&MHD_destroy_response)>;

MHD_Result Send(MHD_Connection* connection, const HttpResponse& response) {
  const Response out(
      MHD_create_response_from_buffer(response.body.size(),
                                      const_cast<char*>(response.body.data()),
                                      MHD_RESPMEM_MUST_COPY),
      MHD_destroy_response);
  if (out == nullptr) return MHD_NO;
  const auto add = [&](const char* name, const std::string& value) {
    MHD_add_response_header(out.get(), name, value.c_str());
  };
  add("Content-Type", response.content_type);
  add("X-Content-Type-Options", "nosniff");
  add("Cache-Control", "no-store");
  for (const auto& [name, value] : response.headers) add(name.c_str(), value);
  return MHD_queue_response(connection, response.status, out.get());
}

// libmicrohttpd calls once when it has the headers, and again with pieces of
// the body or at its end.
MHD_Result Handle(void* rules, MHD_Connection* connection, const char* url,
                  const char* method, const char* version,
                  const char* upload_data, size_t* upload_data_size,
                  void** state) {
  static char seen;
  const HttpRequest request = {
      .method = method, .path = url, .header = [connection](const char* name) {
        const char* const value =
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
        return std::string(value == nullptr ? "" : value);
      }};
  const bool with_body = !request.header("Content-Length").empty() ||
                         !request.header("Transfer-Encoding").empty();
  // With a body the answer comes at once, and the rest is not read.
  if (*state == nullptr && !with_body) {
    *state = &seen;
    return MHD_YES;
  }
  return Send(connection,
              Dispatch(*static_cast<const HttpRules*>(rules), request));
}

// Called as each connection begins and ends.
void CountEnds(void* open, MHD_Connection*, void**,
               MHD_ConnectionNotificationCode code) {
  if (code == MHD_CONNECTION_NOTIFY_CLOSED)
    static_cast<std::atomic<int>*>(open)->fetch_sub(1);
}

// A peer that breaks off a handshake is no event of ours.
void ToLog(void*, const char* format, va_list arguments) {
  char line[512];
  std::vsnprintf(line, sizeof(line), format, arguments);
  LogDebug("http", {{"said", line}});
}

}  // namespace

void HttpServer::StopDaemon::operator()(MHD_Daemon* daemon) const {
  MHD_stop_daemon(daemon);
}

HttpServer::HttpServer(std::string address, HttpRules rules, bool shows_tls)
    : address_(std::move(address)),
      rules_(std::move(rules)),
      shows_tls_(shows_tls) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(Options options) {
  std::unique_ptr<HttpServer> made(
      new HttpServer(std::move(options.address.dialled),
                     std::move(options.rules), options.tls != nullptr));
  ASSIGN_OR_RETURN(Daemon daemon, made->MakeDaemon(options.tls.get()));
  {
    const MutexLock lock(&made->mu_);
    made->daemon_ = std::move(daemon);
  }
  ASSIGN_OR_RETURN(
      made->acceptor_,
      Acceptor::Start({.sockets = std::move(options.address.sockets),
                       .reserve = kReserve,
                       .take = [server = made.get()](FileDescriptor one) {
                         server->Take(std::move(one));
                       }}));
  return made;
}

HttpServer::~HttpServer() = default;

absl::Status HttpServer::UseTls(const TlsMaterial& tls) {
  ASSIGN_OR_RETURN(Daemon fresh, MakeDaemon(&tls));
  const MutexLock lock(&mu_);
  // The former ends when `fresh` goes, after the lock.
  daemon_.swap(fresh);
  return absl::OkStatus();
}

absl::StatusOr<HttpServer::Daemon> HttpServer::MakeDaemon(
    const TlsMaterial* tls) {
  unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC |
                   MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG;
  std::vector<MHD_OptionItem> tls_options;
  if (tls != nullptr) {
    flags |= MHD_USE_TLS;
    tls_options.push_back({MHD_OPTION_HTTPS_MEM_CERT, 0,
                           const_cast<char*>(tls->certificate.c_str())});
    tls_options.push_back(
        {MHD_OPTION_HTTPS_MEM_KEY, 0, const_cast<char*>(tls->key.c_str())});
  }
  tls_options.push_back({MHD_OPTION_END, 0, nullptr});
  MHD_Daemon* const daemon = MHD_start_daemon(
      flags, 0, nullptr, nullptr, Handle, const_cast<HttpRules*>(&rules_),
      // The log first, so that what the others complain of gets there.
      MHD_OPTION_EXTERNAL_LOGGER, ToLog, nullptr,  //
      MHD_OPTION_THREAD_STACK_SIZE, kStackBytes,   //
      MHD_OPTION_THREAD_POOL_SIZE, kThreads,       //
      MHD_OPTION_CONNECTION_LIMIT,
      // Divided among the threads; the count in Take is what holds.
      static_cast<unsigned>(2 * kMaxHttpConnections),       //
      MHD_OPTION_NOTIFY_CONNECTION, CountEnds, &open_,      //
      MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds,          //
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, kMaxHeaderBytes,  //
      MHD_OPTION_ARRAY, tls_options.data(), MHD_OPTION_END);
  if (daemon == nullptr) {
    return absl::InternalError(
        tls == nullptr ? "HTTP does not start"
                       : "HTTP does not start with this certificate and key");
  }
  return Daemon(daemon, StopDaemon());
}

void HttpServer::Take(FileDescriptor connection) {
  Daemon daemon;
  {
    const MutexLock lock(&mu_);
    daemon = daemon_;
  }
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  if (::getpeername(connection.get(), reinterpret_cast<sockaddr*>(&peer),
                    &size) != 0) {
    return;
  }
  // The library's own limit counts too late for a flood of connections.
  if (open_.fetch_add(1) >= kMaxHttpConnections ||
      MHD_add_connection(daemon.get(), connection.Release(),
                         reinterpret_cast<sockaddr*>(&peer), size) != MHD_YES) {
    open_.fetch_sub(1);
  }
}

}  // namespace phosphene
