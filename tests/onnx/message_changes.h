#pragma once

#include <functional>
#include <string>
#include <vector>

#include <google/protobuf/message.h>

namespace phosphene {

// What fields are changed to, beside extremes of their type.
struct ChangeWords {
  std::vector<std::string> names;      // for strings
  std::vector<std::string> operators;  // for fields named op_type
};

// Makes every small change to a message and to those inside it, one at a time:
// a field set is dropped; an element of a list dropped or doubled; a number set
// to 0, 1, -1, limits of its type and others; a string to nothing, a long one
// or one of `words`; bytes cut, lengthened, zeroed or made all ones. `visit` is
// called while a change stands; the change is undone when it returns true, else
// stays and the walk ends (false is returned).
bool ForEachChange(google::protobuf::Message* root, const ChangeWords& words,
                   const std::function<bool()>& visit);

}  // namespace phosphene
