#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"

namespace phosphene {

// The index of the class called `name` among a model's labels. A label is a
// line such as "n01484850 great white shark, white shark, man-eater": each of
// the names between its commas will do, and the whole line, with or without the
// synset id before it. Case does not count, underscores are blanks, and blanks
// in a row are one.
//
// NOT_FOUND: no such class; nearest names, one by one. INVALID_ARGUMENT: the
// name of several classes ("crane" is a bird and a machine), which are told
// with their indices; what else they are called or the index says which. The
// whole line of a label that lists several names is never taken for another
// class. O(characters of the labels). Thread-safe.
absl::StatusOr<int64_t> FindClass(
    const google::protobuf::RepeatedPtrField<std::string>& labels,
    absl::string_view name);

}  // namespace phosphene
