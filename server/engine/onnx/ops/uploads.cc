// Tensors of the host that stay on a device once they were brought there.

#include "server/engine/onnx/ops/uploads.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace phosphene::onnx {
namespace {

// A constant is the same tensor each time.
bool SameContent(const at::Tensor& a, const at::Tensor& b) {
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes())
    return false;
  const void *x = a.const_data_ptr(), *y = b.const_data_ptr();
  return a.numel() == 0 || x == y || std::memcmp(x, y, a.nbytes()) == 0;
}

}  // namespace

at::Tensor Uploads::Get(const at::Tensor& t, at::Device device) {
  if (t.device() == device) return t;
  if (!t.is_cpu()) return t.to(device);
  const at::Tensor content = t.detach().contiguous();
  const MutexLock lock(&mu_);
  for (const auto& [host, there] : kept_) {
    if (there.device() == device && SameContent(host, content)) return there;
  }
  const at::Tensor there = content.to(device);
  if (kept_.size() < kMaxKept) kept_.emplace_back(content, there);
  return there;
}

at::Tensor Uploads::Made(const std::vector<double>& key, at::Device device,
                         const std::function<at::Tensor()>& make) {
  if (device.is_cpu()) return make();
  const MutexLock lock(&mu_);
  for (const auto& [known, there] : made_) {
    if (there.device() == device && known == key) return there;
  }
  const at::Tensor there = make().to(device);
  if (made_.size() < kMaxKept) made_.emplace_back(key, there);
  return there;
}

at::Device DeviceOf(const Tensors& in) {
  for (const at::Tensor& t : in) {
    if (t.defined() && !t.is_cpu()) return t.device();
  }
  return at::kCPU;
}

OpRun OnOneDevice(OpRun run) {
  return [run = std::move(run),
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const at::Device device = DeviceOf(in);
    if (device.is_cpu()) return run(in);
    Tensors moved = in;
    for (at::Tensor& t : moved) {
      if (t.defined()) t = uploads->Get(t, device);
    }
    return run(moved);
  };
}

}  // namespace phosphene::onnx
