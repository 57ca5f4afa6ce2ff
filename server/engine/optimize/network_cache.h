#pragma once

#include <list>
#include <memory>
#include <string>
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
  std::string key;         // name and version
  int64_t file_bytes = 0;  // of the ONNX file
  std::vector<std::string> notes;
};

// Models parsed once, networks compiled once, for all jobs: kept by (model,
// version) and by what they were compiled for. Jobs that ask for the same
// network share it and its weights. Networks in use always stay; of the others
// the most recently used, up to `idle_bytes` of weights. Thread-safe.
class NetworkCache {
 public:
  // Weights of networks nobody uses: some large ones, or dozens of small ones.
  static constexpr int64_t kIdleBytes = int64_t{1} << 30;

  // `inputs` must outlive this.
  explicit NetworkCache(const EngineInputs* inputs,
                        int64_t idle_bytes = kIdleBytes)
      : inputs_(inputs), idle_bytes_(idle_bytes) {}

  // NOT_FOUND and other errors of open_model; INVALID_ARGUMENT what does not
  // parse.
  absl::StatusOr<OpenedModel> Open(absl::string_view model);

  // The network of these layers (resolved names), which others may be using.
  absl::StatusOr<std::shared_ptr<const Network>> Compile(
      const OpenedModel& model, const std::vector<std::string>& layers,
      const CompileOptions& options);

  // Networks held, in use or not.
  size_t networks() const;

 private:
  struct Compiled {
    std::string key;
    std::shared_ptr<const Network> network;
    int64_t bytes = 0;
  };
  // Null: there is none.
  std::shared_ptr<const Network> Find(const std::string& key)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Takes out what nobody uses beyond the limit.
  std::vector<Compiled> Trim() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const EngineInputs* const inputs_;
  const int64_t idle_bytes_;
  mutable Mutex mu_;
  // Most recently used first.
  std::list<OpenedModel> models_ ABSL_GUARDED_BY(mu_);
  std::list<Compiled> compiled_ ABSL_GUARDED_BY(mu_);
};

}  // namespace phosphene
