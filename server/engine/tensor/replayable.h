#pragma once

#include <string>

namespace phosphene {

// Values of the trait `why_not_replayed` of a kind: a function of its arm's
// message that says why a step with it is not the same device work each time,
// up to what it draws on the host, or "" when it is. Steps that are the same
// can be recorded once and replayed. The reason follows the arm's path and
// ": ", such as "optimizer.sgd: its learning rate comes from the host".

template <typename Spec>
std::string SameEachStep(const Spec& spec) {
  return "";
}

// What a kind says that does not say anything.
template <typename Spec>
std::string OtherEachStep(const Spec& spec) {
  return "it may be other work at each step";
}

}  // namespace phosphene
