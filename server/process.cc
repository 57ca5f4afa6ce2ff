// What a process needs before and around main: signals, OpenMP, the allocator.
#include "server/process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <thread>

// What libtorch's steps gain from, measured at a 512 x 512 style step: big
// tensors keep their pages from step to step (one arena for them, decay beyond
// a step's length) on huge pages. The decay is finite, so that a server that
// has become idle gives memory back.
extern "C" {
const char* malloc_conf =
    "background_thread:true,oversize_threshold:1,dirty_decay_ms:30000,muzzy_"
    "decay_ms:0,thp:always";
}

namespace phosphene {
namespace {

// Iterations that an OpenMP thread without work spins before it sleeps: long
// enough to bridge the gaps between the operators of one step, short enough to
// leave the core to others within some 50 us.
constexpr char kSpinCount[] = "GOMP_SPINCOUNT=10000";

sigset_t Signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

// Sanitizers are not up yet before main, and their programs need no speed.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

constexpr int kMaxVariables = 4096;

bool Begins(const char* text, const char* with) {
  while (*with != '\0' && *text == *with) ++text, ++with;
  return *with == '\0';
}

// Runs before the initializers of every library, libc's included: nothing but
// system calls is allowed.
void RestartWithSpinCount(int argc, char** argv, char** environment) {
  static char* extended[kMaxVariables + 2];
  int count = 0;
  for (; environment[count] != nullptr; ++count) {
    const char* const variable = environment[count];
    if (count == kMaxVariables || Begins(variable, "GOMP_SPINCOUNT=") ||
        Begins(variable, "OMP_WAIT_POLICY=")) {
      return;
    }
    extended[count] = environment[count];
  }
  static char spin_count[sizeof(kSpinCount)];
  for (size_t i = 0; i < sizeof(kSpinCount); ++i) spin_count[i] = kSpinCount[i];
  extended[count] = spin_count;
  ::execve("/proc/self/exe", argv, extended);
  // Where that fails the program goes on with libgomp's default.
}

__attribute__((section(".preinit_array"),
               used)) void (*restart)(int, char**,
                                      char**) = RestartWithSpinCount;

#endif

}  // namespace

TerminationSignals::TerminationSignals() {
  const sigset_t set = Signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

void TerminationSignals::Wait() {
  const sigset_t set = Signals();
  int signal = 0;
  ::sigwait(&set, &signal);
}

void TerminationSignals::ExitOnNext(absl::Duration limit) {
  std::thread([limit] {
    const sigset_t set = Signals();
    const timespec wait = absl::ToTimespec(limit);
    const bool signalled = ::sigtimedwait(&set, nullptr, &wait) > 0;
    std::fprintf(
        stderr,
        "phosphened: %s; jobs go on from their last checkpoint at the next "
        "start\n",
        signalled ? "second signal, ending at once" : "did not end in time");
    ::_exit(1);
  }).detach();
}

void NameProcess(const char* name) { ::prctl(PR_SET_NAME, name, 0, 0, 0); }

}  // namespace phosphene
