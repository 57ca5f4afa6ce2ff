// One request with faults of every level is answered once, with all of them:
// by the real server, its engine and the embedded network.

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/storage/blob_store.h"
#include "tests/integration/real_server.h"

namespace phosphene {
namespace {

using testing::HasSubstr;

class AllFaultsTest : public testing::Test {
 protected:
  void SetUp() override { server_.Start(); }

  static v1::CreateJobRequest Read(const std::string& text) {
    v1::CreateJobRequest request;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &request));
    return request;
  }

  // Field -> what is wrong with it; a field that is told twice fails the test.
  static std::map<std::string, std::string> FaultsOf(
      const grpc::Status& status) {
    google::rpc::Status full;
    EXPECT_TRUE(full.ParseFromString(status.error_details()));
    std::map<std::string, std::string> out;
    for (const auto& any : full.details()) {
      google::rpc::BadRequest bad;
      if (!any.UnpackTo(&bad)) continue;
      for (const auto& violation : bad.field_violations()) {
        EXPECT_TRUE(
            out.emplace(violation.field(), violation.description()).second)
            << violation.field() << " is told twice";
      }
    }
    return out;
  }

  RealServer server_;
};

TEST_F(AllFaultsTest, AreInOneAnswerWhateverFindsThem) {
  const std::string absent = BlobNameOf("nobody stored this");
  v1::CreateJobRequest request = Read(R"pb(
    job_id: "My Job"
    request_id: "no uuid"
    job {
      labels { key: "Key" value: "x" }
      priority: 1000
      spec {
        model: "phosphene-tiny"
        parameterization {
          width: 99999
          rows: 2
          fourier { decay: 9 }
        }
        transforms { scale { factors: 99 } }
        objectives { channel { layer: "mixed4z" channel: 1 } }
        objectives { channel { layer: "mixed4a" channel: 99999 } }
        objectives { weight: 2 }
        objectives {
          caricature { layer: "mixed4a" image: "" }
          row: 7
        }
        objectives {
          scale {
            factor: 2
            term { alpha {} }
          }
        }
        optimizer { learning_rate: 0 }
        steps: -1
        precision: 99
        outputs {
          name: "a.png"
          png {}
        }
        outputs {
          name: "a.png"
          jpeg { quality: 101 }
        }
        outputs { glb {} }
      }
    }
  )pb");
  request.mutable_job()
      ->mutable_spec()
      ->mutable_objectives(3)
      ->mutable_caricature()
      ->set_image(absent);
  v1::Job job;
  const grpc::Status status = server_.Create(request, &job);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const std::vector<std::pair<std::string, std::string>> wanted = {
      {"job_id", "\"My Job\" is not allowed; allowed: 1-63 characters"},
      {"request_id", "a UUID"},
      {"labels[\"Key\"]", "the key is not allowed"},
      {"priority", "1000 is out of range; allowed: -100..100"},
      {"spec.parameterization.width", "allowed: 1..32768"},
      {"spec.parameterization.fourier.decay", "9 is out of range"},
      {"spec.transforms[0].scale.factors[0]", "allowed: 0.05..8"},
      {"spec.objectives[0].channel.layer", "nearest \"mixed4"},
      {"spec.objectives[1].channel.channel", "the channels of mixed4a"},
      {"spec.objectives[2]", "has no kind; allowed: channel, neuron"},
      {"spec.objectives[3].caricature.image", "no blob " + absent},
      {"spec.objectives[3].row", "7 is out of range; allowed: 0..1"},
      {"spec.objectives[4].scale.term.alpha", "needs an image with alpha"},
      {"spec.optimizer.learning_rate", "allowed: above 0"},
      {"spec.steps", "allowed: 1..1000000, or 0 for the default"},
      {"spec.precision", "99 is not a known value; allowed: AUTO"},
      {"spec.outputs[1].name", "\"a.png\" is taken"},
      {"spec.outputs[1].jpeg.quality", "allowed: 1..100"},
      {"spec.outputs[2].glb", "is a file of an object in space"},
  };
  const std::map<std::string, std::string> found = FaultsOf(status);
  for (const auto& [field, says] : wanted) {
    const auto fault = found.find(field);
    ASSERT_NE(fault, found.end()) << field << " is not told";
    EXPECT_THAT(fault->second, HasSubstr(says)) << field;
  }
  EXPECT_EQ(found.size(), wanted.size());
}

TEST_F(AllFaultsTest, MissingBlobsAndModelsAloneAreNotFound) {
  const std::string absent = BlobNameOf("nobody stored this");
  v1::CreateJobRequest request = Read(R"pb(
    job {
      spec {
        model: "phosphene-tinny"
        parameterization {
          width: 64
          fourier {}
          mask {}
        }
        objectives { channel { layer: "mixed4a" channel: 1 } }
      }
    }
  )pb");
  auto& spec = *request.mutable_job()->mutable_spec();
  spec.mutable_parameterization()->mutable_mask()->set_image(absent);
  v1::Job job;
  const grpc::Status status = server_.Create(request, &job);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  const std::map<std::string, std::string> found = FaultsOf(status);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_THAT(found.at("spec.model"), HasSubstr("nearest \"phosphene-tiny\""));
  EXPECT_THAT(found.at("spec.parameterization.mask.image"), HasSubstr(absent));
}

}  // namespace
}  // namespace phosphene
