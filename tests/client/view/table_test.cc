#include "client/view/table.h"

#include <gtest/gtest.h>

namespace phosphene::client {
namespace {

TEST(Table, AlignsColumnsAndTrimsLines) {
  Table table({"NAME", ">STEP", "LABELS"});
  table.Add({"jobs/a", "1/512", ""});
  table.Add({"jobs/b\xc3\xa4", "512/512", "x=1"});
  EXPECT_EQ(table.Text(),
            "NAME        STEP  LABELS\n"
            "jobs/a     1/512\n"
            "jobs/b\xc3\xa4  512/512  x=1\n");
}

TEST(Table, ControlCharactersDoNotReachTheTerminal) {
  Table table({"A"});
  table.Add({"x\x1b[2Jy\n"});
  EXPECT_EQ(table.Text(), "A\nx [2Jy\n");
}

}  // namespace
}  // namespace phosphene::client
