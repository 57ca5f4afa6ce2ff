// Reads what exporters note in a file.

#include "server/engine/onnx/info/metadata.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace phosphene::onnx {
namespace {

// ModelConfig.labels' own bound.
constexpr size_t kMaxNames = 100'000;
constexpr int32_t kMaxSide = 8'192;

// Strings in quotes, each with the number before it, if there is a colon
// between them.
std::vector<std::pair<int64_t, std::string>> Quoted(absl::string_view text) {
  std::vector<std::pair<int64_t, std::string>> out;
  size_t at = 0;
  std::string key;
  while (at < text.size() && out.size() < kMaxNames) {
    const char c = text[at];
    if (c != '\'' && c != '"') {
      if (absl::ascii_isdigit(c)) key += c;
      if (c == ',' || c == '{' || c == '[') key.clear();
      ++at;
      continue;
    }
    std::string name;
    for (++at; at < text.size() && text[at] != c; ++at) {
      if (text[at] == '\\' && at + 1 < text.size()) ++at;
      name += text[at];
    }
    ++at;
    // "0": "person": the first was a key.
    const size_t next = text.find_first_not_of(" \t\r\n", at);
    if (next != absl::string_view::npos && text[next] == ':') {
      key = name;
      continue;
    }
    int64_t number;
    if (!absl::SimpleAtoi(key, &number))
      number = static_cast<int64_t>(out.size());
    out.emplace_back(number, std::move(name));
    key.clear();
  }
  return out;
}

std::vector<std::string> NamesOf(absl::string_view text) {
  std::vector<std::pair<int64_t, std::string>> numbered = Quoted(text);
  std::stable_sort(
      numbered.begin(), numbered.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> names;
  for (auto& [number, name] : numbered) names.push_back(std::move(name));
  if (!names.empty()) return names;
  const char separator =
      text.find('\n') != absl::string_view::npos ? '\n' : ',';
  for (absl::string_view part : absl::StrSplit(text, separator)) {
    part = absl::StripAsciiWhitespace(part);
    if (!part.empty() && names.size() < kMaxNames) names.emplace_back(part);
  }
  return names;
}

}  // namespace

std::vector<std::string> ClassNamesIn(const Metadata& metadata) {
  for (const char* key :
       {"names", "classes", "class_names", "class_labels", "labels"}) {
    const auto it = metadata.find(key);
    if (it == metadata.end()) continue;
    std::vector<std::string> names = NamesOf(it->second);
    if (names.size() >= 2) return names;
  }
  return {};
}

std::pair<int32_t, int32_t> SizeIn(const Metadata& metadata) {
  const auto it = metadata.find("imgsz");
  if (it == metadata.end()) return {0, 0};
  std::vector<int32_t> sides;
  for (absl::string_view part :
       absl::StrSplit(it->second, absl::ByAnyChar("[](), "))) {
    int32_t side;
    if (absl::SimpleAtoi(part, &side)) sides.push_back(side);
  }
  const bool sound = !sides.empty() && sides.size() <= 2 &&
                     *std::min_element(sides.begin(), sides.end()) > 0 &&
                     *std::max_element(sides.begin(), sides.end()) <= kMaxSide;
  if (!sound) return {0, 0};
  return {sides.front(), sides.back()};
}

}  // namespace phosphene::onnx
