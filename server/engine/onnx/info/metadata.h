#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace phosphene::onnx {

using Metadata = std::map<std::string, std::string>;

// Names of classes that exporters note: Ultralytics' `names` ("{0: 'person',
// 1: 'bicycle'}"), and lists under the keys `classes`, `class_names`,
// `class_labels`, `labels`, as JSON, Python, or one a line or comma. In the
// order of their numbers, UTF-8, none where there is no such list.
std::vector<std::string> ClassNamesIn(const Metadata& metadata);

// Height and width that Ultralytics' exporter notes (`imgsz`), {0, 0} without.
std::pair<int32_t, int32_t> SizeIn(const Metadata& metadata);

}  // namespace phosphene::onnx
