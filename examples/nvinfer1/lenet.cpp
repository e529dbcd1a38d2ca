// A LeNet made with the network API; its results are held against plain loops.
#include <algorithm>

#include "common.h"

using namespace sample;

namespace {

struct Image {
  int channels, size;
  std::vector<float> values;
  float at(int c, int y, int x) const { return values[static_cast<size_t>((c * size + y) * size + x)]; }
};

Image convolve(const Image& in, const std::vector<float>& kernel, const std::vector<float>& bias, int channels, int window) {
  Image out{channels, in.size - window + 1, {}};
  for (int c = 0; c < channels; ++c)
    for (int y = 0; y < out.size; ++y)
      for (int x = 0; x < out.size; ++x) {
        float sum = bias[static_cast<size_t>(c)];
        for (int i = 0; i < in.channels; ++i)
          for (int dy = 0; dy < window; ++dy)
            for (int dx = 0; dx < window; ++dx) sum += in.at(i, y + dy, x + dx) * kernel[static_cast<size_t>(((c * in.channels + i) * window + dy) * window + dx)];
        out.values.push_back(std::max(sum, 0.0F));
      }
  return out;
}

Image pool(const Image& in) {
  Image out{in.channels, in.size / 2, {}};
  for (int c = 0; c < out.channels; ++c)
    for (int y = 0; y < out.size; ++y)
      for (int x = 0; x < out.size; ++x) out.values.push_back(std::max({in.at(c, 2 * y, 2 * x), in.at(c, 2 * y, 2 * x + 1), in.at(c, 2 * y + 1, 2 * x), in.at(c, 2 * y + 1, 2 * x + 1)}));
  return out;
}

std::vector<float> connect(const std::vector<float>& in, const std::vector<float>& kernel, const std::vector<float>& bias) {
  std::vector<float> out = bias;
  for (size_t o = 0; o < out.size(); ++o)
    for (size_t i = 0; i < in.size(); ++i) out[o] += in[i] * kernel[o * in.size() + i];
  return out;
}

std::vector<float> softmax(std::vector<float> v) {
  const float top = *std::max_element(v.begin(), v.end());
  float sum = 0;
  for (float& x : v) sum += x = std::exp(x - top);
  for (float& x : v) x /= sum;
  return v;
}

struct Parameters {
  std::vector<float> conv1 = numbers(6 * 25, 1), bias1 = numbers(6, 2), conv2 = numbers(16 * 6 * 25, 3), bias2 = numbers(16, 4);
  std::vector<float> full1 = numbers(120 * 256, 5), bias3 = numbers(120, 6), full2 = numbers(10 * 120, 7), bias4 = numbers(10, 8);
  Parameters() {
    for (auto* weights : {&conv1, &conv2, &full1, &full2})
      for (float& w : *weights) w *= 0.1F;
  }
};

void make_network(INetworkDefinition& n, WeightStore& w, const Parameters& p) {
  ITensor* x = n.addInput("image", DataType::kFLOAT, Dims4(1, 1, 28, 28));
  const auto block = [&](int channels, const std::vector<float>& kernel, const std::vector<float>& bias) {
    x = n.addConvolutionNd(*x, channels, DimsHW(5, 5), w.add(kernel), w.add(bias))->getOutput(0);
    x = n.addActivation(*x, ActivationType::kRELU)->getOutput(0);
    IPoolingLayer* pooling = n.addPoolingNd(*x, PoolingType::kMAX, DimsHW(2, 2));
    pooling->setStrideNd(DimsHW(2, 2));
    x = pooling->getOutput(0);
  };
  block(6, p.conv1, p.bias1);
  block(16, p.conv2, p.bias2);
  IShuffleLayer* flat = n.addShuffle(*x);
  flat->setReshapeDimensions(Dims2(1, 256));
  x = flat->getOutput(0);
  const auto full = [&](int in, int out, const std::vector<float>& kernel, const std::vector<float>& bias) {
    ITensor* k = n.addConstant(Dims2(out, in), w.add(kernel))->getOutput(0);
    ITensor* b = n.addConstant(Dims2(1, out), w.add(bias))->getOutput(0);
    x = n.addMatrixMultiply(*x, MatrixOperation::kNONE, *k, MatrixOperation::kTRANSPOSE)->getOutput(0);
    x = n.addElementWise(*x, *b, ElementWiseOperation::kSUM)->getOutput(0);
  };
  full(256, 120, p.full1, p.bias3);
  x = n.addActivation(*x, ActivationType::kRELU)->getOutput(0);
  full(120, 10, p.full2, p.bias4);
  ISoftMaxLayer* probabilities = n.addSoftMax(*x);
  probabilities->setAxes(1U << 1);
  x = probabilities->getOutput(0);
  x->setName("probabilities");
  n.markOutput(*x);
}

std::vector<float> expected(const std::vector<float>& image, const Parameters& p) {
  Image x{1, 28, image};
  x = pool(convolve(x, p.conv1, p.bias1, 6, 5));
  x = pool(convolve(x, p.conv2, p.bias2, 16, 5));
  std::vector<float> hidden = connect(x.values, p.full1, p.bias3);
  for (float& v : hidden) v = std::max(v, 0.0F);
  return softmax(connect(hidden, p.full2, p.bias4));
}

}  // namespace

int main() {
  return run("lenet", [] {
    const Parameters parameters;
    Program program;
    make_network(*program.network, program.weights, parameters);
    const auto engine = program.build();
    const auto context = make_context(*engine);
    const Floats image(numbers(28 * 28, 9)), probabilities(10);
    const Stream stream;
    check(context->setTensorAddress("image", image.data()) && context->setTensorAddress("probabilities", probabilities.data()), "setTensorAddress");
    check(context->enqueueV3(stream), "enqueueV3");
    stream.wait();
    check_close(probabilities.values(), expected(image.values(), parameters), on_gpu() ? 1e-2F : 1e-4F);
  });
}
