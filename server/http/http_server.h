#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/base/mutex.h"
#include "server/http/dispatch.h"
#include "server/rpc/acceptor.h"
#include "server/rpc/certificates.h"
#include "server/rpc/listen.h"

struct MHD_Daemon;

namespace phosphene {

// An HTTP/1.1 server on libmicrohttpd, whose threads have the stack that a
// process with libtorch needs: its thread-local storage takes 65 KB of each.
// Bounded: kMaxHttpConnections, those beyond are closed; headers of 16 KB; no
// bodies; 30 s without a byte end a connection. Thread-safe.
inline constexpr int kMaxHttpConnections = 64;

class HttpServer {
 public:
  struct Options {
    BoundAddress address;
    HttpRules rules;
    std::shared_ptr<const TlsMaterial> tls;  // null: plain
  };
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(Options options);
  // Ends open connections; waits for handlers that run.
  ~HttpServer();

  // HOST:PORT with the port it got.
  const std::string& address() const { return address_; }

  bool shows_tls() const { return shows_tls_; }
  // Shows another certificate from now on; open connections end. On an error
  // the former stays. REQUIRES: shows_tls.
  absl::Status UseTls(const TlsMaterial& tls);

 private:
  struct StopDaemon {
    void operator()(MHD_Daemon* daemon) const;
  };
  using Daemon = std::shared_ptr<MHD_Daemon>;

  HttpServer(std::string address, HttpRules rules, bool shows_tls);
  absl::StatusOr<Daemon> MakeDaemon(const TlsMaterial* tls);
  void Take(FileDescriptor connection);

  const std::string address_;
  const HttpRules rules_;
  const bool shows_tls_;
  std::atomic<int> open_ = 0;  // connections

  Mutex mu_;
  Daemon daemon_ ABSL_GUARDED_BY(mu_);

  std::unique_ptr<Acceptor> acceptor_;  // last: its thread uses the rest
};

}  // namespace phosphene
