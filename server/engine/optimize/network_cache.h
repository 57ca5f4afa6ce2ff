#pragma once

#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/base/mutex.h"
#include "server/engine/engine.h"
#include "server/engine/onnx/program/network.h"

namespace phosphene {

// A parsed model and the name under which it is cached.
struct OpenedModel {
  std::shared_ptr<const NetworkInfo> info;
  std::string key;  // name and version
  std::vector<std::string> notes;
};

class NetworkCache;

// A compiled network on loan; goes back to the cache with this object.
class NetworkLease {
 public:
  NetworkLease() = default;
  NetworkLease(NetworkCache* cache, std::string key,
               std::unique_ptr<Network> network)
      : cache_(cache), key_(std::move(key)), network_(std::move(network)) {}
  NetworkLease(NetworkLease&&) = default;
  NetworkLease& operator=(NetworkLease&& other);
  ~NetworkLease();

  Network* get() const { return network_.get(); }

 private:
  void Return();

  NetworkCache* cache_ = nullptr;
  std::string key_;
  std::unique_ptr<Network> network_;
};

// Models parsed once, networks compiled once: kept by (model, version) and by
// what they were compiled for, the most recently used few. Thread-safe; must
// outlive its leases.
class NetworkCache {
 public:
  // `inputs` must outlive this.
  explicit NetworkCache(const EngineInputs* inputs) : inputs_(inputs) {}

  // NOT_FOUND and other errors of open_model; INVALID_ARGUMENT what does not
  // parse.
  absl::StatusOr<OpenedModel> Open(absl::string_view model);

  // An idle network, or a new one. `layers` are resolved names.
  absl::StatusOr<NetworkLease> Compile(const OpenedModel& model,
                                       const std::vector<std::string>& layers,
                                       const CompileOptions& options);

 private:
  friend class NetworkLease;
  void Return(std::string key, std::unique_ptr<Network> network);

  const EngineInputs* const inputs_;
  Mutex mu_;
  // Most recently used first.
  std::list<OpenedModel> models_ ABSL_GUARDED_BY(mu_);
  std::list<std::pair<std::string, std::unique_ptr<Network>>> idle_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace phosphene
