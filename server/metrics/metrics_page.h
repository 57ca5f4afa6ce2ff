#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "server/base/mutex.h"

namespace prometheus {
class Collectable;
}

namespace phosphene {

// What the server counts, as the text Prometheus reads. Thread-safe.
class MetricsPage {
 public:
  static constexpr char kContentType[] =
      "text/plain; version=0.0.4; charset=utf-8";

  // Shows it from now on, until it dies.
  void Add(std::weak_ptr<prometheus::Collectable> collectable);
  // Asks everything added, on the calling thread.
  std::string Text() const;

 private:
  mutable Mutex mu_;
  std::vector<std::weak_ptr<prometheus::Collectable>> collectables_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace phosphene
