// libFuzzer target: an ONNX file is opened, compiled and run, or refused. Knows
// the format: half of the changes are to a field of the parsed model, half to
// bytes. Starts from tests/onnx/broken_nets.h when given no corpus.
//
//   ./tests/run.sh fuzz          60 seconds
//   build/fuzz/bin/onnx_fuzz CORPUS_FOLDER [-max_total_time=3600]

#include <cstdint>
#include <cstring>
#include <random>
#include <string>

#include "tests/onnx/broken_nets.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace phosphene {
namespace {

uint64_t CountChanges(const ChangeWords& words,
                      google::protobuf::Message* model) {
  uint64_t count = 0;
  ForEachChange(model, words, [&] { return ++count > 0; });
  return count;
}

// Applies one change of the many there are, drawn about evenly: a walk over
// them costs as much as a run, so they are counted now and then.
void ChangeOne(std::mt19937_64* random, google::protobuf::Message* model) {
  static const ChangeWords words = WordsOfEverything();
  static uint64_t usual = 0;
  if (usual == 0 || (*random)() % 8 == 0) usual = CountChanges(words, model);
  for (int attempts = 0; attempts < 2 && usual > 0; ++attempts) {
    const uint64_t chosen = (*random)() % usual;
    uint64_t passed = 0;
    if (!ForEachChange(model, words, [&] { return passed++ < chosen; })) return;
    usual = passed;  // this model has fewer
  }
}

std::string Mutated(const std::string& bytes, uint32_t seed) {
  std::mt19937_64 random(seed);
  onnx::ModelProto model;
  if (!model.ParseFromString(bytes) || model.graph().node_size() == 0) {
    return seed % 4 == 0 ? NetOfLargeData().Bytes() : NetOfEverything().Bytes();
  }
  for (uint64_t changes = 1 + random() % 3; changes > 0; --changes)
    ChangeOne(&random, &model);
  return model.SerializePartialAsString();
}

}  // namespace
}  // namespace phosphene

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned int seed) {
  if (seed % 2 == 0 && size > 100)
    return LLVMFuzzerMutate(data, size, max_size);
  const std::string bytes = phosphene::Mutated(
      std::string(reinterpret_cast<const char*>(data), size), seed / 2);
  if (bytes.empty() || bytes.size() > max_size)
    return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, bytes.data(), bytes.size());
  return bytes.size();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  phosphene::TryNetwork(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
