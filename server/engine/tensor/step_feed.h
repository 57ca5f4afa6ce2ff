#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// The way of what a step takes from the host (random draws, tables of warps,
// scalars of the optimizer) to the device. Code that runs a step puts each such
// tensor in and works on what it gets back, so that a recorded step can be
// replayed with another step's draws. Without a feed (null), see FeedTo.
class StepFeed {
 public:
  virtual ~StepFeed() = default;
  // `host`: a contiguous CPU tensor. `shape` tells what else decides the work
  // to be done, such as sizes of images; equal sizes and shapes mean equal
  // work.
  virtual at::Tensor Put(const at::Tensor& host, const std::string& shape) = 0;
};

// `host` as device work shall read it: through the feed, or copied to `device`.
at::Tensor FeedTo(StepFeed* feed, const at::Tensor& host, at::Device device,
                  const std::string& shape = "");

// Keeps what is put, and answers with tensors of the meta device: a step run on
// meta tensors draws what it would draw and computes nothing.
class CollectingFeed : public StepFeed {
 public:
  at::Tensor Put(const at::Tensor& host, const std::string& shape) override;
  const std::vector<at::Tensor>& tensors() const { return tensors_; }
  // Equal for steps that do the same work on other values.
  const std::string& key() const { return key_; }

 private:
  std::vector<at::Tensor> tensors_;
  std::string key_;
};

// Answers with tensors at fixed places on a device, in the order of those it
// was made from; their values are those of the last Fill. Confined to a thread.
class StaticFeed : public StepFeed {
 public:
  StaticFeed(const std::vector<at::Tensor>& like, at::Device device);

  // Throws c10::Error when a tensor is put that is not the next one's shape.
  at::Tensor Put(const at::Tensor& host, const std::string& shape) override;
  // The next Put is the first one's again.
  void Rewind() { next_ = 0; }
  // Copies the values of a step in, in one transfer that the host does not wait
  // for; work queued before still sees the old ones.
  void Fill(const std::vector<at::Tensor>& values);

 private:
  at::Device device_;
  int64_t bytes_ = 0;
  std::vector<int64_t> offsets_;
  at::Tensor block_;  // [bytes] u8 on the device
  std::vector<at::Tensor> views_;
  size_t next_ = 0;
};

}  // namespace phosphene
