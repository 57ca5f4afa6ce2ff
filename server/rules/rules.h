#pragma once

#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "phosphene/v1/rules.pb.h"
#include "server/base/faults.h"

namespace phosphene {

// The one reader of the options of phosphene/v1/rules.proto. Everything here
// is a pure function of descriptors and messages; thread-safe.

// Messages nested deeper are refused without a look into them.
constexpr int kMaxNesting = 64;

// Adds everything in `message` that its fields' rules forbid, at any depth:
// * a field this server does not know (a newer client's);
// * a number out of range or not finite, an enum value that does not exist;
// * something needed that is missing: a text, a list, a message, an arm;
// * lists and maps of too few or too many entries, texts of too many bytes or
//   with a NUL character;
// * a text that is not what it `is` (a blob, a model, an id);
// * messages nested too deep, or too many of a kind (rules of the message).
// `path` is the path of `message`, such as "spec"; "" for a request, whose
// fields then have plain paths. OUTPUT_ONLY and IDENTIFIER fields are passed
// over. Stops where `faults` is full.
void AddRuleFaults(const google::protobuf::Message& message,
                   absl::string_view path, Faults& faults);

// The same for one field of a message, by its name, and what is below it.
void AddFieldFaults(const google::protobuf::Message& message,
                    absl::string_view field, absl::string_view path,
                    Faults& faults);

// The rules of a field; all unset where it states none.
const v1::FieldRules& RulesOf(const google::protobuf::FieldDescriptor& field);
const v1::OneofRules& RulesOf(const google::protobuf::OneofDescriptor& oneof);
const v1::MessageRules& RulesOf(const google::protobuf::Descriptor& message);

// What a field may hold, for help texts and errors: "1..1000000", "above 0",
// "above 0 to 16", "at least 0", "MEAN_L1, MEAN_L2", "blobs/ and 64 lower-case
// hex digits", "at most 128 bytes"; of a list also how many: "0.05..8; 1..4096
// entries". "" where anything goes.
std::string AllowedText(const google::protobuf::FieldDescriptor& field);
// As AllowedText, of a choice: "pixel, fourier, laplacian".
std::string AllowedText(const google::protobuf::OneofDescriptor& oneof);

// The value when unset, as a reader would type it: "0.05", "SIGMOID"; "" where
// none is stated.
std::string DefaultText(const google::protobuf::FieldDescriptor& field);

// The field at a path through messages, lists and arms, such as
// "parameterization.fourier.decay" of JobSpec or "channel.layer" of Objective;
// indices in brackets are passed over. Null where there is none.
const google::protobuf::FieldDescriptor* FieldAt(
    const google::protobuf::Descriptor& root, absl::string_view path);

// A text of a message, and where it stands.
struct RuledText {
  std::string path;
  std::string value;
  v1::FieldRules::Holds holds;  // what its bytes are, of a BLOB
};
// Calls `visit` for every text in `message`, at any depth, that is set and
// whose rule says it is of that kind, in the order of fields. What it says may
// be ill-formed. `visit` may be called for an entry "" of a list.
void VisitTexts(const google::protobuf::Message& message,
                absl::string_view path, v1::FieldRules::Is is,
                const std::function<void(const RuledText&)>& visit);

}  // namespace phosphene
