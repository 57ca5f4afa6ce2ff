#include "server/meshes/write/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "absl/strings/escaping.h"
#include "server/imaging/decode.h"
#include "tests/imaging/pictures.h"
#include "tests/meshes/write_shapes.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Between(const std::string& text, const std::string& from,
                    const std::string& to) {
  const size_t start = text.find(from);
  if (start == std::string::npos) return "";
  const size_t begin = start + from.size();
  return text.substr(begin, text.find(to, begin) - begin);
}

std::string Data(const std::string& page, const std::string& id) {
  std::string bytes;
  EXPECT_TRUE(absl::Base64Unescape(
      Between(page, "<script id=\"" + id + "\" type=\"text/plain\">",
              "</script>"),
      &bytes));
  return bytes;
}

std::string Page(const Mesh& mesh, const HtmlOptions& options = {}) {
  const auto page = EncodeHtml(mesh, Gradient(16, 12, 3), options);
  EXPECT_THAT(page, IsOk());
  return *page;
}

TEST(EncodeHtml, IsSmallWithoutItsData) {
  EXPECT_LE(ViewerTemplate().size(), 40'000u);
  EXPECT_GT(ViewerTemplate().size(), 5'000u);
}

TEST(EncodeHtml, AsksNoNetworkForAnything) {
  const std::string page = Page(Cube());
  for (const char* word : {"http:", "https:", "url(", "import(", "import {",
                           "fetch(", "XMLHttpRequest", "<link", "<iframe"}) {
    EXPECT_EQ(page.find(word), std::string::npos) << word;
  }
  EXPECT_THAT(page, HasSubstr("default-src 'none'"))
      << "and the browser would refuse it";
  for (size_t at = page.find("src=\""); at != std::string::npos;
       at = page.find("src=\"", at + 1)) {
    EXPECT_EQ(page.substr(at + 5, 5), "data:");
  }
}

TEST(EncodeHtml, TextsAreShownAndNeverRun) {
  HtmlOptions options;
  options.title = "</title><script>alert('1')</script>\" onload=\"x & y";
  options.caption = "{{atlas}} <b>bold</b>";
  const std::string page = Page(Cube(), options);
  EXPECT_THAT(page, Not(HasSubstr("alert('1')")));
  EXPECT_THAT(page, Not(HasSubstr("onload=\"x")));
  EXPECT_THAT(page, Not(HasSubstr("<b>")));
  EXPECT_THAT(page, HasSubstr("<title>&lt;/title&gt;&lt;script&gt;"));
  EXPECT_THAT(page, HasSubstr("{{atlas}} &lt;b&gt;bold"))
      << "what is put in is not looked at again";
  EXPECT_THAT(Page(Cube()), Not(HasSubstr("{{")));
}

TEST(EncodeHtml, VerticesAreThoseOfTheMeshInTheUnitSphere) {
  const Mesh mesh = Torus(6, 5);
  const std::string page = Page(mesh);
  const std::string vertices = Data(page, "vertices");
  const std::string indices = Data(page, "indices");
  EXPECT_THAT(page, HasSubstr("wide = false"));
  ASSERT_EQ(indices.size(), 6 * mesh.triangles.size());
  const float radius = 2.7f;  // of the torus, its middle is 0
  for (size_t i = 0; i < indices.size() / 2; ++i) {
    uint16_t index;
    int16_t at[3];
    float uv[2];
    std::memcpy(&index, &indices[2 * i], 2);
    ASSERT_LT(16u * index, vertices.size());
    std::memcpy(at, &vertices[16u * index], 6);
    std::memcpy(uv, &vertices[16u * index + 8], 8);
    const Vec3& p = mesh.positions[mesh.triangles[i / 3].position[i % 3]];
    const Vec2& t = mesh.uvs[mesh.triangles[i / 3].uv[i % 3]];
    // The box of a torus of six parts is not quite that of a round one.
    EXPECT_NEAR(at[0] / 32767.f * radius, p.x, .2);
    EXPECT_NEAR(at[1] / 32767.f * radius, p.y, .2);
    EXPECT_NEAR(at[2] / 32767.f * radius, p.z, .2);
    EXPECT_EQ(uv[0], t.x);
    EXPECT_EQ(uv[1], t.y);
  }
}

TEST(EncodeHtml, NormalsPointOutwards) {
  const Mesh mesh = Cube();
  const std::string vertices = Data(Page(mesh), "vertices");
  for (size_t v = 0; v < vertices.size(); v += 16) {
    int16_t at[3];
    int8_t octahedral[2];
    std::memcpy(at, &vertices[v], 6);
    std::memcpy(octahedral, &vertices[v + 6], 2);
    double n[3] = {octahedral[0] / 127., octahedral[1] / 127., 0};
    n[2] = 1 - std::abs(n[0]) - std::abs(n[1]);
    if (n[2] < 0) {  // as the page unfolds it
      const double x = n[0];
      n[0] = (1 - std::abs(n[1])) * (x < 0 ? -1 : 1);
      n[1] = (1 - std::abs(x)) * (n[1] < 0 ? -1 : 1);
    }
    for (int i = 0; i < 3; ++i) EXPECT_GT(n[i] * at[i], 0);
  }
}

TEST(EncodeHtml, TheTextureIsPngOrJpegByQuality) {
  HtmlOptions options;
  for (const int quality : {0, 95}) {
    options.quality = quality;
    const std::string page = Page(Cube(), options);
    std::string bytes;
    ASSERT_TRUE(absl::Base64Unescape(
        Between(page,
                quality == 0 ? "src=\"data:image/png;base64,"
                             : "src=\"data:image/jpeg;base64,",
                "\""),
        &bytes));
    const auto picture = DecodeImage(bytes);
    ASSERT_THAT(picture, IsOk());
    EXPECT_LE(MaxDifference(*picture, Gradient(16, 12, 3)),
              quality == 0 ? 0 : 12);
  }
  options.quality = 101;
  EXPECT_THAT(
      EncodeHtml(Cube(), Gradient(4, 4, 3), options),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("quality")));
}

TEST(EncodeHtml, ManyVerticesGetWideIndices) {
  const Mesh mesh = Torus(256, 256);
  const std::string page = Page(mesh);
  EXPECT_THAT(page, HasSubstr("wide = true"));
  EXPECT_EQ(Data(page, "indices").size(), 12 * mesh.triangles.size());
}

}  // namespace
}  // namespace phosphene
