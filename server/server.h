#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "phosphene/v1/config.pb.h"
#include "server/engine/engine.h"

namespace phosphene {

// The whole service: everything it is made of, and how it is put together, is
// in server.cc, bottom up. Thread-safe.
// Example:
//   ASSIGN_OR_RETURN(auto server, Server::Create(config, make_engine));
//   ... until a signal
//   RETURN_IF_ERROR(server->Stop());
class Server {
 public:
  // Makes the engine, given what it reads from and ServerConfig.threads.
  using EngineFactory = std::function<absl::StatusOr<std::unique_ptr<Engine>>(
      EngineInputs inputs, int threads)>;

  // Opens the data folder, takes back the jobs of a server that died, and
  // serves. `config` must be complete and checked (config.h). Errors name the
  // option that cannot be had: a folder in use, a port, a file, a device. HTTP
  // answers first, "not ready" until all is up. Files of certificates and
  // tokens that change are taken up within 2 s.
  static absl::StatusOr<std::unique_ptr<Server>> Create(
      const v1::ServerConfig& config, const EngineFactory& make_engine);
  // Stops first.
  ~Server();

  // What clients dial: HOST:PORT or unix:PATH.
  const std::string& address() const;
  // HOST:PORT of HTTP, and of the listener for /metrics alone; or "off".
  std::string http_address() const;
  std::string metrics_address() const;

  // Ends well: health says NOT_SERVING and new calls get UNAVAILABLE, running
  // jobs are checkpointed and handed back, watches end with UNAVAILABLE so
  // that clients attach again. DEADLINE_EXCEEDED: jobs still run after
  // drain_seconds; the next start takes them back. Idempotent.
  absl::Status Stop();

  // Whether all its GPUs, or whatever devices it has, are broken, so that only
  // a new process can go on; it has then sent itself a SIGTERM. The exit status
  // should say that something failed, so that whoever watches it starts it
  // again.
  bool needs_restart() const;

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace phosphene
