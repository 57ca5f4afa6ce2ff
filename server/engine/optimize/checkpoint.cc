// The checkpoint format: a header, tensors by name, a checksum.

#include "server/engine/optimize/checkpoint.h"

#include <bit>
#include <cstring>
#include <limits>
#include <vector>

#include "server/engine/tensor/torch_pch.h"

#include <zlib.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

static_assert(std::endian::native == std::endian::little,
              "checkpoints are little-endian");

constexpr absl::string_view kMagic("PHOSCKPT");
constexpr uint32_t kVersion = 1;
constexpr uint32_t kMaxRank = 8;
constexpr at::ScalarType kTypes[] = {at::kFloat, at::kDouble, at::kLong};

// CRC-32 as zlib's.
uint32_t Crc(absl::string_view bytes) {
  uint32_t crc = 0;
  while (!bytes.empty()) {  // zlib counts in 32 bits
    const absl::string_view part = bytes.substr(0, 1 << 30);
    crc = static_cast<uint32_t>(
        crc32(crc, reinterpret_cast<const Bytef*>(part.data()),
              static_cast<uInt>(part.size())));
    bytes.remove_prefix(part.size());
  }
  return crc;
}

template <typename T>
void Put(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void PutTensor(const std::string& key, const at::Tensor& tensor,
               std::string* out) {
  const at::Tensor value = tensor.detach().to(at::kCPU).contiguous();
  uint32_t type = 0;
  while (type < std::size(kTypes) && kTypes[type] != value.scalar_type())
    ++type;
  PHOSPHENE_CHECK(type < std::size(kTypes));
  Put(static_cast<uint32_t>(key.size()), out);
  out->append(key);
  Put(type, out);
  Put(static_cast<uint32_t>(value.dim()), out);
  for (const int64_t size : value.sizes()) Put(size, out);
  out->append(static_cast<const char*>(value.const_data_ptr()), value.nbytes());
}

// Takes values off the front of bytes; fails once they run out.
class Reader {
 public:
  explicit Reader(absl::string_view bytes) : rest_(bytes) {}

  template <typename T>
  T Take() {
    T value{};
    const absl::string_view bytes = TakeBytes(sizeof(T));
    if (bytes.size() == sizeof(T)) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  absl::string_view TakeBytes(uint64_t size) {
    if (size > rest_.size()) {
      ok_ = false;
      return "";
    }
    const absl::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  bool ok() const { return ok_; }
  size_t left() const { return rest_.size(); }

 private:
  absl::string_view rest_;
  bool ok_ = true;
};

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("damaged checkpoint: ", what));
}

absl::StatusOr<at::Tensor> TakeTensor(Reader& reader) {
  const uint32_t type = reader.Take<uint32_t>(), rank = reader.Take<uint32_t>();
  if (!reader.ok() || type >= std::size(kTypes) || rank > kMaxRank) {
    return Damaged("a tensor of no known type");
  }
  std::vector<int64_t> sizes(rank);
  uint64_t bytes = at::elementSize(kTypes[type]);
  for (int64_t& size : sizes) {
    size = reader.Take<int64_t>();
    // Checked against what is left before anything is allocated.
    if (size < 0 ||
        (size > 0 && bytes > reader.left() / static_cast<uint64_t>(size))) {
      return Damaged("a tensor larger than the file");
    }
    bytes *= static_cast<uint64_t>(size);
  }
  const absl::string_view data = reader.TakeBytes(bytes);
  if (!reader.ok()) return Damaged("truncated");
  at::Tensor tensor = at::empty(sizes, kTypes[type]);
  if (bytes > 0) std::memcpy(tensor.mutable_data_ptr(), data.data(), bytes);
  return tensor;
}

}  // namespace

std::map<std::string, at::Tensor> Checkpoint::Under(
    absl::string_view prefix) const {
  std::map<std::string, at::Tensor> out;
  for (const auto& [key, tensor] : tensors) {
    if (absl::StartsWith(key, prefix)) out[key.substr(prefix.size())] = tensor;
  }
  return out;
}

void Checkpoint::Add(absl::string_view prefix,
                     const std::map<std::string, at::Tensor>& own) {
  for (const auto& [key, tensor] : own)
    tensors[absl::StrCat(prefix, key)] = tensor;
}

std::string SerializeCheckpoint(const Checkpoint& checkpoint) {
  std::string out(kMagic);
  Put(kVersion, &out);
  Put(checkpoint.fingerprint, &out);
  Put(checkpoint.step, &out);
  Put(static_cast<int32_t>(checkpoint.octave), &out);
  Put(static_cast<uint32_t>(checkpoint.dtype == at::kBFloat16), &out);
  Put(uint32_t{0}, &out);
  Put(static_cast<uint32_t>(checkpoint.tensors.size()), &out);
  for (const auto& [key, tensor] : checkpoint.tensors)
    PutTensor(key, tensor, &out);
  Put(Crc(out), &out);
  return out;
}

absl::StatusOr<Checkpoint> ParseCheckpoint(absl::string_view bytes) {
  if (!absl::StartsWith(bytes, kMagic))
    return absl::DataLossError("not a checkpoint");
  if (bytes.size() < kMagic.size() + sizeof(uint32_t))
    return Damaged("truncated");
  const absl::string_view body =
      bytes.substr(0, bytes.size() - sizeof(uint32_t));
  Reader end(bytes.substr(body.size()));
  if (end.Take<uint32_t>() != Crc(body))
    return Damaged("checksum differs or bytes are missing");
  Reader reader(body.substr(kMagic.size()));
  const uint32_t version = reader.Take<uint32_t>();
  if (version != kVersion) {
    return absl::DataLossError(absl::StrCat("checkpoint of version ", version,
                                            "; this program reads version ",
                                            kVersion));
  }
  Checkpoint checkpoint;
  checkpoint.fingerprint = reader.Take<uint64_t>();
  checkpoint.step = reader.Take<int64_t>();
  checkpoint.octave = reader.Take<int32_t>();
  checkpoint.dtype = reader.Take<uint32_t>() == 1 ? at::kBFloat16 : at::kFloat;
  reader.Take<uint32_t>();  // threads, where bytes once depended on them
  const uint32_t count = reader.Take<uint32_t>();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    const std::string key(reader.TakeBytes(reader.Take<uint32_t>()));
    ASSIGN_OR_RETURN(checkpoint.tensors[key], TakeTensor(reader));
  }
  if (!reader.ok() || reader.left() != 0)
    return Damaged("its length is not what it says");
  return checkpoint;
}

uint64_t Fingerprint(absl::string_view bytes) {
  // FNV-1a, 64 bits.
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes)
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash;
}

uint64_t Fingerprint(const v1::JobSpec& spec) {
  v1::JobSpec kept = spec;
  kept.clear_outputs();
  kept.clear_frames();
  kept.clear_checkpoint_every();
  kept.clear_reproducible();
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    kept.SerializeToCodedStream(&coded);
  }
  return Fingerprint(bytes);
}

}  // namespace phosphene
