#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/job.pb.h"

namespace phosphene::client {

// Parses a JobSpec in protobuf text format, or in JSON when the first
// character is '{'. Strict: a field that does not exist is an error that
// names it and the nearest one; so are wrong types and doubled fields.
// `source` names the text in messages ("spec.textproto:3:5: ...").
absl::StatusOr<v1::JobSpec> ParseSpec(absl::string_view text,
                                      absl::string_view source);

// The spec in text format, enums by name: what --spec-only prints and
// ParseSpec reads back.
std::string SpecToText(const v1::JobSpec& spec);

}  // namespace phosphene::client
