#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/engine/engine.h"

namespace phosphene {

// A job that holds a place on a device, or asks for one.
struct Occupant {
  int64_t id = 0;
  int priority = 0;
  int64_t order = 0;  // age: the oldest has the least
  JobMemory memory;
  bool suspect = false;  // it may have killed servers
  bool parked = false;   // stands by in memory, is not stepped
  bool leaving = false;  // was told to stop, and soon has
  bool ended = false;    // holds no memory; its end waits for the store
};

// What a device has.
struct Room {
  int jobs = 1;       // places of those that are not parked; as many may be
  int lanes = 1;      // steps side by side
  int64_t bytes = 0;  // that jobs may take; 0: without bound
};

// Whether a job may come in, and who makes room for it.
struct Ruling {
  enum class Kind {
    kTake,  // now, once those of `park` stand by
    kWait,  // room is being made, or nobody at all may come in
    kPass,  // there is no memory for it; for a smaller one there may be
  };
  Kind kind = Kind::kTake;
  std::vector<int64_t> park;       // ids, to be stepped no more
  std::vector<int64_t> hand_back;  // ids, to be stopped; they are queued again
};

// The rules: a suspect is alone on its device. There are `room.jobs` places;
// where all are taken, one of a lower priority stands by for the newcomer.
// What jobs hold, and the largest `room.lanes` of what their steps take, fits
// `room.bytes`; where it does not, those of a lower priority are handed back,
// the lowest and newest first, if that is enough. A job alone always fits.
// Pure, as all below.
Ruling Rule(const Occupant& newcomer, const std::vector<Occupant>& occupants,
            const Room& room);

// Of those that stand by, who is to go on: the one of the highest priority, at
// least `least_priority`, the oldest of these, if there is room.
std::optional<int64_t> NextToGoOn(const std::vector<Occupant>& occupants,
                                  const Room& room, int least_priority);

// Who is to be handed back because jobs turned out to take more than there is;
// none when it fits, or as soon as those that are leaving are gone.
std::optional<int64_t> OneTooMany(const std::vector<Occupant>& occupants,
                                  const Room& room);

// What the occupants take: all that is held, and the largest `lanes` steps.
int64_t BytesTaken(const std::vector<Occupant>& occupants, int lanes);

}  // namespace phosphene
