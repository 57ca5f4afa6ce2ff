#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/onnx/program/network.h"

namespace phosphene::onnx {

// Values that do not run on a picture of a size, and why, naming the node.
using Failures = std::map<std::string, std::string>;
using SizeTry =
    std::function<absl::StatusOr<Failures>(int64_t height, int64_t width)>;

// Sizes of pictures that the layers of a network run at, found by trying some:
// whether a layer runs at any size, at multiples of 2 to 128, or at one size of
// an axis; and the least side.
struct SizeRules {
  // The size that most layers run at, of those tried: the others are told for
  // it.
  int64_t height = 0, width = 0;
  std::unordered_map<std::string, InputSizes> of;  // layers that run at it
  Failures failed;                                 // those that do not
  std::string why;  // of the first of these in the order of layers

  // What all of these take; layers that do not run take anything.
  InputSizes Meet(const std::vector<std::string>& layers) const;
  // What all layers take that run.
  InputSizes Whole() const;
  // "12 of 340 layers do not run at 224 x 224: Reshape node "r": ..."; "" where
  // all run. `count`: of layers.
  std::string Note(int64_t count) const;
};

// Where to look.
struct SizeSearch {
  int64_t height = 224, width = 224;  // tried first
  // The file or its config says so: no other size is tried in its place.
  bool stated = false;
  // Trying costs next to nothing (SizeWalk): least sides are exact; else they
  // are up to half as large again.
  bool cheap = false;
};

// Finds the rules of layers. An ordinary network costs a try at the size given
// and about as much again at small ones; layers of one size alone cost a few
// tries that fail early. Tries beyond a bound are left out, and what they would
// have shown counts as not taken. An error of the first try is the answer's.
absl::StatusOr<SizeRules> FindSizes(const SizeTry& try_size,
                                    const std::vector<std::string>& layers,
                                    const SizeSearch& search);

// What both take.
InputSizes MeetOf(const InputSizes& a, const InputSizes& b);

}  // namespace phosphene::onnx
