#include "client/base/byte_source.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

using testing::HasSubstr;

// All bytes, `step` at a time.
std::string ReadAll(const ByteSource& source, size_t step) {
  std::string out(static_cast<size_t>(source.size()), '?');
  for (size_t at = 0; at < out.size();) {
    const auto n = source.Read(static_cast<int64_t>(at), out.data() + at,
                               std::min(step, out.size() - at));
    if (!n.ok()) return n.status().ToString();
    at += *n;
  }
  return out;
}

TEST(ByteSource, PiecesFollowEachOther) {
  const TempFolder folder;
  Put(folder / "a", "0123456789");
  Put(folder / "empty", "");
  ByteSource source;
  source.Add("<");
  source.Add("");
  ASSERT_TRUE(source.AddFile(folder / "a", 2, 3).ok());
  ASSERT_TRUE(source.AddFile(folder / "empty", 0, -1).ok());
  ASSERT_TRUE(source.AddFile(folder / "a", 8, -1).ok());
  source.Add(">");
  EXPECT_EQ(source.size(), 7);
  for (size_t step : {1, 2, 100}) EXPECT_EQ(ReadAll(source, step), "<23489>");
  char byte;
  EXPECT_EQ(*source.Read(7, &byte, 1), 0u);
}

TEST(ByteSource, DigestsStream) {
  const TempFolder folder;
  Put(folder / "b", "bc");
  ByteSource source;
  source.Add("a");
  ASSERT_TRUE(source.AddFile(folder / "b", 0, -1).ok());
  EXPECT_EQ(*source.Sha256(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Put(folder / "large", std::string(3 << 20, 'x'));
  EXPECT_EQ(ByteSource::OfFile(folder / "large")->Sha256()->size(), 64u);
}

TEST(ByteSource, WhatAFileDoesNotHoldIsRefused) {
  const TempFolder folder;
  Put(folder / "a", "0123456789");
  ByteSource source;
  for (const auto& [offset, length] : std::vector<std::pair<int64_t, int64_t>>{
           {11, -1}, {-1, 1}, {8, 3}, {0, INT64_MAX}, {INT64_MAX, INT64_MAX}}) {
    EXPECT_EQ(source.AddFile(folder / "a", offset, length).code(),
              absl::StatusCode::kOutOfRange);
  }
  EXPECT_EQ(ByteSource::OfFile(folder / "b").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(ByteSource::OfFile(folder.path()).status().message()),
              HasSubstr("not a regular file"));
}

TEST(ByteSource, AFileThatShrinksIsNoticed) {
  const TempFolder folder;
  Put(folder / "a", "0123456789");
  const auto source = ByteSource::OfFile(folder / "a");
  ASSERT_TRUE(source.ok());
  std::filesystem::resize_file(folder / "a", 4);
  EXPECT_THAT(ReadAll(*source, 100), HasSubstr("changed while it was read"));
}

}  // namespace
}  // namespace phosphene::client
