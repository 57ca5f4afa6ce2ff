#pragma once

#include <string>
#include <vector>

#include "phosphene/v1/job_service.pb.h"

namespace phosphene::client {

// The values of a run, as its progress events told them (at most ten a
// second; steps between two events are not seen). Confined to a thread.
class History {
 public:
  void Add(const v1::Progress& progress);
  // A line an event: "step,objective" and a column a term of the objective,
  // headed by its label. Nine digits; a label's quotes are doubled.
  std::string Csv() const;

 private:
  std::vector<v1::Progress> seen_;
};

}  // namespace phosphene::client
