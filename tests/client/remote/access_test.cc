#include "client/remote/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A layer as flags make it.
AccessLayer Said(std::map<std::string, std::string> values) {
  AccessLayer layer;
  layer.values = std::move(values);
  for (const auto& [key, value] : layer.values) layer.origins[key] = "--" + key;
  return layer;
}

AccessLayer Environment(std::map<std::string, std::string> variables) {
  return EnvironmentLayer([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

std::string ErrorOf(const std::vector<AccessLayer>& layers) {
  return std::string(CombineAccess(layers).status().message());
}

TEST(Access, WithoutSettingsItIsThisMachineInPlaintext) {
  const Access access = *CombineAccess({});
  EXPECT_EQ(access.server, "127.0.0.1:50051");
  EXPECT_FALSE(access.tls);
  EXPECT_EQ(access.token, "");
}

TEST(Access, EveryKeyIsAVariable) {
  const Access access =
      *CombineAccess({Environment({{"PHOSPHENE_SERVER", "h:1"},
                                   {"PHOSPHENE_TLS", "yes"},
                                   {"PHOSPHENE_TLS_CA", "ca"},
                                   {"PHOSPHENE_CLIENT_CERT", "cert"},
                                   {"PHOSPHENE_CLIENT_KEY", "key"},
                                   {"PHOSPHENE_TLS_NAME", "name"},
                                   {"PHOSPHENE_TOKEN", "token"}})});
  EXPECT_EQ(access.server, "h:1");
  EXPECT_TRUE(access.tls);
  EXPECT_EQ(access.tls_ca, "ca");
  EXPECT_EQ(access.tls_cert, "cert");
  EXPECT_EQ(access.tls_key, "key");
  EXPECT_EQ(access.tls_name, "name");
  EXPECT_EQ(access.token, "token");
  EXPECT_EQ(access.Origin("tls-ca"), "PHOSPHENE_TLS_CA");
  EXPECT_EQ(CombineAccess({Environment({{"PHOSPHENE_SERVER", ""}})})->server,
            "127.0.0.1:50051");
}

TEST(Access, TheFirstLayerWins) {
  const Access access = *CombineAccess(
      {Said({{"token", "flag"}}), Said({{"token", "env"}, {"tls", "true"}}),
       Said({{"token", "file"}, {"tls-ca", "file-ca"}})});
  EXPECT_EQ(access.token, "flag");
  EXPECT_TRUE(access.tls);
  EXPECT_EQ(access.tls_ca, "file-ca");
}

TEST(Access, ATokenIsForTheServerItStandsWith) {
  const AccessLayer file =
      Said({{"server", "ours:1"}, {"token", "secret"}, {"tls-ca", "ours.pem"}});
  EXPECT_EQ(CombineAccess({file})->token, "secret");
  const Access other = *CombineAccess({Said({{"server", "theirs:1"}}), file});
  EXPECT_EQ(other.token, "");
  EXPECT_FALSE(other.tls);
  EXPECT_EQ(CombineAccess({Said({{"server", "ours:1"}}), file})->token,
            "secret");
}

TEST(Access, ATokenFileAboveReplacesATokenBelow) {
  const TempFolder folder;
  Put(folder / "token", "  from-file \n");
  EXPECT_EQ(CombineAccess({Said({{"token-file", folder / "token"}}),
                           Said({{"token", "below"}})})
                ->token,
            "from-file");
  EXPECT_THAT(
      ErrorOf({Said({{"token", "a"}, {"token-file", folder / "token"}})}),
      AllOf(HasSubstr("--token: "), HasSubstr("--token-file exclude")));
}

TEST(Access, ATokenThatFitsNoHeaderIsRefusedAndNotShown) {
  const TempFolder folder;
  Put(folder / "two", "secret tenant\n");
  Put(folder / "empty", "\n");
  const std::string error = ErrorOf({Said({{"token", "se\ncret"}})});
  EXPECT_THAT(error, HasSubstr("--token: a token is one word"));
  EXPECT_THAT(error, testing::Not(HasSubstr("cret")));
  EXPECT_THAT(ErrorOf({Said({{"token-file", folder / "two"}})}),
              HasSubstr("one word"));
  EXPECT_THAT(ErrorOf({Said({{"token-file", folder / "empty"}})}),
              HasSubstr("is empty"));
  EXPECT_THAT(ErrorOf({Said({{"token-file", folder / "none"}})}),
              AllOf(HasSubstr("--token-file: "), HasSubstr("none")));
}

TEST(Access, CertificateAndKeyGoTogether) {
  EXPECT_THAT(ErrorOf({Said({{"tls-cert", "c"}})}),
              HasSubstr("--tls-cert: needs --tls-key"));
  EXPECT_THAT(ErrorOf({Said({{"tls-key", "k"}})}),
              HasSubstr("--tls-key: needs --tls-cert"));
}

TEST(Access, NoTlsOverrulesWhatStandsBelow) {
  const AccessLayer below = Said({{"tls-ca", "ca"}});
  EXPECT_TRUE(CombineAccess({below})->tls);
  const Access off = *CombineAccess({Said({{"tls", "false"}}), below});
  EXPECT_FALSE(off.tls);
  EXPECT_EQ(off.tls_ca, "");
  EXPECT_THAT(ErrorOf({Said({{"tls", "false"}, {"tls-ca", "ca"}})}),
              HasSubstr("--tls-ca: needs TLS, which --tls forbids"));
  EXPECT_THAT(ErrorOf({Said({{"tls", "maybe"}})}),
              HasSubstr("\"maybe\" is not allowed; allowed true, false"));
}

TEST(Access, AFileIsReadStrictly) {
  const TempFolder folder;
  const std::string path = folder / "client.conf";
  const auto error = [&](const std::string& text) {
    Put(path, text);
    return std::string(ReadAccessFile(path).status().message());
  };
  Put(path, "# a comment\n\n  server = h:1 \ntls_ca=/a b/ca.pem\n");
  const AccessLayer layer = *ReadAccessFile(path);
  EXPECT_EQ(layer.values.at("server"), "h:1");
  EXPECT_EQ(layer.values.at("tls-ca"), "/a b/ca.pem");
  EXPECT_EQ(layer.origins.at("tls-ca"), path + ":4: tls-ca");
  EXPECT_THAT(error("sever = h:1\n"),
              HasSubstr("client.conf:1: no setting \"sever\"; nearest "
                        "\"server\""));
  EXPECT_THAT(error("tls\n"), HasSubstr("client.conf:1: a line is KEY"));
  EXPECT_THAT(error("tls = true\ntls = true\n"),
              HasSubstr("client.conf:2: \"tls\" stands here a second time"));
  EXPECT_TRUE(absl::IsNotFound(ReadAccessFile(folder / "none").status()));
}

TEST(Access, PathsInAFileStartAtItsFolder) {
  const TempFolder folder;
  const std::string path = folder / "client.conf";
  Put(path, "tls-ca = ca.pem\ntoken-file = ~/token\ntls-name = ca.pem\n");
  const AccessLayer layer = *ReadAccessFile(path);
  EXPECT_EQ(layer.values.at("tls-ca"), folder / "ca.pem");
  EXPECT_EQ(layer.values.at("tls-name"), "ca.pem");
  EXPECT_EQ(layer.values.at("token-file"),
            std::string(std::getenv("HOME")) + "/token");
}

TEST(Access, TheFileStandsWhereProgramsKeepSettings) {
  const auto path = [](std::map<std::string, std::string> variables) {
    return DefaultAccessFile([&](const char* name) -> const char* {
      const auto found = variables.find(name);
      return found == variables.end() ? nullptr : found->second.c_str();
    });
  };
  EXPECT_EQ(path({{"HOME", "/h"}}), "/h/.config/phosphene/client.conf");
  EXPECT_EQ(path({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/x"}}),
            "/x/phosphene/client.conf");
  EXPECT_EQ(path({}), "");
}

TEST(Access, KnowsWhatIsLoopback) {
  for (const char* here : {"127.0.0.1:1", "127.1.2.3:1", "localhost:1",
                           "[::1]:1", "unix:/run/p"}) {
    EXPECT_TRUE(IsLoopback(here)) << here;
  }
  for (const char* elsewhere :
       {"10.0.0.1:1", "127.example.org:1", "gpu:1", "[::2]:1", "0.0.0.0:1"}) {
    EXPECT_FALSE(IsLoopback(elsewhere)) << elsewhere;
  }
}

}  // namespace
}  // namespace phosphene::client
