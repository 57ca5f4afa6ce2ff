#include "server/engine/optimize/checkpoint.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/optimize/tiny_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

Checkpoint Example() {
  Checkpoint state;
  state.fingerprint = 0x123456789abcdef0;
  state.step = 77;
  state.octave = 2;
  state.dtype = at::kBFloat16;
  state.tensors["param/a"] = at::linspace(-1, 1, 24).view({2, 3, 4});
  state.tensors["optimizer/step"] = at::full({1}, 77, at::kLong);
  state.tensors["loop/value"] = at::full({1}, 1.0 / 3, at::kDouble);
  state.tensors["param/empty"] = at::empty({0, 5});
  return state;
}

TEST(Checkpoint, ComesBackBitwise) {
  const Checkpoint state = Example();
  ASSERT_OK_AND_ASSIGN(const Checkpoint back,
                       ParseCheckpoint(SerializeCheckpoint(state)));
  EXPECT_EQ(back.fingerprint, state.fingerprint);
  EXPECT_EQ(back.step, 77);
  EXPECT_EQ(back.octave, 2);
  EXPECT_EQ(back.dtype, at::kBFloat16);
  ASSERT_EQ(back.tensors.size(), state.tensors.size());
  for (const auto& [key, tensor] : state.tensors) {
    EXPECT_TRUE(at::equal(back.tensors.at(key), tensor)) << key;
    EXPECT_EQ(back.tensors.at(key).sizes(), tensor.sizes()) << key;
  }
}

TEST(Checkpoint, KeepsInfinitiesAndSignedZeros) {
  Checkpoint state;
  const float inf = std::numeric_limits<float>::infinity();
  state.tensors["x"] = at::tensor({inf, -inf, -0.f, 1e-42f});
  ASSERT_OK_AND_ASSIGN(const Checkpoint back,
                       ParseCheckpoint(SerializeCheckpoint(state)));
  EXPECT_EQ(std::memcmp(back.tensors.at("x").const_data_ptr(),
                        state.tensors["x"].const_data_ptr(), 16),
            0);
}

TEST(Checkpoint, UnderTakesAPrefixOff) {
  const auto own = Example().Under("param/");
  ASSERT_EQ(own.size(), 2u);
  EXPECT_EQ(own.begin()->first, "a");
}

TEST(Checkpoint, EveryTruncationIsDataLoss) {
  const std::string whole = SerializeCheckpoint(Example());
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THAT(ParseCheckpoint(absl::string_view(whole).substr(0, size)),
                StatusIs(absl::StatusCode::kDataLoss))
        << size;
  }
}

TEST(Checkpoint, EveryFlippedByteIsDataLoss) {
  const std::string whole = SerializeCheckpoint(Example());
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x40);
    EXPECT_THAT(ParseCheckpoint(flipped), StatusIs(absl::StatusCode::kDataLoss))
        << at;
  }
}

TEST(Checkpoint, OtherBytesAreNone) {
  EXPECT_THAT(ParseCheckpoint(""), StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(ParseCheckpoint("\x89PNG\r\n"),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(Fingerprint, IgnoresWhatDoesNotChangeTheImage) {
  const v1::JobSpec spec = TinySpec();
  EXPECT_EQ(Fingerprint(spec),
            Fingerprint(TinySpec("frames { every: 3 } checkpoint_every: 9")));
  EXPECT_NE(Fingerprint(spec), Fingerprint(TinySpec("seed: 1")));
  EXPECT_NE(Fingerprint(spec), Fingerprint(TinySpec("optimizer { sgd {} }")));
}

}  // namespace
}  // namespace phosphene
