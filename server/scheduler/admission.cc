// Who may come onto a device, and who makes room.

#include "server/scheduler/admission.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <tuple>

namespace phosphene {
namespace {

// It takes memory.
bool Lives(const Occupant& occupant) { return !occupant.ended; }

bool MayBeStopped(const Occupant& occupant) {
  return Lives(occupant) && !occupant.leaving;
}

int Places(const std::vector<Occupant>& occupants) {
  return std::count_if(
      occupants.begin(), occupants.end(),
      [](const Occupant& occupant) { return !occupant.parked; });
}

bool Fits(const std::vector<Occupant>& occupants, const Room& room) {
  const bool alone =
      std::count_if(occupants.begin(), occupants.end(), Lives) <= 1;
  return room.bytes <= 0 || alone ||
         BytesTaken(occupants, room.lanes) <= room.bytes;
}

bool FitsWith(std::vector<Occupant> occupants, const Occupant& newcomer,
              const Room& room) {
  occupants.push_back(newcomer);
  return Fits(occupants, room);
}

std::vector<Occupant> WithoutLeaving(std::vector<Occupant> occupants) {
  occupants.erase(std::remove_if(occupants.begin(), occupants.end(),
                                 [](const Occupant& occupant) {
                                   return occupant.leaving && Lives(occupant);
                                 }),
                  occupants.end());
  return occupants;
}

// The first to go of those that `may`: of the lowest priority, those that stand
// by before those that do not, the newest. occupants.end(): nobody.
std::vector<Occupant>::iterator FirstToGo(
    std::vector<Occupant>& occupants,
    const std::function<bool(const Occupant&)>& may) {
  const auto rank = [](const Occupant& occupant) {
    return std::make_tuple(occupant.priority, !occupant.parked,
                           -occupant.order);
  };
  auto first = occupants.end();
  for (auto occupant = occupants.begin(); occupant != occupants.end();
       ++occupant) {
    if (!may(*occupant)) continue;
    if (first == occupants.end() || rank(*occupant) < rank(*first))
      first = occupant;
  }
  return first;
}

// Takes a place from one of a lower priority, in `occupants` as well; false
// when there is none to take.
bool TakePlace(const Occupant& newcomer, const Room& room,
               std::vector<Occupant>& occupants, Ruling& ruling) {
  const auto victim = FirstToGo(occupants, [&](const Occupant& occupant) {
    return MayBeStopped(occupant) && !occupant.parked &&
           occupant.priority < newcomer.priority;
  });
  if (victim == occupants.end()) return false;
  const int standing_by =
      static_cast<int>(occupants.size()) - Places(occupants);
  if (standing_by < room.jobs) {
    victim->parked = true;
    ruling.park.push_back(victim->id);
  } else {
    victim->leaving = true;
    ruling.hand_back.push_back(victim->id);
  }
  return true;
}

// Names those who go for the newcomer; none when that would not be enough.
std::vector<int64_t> WhoMakesRoom(const Occupant& newcomer, const Room& room,
                                  std::vector<Occupant> occupants) {
  std::vector<int64_t> going;
  while (!FitsWith(occupants, newcomer, room)) {
    const auto victim = FirstToGo(occupants, [&](const Occupant& occupant) {
      return MayBeStopped(occupant) && occupant.priority < newcomer.priority;
    });
    if (victim == occupants.end()) return {};
    going.push_back(victim->id);
    occupants.erase(victim);
  }
  return going;
}

}  // namespace

int64_t BytesTaken(const std::vector<Occupant>& occupants, int lanes) {
  int64_t bytes = 0;
  std::vector<int64_t> steps;
  for (const Occupant& occupant : occupants) {
    if (!Lives(occupant)) continue;
    bytes += occupant.memory.held;
    if (!occupant.parked) steps.push_back(occupant.memory.step);
  }
  std::sort(steps.begin(), steps.end(), std::greater<>());
  for (size_t i = 0; i < steps.size() && static_cast<int>(i) < lanes; ++i)
    bytes += steps[i];
  return bytes;
}

Ruling Rule(const Occupant& newcomer, const std::vector<Occupant>& occupants,
            const Room& room) {
  Ruling wait;
  wait.kind = Ruling::Kind::kWait;
  const bool suspects =
      newcomer.suspect ||
      std::any_of(occupants.begin(), occupants.end(),
                  [](const Occupant& occupant) { return occupant.suspect; });
  if (suspects && !occupants.empty()) return wait;
  Ruling ruling;
  std::vector<Occupant> after = occupants;
  if (Places(occupants) >= room.jobs) {
    if (!TakePlace(newcomer, room, after, ruling)) return wait;
    if (!ruling.hand_back.empty()) {
      ruling.kind = Ruling::Kind::kWait;
      return ruling;
    }
  }
  if (FitsWith(after, newcomer, room)) return ruling;
  const std::vector<Occupant> soon = WithoutLeaving(after);
  if (soon.size() < after.size() && FitsWith(soon, newcomer, room)) return wait;
  wait.hand_back = WhoMakesRoom(newcomer, room, soon);
  if (wait.hand_back.empty()) wait.kind = Ruling::Kind::kPass;
  return wait;
}

std::optional<int64_t> NextToGoOn(const std::vector<Occupant>& occupants,
                                  const Room& room, int least_priority) {
  if (Places(occupants) >= room.jobs) return std::nullopt;
  std::vector<Occupant> after = occupants;
  auto best = after.end();
  const auto rank = [](const Occupant& occupant) {
    return std::make_tuple(-occupant.priority, occupant.order);
  };
  for (auto occupant = after.begin(); occupant != after.end(); ++occupant) {
    if (!occupant->parked || occupant->leaving ||
        occupant->priority < least_priority)
      continue;
    if (best == after.end() || rank(*occupant) < rank(*best)) best = occupant;
  }
  if (best == after.end()) return std::nullopt;
  best->parked = false;
  return Fits(after, room) ? std::optional<int64_t>(best->id) : std::nullopt;
}

std::optional<int64_t> OneTooMany(const std::vector<Occupant>& occupants,
                                  const Room& room) {
  std::vector<Occupant> soon = WithoutLeaving(occupants);
  if (Fits(soon, room)) return std::nullopt;
  const auto victim = FirstToGo(soon, MayBeStopped);
  if (victim == soon.end()) return std::nullopt;
  return victim->id;
}

}  // namespace phosphene
