// The client against real servers: plain, TLS, certificates of clients, tokens.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <utility>

#include "client/base/failure.h"
#include "server/config.h"
#include "server/server.h"
#include "tests/client/run_app.h"
#include "tests/client/temp_folder.h"
#include "tests/integration/certificates.h"
#include "tests/support/fake_engine.h"

namespace phosphene::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr char kToken[] = "0123456789abcdef-right";
constexpr char kWrongToken[] = "0123456789abcdef-wrong";

// How a server asks for what, and how a client comes.
enum class Mode { kPlain, kTls, kMutual, kToken };

std::string NameOfMode(Mode mode) {
  constexpr const char* kNames[] = {"Plain", "Tls", "Mutual", "Token"};
  return kNames[static_cast<int>(mode)];
}

class SecuredServerTest : public testing::Test {
 protected:
  SecuredServerTest() {
    Put(folder_ / "server.pem", server_pair_.certificate);
    Put(folder_ / "server.key", server_pair_.key);
    Put(folder_ / "client.pem", client_pair_.certificate);
    Put(folder_ / "client.key", client_pair_.key);
    Put(folder_ / "tokens", std::string(kToken) + " somebody\n");
    Put(folder_ / "token", std::string(kToken) + "\n");
  }

  void Serve(Mode mode) {
    v1::ServerConfig config;
    config.set_listen("127.0.0.1:0");
    config.set_data(folder_ / "data");
    config.set_http("off");
    config.set_metrics("off");
    config.set_log_level("error");
    if (mode != Mode::kPlain) {
      config.set_tls_cert(folder_ / "server.pem");
      config.set_tls_key(folder_ / "server.key");
    }
    if (mode == Mode::kMutual) config.set_tls_client_ca(folder_ / "client.pem");
    if (mode == Mode::kToken) config.set_tokens(folder_ / "tokens");
    FillDefaults(config);
    auto server = Server::Create(config, [](EngineInputs, int) {
      return std::make_unique<FakeEngine>();
    });
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // The flags of a client of that mode.
  std::vector<std::string> Flags(Mode mode) const {
    std::vector<std::string> flags;
    if (mode != Mode::kPlain) flags = {"--tls-ca", folder_ / "server.pem"};
    if (mode == Mode::kMutual) {
      flags.insert(flags.end(), {"--tls-cert", folder_ / "client.pem",
                                 "--tls-key", folder_ / "client.key"});
    }
    if (mode == Mode::kToken)
      flags.insert(flags.end(), {"--token-file", folder_ / "token"});
    return flags;
  }

  AppRun Ask(std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"--server", server_->address()});
    flags.push_back("devices");
    return RunCli(flags);
  }

  // The error of such a call: one line, none of a library's.
  std::string ErrorOf(const std::vector<std::string>& flags, int exit_code) {
    const AppRun run = Ask(flags);
    EXPECT_EQ(run.exit_code, exit_code) << run.out << run.err;
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
    return run.err;
  }

  const TempFolder folder_;
  Certificate server_pair_ = MakeCertificate("server");
  const Certificate client_pair_ = MakeCertificate("client");
  std::unique_ptr<Server> server_;
};

class EveryModeTest
    : public SecuredServerTest,
      public testing::WithParamInterface<std::pair<Mode, Mode>> {};

TEST_P(EveryModeTest, GetsThroughOrSaysWhatIsMissing) {
  const auto [server, client] = GetParam();
  Serve(server);
  const bool tls = client != Mode::kPlain;
  if (server == Mode::kPlain && tls) {
    EXPECT_THAT(
        ErrorOf(Flags(client), kExitUnreachable),
        AllOf(HasSubstr("speaks plaintext, and "),
              HasSubstr(client == Mode::kMutual ? "--tls-cert asks for TLS"
                                                : "--tls-ca asks for TLS"),
              HasSubstr("--tls=false")));
  } else if (server != Mode::kPlain && !tls) {
    EXPECT_THAT(ErrorOf(Flags(client), kExitUnreachable),
                HasSubstr("speaks TLS; add --tls"));
  } else if (server == Mode::kMutual && client != Mode::kMutual) {
    EXPECT_THAT(ErrorOf(Flags(client), kExitUnreachable),
                HasSubstr("asks for a certificate of its clients; show one "
                          "with --tls-cert FILE and --tls-key FILE"));
  } else if (server == Mode::kToken && client != Mode::kToken) {
    EXPECT_THAT(ErrorOf(Flags(client), kExitUsage),
                HasSubstr("asks for a token; name a file that holds one with "
                          "--token-file FILE"));
  } else {
    const AppRun run = Ask(Flags(client));
    EXPECT_EQ(run.exit_code, kExitOk) << run.err;
    EXPECT_THAT(run.out, HasSubstr("DEVICE"));
    EXPECT_EQ(run.err, "");
  }
}

std::vector<std::pair<Mode, Mode>> AllPairs() {
  std::vector<std::pair<Mode, Mode>> pairs;
  const Mode modes[] = {Mode::kPlain, Mode::kTls, Mode::kMutual, Mode::kToken};
  for (Mode server : modes) {
    for (Mode client : modes) pairs.emplace_back(server, client);
  }
  return pairs;
}

INSTANTIATE_TEST_SUITE_P(All, EveryModeTest, testing::ValuesIn(AllPairs()),
                         [](const auto& info) {
                           return NameOfMode(info.param.first) + "ServedTo" +
                                  NameOfMode(info.param.second);
                         });

TEST_F(SecuredServerTest, AnExpiredCertificateIsToldWithItsDate) {
  CertificateOptions options;
  options.from = -absl::Hours(2);
  options.from = -absl::Hours(2);
  options.until = -absl::Hours(1);
  server_pair_ = MakeCertificate("server", options);
  Put(folder_ / "server.pem", server_pair_.certificate);
  Put(folder_ / "server.key", server_pair_.key);
  Serve(Mode::kTls);
  EXPECT_THAT(ErrorOf(Flags(Mode::kTls), kExitUnreachable),
              AllOf(HasSubstr("expired on "), HasSubstr("must renew it")));
}

TEST_F(SecuredServerTest, ACertificateOfAStrangerIsNotTrusted) {
  Serve(Mode::kTls);
  EXPECT_THAT(
      ErrorOf({"--tls-ca", folder_ / "client.pem"}, kExitUnreachable),
      AllOf(HasSubstr("is not trusted (self-signed certificate; issued by "),
            HasSubstr("CN=server"), HasSubstr("--tls-ca FILE")));
}

TEST_F(SecuredServerTest, ACertificateForAnotherNameIsTakenUnderThatName) {
  CertificateOptions options;
  options.names = "DNS:phosphene.example";
  server_pair_ = MakeCertificate("server", options);
  Put(folder_ / "server.pem", server_pair_.certificate);
  Put(folder_ / "server.key", server_pair_.key);
  Serve(Mode::kTls);
  std::vector<std::string> flags = Flags(Mode::kTls);
  EXPECT_THAT(ErrorOf(flags, kExitUnreachable),
              AllOf(HasSubstr("is for phosphene.example"),
                    HasSubstr("--tls-name NAME")));
  flags.insert(flags.end(), {"--tls-name", "phosphene.example"});
  EXPECT_EQ(Ask(flags).exit_code, kExitOk);
}

TEST_F(SecuredServerTest, ACertificateTheServerDoesNotKnowIsRefused) {
  Serve(Mode::kMutual);
  EXPECT_THAT(
      ErrorOf({"--tls-ca", folder_ / "server.pem", "--tls-cert",
               folder_ / "server.pem", "--tls-key", folder_ / "server.key"},
              kExitUnreachable),
      HasSubstr("refuses the certificate of --tls-cert"));
}

TEST_F(SecuredServerTest, ARefusedTokenIsToldByWhatSetIt) {
  Serve(Mode::kToken);
  const std::string ca = folder_ / "server.pem";
  EXPECT_THAT(ErrorOf({"--tls-ca", ca, "--token", kWrongToken}, kExitUsage),
              AllOf(HasSubstr("refuses the token of --token: "),
                    Not(HasSubstr(kWrongToken))));
  setenv("PHOSPHENE_TOKEN", kWrongToken, 1);
  EXPECT_THAT(ErrorOf({"--tls-ca", ca}, kExitUsage),
              HasSubstr("refuses the token of PHOSPHENE_TOKEN: "));
  unsetenv("PHOSPHENE_TOKEN");
  const AppRun json = Ask({"--json", "--tls-ca", ca});
  EXPECT_THAT(json.out, AllOf(HasSubstr(R"("code":"UNAUTHENTICATED")"),
                              HasSubstr(R"("reason":"TOKEN_MISSING")")));
}

TEST_F(SecuredServerTest, EnvironmentAndFileServeAsFlagsDo) {
  Serve(Mode::kToken);
  Put(folder_ / "client.conf", "# of the test\nserver = " + server_->address() +
                                   "\ntls_ca = " + (folder_ / "server.pem") +
                                   "\ntoken-file = " + (folder_ / "token") +
                                   "\n");
  EXPECT_EQ(RunCli({"--config", folder_ / "client.conf", "devices"}).exit_code,
            kExitOk);
  setenv("PHOSPHENE_TLS_CA", (folder_ / "server.pem").c_str(), 1);
  setenv("PHOSPHENE_TOKEN_FILE", (folder_ / "token").c_str(), 1);
  EXPECT_EQ(Ask({}).exit_code, kExitOk);
  // Flags win.
  EXPECT_THAT(ErrorOf({"--token", kWrongToken}, kExitUsage),
              HasSubstr("--token"));
  unsetenv("PHOSPHENE_TLS_CA");
  unsetenv("PHOSPHENE_TOKEN_FILE");
}

TEST_F(SecuredServerTest, AWatchThatIsShutOutEndsAtOnce) {
  Serve(Mode::kTls);
  const AppRun run =
      RunCli({"--server", server_->address(), "jobs", "watch", "a"});
  EXPECT_EQ(run.exit_code, kExitUnreachable);
  EXPECT_THAT(run.err, HasSubstr("speaks TLS"));
}

TEST_F(SecuredServerTest, ATokenInPlaintextIsWarnedOfOffLoopback) {
  Serve(Mode::kPlain);
  EXPECT_EQ(Ask({"--token", kToken}).err, "");
  // A way of saying the same address that is not known as loopback.
  const std::string elsewhere = "dns:" + server_->address();
  const AppRun run =
      RunCli({"--server", elsewhere, "--token", kToken, "devices"});
  EXPECT_EQ(run.exit_code, kExitOk) << run.err;
  EXPECT_THAT(run.err,
              AllOf(HasSubstr("warning: the token goes to"),
                    HasSubstr("in plaintext"), Not(HasSubstr(kToken))));
  EXPECT_EQ(
      RunCli({"--quiet", "--server", elsewhere, "--token", kToken, "devices"})
          .err,
      "");
}

}  // namespace
}  // namespace phosphene::client
