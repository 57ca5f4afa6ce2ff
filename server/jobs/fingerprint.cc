#include "server/jobs/fingerprint.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "server/base/sha256.h"

namespace phosphene {

std::string DeterministicBytes(const v1::JobSpec& spec) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    spec.SerializeToCodedStream(&coded);
  }
  return bytes;
}

std::string SpecFingerprint(const v1::JobSpec& spec) {
  return Sha256Hex(DeterministicBytes(spec));
}

}  // namespace phosphene
