#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "phosphene/v1/job.pb.h"
#include "server/base/faults.h"

namespace phosphene {

// Adds what is wrong anywhere in a message whatever it means, by its
// descriptor; `path` is the path of `message`, such as "spec":
// * a field this server does not know (a newer client's);
// * a number that is not finite, an enum value that does not exist;
// * a REQUIRED text, list or message that is missing;
// * a Parameterization, Transform, Objective or Output of no kind;
// * an image, mask, mesh or checkpoint that is no blob name;
// * messages nested deeper than 64.
// At most 100 faults are added.
void AddGenericFaults(const google::protobuf::Message& message,
                      absl::string_view path, Faults& faults);

// A blob a spec names, and where.
struct SpecBlob {
  std::string path;
  std::string name;
};
// Those that are set, in the order of fields; names may be ill-formed.
std::vector<SpecBlob> BlobsOf(const v1::JobSpec& spec, absl::string_view path);

}  // namespace phosphene
