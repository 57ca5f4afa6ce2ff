#include "server/engine/objectives/shared/fields.h"

#include <cmath>

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

void CheckValues(const google::protobuf::RepeatedField<float>& values,
                 int64_t count, absl::string_view path, Faults& faults) {
  if (values.empty()) {
    faults.Add(path, "is required");
  } else if (count != 0 && values.size() != count) {
    faults.Add(path,
               absl::StrCat("has ", values.size(), " values, needs ", count));
  }
  for (int i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    faults.Add(absl::StrCat(path, "[", i, "]"),
               absl::StrCat(values[i], " is not finite"));
    return;
  }
}

at::Tensor ValuesTensor(const google::protobuf::RepeatedField<float>& values) {
  at::Tensor out = at::empty({values.size()}, at::kFloat);
  std::copy(values.begin(), values.end(), out.mutable_data_ptr<float>());
  return out;
}

}  // namespace phosphene
