#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/base/byte_source.h"
#include "client/mesh/joined_mesh.h"
#include "client/view/pixels.h"
#include "server/meshes/read_mesh.h"
#include "tests/client/temp_folder.h"

namespace phosphene::client {

// A folder with a mesh and what belongs to it; what is sent of it, and what the
// server makes of that.
class MeshFolder : public testing::Test {
 protected:
  MeshFolder() { std::filesystem::create_directories(folder_ / "art/sub"); }

  std::string Path(const std::string& name) const {
    return folder_ / ("art/" + name);
  }
  void Add(const std::string& name, const std::string& bytes) const {
    Put(Path(name), bytes);
  }

  // A PNG that differs from those of other numbers.
  static std::string Png(int number) {
    Pixels pixels = Pixels::Make(2, 2, 3);
    *pixels.At(0, 0) = static_cast<uint8_t>(number);
    return PngOf(pixels);
  }

  // The bytes sent for a file; notes go to notes_.
  absl::StatusOr<std::string> Sent(const std::string& name) {
    notes_.clear();
    const auto source = OpenMeshFile(Path(name), &notes_);
    if (!source.ok()) return source.status();
    std::string out(static_cast<size_t>(source->size()), '?');
    for (size_t at = 0; at < out.size();) {
      const auto n = source->Read(static_cast<int64_t>(at), out.data() + at,
                                  out.size() - at);
      if (!n.ok()) return n.status();
      at += *n;
    }
    return out;
  }

  Mesh Read(const std::string& name) {
    const auto sent = Sent(name);
    EXPECT_TRUE(sent.ok()) << sent.status();
    const auto mesh = ReadMesh(sent.value_or(""));
    EXPECT_TRUE(mesh.ok()) << mesh.status();
    return mesh.value_or(Mesh());
  }

  std::string ErrorOf(const std::string& name) {
    return Sent(name).status().ToString();
  }

  // Nothing is joined, nothing is said.
  void ExpectAsItIs(const std::string& name) {
    const auto sent = Sent(name);
    EXPECT_TRUE(sent.ok()) << sent.status();
    EXPECT_TRUE(sent.value_or("") == Contents(Path(name))) << name;
    EXPECT_TRUE(notes_.empty()) << notes_[0];
  }

  static const MeshMaterial& Material(const Mesh& mesh,
                                      const std::string& name) {
    static const MeshMaterial none;
    const auto found =
        std::find_if(mesh.materials.begin(), mesh.materials.end(),
                     [&](const auto& it) { return it.name == name; });
    EXPECT_NE(found, mesh.materials.end()) << name;
    return found == mesh.materials.end() ? none : *found;
  }

  const TempFolder folder_;
  std::vector<std::string> notes_;
};

}  // namespace phosphene::client
