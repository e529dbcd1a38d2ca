// Outputs whose size depends on the data: the program's allocator is asked for memory when the size is known.
#include "common.h"

using namespace sample;

namespace {

class Output : public IOutputAllocator {
 public:
  void* reallocateOutput(char const*, void* current, uint64_t size, uint64_t) noexcept override {
    const size_t floats = (size + sizeof(float) - 1) / sizeof(float);
    if (memory_ && floats <= memory_->size()) return current ? current : memory_->data();
    memory_ = std::make_unique<Floats>(floats + 1);
    ++allocations;
    return memory_->data();
  }
  void notifyShape(char const*, Dims const& shape) noexcept override { dims = shape; }
  template <class T>
  const T* as() const {
    return reinterpret_cast<const T*>(memory_->data());
  }
  Dims dims{-1, {}};
  int allocations = 0;

 private:
  std::unique_ptr<Floats> memory_;
};

/// The places of the positive numbers.
void non_zero() {
  Program program;
  ITensor* x = program.network->addInput("x", DataType::kFLOAT, Dims{1, {6}});
  ITensor* zero = program.network->addConstant(Dims{1, {1}}, program.weights.add({0}))->getOutput(0);
  ITensor* positive = program.network->addElementWise(*x, *zero, ElementWiseOperation::kGREATER)->getOutput(0);
  program.output(*program.network->addNonZero(*positive)->getOutput(0), "indices");
  const auto engine = program.build();
  const auto context = make_context(*engine);
  Output indices;
  const Stream stream;
  for (const std::vector<float>& values : {std::vector<float>{-1, 2, 3, -4, 5, -6}, std::vector<float>{-1, -1, -1, -1, -1, -1}, std::vector<float>{1, 1, 1, 1, 1, 1}}) {
    const Floats in(values);
    check(context->setTensorAddress("x", in.data()) && context->setOutputAllocator("indices", &indices), "setOutputAllocator");
    check(context->enqueueV3(stream), "enqueueV3");
    stream.wait();
    std::vector<int32_t> expected;
    for (int i = 0; i < 6; ++i)
      if (values[static_cast<size_t>(i)] > 0) expected.push_back(i);
    check(indices.dims.nbDims == 2 && indices.dims.d[0] == 1 && indices.dims.d[1] == static_cast<int32_t>(expected.size()), "the shape of the indices");
    for (size_t i = 0; i < expected.size(); ++i) check(indices.as<int32_t>()[i] == expected[i], "the indices of the positive numbers");
  }
  check(indices.allocations >= 1, "the allocator was asked");
}

/// Boxes that remain: of two that overlap, the one with the higher score.
void suppress() {
  Program program;
  INetworkDefinition& n = *program.network;
  ITensor* boxes = n.addInput("boxes", DataType::kFLOAT, Dims3(1, 3, 4));
  ITensor* scores = n.addInput("scores", DataType::kFLOAT, Dims3(1, 3, 1));
  static const int32_t kMost = 3;
  ITensor* most = n.addConstant(Dims{0, {}}, {DataType::kINT32, &kMost, 1})->getOutput(0);
  ITensor* overlap = n.addConstant(Dims{0, {}}, program.weights.add({0.5F}))->getOutput(0);
  ITensor* least = n.addConstant(Dims{0, {}}, program.weights.add({0.1F}))->getOutput(0);
  INMSLayer* nms = n.addNMS(*boxes, *scores, *most);
  nms->setInput(3, *overlap);
  nms->setInput(4, *least);
  nms->setBoundingBoxFormat(BoundingBoxFormat::kCORNER_PAIRS);
  program.output(*nms->getOutput(0), "selected");
  program.output(*nms->getOutput(1), "count");
  const auto engine = program.build();
  const auto context = make_context(*engine);
  const Floats box_values(std::vector<float>{0, 0, 10, 10, 1, 1, 11, 11, 20, 20, 30, 30}), score_values(std::vector<float>{0.6F, 0.9F, 0.3F}), count(1);
  Output selected;
  const Stream stream;
  check(context->setTensorAddress("boxes", box_values.data()) && context->setTensorAddress("scores", score_values.data()), "setTensorAddress");
  check(context->setTensorAddress("count", count.data()) && context->setOutputAllocator("selected", &selected), "setOutputAllocator");
  check(context->enqueueV3(stream), "enqueueV3");
  stream.wait();
  check(selected.dims.nbDims == 2 && selected.dims.d[0] == 2 && selected.dims.d[1] == 3, "two boxes remain");
  check(selected.as<int32_t>()[2] == 1 && selected.as<int32_t>()[5] == 2, "the boxes with the higher scores");
}

}  // namespace

int main() {
  return run("output_allocator", [] {
    non_zero();
    suppress();
  });
}
