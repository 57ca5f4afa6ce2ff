#include "server/jobs/filter.h"

#include <random>
#include <string>
#include <vector>

#include "server/base/faults.h"
#include "server/jobs/proto_time.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;

// A job of GoogLeNet, running, priority 5, made at noon, with two labels.
v1::Job TheJob() {
  v1::Job job;
  job.set_state(v1::Job::RUNNING);
  job.mutable_spec()->set_model("models/googlenet");
  job.set_priority(5);
  absl::Time noon;
  std::string error;
  absl::ParseTime(absl::RFC3339_full, "2026-03-01T12:00:00Z", &noon, &error);
  *job.mutable_create_time() = ToProtoTime(noon);
  (*job.mutable_labels())["project"] = "gallery \"one\"";
  (*job.mutable_labels())["a.b-c"] = "caf\xc3\xa9";
  return job;
}

bool Holds(const std::string& text) {
  const auto filter = ParseJobFilter(text);
  EXPECT_OK(filter) << text;
  return filter.ok() && Matches(*filter, TheJob());
}

TEST(FilterTest, AnEmptyFilterHoldsForEveryJob) {
  EXPECT_TRUE(Holds(""));
  EXPECT_TRUE(Holds("  \n\t"));
}

TEST(FilterTest, ComparisonsThatHold) {
  for (const char* text : {"state = RUNNING",
                           "state=RUNNING",
                           "state != QUEUED",
                           "state:RUNNING",
                           "state:*",
                           "model = googlenet",
                           "model = \"models/googlenet\"",
                           "model : goog*",
                           "model:models/goog*",
                           "model != vgg",
                           "priority = 5",
                           "priority : 5",
                           "priority != -5",
                           "priority < 6",
                           "priority <= 5",
                           "priority > -100",
                           "priority >= 5",
                           "create_time = 2026-03-01T12:00:00Z",
                           "create_time > 2026-03-01T11:59:59.5Z",
                           "create_time <= \"2026-03-01T13:00:00+01:00\"",
                           "labels.project = \"gallery \\\"one\\\"\"",
                           "labels.project : gal*",
                           "labels.project : \"gallery *\"",
                           "labels.project:*",
                           "labels.a.b-c = caf\xc3\xa9",
                           "labels.\"a.b-c\" : caf*",
                           "labels.project > alpha",
                           "labels.project != \"\""}) {
    EXPECT_TRUE(Holds(text)) << text;
  }
}

TEST(FilterTest, ComparisonsThatDoNotHold) {
  for (const char* text :
       {"state = QUEUED", "model = goog", "model : \"net*\"", "priority > 5",
        "priority < 5", "create_time < 2026-03-01T12:00:00Z",
        "labels.project = gallery", "labels.project : one*"}) {
    EXPECT_FALSE(Holds(text)) << text;
  }
}

TEST(FilterTest, ALabelThatIsNotThereSatisfiesNothing) {
  for (const char* op : {"=", "!=", "<", "<=", ">", ">=", ":"}) {
    EXPECT_FALSE(Holds(std::string("labels.none ") + op + " x")) << op;
  }
  EXPECT_FALSE(Holds("labels.none:*"));
}

TEST(FilterTest, AndNeedsAllOfThem) {
  EXPECT_TRUE(
      Holds("state = RUNNING AND priority = 5 AND labels.project:gal*"));
  EXPECT_FALSE(Holds("state = RUNNING AND priority = 4"));
}

TEST(FilterTest, FaultsTellThePositionAndWhatIsAllowed) {
  const std::pair<const char*, const char*> cases[] = {
      {"stat = RUNNING",
       "at character 1: no field \"stat\"; allowed: state, model"},
      {"state", "at character 6: expected one of ="},
      {"state = ", "expected a value"},
      {"state = RUNING",
       "at character 9: no state \"RUNING\"; allowed: QUEUED"},
      {"state = RUNING", "nearest \"RUNNING\""},
      {"state = STATE_UNSPECIFIED", "no state"},
      {"state > RUNNING", "state takes = != :"},
      {"state : RUN*", "state takes"},
      {"model < x", "model takes = != :"},
      {"priority = high", "at character 12: \"high\" is no whole number"},
      {"priority : 1*", "no whole number"},
      {"create_time > yesterday", "is no time such as 2026-01-31T12:00:00Z"},
      {"priority = 1 OR priority = 2", "at character 14: expected AND"},
      {"priority = 1 and priority = 2", "expected AND"},
      {"priority = 1 AND", "a comparison must follow AND"},
      {"NOT priority = 1", "no field \"NOT\""},
      {"(priority = 1)", "at character 1: expected a field"},
      {"labels = x", "no field \"labels\""},
      {"labels. = x", "no field"},
      {"labels.\"\" = x", "no field"},
      {"labels.a = \"x", "a quote that does not end"},
      {"labels.a = \"\\x\"", "backslash"},
      {"labels.a = b = c", "expected AND"},
      {"labels.a = (b)", "expected a value"},
  };
  for (const auto& [text, part] : cases) {
    const absl::Status status = ParseJobFilter(text).status();
    EXPECT_THAT(status, StatusIs(StatusCode::kInvalidArgument, part)) << text;
    ASSERT_EQ(FaultsOf(status).size(), 1u) << text;
    EXPECT_EQ(FaultsOf(status)[0].field, "filter");
  }
}

TEST(FilterTest, LengthAndCountAreBounded) {
  std::string many = "priority = 1";
  for (int i = 1; i < 32; ++i) many += " AND priority = 1";
  EXPECT_OK(ParseJobFilter(many));
  EXPECT_THAT(ParseJobFilter(many + " AND priority = 1"),
              StatusIs(StatusCode::kInvalidArgument, "more than 32"));
  EXPECT_THAT(ParseJobFilter("model = " + std::string(5000, 'x')),
              StatusIs(StatusCode::kInvalidArgument, "at most 4096"));
  EXPECT_THAT(ParseJobFilter("model = \xff"),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseJobFilter(absl::string_view("model = a\0b", 11)),
              StatusIs(StatusCode::kInvalidArgument));
}

// Pieces of filters, thrown together: the parser answers, whatever comes.
TEST(FilterTest, AnyTextIsParsedOrRefused) {
  const std::vector<std::string> pieces = {"state",
                                           "model",
                                           "priority",
                                           "create_time",
                                           "labels.",
                                           "labels.a",
                                           "labels.\"b\"",
                                           "=",
                                           "!=",
                                           "<",
                                           "<=",
                                           ":",
                                           "!",
                                           "AND",
                                           "OR",
                                           "\"",
                                           "\\",
                                           "*",
                                           "RUNNING",
                                           "7",
                                           "-99999999999999999999",
                                           "(",
                                           ")",
                                           ",",
                                           "2026-03-01T12:00:00Z",
                                           "\xc3\xa9",
                                           "\xff",
                                           " ",
                                           "  "};
  std::mt19937 random(1);
  int parsed = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (int length = random() % 12; length > 0; --length) {
      text += pieces[random() % pieces.size()];
      if (random() % 2) text += ' ';
    }
    const auto filter = ParseJobFilter(text);
    if (filter.ok()) {
      ++parsed;
      Matches(*filter, TheJob());
    } else {
      EXPECT_THAT(filter, StatusIs(StatusCode::kInvalidArgument)) << text;
    }
  }
  EXPECT_GT(parsed, 100);
}

TEST(FilterTest, CanonicalTextsDifferWhereFiltersDo) {
  const std::vector<std::string> texts = {"",
                                          "priority = 1",
                                          "priority = 2",
                                          "priority != 1",
                                          "model = a",
                                          "model : a*",
                                          "labels.a = b",
                                          "labels.ab = \"\"",
                                          "state = QUEUED",
                                          "create_time = 2026-03-01T12:00:00Z",
                                          "labels.a:*"};
  for (const std::string& a : texts) {
    for (const std::string& b : texts) {
      EXPECT_EQ(CanonicalText(*ParseJobFilter(a)) ==
                    CanonicalText(*ParseJobFilter(b)),
                a == b)
          << a << " / " << b;
    }
  }
  EXPECT_EQ(CanonicalText(*ParseJobFilter("priority=1")),
            CanonicalText(*ParseJobFilter("  priority :  1 ")));
}

}  // namespace
}  // namespace phosphene
