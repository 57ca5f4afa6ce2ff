// Hashes that tell whether two requests ask for the same job.

#include "server/jobs/fingerprint.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "server/base/sha256.h"

namespace phosphene {

namespace {

std::string Deterministic(const google::protobuf::MessageLite& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

}  // namespace

std::string DeterministicBytes(const v1::JobSpec& spec) {
  return Deterministic(spec);
}

std::string RequestFingerprint(const v1::Job& job) {
  v1::Job asked;
  asked.set_name(job.name());
  *asked.mutable_spec() = job.spec();
  *asked.mutable_labels() = job.labels();
  asked.set_priority(job.priority());
  return Sha256Hex(Deterministic(asked));
}

std::string SpecFingerprint(const v1::JobSpec& spec) {
  return Sha256Hex(DeterministicBytes(spec));
}

}  // namespace phosphene
