// Classes by any of their names.
#include "server/engine/objectives/shared/class_names.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/base/nearest.h"

namespace phosphene {
namespace {

constexpr size_t kSynsetDigits = 8;
constexpr size_t kMaxTold = 8;

// Blanks for underscores and tabs, one for several, none at the ends.
std::string Plain(absl::string_view text) {
  std::string out(text);
  std::replace(out.begin(), out.end(), '_', ' ');
  absl::RemoveExtraAsciiWhitespace(&out);
  return out;
}

bool IsSynset(absl::string_view word) {
  return word.size() == kSynsetDigits + 1 && word[0] == 'n' &&
         std::all_of(word.begin() + 1, word.end(), absl::ascii_isdigit);
}

// A label without the WordNet id some files put before it.
absl::string_view WithoutSynset(absl::string_view label) {
  const absl::string_view text = absl::StripAsciiWhitespace(label);
  const size_t end = text.find_first_of(" \t_,");
  if (end == absl::string_view::npos || !IsSynset(text.substr(0, end)))
    return text;
  return text.substr(end + 1);
}

// What a class is called, as its label writes it.
std::vector<std::string> NamesOf(absl::string_view label) {
  std::vector<std::string> names;
  for (absl::string_view part : absl::StrSplit(WithoutSynset(label), ',')) {
    std::string name = Plain(part);
    if (!name.empty()) names.push_back(std::move(name));
  }
  return names;
}

std::string Key(absl::string_view text) {
  return absl::AsciiStrToLower(Plain(text));
}

// The label as one key, its commas followed by one blank each.
std::string LineKey(absl::string_view label) {
  return absl::AsciiStrToLower(absl::StrJoin(NamesOf(label), ", "));
}

std::string Told(const google::protobuf::RepeatedPtrField<std::string>& labels,
                 const std::vector<int>& classes) {
  std::vector<std::string> told;
  for (int index : classes) {
    if (told.size() == kMaxTold) {
      told.push_back("...");
      break;
    }
    told.push_back(absl::StrCat(index, " \"", labels[index], "\""));
  }
  return absl::StrJoin(told, ", ");
}

}  // namespace

absl::StatusOr<int64_t> FindClass(
    const google::protobuf::RepeatedPtrField<std::string>& labels,
    absl::string_view name) {
  const std::string key = Key(WithoutSynset(name)), line = LineKey(name);
  const bool several = NamesOf(name).size() > 1;
  std::vector<int> found;
  std::vector<std::string> known;
  for (int i = 0; i < labels.size(); ++i) {
    const std::vector<std::string> names = NamesOf(labels[i]);
    const bool is = several ? LineKey(labels[i]) == line
                            : std::any_of(names.begin(), names.end(),
                                          [&](const std::string& known_name) {
                                            return Key(known_name) == key;
                                          });
    // A synset's id alone names its class.
    const bool by_id =
        IsSynset(name) &&
        absl::StripAsciiWhitespace(labels[i]).substr(0, name.size()) == name;
    if (is || by_id) found.push_back(i);
    known.insert(known.end(), names.begin(), names.end());
  }
  if (found.size() == 1) return found[0];
  if (found.empty()) {
    return absl::NotFoundError(
        absl::StrCat("no class \"", name, "\"", NearestHint(name, known)));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", name, "\" is the name of ", found.size(), " classes: ",
      Told(labels, found), "; say which by its index or another of its names"));
}

}  // namespace phosphene
