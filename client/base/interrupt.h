#pragma once

#include <csignal>

namespace phosphene::client {

// Counts Ctrl-C while it lives instead of dying of it. After `swallow` of
// them the next one ends the process as usual, so that nothing can hang for
// good. One at a time counts; nested ones leave the outer in place. Confined
// to the main thread, Count() is safe anywhere.
class Interrupts {
 public:
  explicit Interrupts(int swallow);
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // Ctrl-C's since the outermost one was made; 0 when there is none.
  static int Count();

 private:
  bool outermost_;
  struct sigaction old_;
};

}  // namespace phosphene::client
