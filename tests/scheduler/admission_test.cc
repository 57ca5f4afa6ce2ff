#include "server/scheduler/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phosphene {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = Ruling::Kind;

// A job of an age that is its id.
Occupant Job(int64_t id, int priority, int64_t held = 0, int64_t step = 0) {
  Occupant job;
  job.id = job.order = id;
  job.priority = priority;
  job.memory = {held, step};
  return job;
}
Occupant Parked(Occupant job) {
  job.parked = true;
  return job;
}
Occupant Leaving(Occupant job) {
  job.leaving = true;
  return job;
}
Occupant Ended(Occupant job) {
  job.ended = true;
  return job;
}
Occupant Suspect(Occupant job) {
  job.suspect = true;
  return job;
}

constexpr Room kTwoPlaces = {.jobs = 2, .lanes = 2};
constexpr Room kMemory = {.jobs = 64, .lanes = 2, .bytes = 100};

TEST(AdmissionTest, WhereThereIsAPlaceAJobMayCome) {
  EXPECT_EQ(Rule(Job(1, 0), {}, kTwoPlaces).kind, Kind::kTake);
  EXPECT_EQ(Rule(Job(2, 0), {Job(1, 0)}, kTwoPlaces).kind, Kind::kTake);
  EXPECT_EQ(Rule(Job(3, 0), {Job(1, 0), Job(2, 0)}, kTwoPlaces).kind,
            Kind::kWait);
}

TEST(AdmissionTest, TheNewestOfTheLowestStandsByForAMoreUrgentOne) {
  const Ruling ruling = Rule(Job(4, 5), {Job(1, 0), Job(2, 0)}, kTwoPlaces);
  EXPECT_EQ(ruling.kind, Kind::kTake);
  EXPECT_THAT(ruling.park, ElementsAre(2));
  EXPECT_EQ(Rule(Job(4, 5), {Job(1, 5), Job(2, 7)}, kTwoPlaces).kind,
            Kind::kWait);
}

TEST(AdmissionTest, WhoStandsByHoldsNoPlaceAndAsManyMayAsThereArePlaces) {
  std::vector<Occupant> jobs = {Job(1, 1), Parked(Job(2, 0))};
  EXPECT_EQ(Rule(Job(3, 0), jobs, kTwoPlaces).kind, Kind::kTake);
  jobs = {Job(1, 1), Job(2, 1), Parked(Job(3, 0)), Parked(Job(4, 0))};
  const Ruling ruling = Rule(Job(5, 5), jobs, kTwoPlaces);
  EXPECT_EQ(ruling.kind, Kind::kWait);
  EXPECT_THAT(ruling.park, IsEmpty());
  EXPECT_THAT(ruling.hand_back, ElementsAre(2));
}

TEST(AdmissionTest, AnEndThatWaitsForTheStoreKeepsItsPlaceButNoMemory) {
  EXPECT_EQ(Rule(Job(3, 0), {Ended(Job(1, 0)), Job(2, 0)}, kTwoPlaces).kind,
            Kind::kWait);
  EXPECT_EQ(Rule(Job(3, 0, 90), {Ended(Job(1, 0, 90))}, kMemory).kind,
            Kind::kTake);
}

TEST(AdmissionTest, WhatAllHoldAndTheLargestStepsMustFit) {
  const std::vector<Occupant> jobs = {Job(1, 0, 10, 20), Job(2, 0, 10, 5)};
  EXPECT_EQ(BytesTaken(jobs, 2), 45);
  EXPECT_EQ(BytesTaken(jobs, 1), 40);
  EXPECT_EQ(Rule(Job(3, 0, 40, 20), jobs, kMemory).kind, Kind::kTake);
  EXPECT_EQ(Rule(Job(3, 0, 41, 20), jobs, kMemory).kind, Kind::kPass);
}

TEST(AdmissionTest, AJobAloneAlwaysFits) {
  EXPECT_EQ(Rule(Job(1, 0, 1000), {}, kMemory).kind, Kind::kTake);
  EXPECT_EQ(Rule(Job(1, 0, 1000), {Job(2, 0)}, kMemory).kind, Kind::kPass);
  EXPECT_EQ(OneTooMany({Job(1, 0, 1000)}, kMemory), std::nullopt);
}

TEST(AdmissionTest, JobsOfLowerPriorityGoWhereThatIsEnough) {
  const std::vector<Occupant> jobs = {Job(1, 0, 30), Job(2, 0, 30),
                                      Job(3, 4, 30)};
  Ruling ruling = Rule(Job(4, 5, 50), jobs, kMemory);
  EXPECT_EQ(ruling.kind, Kind::kWait);
  EXPECT_THAT(ruling.hand_back, ElementsAre(2, 1));
  // All of lower priority are not enough: nobody goes for nothing.
  ruling = Rule(Job(4, 1, 90), jobs, kMemory);
  EXPECT_EQ(ruling.kind, Kind::kPass);
  EXPECT_THAT(ruling.hand_back, IsEmpty());
}

TEST(AdmissionTest, NobodyMoreGoesWhereThoseThatLeaveAreEnough) {
  const Ruling ruling =
      Rule(Job(4, 5, 50), {Job(1, 0, 40), Leaving(Job(2, 0, 40))}, kMemory);
  EXPECT_EQ(ruling.kind, Kind::kWait);
  EXPECT_THAT(ruling.hand_back, IsEmpty());
}

TEST(AdmissionTest, ASuspectIsAlone) {
  EXPECT_EQ(Rule(Suspect(Job(1, 0)), {}, kMemory).kind, Kind::kTake);
  EXPECT_EQ(Rule(Suspect(Job(2, 9)), {Job(1, 0)}, kMemory).kind, Kind::kWait);
  EXPECT_EQ(Rule(Job(2, 9), {Suspect(Job(1, 0))}, kMemory).kind, Kind::kWait);
}

TEST(AdmissionTest, TheMostUrgentOfThoseThatStandByGoesOn) {
  const std::vector<Occupant> jobs = {Job(1, 5), Parked(Job(2, 0)),
                                      Parked(Job(3, 1)), Parked(Job(4, 1))};
  EXPECT_EQ(NextToGoOn(jobs, kTwoPlaces, -100), 3);
  EXPECT_EQ(NextToGoOn(jobs, kTwoPlaces, 2), std::nullopt);
  EXPECT_EQ(NextToGoOn(jobs, {.jobs = 1, .lanes = 1}, -100), std::nullopt);
  EXPECT_EQ(NextToGoOn({Job(1, 5, 50), Parked(Job(2, 0, 40, 20))}, kMemory, 0),
            std::nullopt);
}

TEST(AdmissionTest, WhoTurnsOutToBeTooMuchIsTheLowestAndNewest) {
  std::vector<Occupant> jobs = {Job(1, 0, 60), Job(2, 0, 60), Job(3, 1, 10)};
  EXPECT_EQ(OneTooMany(jobs, kMemory), 2);
  jobs[1].leaving = true;
  EXPECT_EQ(OneTooMany(jobs, kMemory), std::nullopt);
}

}  // namespace
}  // namespace phosphene
