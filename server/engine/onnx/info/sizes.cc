// Finds out which sizes of pictures the layers of a network run at.

#include "server/engine/onnx/info/sizes.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace phosphene::onnx {
namespace {

// Strides in use go to 32, windows of attention to four of these.
constexpr int64_t kMaxMultiple = 128;
constexpr int64_t kUsualMultiple = 32;
// Sizes one above and one below multiples of 32: where halves are rounded up
// the one fails, where they are rounded down the other, unless any size runs.
constexpr int64_t kAbove = 97, kBelow = 127;
// Multiples are looked for above it.
constexpr int64_t kUsualLeast = 95;
// Tries, and their pixels in pictures of the first size, at the most.
constexpr int64_t kMaxTries = 60;
constexpr int64_t kMaxPictures = 12, kPicture = 224 * 224;
// Sizes that networks were trained at, for files that do not say theirs.
constexpr int64_t kUsual[] = {64, 96, 112, 128, 160, 192, 240, 256, 260, 288,
                              299, 300, 320, 331, 336, 378, 380, 384, 416, 448,
                              456, 480, 512, 518, 528, 560, 600, 640,
                              // Last: a network of patches may see one patch
                              // here, which adds to whatever there is.
                              32, 28};
// Larger ones are tried only while most layers fail.
constexpr int64_t kUsualWithin = 192;
// Sides tried where trying is dear.
constexpr int64_t kLadder[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96};

using Size = std::pair<int64_t, int64_t>;

// The least odd multiple of `m` above `least`.
int64_t OddMultiple(int64_t m, int64_t least) {
  const int64_t k = least / m + 1;
  return m * (k % 2 == 1 ? k : k + 1);
}

// Remembers what ran at which size.
class Tries {
 public:
  Tries(const SizeTry& try_size, const std::vector<std::string>& layers)
      : try_size_(try_size), layers_(layers) {}

  // What does not run of the layers. Unlike Ran it has no bound.
  absl::StatusOr<Failures> At(const Size& size) {
    ASSIGN_OR_RETURN(Failures failures, try_size_(size.first, size.second));
    std::vector<bool>& failed = failed_[size];
    failed.resize(layers_.size());
    Failures own;
    for (size_t i = 0; i < layers_.size(); ++i) {
      const auto it = failures.find(layers_[i]);
      if (it == failures.end()) continue;
      failed[i] = true;
      own.insert(*it);
    }
    return own;
  }

  void Bound(int64_t tries, int64_t pixels) {
    tries_left_ = tries;
    pixels_left_ = pixels;
  }

  bool Ran(size_t layer, const Size& size) {
    auto known = failed_.find(size);
    if (known == failed_.end()) {
      const int64_t pixels = size.first * size.second;
      const bool may = tries_left_ > 0 && pixels <= pixels_left_;
      --tries_left_;
      if (may) pixels_left_ -= pixels;
      if (!may || !At(size).ok()) failed_[size].assign(layers_.size(), true);
      known = failed_.find(size);
    }
    return !known->second[layer];
  }

 private:
  const SizeTry& try_size_;
  const std::vector<std::string>& layers_;
  std::map<Size, std::vector<bool>> failed_;
  int64_t tries_left_ = INT64_MAX, pixels_left_ = INT64_MAX;
};

// What is found of a side (or of both at once): 0 for `multiple` where it is
// one size alone.
struct Rule {
  int64_t multiple = 0;
  int64_t runs = 0;  // a side at which it was seen to
};

// `ran(side)`: whether a layer runs there. `stated` is a side at which it does.
template <typename Ran>
Rule FindRule(const Ran& ran, int64_t stated) {
  if (ran(kAbove) && ran(kBelow)) return {1, kAbove};
  // Where a multiple of 32 runs, do those of less?
  const auto descend = [&](int64_t from, int64_t side) -> Rule {
    // What runs at the size stated is not too small for larger ones.
    const int64_t below =
        stated < side ? side - 1 : OddMultiple(from, side) - 1;
    if (ran(side + 1) && ran(below)) return {1, side};
    Rule found{from, side};
    for (int64_t m = from / 2; m > 1; m /= 2) {
      if (!ran(OddMultiple(m, side))) break;
      found.multiple = m;
    }
    return found;
  };
  for (int64_t m = kUsualMultiple; m <= kMaxMultiple; m *= 2) {
    int64_t side = OddMultiple(m, kUsualLeast);
    // That the size stated runs says nothing of others.
    if (side == stated) side = OddMultiple(m, side);
    if (ran(side)) return descend(m, side);
  }
  const int64_t larger = OddMultiple(kUsualMultiple, stated);
  if (larger > kBelow && ran(larger)) return descend(kUsualMultiple, larger);
  return {0, stated};
}

// The least side that runs, of multiples of rule.multiple.
template <typename Ran>
int64_t FindLeast(const Ran& ran, const Rule& rule, bool cheap) {
  std::vector<int64_t> sides;
  const int64_t most = rule.runs / rule.multiple;
  if (cheap) {
    sides.resize(most);
    std::iota(sides.begin(), sides.end(), int64_t{1});
  } else {
    for (int64_t side : kLadder) {
      if (side < most) sides.push_back(side);
    }
    sides.push_back(most);
  }
  // What runs at a side runs at larger ones.
  const auto least = std::partition_point(
      sides.begin(), sides.end() - 1,
      [&](int64_t side) { return !ran(side * rule.multiple); });
  return *least * rule.multiple;
}

class Finder {
 public:
  Finder(const SizeTry& try_size, const std::vector<std::string>& layers,
         const SizeSearch& search)
      : layers_(layers), search_(search), tries_(try_size, layers) {}

  absl::StatusOr<SizeRules> Find() {
    RETURN_IF_ERROR(FindSize());
    const Size size(rules_.height, rules_.width);
    for (const std::string& layer : layers_) {
      if (rules_.failed.count(layer) == 0) continue;
      rules_.why = rules_.failed.at(layer);
      break;
    }
    if (!search_.cheap) {
      tries_.Bound(kMaxTries,
                   kMaxPictures * std::max(size.first * size.second, kPicture));
    }
    for (size_t i = 0; i < layers_.size(); ++i) {
      if (tries_.Ran(i, size)) rules_.of[layers_[i]] = RuleOf(i, size);
    }
    return std::move(rules_);
  }

 private:
  // The size at which most layers run.
  absl::Status FindSize() {
    rules_.height = search_.height;
    rules_.width = search_.width;
    ASSIGN_OR_RETURN(rules_.failed, tries_.At({search_.height, search_.width}));
    if (search_.stated) return absl::OkStatus();
    for (const int64_t side : kUsual) {
      if (rules_.failed.empty()) break;
      const bool most_run = 2 * rules_.failed.size() < layers_.size();
      if (side > kUsualWithin && !search_.cheap && most_run) continue;
      auto failed = tries_.At({side, side});
      if (!failed.ok()) break;
      if (failed->size() >= rules_.failed.size()) continue;
      rules_.failed = *std::move(failed);
      rules_.height = rules_.width = side;
    }
    return absl::OkStatus();
  }

  InputSizes RuleOf(size_t layer, const Size& size) {
    const auto [height, width] = size;
    const auto both = [&](int64_t side) {
      return tries_.Ran(layer, {side, side});
    };
    Rule rule = FindRule(both, std::max(height, width));
    if (rule.multiple > 0) {
      return {0, 0, rule.multiple, FindLeast(both, rule, search_.cheap)};
    }
    const InputSizes fixed{height, width, 1, 1};
    if (height == width) return fixed;
    // One of the sides may be free, as that of lines of text.
    const auto across = [&, h = height](int64_t side) {
      return tries_.Ran(layer, {h, side});
    };
    rule = FindRule(across, width);
    if (rule.multiple > 0) {
      return MeetOf(
          {height, 0, 1, 1},
          {0, 0, rule.multiple, FindLeast(across, rule, search_.cheap)});
    }
    const auto down = [&, w = width](int64_t side) {
      return tries_.Ran(layer, {side, w});
    };
    rule = FindRule(down, height);
    if (rule.multiple > 0) {
      return MeetOf({0, width, 1, 1}, {0, 0, rule.multiple,
                                       FindLeast(down, rule, search_.cheap)});
    }
    return fixed;
  }

  const std::vector<std::string>& layers_;
  const SizeSearch& search_;
  Tries tries_;
  SizeRules rules_;
};

}  // namespace

InputSizes MeetOf(const InputSizes& a, const InputSizes& b) {
  InputSizes out;
  out.height = a.height > 0 ? a.height : b.height;
  out.width = a.width > 0 ? a.width : b.width;
  out.multiple = std::lcm(a.multiple, b.multiple);
  out.least = std::max(a.least, b.least);
  // A fixed side has been seen to run.
  for (const int64_t fixed : {out.height, out.width}) {
    if (fixed == 0) continue;
    if (fixed % out.multiple != 0) out.multiple = 1;
    out.least = std::min(out.least, fixed);
  }
  return out;
}

InputSizes SizeRules::Meet(const std::vector<std::string>& layers) const {
  InputSizes out;
  for (const std::string& layer : layers) {
    const auto own = of.find(layer);
    if (own != of.end()) out = MeetOf(out, own->second);
  }
  return out;
}

InputSizes SizeRules::Whole() const {
  InputSizes out;
  for (const auto& [layer, own] : of) out = MeetOf(out, own);
  return out;
}

std::string SizeRules::Note(int64_t count) const {
  if (failed.empty()) return "";
  return absl::StrCat(failed.size(), " of ", count, " layers do not run at ",
                      width, " x ", height, ": ", why,
                      "; `models add --size N` tries another size");
}

absl::StatusOr<SizeRules> FindSizes(const SizeTry& try_size,
                                    const std::vector<std::string>& layers,
                                    const SizeSearch& search) {
  return Finder(try_size, layers, search).Find();
}

}  // namespace phosphene::onnx
