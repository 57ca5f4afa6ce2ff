#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/job.pb.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// All that a run needs to go on: bitwise, so that what follows does not depend
// on whether it was interrupted.
struct Checkpoint {
  uint64_t fingerprint = 0;  // of the spec it belongs to, see Fingerprint()
  int64_t step = 0;          // steps done, over all octaves
  int64_t octave = 0;        // of the parameters
  at::ScalarType dtype =
      at::kFloat;  // of the network: AUTO's choice holds for the whole job
  // CPU tensors, f32, f64 or i64, keys "param/NAME", "optimizer/KEY",
  // "objective/N/KEY", "loop/KEY"; "model/key" is the fingerprint of the
  // network's name, bytes and config, where the run read one.
  std::map<std::string, at::Tensor> tensors;

  // The tensors under `prefix` ("param/"), keys without it.
  std::map<std::string, at::Tensor> Under(absl::string_view prefix) const;
  // Adds `tensors` under `prefix`.
  void Add(absl::string_view prefix,
           const std::map<std::string, at::Tensor>& own);
};

// Layout, little-endian: magic "PHOSCKPT", u32 version, u64 fingerprint, i64
// step, i32 octave, u32 dtype (0 f32, 1 bf16), u32 0, u32 count; then a
// tensor each: u32 key length, key, u32 type (0 f32, 1 f64, 2 i64), u32 rank,
// i64 sizes, values; last u32 CRC-32 of everything before it.
std::string SerializeCheckpoint(const Checkpoint& checkpoint);

// DATA_LOSS: not a checkpoint, of another version, truncated or damaged.
// Allocates no more than the bytes it is given.
absl::StatusOr<Checkpoint> ParseCheckpoint(absl::string_view bytes);

// Of all fields of a spec that its bytes depend on: all but outputs, frames,
// checkpoint_every and reproducible.
uint64_t Fingerprint(const v1::JobSpec& spec);
// Of any text, such as the key of the network a run reads.
uint64_t Fingerprint(absl::string_view bytes);

}  // namespace phosphene
