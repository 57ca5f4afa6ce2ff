#pragma once

namespace phosphene {

// Sends what protobuf says on its own to the log instead of stderr: at level
// debug, since it complains of every string of a file or a request that is not
// UTF-8, and whoever parses tells its caller what is wrong; at level error
// what it ends the process for. For the whole process; calling again does
// nothing. Thread-safe.
void RouteProtobufLog();

}  // namespace phosphene
