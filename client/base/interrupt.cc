// Ctrl-C counted instead of died of.

#include "client/base/interrupt.h"

#include <atomic>

namespace phosphene::client {
namespace {

std::atomic<bool> active{false};
std::atomic<int> count{0};
std::atomic<int> swallowed{0};

void OnInterrupt(int signal) {
  if (count.fetch_add(1) >= swallowed.load()) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

}  // namespace

Interrupts::Interrupts(int swallow)
    : outermost_(!active.exchange(true)), old_{} {
  if (!outermost_) return;
  count = 0;
  swallowed = swallow;
  struct sigaction action {};
  action.sa_handler = OnInterrupt;
  // No SA_RESTART: a wait for a key should end.
  sigaction(SIGINT, &action, &old_);
}

Interrupts::~Interrupts() {
  if (!outermost_) return;
  sigaction(SIGINT, &old_, nullptr);
  active = false;
  count = 0;
}

int Interrupts::Count() { return count; }

}  // namespace phosphene::client
