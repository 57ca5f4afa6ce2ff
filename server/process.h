#pragma once

#include "absl/time/time.h"

namespace phosphene {

// SIGINT and SIGTERM, waited for instead of handled. They are blocked in the
// thread that makes this and in those it starts later: make it first in main.
// SIGPIPE is ignored: whoever reads our output may go away before us.
class TerminationSignals {
 public:
  TerminationSignals();
  // Waits for one.
  void Wait();
  // From now on a second signal, or `limit` passing, ends the process with
  // status 1: the watchdog of an orderly end.
  void ExitOnNext(absl::Duration limit);
};

// Gives the process its name back, which the re-start below loses.
void NameProcess(const char* name);

// Beside these, process.cc does two things before main:
//
// It re-starts the program once with GOMP_SPINCOUNT set, unless the
// environment says something about OpenMP's waiting (OMP_WAIT_POLICY,
// GOMP_SPINCOUNT). libgomp reads its environment when it is loaded, so main
// would be too late; here nothing has been initialized yet and it costs 10 ms.
// libgomp's own default lets idle team threads spin so long that a team beside
// any other busy thread gets up to a hundred times slower.
//
// It configures jemalloc, which is linked into the program, by `malloc_conf`;
// the environment's MALLOC_CONF wins.

}  // namespace phosphene
