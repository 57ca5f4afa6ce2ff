#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace phosphene {

// A random id of `length` >= 1 characters from the system's random source: a
// letter, then letters and digits that are not easily mistaken for each other
// (5 bits each). Thread-safe.
std::string RandomId(int length);

// Whether `id` may name a job: 1-63 characters a-z, 0-9 and '-', a letter
// first.
bool IsJobId(absl::string_view id);

// Whether `text` looks like a UUID: 8-4-4-4-12 hex digits.
bool IsUuid(absl::string_view text);

// Whether `name` may name a model, an output or a label: 1-63 characters a-z
// 0-9 _ - . that begin with a letter or digit. Safe as a file name.
bool IsPlainName(absl::string_view name);

// Whether `name` is `blobs/` and 64 lower-case hex digits.
bool IsBlobName(absl::string_view name);

}  // namespace phosphene
