#pragma once

namespace phosphene {

// Descriptors (files and connections) this process may have open.
int DescriptorLimit();
// How many it has open; 0 where /proc does not tell.
int OpenDescriptors();
// Raises the limit as far as this user may (ulimit -Hn): a server holds one a
// connection. Returns the limit that holds now.
int RaiseDescriptorLimit();

}  // namespace phosphene
