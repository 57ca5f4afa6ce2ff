// Collects all metrics and writes them in Prometheus's text format.
#include "server/metrics/metrics_page.h"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <iterator>
#include <utility>

namespace phosphene {

void MetricsPage::Add(std::weak_ptr<prometheus::Collectable> collectable) {
  const MutexLock lock(&mu_);
  collectables_.push_back(std::move(collectable));
}

std::string MetricsPage::Text() const {
  std::vector<std::weak_ptr<prometheus::Collectable>> asked;
  {
    const MutexLock lock(&mu_);
    asked = collectables_;
  }
  std::vector<prometheus::MetricFamily> families;
  for (const auto& one : asked) {
    const auto collectable = one.lock();
    if (collectable == nullptr) continue;
    auto some = collectable->Collect();
    families.insert(families.end(), std::make_move_iterator(some.begin()),
                    std::make_move_iterator(some.end()));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace phosphene
