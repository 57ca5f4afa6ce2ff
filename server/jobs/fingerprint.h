#pragma once

#include <string>

#include "phosphene/v1/job.pb.h"

namespace phosphene {

// A hash of a spec, equal for equal specs and, but for chance, for no others:
// sha256 of its deterministic serialization, in hex.
std::string SpecFingerprint(const v1::JobSpec& spec);

// A hash of all that a request to create a job says: name ("" for one the store
// makes), spec, labels and priority.
std::string RequestFingerprint(const v1::Job& job);

// The bytes that are hashed: fields in order, map entries sorted.
std::string DeterministicBytes(const v1::JobSpec& spec);

}  // namespace phosphene
