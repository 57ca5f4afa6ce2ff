// What the check and make functions of several kinds share.
#include "server/engine/objectives/shared/fields.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace phosphene {

int64_t LayerChannels(const NetworkInfo* network, const Canvas& canvas,
                      absl::string_view layer) {
  if (layer == "image") return canvas.channels;
  if (network == nullptr) return 0;
  if (layer == "input") return network->input_channels();
  const auto resolved = network->Resolve(layer);
  return resolved.ok() ? network->Channels(*resolved) : 0;
}

void CheckCount(int count, int64_t wanted, absl::string_view path,
                Faults& faults) {
  if (count == 0) {
    faults.Add(path, "is required");
  } else if (wanted != 0 && count != wanted) {
    faults.Add(path,
               absl::StrCat("has ", count, " entries; allowed: ", wanted));
  }
}

void CheckTwoRows(const Canvas& canvas, absl::string_view path,
                  Faults& faults) {
  if (canvas.rows == 1)
    faults.Add(path, "needs a canvas of at least 2 rows, this has 1");
}

void CheckAlpha(const Canvas& canvas, absl::string_view path, Faults& faults) {
  if (canvas.channels == 4 || canvas.channels == 0) return;
  faults.Add(path,
             absl::StrCat("needs an image with alpha (4 channels), this has ",
                          canvas.channels));
}

at::Tensor ValuesTensor(const google::protobuf::RepeatedField<float>& values) {
  at::Tensor out = at::empty({values.size()}, at::kFloat);
  std::copy(values.begin(), values.end(), out.mutable_data_ptr<float>());
  return out;
}

}  // namespace phosphene
