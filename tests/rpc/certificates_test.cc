#include "server/rpc/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "tests/integration/certificates.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::HasSubstr;

class CertificatesTest : public testing::Test {
 protected:
  CertificatesTest() {
    config_.set_tls_cert(dir_.path() + "/cert.pem");
    config_.set_tls_key(dir_.path() + "/key.pem");
    Write(MakeCertificate("server"));
  }
  // As a renewal does it: written beside, and renamed.
  void Write(const std::string& path, const std::string& text) {
    std::ofstream(path + ".new") << text;
    ASSERT_EQ(std::rename((path + ".new").c_str(), path.c_str()), 0);
  }
  void Write(const Certificate& pair) {
    Write(config_.tls_cert(), pair.certificate);
    Write(config_.tls_key(), pair.key);
  }

  TempDir dir_;
  v1::ServerConfig config_;
};

TEST_F(CertificatesTest, APairIsReadWithItsTimes) {
  ASSERT_OK_AND_ASSIGN(const TlsMaterial material, LoadTls(config_));
  EXPECT_EQ(ValidityFault(material, absl::Now()), "");
  EXPECT_LT(material.not_before, absl::Now());
  EXPECT_GT(material.not_after, absl::Now() + absl::Minutes(50));
  EXPECT_EQ(material.client_ca, "");
}

TEST_F(CertificatesTest, WhatIsWrongWithAFileIsSaidOfThatFile) {
  const std::string good = config_.tls_cert();
  config_.set_tls_cert(dir_.path() + "/none");
  EXPECT_THAT(LoadTls(config_),
              StatusIs(StatusCode::kInvalidArgument, "--tls-cert"));
  config_.set_tls_cert(good);
  Write(good, "not PEM");
  EXPECT_THAT(LoadTls(config_),
              StatusIs(StatusCode::kInvalidArgument, "holds no PEM"));
  Write(good, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_THAT(LoadTls(config_),
              StatusIs(StatusCode::kInvalidArgument, "is damaged"));
  Write(MakeCertificate("server"));
  Write(config_.tls_key(), MakeCertificate("server").certificate);
  EXPECT_THAT(LoadTls(config_),
              StatusIs(StatusCode::kInvalidArgument, "no private key"));
  Write(MakeCertificate("server"));
  config_.set_tls_client_ca(config_.tls_key());
  EXPECT_THAT(LoadTls(config_),
              StatusIs(StatusCode::kInvalidArgument, "--tls-client-ca"));
}

TEST_F(CertificatesTest, TheKeyOfAnotherCertificateIsSaidToBeThat) {
  Write(config_.tls_key(), MakeCertificate("server").key);
  EXPECT_THAT(LoadTls(config_),
              StatusIs(StatusCode::kInvalidArgument, "--tls-key"));
  EXPECT_THAT(LoadTls(config_),
              StatusIs(StatusCode::kInvalidArgument, "is not the key of"));
}

TEST_F(CertificatesTest, ACertificateOutOfItsTimeIsReadAndSaysSo) {
  Write(MakeCertificate("server",
                        {.from = -absl::Hours(2), .until = -absl::Hours(1)}));
  ASSERT_OK_AND_ASSIGN(const TlsMaterial expired, LoadTls(config_));
  EXPECT_THAT(ValidityFault(expired, absl::Now()), HasSubstr("expired at"));
  Write(MakeCertificate("server",
                        {.from = absl::Hours(1), .until = absl::Hours(2)}));
  ASSERT_OK_AND_ASSIGN(const TlsMaterial early, LoadTls(config_));
  EXPECT_THAT(ValidityFault(early, absl::Now()), HasSubstr("not valid before"));
}

TEST_F(CertificatesTest, OneExpiredLinkIsAnExpiredChain) {
  const Certificate server = MakeCertificate("server");
  const Certificate old = MakeCertificate(
      "issuer", {.from = -absl::Hours(2), .until = -absl::Hours(1)});
  Write(config_.tls_cert(), server.certificate + old.certificate);
  Write(config_.tls_key(), server.key);
  ASSERT_OK_AND_ASSIGN(const TlsMaterial chain, LoadTls(config_));
  EXPECT_THAT(ValidityFault(chain, absl::Now()), HasSubstr("expired at"));
}

TEST_F(CertificatesTest, AChangedPairIsTakenUpAndAHalfChangedOneIsNot) {
  ASSERT_OK_AND_ASSIGN(const auto files, TlsFiles::Open(config_));
  const auto first = files->Current();
  EXPECT_FALSE(files->Refresh());
  const Certificate next = MakeCertificate("server");
  Write(config_.tls_cert(), next.certificate);
  EXPECT_FALSE(files->Refresh());
  EXPECT_EQ(files->Current(), first);
  Write(config_.tls_key(), next.key);
  EXPECT_TRUE(files->Refresh());
  EXPECT_EQ(files->Current()->certificate, next.certificate);
  Write(config_.tls_key(), "broken");
  EXPECT_FALSE(files->Refresh());
  EXPECT_EQ(files->Current()->certificate, next.certificate);
}

}  // namespace
}  // namespace phosphene
