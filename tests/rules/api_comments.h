#pragma once

#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace phosphene {

// The API as its proto files have it, comments included; read once.
const google::protobuf::DescriptorPool& ApiWithComments();

// The comment before a field or message as one line; "" without one.
std::string CommentOf(const google::protobuf::FieldDescriptor& field);
std::string CommentOf(const google::protobuf::Descriptor& message);

// Every message of the API a request may hold, each once, in the order of the
// proto files: what the server fills in alone is left out.
std::vector<const google::protobuf::Descriptor*> RequestMessages();

// Likewise the message of this name ("JobSpec") and all that it may hold.
std::vector<const google::protobuf::Descriptor*> MessagesUnder(
    const std::string& root);

// Whether only the server sets it.
bool IsOutputOnly(const google::protobuf::FieldDescriptor& field);

}  // namespace phosphene
