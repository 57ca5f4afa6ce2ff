// What a step takes from the host: copied, collected, or put at fixed places.

#include "server/engine/tensor/step_feed.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace phosphene {
namespace {

constexpr int64_t kAlign = 256;  // bytes, as device allocations are

at::TensorOptions MetaLike(const at::Tensor& tensor) {
  return tensor.options().device(at::kMeta);
}

}  // namespace

at::Tensor FeedTo(StepFeed* feed, const at::Tensor& host, at::Device device,
                  const std::string& shape) {
  if (feed != nullptr) return feed->Put(host.contiguous(), shape);
  return host.to(device);
}

at::Tensor CollectingFeed::Put(const at::Tensor& host,
                               const std::string& shape) {
  tensors_.push_back(host);
  absl::StrAppend(&key_, shape, ":", static_cast<int>(host.scalar_type()), "[",
                  absl::StrJoin(host.sizes(), ","), "]");
  return at::empty(host.sizes(), MetaLike(host));
}

StaticFeed::StaticFeed(const std::vector<at::Tensor>& like, at::Device device)
    : device_(device) {
  for (const at::Tensor& tensor : like) {
    offsets_.push_back(bytes_);
    bytes_ +=
        (static_cast<int64_t>(tensor.nbytes()) + kAlign - 1) / kAlign * kAlign;
  }
  block_ = at::zeros({bytes_}, at::TensorOptions(at::kByte).device(device));
  for (size_t i = 0; i < like.size(); ++i) {
    const auto size = static_cast<int64_t>(like[i].nbytes());
    views_.push_back(block_.narrow(0, offsets_[i], size)
                         .view(like[i].scalar_type())
                         .view(like[i].sizes()));
  }
}

at::Tensor StaticFeed::Put(const at::Tensor& host, const std::string& shape) {
  TORCH_CHECK(
      next_ < views_.size() && host.sizes() == views_[next_].sizes() &&
          host.scalar_type() == views_[next_].scalar_type(),
      "the step takes other tensors from the host than it was recorded with");
  return views_[next_++];
}

void StaticFeed::Fill(const std::vector<at::Tensor>& values) {
  TORCH_CHECK(values.size() == views_.size(), "a step was recorded with ",
              views_.size(), " tensors from the host, not ", values.size());
  // Pinned blocks come from a cache that waits for their copies to end.
  const at::Tensor host = at::empty(
      {bytes_}, at::TensorOptions(at::kByte).pinned_memory(device_.is_cuda()));
  auto* data = host.data_ptr<uint8_t>();
  for (size_t i = 0; i < values.size(); ++i) {
    TORCH_CHECK(values[i].sizes() == views_[i].sizes() &&
                    values[i].scalar_type() == views_[i].scalar_type(),
                "tensor ", i,
                " of a step has another shape than the recorded one's");
    const at::Tensor own = values[i].contiguous();
    if (own.nbytes() > 0)
      std::memcpy(data + offsets_[i], own.const_data_ptr(), own.nbytes());
  }
  block_.copy_(host, /*non_blocking=*/true);
}

}  // namespace phosphene
