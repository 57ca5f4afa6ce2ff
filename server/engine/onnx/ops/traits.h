#pragma once

#include "absl/strings/string_view.h"

namespace phosphene::onnx {

// What an operator is, for those who look at graphs without running them. It
// stands on the operator's line in builtins.inc and nowhere else. A rewrite
// that means one operator alone (passes.h) may name it; what is true of several
// is a trait. A trait left out is not claimed.
struct OpTraits {
  // The shape of the output, as the survey follows it through convolutional
  // networks. kUnknown: it does not, and a trial run tells.
  enum Shape {
    kUnknown,
    kSame,      // as the inputs, broadcast
    kWindow,    // a window slid over the positions of one input
    kOnePlace,  // the channels of one input, one position
    kFlat,      // everything but the rows in one axis
    kMatrix,    // one number per output feature of the weights
    kJoined,    // inputs one behind the other along an axis
    kBordered,  // the first input with a border around it
  };
  // Where the channels of the output are.
  enum Channels {
    kStay,        // where the input has them, or last when the rank changes
    kFirst,       // axis 1, whatever came in
    kLast,        // the last axis, whatever came in
    kNormalized,  // where they were; last when the last axis is normalized
    kPermuted,    // moved by attribute `perm`
    kReshaped,    // where the new shape keeps their place and size
    kAxesGone,    // moved by the `axes` taken away
    kAxesAdded,   // moved by the `axes` put in
    kPicked,      // moved when one element along `axis` is picked
  };
  // The type of what it makes.
  enum Makes {
    kAsInputs,  // integers of integers
    kIntegers,  // integers or truth values of anything
    kAsTo,      // what attribute `to` says
    kUntold,    // inputs do not tell: it chooses between branches
  };

  // What a position of the output sees of the inputs, for pictures that go
  // through in tiles (info/reach.h).
  enum Sees {
    kEverything,             // not bounded, or not followed
    kItsPlace,               // the same position
    kItsPlaceAlongChannels,  // likewise, where attribute `axis` is the
                             // channels'
    kItsWindow,              // a window of the first input
    kPastBorder,             // the position a border away (Pad)
  };

  Shape shape = kUnknown;
  Channels channels = kStay;
  Makes makes = kAsInputs;
  Sees sees = kEverything;
  // A batch is any number of rows, each treated apart. The others may hold the
  // batch size the file was exported with in a shape or an index.
  bool any_batch = false;
  // Its constant inputs are weights: infinity there is damage.
  bool takes_weights = false;
  // One whose outputs show how alive a network is (the self-check).
  bool activation = false;
  // gradient_overrides.redirect_relu and .linear_relu act on it.
  bool rectifier = false;
  // gradient_overrides.max_pool acts on it.
  bool max_pool = false;
  // It makes probabilities of logits.
  bool probabilities = false;
  // Its first output is its first input, unless a second output is read or a
  // third input (training mode) is there.
  bool no_op = false;
  // Its work is the product of its sizes; no network folds it.
  bool heavy = false;
  // Its floating-point outputs have slopes; false for steps and for what is
  // made from sizes and constants.
  bool differentiable = true;
  // It rounds, and its gradient is that of not rounding: 1 inside of the range
  // of the rounded type, 0 outside (Bengio et al. 2013, "straight-through").
  bool straight_through = false;
  // It makes integers that are carried as whole floating-point numbers
  // (shared/quantized.h).
  bool carries_whole = false;
  // It would draw random numbers; what it makes is their mean, so that a job
  // is a function of its spec.
  bool random = false;
  // It may say that it is training; it is run as in inference all the same
  // (notes.h).
  bool may_train = false;

  // Whether any gradient flows through it.
  bool CarriesGradient() const { return differentiable && makes != kIntegers; }
};

// Traits of the operator of that name; those of OpTraits{} when unknown.
const OpTraits& TraitsOf(absl::string_view op);

}  // namespace phosphene::onnx
