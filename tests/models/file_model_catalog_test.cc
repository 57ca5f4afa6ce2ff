#include "server/models/file_model_catalog.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "server/embedded/embedded_model.h"
#include "server/storage/blob_store.h"
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

  void Reopen() {
    catalog_.reset();
    blobs_ =
        OpenBlobStore("file", {.directory = dir_.path() + "/blobs"}).value();
    catalog_ = FileModelCatalog::Create(folder(), *blobs_).value();
  }
  std::string folder() const { return dir_.path() + "/models"; }

  absl::Status Add(const std::string& name, const std::string& bytes,
                   double mean = 0, bool replace = false) {
    v1::Model facts;
    facts.set_opset(13);
    facts.mutable_config()->add_mean(mean);
    return catalog_->Add(name, blobs_->Put(bytes)->name, facts, replace);
  }
  std::vector<std::string> Names() { return catalog_->Names().value(); }
  void Write(const std::string& file, const std::string& text) {
    std::ofstream(Path(file)) << text;
  }
  std::string Path(const std::string& file) const {
    return folder() + "/" + file;
  }
  // Which of the blobs with these contents the catalog owns.
  std::vector<std::string> OwnedOf(const std::vector<std::string>& contents) {
    std::vector<std::string> names, owned;
    for (const std::string& content : contents)
      names.push_back(BlobNameOf(content));
    const auto answer = catalog_->Owned(names);
    EXPECT_OK(answer);
    for (const std::string& content : contents)
      if (answer->count(BlobNameOf(content)) > 0) owned.push_back(content);
    return owned;
  }
  int FilesInFolder() {
    return static_cast<int>(
        std::distance(std::filesystem::directory_iterator(folder()), {}));
  }

  TempDir dir_;
  std::unique_ptr<BlobStore> blobs_;
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

TEST_F(FileModelCatalogTest, WhatACrashLeftHalfWrittenIsCleared) {
  Write(".staged-0", "left by a crash");
  Write(".mapped-0", "left by a crash");
  Reopen();
  EXPECT_EQ(FilesInFolder(), 0);
}

TEST_F(FileModelCatalogTest, ABlobThatIsNotThereIsNotAdded) {
  EXPECT_THAT(catalog_->Add("net", BlobNameOf("absent"), {}, false),
              StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(FilesInFolder(), 0);
}

TEST_F(FileModelCatalogTest, AFullDiskIsAnErrorAndTheCatalogStaysWhole) {
  TinyDisk disk(64 << 10);
  if (!disk.mounted()) GTEST_SKIP() << "only root may mount a tiny disk";
  const std::string blob = blobs_->Put(std::string(1 << 20, 'x'))->name;
  ASSERT_OK_AND_ASSIGN(auto catalog,
                       FileModelCatalog::Create(disk.path(), *blobs_));
  EXPECT_THAT(catalog->Add("net", blob, {}, false),
              StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(*catalog->Names(), ElementsAre("phosphene-tiny"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(disk.path()), {}),
            0);
}

// Large enough to be mapped.
std::string Large(char c) { return std::string(5 << 20, c); }

TEST_F(FileModelCatalogTest, AnOpenNetworkStaysAsItIsWhateverHappensToItsFile) {
  Write("net.onnx", Large('a'));
  ASSERT_OK_AND_ASSIGN(const ModelFile held, catalog_->Open("net"));
  // Each of these on the mapped file itself would end this process or change
  // what is read.
  ASSERT_EQ(::truncate(Path("net.onnx").c_str(), 0), 0);
  EXPECT_EQ(held.onnx, Large('a'));
  std::fstream(Path("net.onnx"), std::ios::in | std::ios::out) << Large('b');
  EXPECT_EQ(held.onnx, Large('a'));
  ASSERT_TRUE(std::filesystem::remove(Path("net.onnx")));
  EXPECT_EQ(held.onnx, Large('a'));
}

TEST_F(FileModelCatalogTest, AnAddedNetworkStaysAsItIsToo) {
  ASSERT_OK(Add("net", Large('a')));
  ASSERT_OK_AND_ASSIGN(const ModelFile held, catalog_->Open("net"));
  ASSERT_EQ(::truncate(Path("net.onnx").c_str(), 100), 0);
  EXPECT_EQ(held.onnx, Large('a'));
  EXPECT_EQ(catalog_->Open("net")->onnx, std::string(100, 'a'));
}

TEST_F(FileModelCatalogTest, ABlobMappedForALookStaysWhenItIsDeleted) {
  const std::string blob = blobs_->Put(Large('a'))->name;
  ASSERT_OK_AND_ASSIGN(const auto mapped, catalog_->MapBlob(blob));
  ASSERT_OK(blobs_->Delete(blob));
  EXPECT_EQ(mapped->data(), Large('a'));
}

TEST_F(FileModelCatalogTest, OverwritingInPlaceShowsWithinTheSameInstant) {
  for (char c = 'a'; c <= 'z'; ++c) {
    // The same file, the same size, and perhaps the same time of change.
    std::fstream(Path("net.onnx"),
                 c == 'a' ? std::ios::out : std::ios::in | std::ios::out)
        << std::string(10, c);
    ASSERT_OK_AND_ASSIGN(const ModelFile file, catalog_->Open("net"));
    ASSERT_EQ(file.onnx, std::string(10, c));
  }
}

TEST_F(FileModelCatalogTest, AFolderThatIsEditedByHandNeverHarmsItsReaders) {
  std::atomic<bool> done = false;
  std::thread editor([&] {
    for (int i = 0; i < 8; ++i) {
      const std::string path = Path("net.onnx");
      std::ofstream(path) << Large(static_cast<char>('a' + i));
      Write("net.model.textproto", i % 3 == 0 ? "garbage {{{ \xff" : "mean: 1");
      EXPECT_EQ(::truncate(path.c_str(), 4321 << 10), 0);
      std::ofstream(Path("beside")) << Large('z');
      std::filesystem::rename(Path("beside"), path);
      std::filesystem::remove(Path("net.model.textproto"));
      if (i % 4 == 0) std::filesystem::remove(path);
    }
    done = true;
  });
  int opened = 0;
  while (!done) {
    const absl::StatusOr<ModelFile> file = catalog_->Open("net");
    if (file.ok()) {
      ++opened;
      // Every byte is looked at.
      EXPECT_EQ(absl::StrCat("blobs/", file->version.substr(0, 64)),
                BlobNameOf(file->onnx));
    } else {
      EXPECT_TRUE(absl::IsNotFound(file.status()) ||
                  absl::IsInvalidArgument(file.status()) ||
                  absl::IsUnavailable(file.status()))
          << file.status();
    }
  }
  editor.join();
  EXPECT_GT(opened, 0);
}

TEST_F(FileModelCatalogTest, WhatIsNoFileIsRefusedByName) {
  ASSERT_TRUE(std::filesystem::create_directory(Path("net.onnx")));
  EXPECT_THAT(catalog_->Open("net"),
              StatusIs(StatusCode::kInvalidArgument, "not a regular file"));
  EXPECT_THAT(catalog_->Describe("net"),
              StatusIs(StatusCode::kInvalidArgument, "not a regular file"));
  ASSERT_EQ(::mkfifo(Path("pipe.onnx").c_str(), 0600), 0);
  EXPECT_THAT(catalog_->Open("pipe"),
              StatusIs(StatusCode::kInvalidArgument, "not a regular file"));
}

TEST_F(FileModelCatalogTest, ASidecarWithBytesThatAreNoTextIsRefused) {
  Write("mine.onnx", "bytes");
  Write("mine.model.textproto", "labels: \"\\377\"");
  EXPECT_THAT(catalog_->Open("mine"),
              StatusIs(StatusCode::kInvalidArgument, "UTF-8"));
}

TEST_F(FileModelCatalogTest, TheVersionIsTheContentsAlone) {
  Write("net.onnx", "one");
  const std::string version = catalog_->Open("net")->version;
  Reopen();
  EXPECT_EQ(catalog_->Open("net")->version, version);
  Write("net.onnx", "two");
  EXPECT_NE(catalog_->Open("net")->version, version);
  Write("net.onnx", "one");
  EXPECT_EQ(catalog_->Open("net")->version, version);
  EXPECT_EQ(catalog_->Open("phosphene-tiny")->version,
            catalog_->Open("models/phosphene-tiny")->version);
}

TEST_F(FileModelCatalogTest, ItOwnsTheNetworksOfItsModelsAndNoOthers) {
  ASSERT_OK(Add("net", "one"));
  Write("mine.onnx", "two");
  ASSERT_OK(catalog_->Open("mine"));
  EXPECT_THAT(OwnedOf({"one", "two", "three"}), ElementsAre("one", "two"));
  Reopen();
  EXPECT_THAT(OwnedOf({"one", "three"}), ElementsAre("one"));
  ASSERT_OK(Add("net", "three", 0, /*replace=*/true));
  EXPECT_THAT(OwnedOf({"one", "three"}), ElementsAre("three"));
  ASSERT_OK(catalog_->Remove("net"));
  ASSERT_OK(catalog_->Open("mine"));
  std::filesystem::remove(Path("mine.onnx"));
  EXPECT_THAT(OwnedOf({"one", "two", "three"}), testing::IsEmpty());
}

TEST_F(FileModelCatalogTest, ANetworkWhoseBlobWasDeletedOrDamagedIsReadAnew) {
  Write("net.onnx", Large('a'));
  ASSERT_OK(catalog_->Open("net"));
  const std::string blob = BlobNameOf(Large('a'));
  std::fstream(blobs_->LocalPath(blob).value(), std::ios::in | std::ios::out)
      << "damage";
  Reopen();
  EXPECT_EQ(catalog_->Open("net")->onnx, Large('a'));
  ASSERT_OK(blobs_->Delete(blob));
  Reopen();
  EXPECT_EQ(catalog_->Open("net")->onnx, Large('a'));
}

TEST_F(FileModelCatalogTest, NetworksAreReadFromAStoreWithoutFilesToo) {
  ASSERT_OK_AND_ASSIGN(const auto blobs, OpenBlobStore("memory", {}));
  ASSERT_OK_AND_ASSIGN(const auto catalog,
                       FileModelCatalog::Create(folder(), *blobs));
  Write("net.onnx", Large('a'));
  ASSERT_OK_AND_ASSIGN(const ModelFile held, catalog->Open("net"));
  ASSERT_EQ(::truncate(Path("net.onnx").c_str(), 0), 0);
  EXPECT_EQ(held.onnx, Large('a'));
  EXPECT_EQ(FilesInFolder(), 1);
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
