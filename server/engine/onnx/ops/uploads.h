#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "server/base/mutex.h"
#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {

// Tensors of the host that an operator's runs need on a device, such as indices
// and tables: each is brought there once and found again by later runs, so that
// a step that was run before moves nothing and can be recorded. They live as
// long as the operator, since recorded steps read them where they are. On the
// CPU nothing is kept. Thread-safe.
class Uploads {
 public:
  // Runs of more than this many contents (a network that sees ever other sizes
  // of picture) bring the rest over each time.
  static constexpr size_t kMaxKept = 64;

  // `t` on `device`; itself when it is there. Found again by its content.
  at::Tensor Get(const at::Tensor& t, at::Device device);
  // What `make` makes on the CPU, on `device`; found again by `key`, which must
  // say everything that `make` depends on.
  at::Tensor Made(const std::vector<double>& key, at::Device device,
                  const std::function<at::Tensor()>& make);

 private:
  Mutex mu_;
  std::vector<std::pair<at::Tensor, at::Tensor>> kept_ ABSL_GUARDED_BY(mu_);
  std::vector<std::pair<std::vector<double>, at::Tensor>> made_
      ABSL_GUARDED_BY(mu_);
};

// `run` with all of its inputs on one device: where one is not on the CPU, the
// others are brought there. For operators that read no input on the host.
OpRun OnOneDevice(OpRun run);

// The first device of these that is not the CPU, else the CPU.
at::Device DeviceOf(const Tensors& in);

}  // namespace phosphene::onnx
