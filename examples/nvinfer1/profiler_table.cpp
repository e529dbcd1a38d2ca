// How long each layer takes: an IProfiler that adds up the runs and prints a table.
#include <algorithm>
#include <map>

#include "common.h"

using namespace sample;

namespace {

class Table : public IProfiler {
 public:
  void reportLayerTime(char const* layer, float ms) noexcept override {
    if (times_.count(layer) == 0) order_.push_back(layer);
    times_[layer].push_back(ms);
  }
  size_t layers() const { return order_.size(); }
  size_t runs() const { return order_.empty() ? 0 : times_.at(order_[0]).size(); }
  void print() {
    float all = 0;
    for (const auto& entry : times_) all += total(entry.second);
    std::printf("%10s %10s %7s  layer\n", "total ms", "median ms", "share");
    for (const std::string& layer : order_) {
      std::vector<float>& t = times_[layer];
      std::sort(t.begin(), t.end());
      std::printf("%10.4f %10.4f %6.1f%%  %s\n", total(t), t[t.size() / 2], all > 0 ? 100 * total(t) / all : 0, layer.c_str());
    }
  }

 private:
  static float total(const std::vector<float>& times) {
    float sum = 0;
    for (float t : times) sum += t;
    return sum;
  }
  std::map<std::string, std::vector<float>> times_;
  std::vector<std::string> order_;
};

}  // namespace

int main() {
  return run("profiler_table", [] {
    Program program;
    program.config->setProfilingVerbosity(ProfilingVerbosity::kDETAILED);
    ITensor* x = program.network->addInput("x", DataType::kFLOAT, Dims2(64, 256));
    ISoftMaxLayer* softmax = program.network->addSoftMax(*program.dense(*x, 256, 256, 1));
    softmax->setAxes(1U << 1);
    program.output(*program.dense(*softmax->getOutput(0), 256, 64, 2), "y");
    const auto engine = program.build();
    const auto context = make_context(*engine);
    const Floats in(numbers(64 * 256, 3)), out(64 * 64);
    const Stream stream;
    check(context->setTensorAddress("x", in.data()) && context->setTensorAddress("y", out.data()), "setTensorAddress");
    Table table;
    context->setProfiler(&table);
    for (int i = 0; i < 10; ++i) check(context->enqueueV3(stream), "enqueueV3");
    stream.wait();
    check(table.layers() >= 2 && table.runs() == 10, "each layer is reported once for each run");

    // Only when asked: the runs stay asynchronous, and one of them is reported.
    context->setEnqueueEmitsProfile(false);
    check(context->enqueueV3(stream), "enqueueV3");
    stream.wait();
    check(table.runs() == 10 && context->reportToProfiler() && table.runs() == 11, "reportToProfiler");
    table.print();
  });
}
