#include "server/rpc/model_service.h"

#include "absl/strings/str_cat.h"
#include "tests/rpc/service_fixture.h"

namespace phosphene {
namespace {

using grpc::StatusCode;

class ModelServiceTest : public ServiceFixture {
 protected:
  ModelServiceTest() { Start(); }

  v1::CreateModelRequest Request(const std::string& id,
                                 const std::string& onnx = "onnx bytes") {
    v1::CreateModelRequest request;
    request.set_model_id(id);
    request.set_blob(Store(onnx));
    return request;
  }
  grpc::Status Create(const v1::CreateModelRequest& request) {
    return models_->CreateModel(Context().get(), request, &model_);
  }
  grpc::Status GetModel(const std::string& name) {
    v1::GetModelRequest request;
    request.set_name(name);
    return models_->GetModel(Context().get(), request, &model_);
  }
  grpc::Status Delete(const std::string& name, bool allow_missing = false) {
    v1::DeleteModelRequest request;
    request.set_name(name);
    request.set_allow_missing(allow_missing);
    google::protobuf::Empty nothing;
    return models_->DeleteModel(Context().get(), request, &nothing);
  }
  std::vector<std::string> Names() {
    v1::ListModelsResponse all;
    EXPECT_THAT(models_->ListModels(Context().get(), {}, &all), Succeeds());
    std::vector<std::string> names;
    for (const v1::Model& model : all.models()) names.push_back(model.name());
    return names;
  }

  v1::Model model_;
};

TEST_F(ModelServiceTest, AModelIsMadeOfABlobAndStays) {
  v1::CreateModelRequest request = Request("net");
  request.mutable_model()->mutable_config()->add_mean(104);
  ASSERT_THAT(Create(request), Succeeds());
  EXPECT_EQ(model_.name(), "models/net");
  EXPECT_EQ(model_.blob(), request.blob());
  EXPECT_EQ(model_.size_bytes(), 10);
  EXPECT_GT(model_.create_time().seconds(), 1'600'000'000);
  Shut();
  Start();
  ASSERT_THAT(GetModel("models/net"), Succeeds());
  EXPECT_THAT(model_.config().mean(), testing::ElementsAre(104));
  EXPECT_THAT(Names(),
              testing::ElementsAre("models/net", "models/phosphene-tiny"));
}

TEST_F(ModelServiceTest, WhatCannotBeAModelIsRefusedWithTheField) {
  EXPECT_THAT(Create(Request("No Such Id")),
              FailsWith(StatusCode::INVALID_ARGUMENT, "model_id"));
  EXPECT_THAT(Create(Request("models/net")),
              FailsWith(StatusCode::INVALID_ARGUMENT, "model_id"));
  v1::CreateModelRequest request = Request("net");
  request.mutable_model()->mutable_config()->add_std(0);
  EXPECT_THAT(Create(request),
              FailsWith(StatusCode::INVALID_ARGUMENT, "model.config.std[0]"));
  request = Request("net");
  request.set_blob("blobs/x");
  EXPECT_THAT(Create(request), FailsWith(StatusCode::INVALID_ARGUMENT, "blob"));
  request.set_blob("blobs/" + std::string(64, 'f'));
  EXPECT_THAT(Create(request), FailsWith(StatusCode::NOT_FOUND, "blobs/f"));
  EXPECT_THAT(Create(Request("net", "")),
              FailsWith(StatusCode::INVALID_ARGUMENT, "empty network"));
  EXPECT_THAT(Names(), testing::ElementsAre("models/phosphene-tiny"));
}

TEST_F(ModelServiceTest, ATakenIdIsReplacedOnlyWhenAsked) {
  ASSERT_THAT(Create(Request("net", "one")), Succeeds());
  v1::CreateModelRequest request = Request("net", "three");
  EXPECT_THAT(Create(request), FailsWith(StatusCode::ALREADY_EXISTS, "net"));
  request.set_allow_replace(true);
  ASSERT_THAT(Create(request), Succeeds());
  ASSERT_THAT(GetModel("net"), Succeeds());
  EXPECT_EQ(model_.size_bytes(), 5);
  request = Request("phosphene-tiny");
  request.set_allow_replace(true);
  EXPECT_THAT(Create(request),
              FailsWith(StatusCode::ALREADY_EXISTS, "part of the program"));
}

TEST_F(ModelServiceTest, ValidateOnlyStoresNothing) {
  v1::CreateModelRequest request = Request("net");
  request.set_validate_only(true);
  ASSERT_THAT(Create(request), Succeeds());
  EXPECT_THAT(GetModel("net"), FailsWith(StatusCode::NOT_FOUND, "net"));
}

TEST_F(ModelServiceTest, AnUnknownModelIsAnsweredWithTheNearest) {
  EXPECT_THAT(GetModel("models/phosphene-tinny"),
              FailsWith(StatusCode::NOT_FOUND, "\"phosphene-tiny\""));
  EXPECT_THAT(GetModel("jobs/x"),
              FailsWith(StatusCode::INVALID_ARGUMENT, "name"));
  v1::ListLayersRequest layers;
  layers.set_parent("models/none-such");
  v1::ListLayersResponse response;
  EXPECT_THAT(models_->ListLayers(Context().get(), layers, &response),
              FailsWith(StatusCode::NOT_FOUND, ""));
}

TEST_F(ModelServiceTest, AListComesInPages) {
  for (const char* id : {"a", "b", "c"})
    ASSERT_THAT(Create(Request(id)), Succeeds());
  v1::ListModelsRequest request;
  request.set_page_size(2);
  v1::ListModelsResponse page;
  ASSERT_THAT(models_->ListModels(Context().get(), request, &page), Succeeds());
  ASSERT_EQ(page.models_size(), 2);
  request.set_page_token(page.next_page_token());
  page.Clear();
  ASSERT_THAT(models_->ListModels(Context().get(), request, &page), Succeeds());
  ASSERT_EQ(page.models_size(), 2);
  EXPECT_EQ(page.models(0).name(), "models/c");
  EXPECT_TRUE(page.next_page_token().empty());
  request.set_page_token("forged");
  EXPECT_THAT(models_->ListModels(Context().get(), request, &page),
              FailsWith(StatusCode::INVALID_ARGUMENT, "page_token"));
}

TEST_F(ModelServiceTest, AModelInUseIsNotDeleted) {
  ASSERT_THAT(Create(Request("net")), Succeeds());
  Gate& gate = NewGate();
  engine_->OnStep(1, [&] { gate.Wait(); });
  v1::CreateJobRequest create;
  *create.mutable_job()->mutable_spec() = TinySpec(1);
  create.mutable_job()->mutable_spec()->set_model("models/net");
  v1::Job job;
  ASSERT_THAT(ServiceFixture::Create(create, &job), Succeeds());
  gate.AwaitArrival();
  EXPECT_THAT(Delete("models/net"),
              FailsWith(StatusCode::FAILED_PRECONDITION, job.name()));
  gate.Open();
  AwaitEnd(job.name());
  EXPECT_THAT(Delete("models/net"), Succeeds());
  EXPECT_THAT(Delete("models/net"), FailsWith(StatusCode::NOT_FOUND, ""));
  EXPECT_THAT(Delete("models/net", /*allow_missing=*/true), Succeeds());
  EXPECT_THAT(
      Delete("models/phosphene-tiny"),
      FailsWith(StatusCode::FAILED_PRECONDITION, "part of the program"));
}

TEST_F(ModelServiceTest, AModelWithUnfinishedJobsIsNotReplaced) {
  ASSERT_THAT(Create(Request("net", "one")), Succeeds());
  Gate& gate = NewGate();
  engine_->OnStep(1, [&] { gate.Wait(); });
  v1::CreateJobRequest create;
  *create.mutable_job()->mutable_spec() = TinySpec(1);
  create.mutable_job()->mutable_spec()->set_model("models/net");
  v1::Job job;
  ASSERT_THAT(ServiceFixture::Create(create, &job), Succeeds());
  gate.AwaitArrival();
  v1::CreateModelRequest request = Request("net", "three");
  request.set_allow_replace(true);
  const grpc::Status refused = Create(request);
  EXPECT_THAT(refused, FailsWith(StatusCode::FAILED_PRECONDITION, job.name()));
  EXPECT_EQ(ErrorInfoOf(refused).reason(), "MODEL_IN_USE");
  gate.Open();
  AwaitEnd(job.name());
  EXPECT_THAT(Create(request), Succeeds());
}

TEST_F(ModelServiceTest, TheBlobOfAModelCanBeReadForAsLongAsItIsThere) {
  ASSERT_THAT(Create(Request("net", "one")), Succeeds());
  std::string bytes;
  EXPECT_THAT(Read(model_.blob(), 0, 0, &bytes), Succeeds());
  EXPECT_EQ(bytes, "one");
}

}  // namespace
}  // namespace phosphene
