#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene {

using Json = nlohmann::json;

// A glTF 2.0 file taken apart.
struct GltfFile {         // NOLINT(bugprone-exception-escape): json asserts
  Json root;              // an object
  absl::string_view bin;  // the binary chunk of a GLB; borrows from the bytes
};

// GLB by its magic, or JSON by its first character.
bool LooksLikeGltf(absl::string_view bytes);

// INVALID_ARGUMENT: chunks beyond the file, version 1, JSON that is broken, too
// deep or has over 4 million values, an extension that is required and not
// known to leave the shape as it is.
absl::StatusOr<GltfFile> OpenGltf(absl::string_view bytes);

// Readers of values that never throw. `where` is the object's place, such as
// "accessors[3]", for messages: "accessors[3].count is -1; allowed is 1..9".

// Element `index` of the array root[name]; INVALID_ARGUMENT when there is none.
absl::StatusOr<const Json*> GltfElement(const Json& root, const char* name,
                                        int64_t index);
// Elements of the array root[name], 0 when it is absent or no array.
int64_t GltfCount(const Json& root, const char* name);
// The member, or null when absent or the object is none.
const Json* GltfMember(const Json& object, const char* key);
// A whole number within [least, most]; `fallback` when absent, and without one
// INVALID_ARGUMENT.
absl::StatusOr<int64_t> GltfInt(const Json& object, const char* key,
                                absl::string_view where, int64_t least,
                                int64_t most,
                                std::optional<int64_t> fallback = {});
// The string, "" when absent or none.
absl::string_view GltfString(const Json& object, const char* key);
// `count` finite numbers into `values`, which stay as they are when absent.
absl::Status GltfNumbers(const Json& object, const char* key,
                         absl::string_view where, int count, double* values);

}  // namespace phosphene
