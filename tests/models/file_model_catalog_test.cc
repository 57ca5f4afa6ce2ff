#include "server/models/file_model_catalog.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "server/embedded/embedded_model.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;

class FileModelCatalogTest : public testing::Test {
 protected:
  FileModelCatalogTest() { Reopen(); }

  void Reopen() { catalog_ = FileModelCatalog::Create(folder()).value(); }
  std::string folder() const { return dir_.path() + "/models"; }

  absl::Status Add(const std::string& name, const std::string& bytes,
                   double mean = 0, bool replace = false) {
    auto staged = catalog_->Stage().value();
    EXPECT_OK(staged->Append(bytes));
    v1::Model facts;
    facts.set_opset(13);
    facts.mutable_config()->add_mean(mean);
    return catalog_->Add(name, std::move(staged), facts, replace);
  }
  std::vector<std::string> Names() { return catalog_->Names().value(); }
  void Write(const std::string& file, const std::string& text) {
    std::ofstream(folder() + "/" + file) << text;
  }
  int FilesInFolder() {
    return static_cast<int>(
        std::distance(std::filesystem::directory_iterator(folder()), {}));
  }

  TempDir dir_;
  std::unique_ptr<FileModelCatalog> catalog_;
};

TEST_F(FileModelCatalogTest, TheEmbeddedModelIsAlwaysThere) {
  EXPECT_THAT(Names(), ElementsAre("phosphene-tiny"));
  ASSERT_OK_AND_ASSIGN(const ModelFile file,
                       catalog_->Open("models/phosphene-tiny"));
  EXPECT_EQ(file.onnx, EmbeddedModelOnnx());
  EXPECT_TRUE(catalog_->Describe("phosphene-tiny")->embedded());
}

TEST_F(FileModelCatalogTest, WhatWasAddedIsThereAfterARestart) {
  ASSERT_OK(Add("net", "onnx bytes", 104));
  Reopen();
  EXPECT_THAT(Names(), ElementsAre("net", "phosphene-tiny"));
  ASSERT_OK_AND_ASSIGN(const ModelFile file, catalog_->Open("net"));
  EXPECT_EQ(file.onnx, "onnx bytes");
  EXPECT_THAT(file.config.mean(), ElementsAre(104));
  ASSERT_OK_AND_ASSIGN(const v1::Model model, catalog_->Describe("models/net"));
  EXPECT_EQ(model.name(), "models/net");
  EXPECT_EQ(model.opset(), 13);
  EXPECT_EQ(model.size_bytes(), 10);
  EXPECT_FALSE(model.embedded());
}

TEST_F(FileModelCatalogTest, ATakenNameIsRefusedUnlessReplaced) {
  ASSERT_OK(Add("net", "one"));
  EXPECT_THAT(Add("net", "two"),
              StatusIs(StatusCode::kAlreadyExists, "\"net\""));
  EXPECT_EQ(catalog_->Open("net")->onnx, "one");
  ASSERT_OK(Add("net", "two", 0, /*replace=*/true));
  EXPECT_EQ(catalog_->Open("net")->onnx, "two");
}

TEST_F(FileModelCatalogTest, TheEmbeddedModelIsNeitherReplacedNorRemoved) {
  EXPECT_THAT(Add("phosphene-tiny", "x", 0, /*replace=*/true),
              StatusIs(StatusCode::kAlreadyExists));
  EXPECT_THAT(catalog_->Remove("phosphene-tiny"),
              StatusIs(StatusCode::kFailedPrecondition));
}

TEST_F(FileModelCatalogTest, TheVersionChangesWithBytesAndWithTheSidecar) {
  ASSERT_OK(Add("net", "one"));
  const std::string first = catalog_->Open("net")->version;
  EXPECT_EQ(catalog_->Open("net")->version, first);
  Write("net.model.textproto", "mean: 7");
  const std::string second = catalog_->Open("net")->version;
  EXPECT_NE(second, first);
  ASSERT_OK(Add("net", "two", 7, /*replace=*/true));
  EXPECT_NE(catalog_->Open("net")->version, second);
}

TEST_F(FileModelCatalogTest,
       AnOpenModelStaysReadableWhenItIsReplacedAndRemoved) {
  ASSERT_OK(Add("net", "one"));
  const ModelFile held = catalog_->Open("net").value();
  ASSERT_OK(Add("net", "two", 0, /*replace=*/true));
  ASSERT_OK(catalog_->Remove("net"));
  EXPECT_EQ(held.onnx, "one");
}

TEST_F(FileModelCatalogTest, RemovingTakesAllItsFiles) {
  ASSERT_OK(Add("net", "one"));
  ASSERT_OK(catalog_->Remove("models/net"));
  EXPECT_EQ(FilesInFolder(), 0);
  EXPECT_THAT(catalog_->Remove("net"), StatusIs(StatusCode::kNotFound));
}

TEST_F(FileModelCatalogTest, AnUnknownNameIsAnsweredWithTheNearest) {
  ASSERT_OK(Add("googlenet", "x"));
  EXPECT_THAT(catalog_->Open("gogglenet"),
              StatusIs(StatusCode::kNotFound, "\"googlenet\""));
  EXPECT_THAT(catalog_->Open("../secret"),
              StatusIs(StatusCode::kInvalidArgument));
}

TEST_F(FileModelCatalogTest, ANetworkPutThereByHandIsListedWithDefaults) {
  Write("mine.onnx", "bytes");
  Write("no model.onnx", "a bad name is left out");
  EXPECT_THAT(Names(), ElementsAre("mine", "phosphene-tiny"));
  EXPECT_EQ(catalog_->Describe("mine")->opset(), 0);
}

TEST_F(FileModelCatalogTest, ABrokenSidecarIsNamedWithItsPlace) {
  Write("mine.onnx", "bytes");
  Write("mine.model.textproto", "mean: 1\nmeen: 2");
  EXPECT_THAT(catalog_->Open("mine"),
              StatusIs(StatusCode::kInvalidArgument, "mine.model.textproto:2"));
  Write("mine.model.textproto", "std: 0");
  EXPECT_THAT(catalog_->Open("mine"),
              StatusIs(StatusCode::kInvalidArgument, "std[0]"));
}

TEST_F(FileModelCatalogTest, DamagedFactsAreForgottenNotFatal) {
  ASSERT_OK(Add("net", "one", 5));
  Write("net.facts.textproto", "opset: \"thirteen");
  ASSERT_OK_AND_ASSIGN(const v1::Model model, catalog_->Describe("net"));
  EXPECT_EQ(model.opset(), 0);
  EXPECT_THAT(model.config().mean(), ElementsAre(5));
}

TEST_F(FileModelCatalogTest, WhatWasStagedAndNotAddedLeavesNothing) {
  {
    auto staged = catalog_->Stage().value();
    ASSERT_OK(staged->Append("half"));
    EXPECT_EQ(FilesInFolder(), 1);
  }
  EXPECT_EQ(FilesInFolder(), 0);
  Write(".staged-0", "left by a crash");
  Reopen();
  EXPECT_EQ(FilesInFolder(), 0);
}

TEST_F(FileModelCatalogTest, AFullDiskIsAnErrorAndTheCatalogStaysWhole) {
  TinyDisk disk(64 << 10);
  if (!disk.mounted()) GTEST_SKIP() << "only root may mount a tiny disk";
  ASSERT_OK_AND_ASSIGN(auto catalog, FileModelCatalog::Create(disk.path()));
  ASSERT_OK_AND_ASSIGN(auto staged, catalog->Stage());
  EXPECT_THAT(staged->Append(std::string(1 << 20, 'x')),
              StatusIs(StatusCode::kResourceExhausted));
  staged.reset();
  EXPECT_THAT(*catalog->Names(), ElementsAre("phosphene-tiny"));
}

TEST_F(FileModelCatalogTest, ReadersSeeOldOrNewWhileAModelIsReplaced) {
  ASSERT_OK(Add("net", "0", 0));
  std::thread writer([this] {
    for (int i = 1; i < 50; ++i)
      EXPECT_OK(Add("net", absl::StrCat(i), i, /*replace=*/true));
  });
  std::string last;
  while (last != "49") {
    ASSERT_OK_AND_ASSIGN(const ModelFile file, catalog_->Open("net"));
    last = std::string(file.onnx);
    ASSERT_EQ(last, absl::StrCat(file.config.mean(0)));
  }
  writer.join();
}

}  // namespace
}  // namespace phosphene
