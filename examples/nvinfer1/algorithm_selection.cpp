// Records which algorithms a build chose, and builds again with the same ones: two builds that agree layer by layer.
#include <map>

#include "common.h"

using namespace sample;

namespace {

using Choices = std::map<std::string, std::pair<int64_t, int64_t>>;

/// Leaves the choice to the builder and remembers it.
class Recorder : public IAlgorithmSelector {
 public:
  int32_t selectAlgorithms(IAlgorithmContext const&, IAlgorithm const* const*, int32_t count, int32_t* selection) noexcept override {
    for (int32_t i = 0; i < count; ++i) selection[i] = i;
    return count;
  }
  void reportAlgorithms(IAlgorithmContext const* const* contexts, IAlgorithm const* const* algorithms, int32_t count) noexcept override {
    for (int32_t i = 0; i < count; ++i) {
      const IAlgorithmVariant& variant = algorithms[i]->getAlgorithmVariant();
      choices[contexts[i]->getName()] = {variant.getImplementation(), variant.getTactic()};
      const IAlgorithmIOInfo& io = algorithms[i]->getAlgorithmIOInfo(0);
      std::printf("%s: %.4f ms, workspace %zu, input of type %d, %lld values together in dim %lld\n", contexts[i]->getName(), algorithms[i]->getTimingMSec(), algorithms[i]->getWorkspaceSize(),
                  static_cast<int>(io.getDataType()), static_cast<long long>(io.getComponentsPerElement()), static_cast<long long>(io.getVectorizedDim()));
      sound = sound && io.getDataType() == DataType::kFLOAT && algorithms[i]->getTimingMSec() >= 0;
    }
  }
  Choices choices;
  bool sound = true;  // what algorithms say about themselves
};

/// Offers the builder nothing but what was recorded.
class Replay : public Recorder {
 public:
  explicit Replay(const Choices& wanted) : wanted_(wanted) {}
  int32_t selectAlgorithms(IAlgorithmContext const& context, IAlgorithm const* const* offered, int32_t count, int32_t* selection) noexcept override {
    const auto wanted = wanted_.find(context.getName());
    for (int32_t i = 0; wanted != wanted_.end() && i < count; ++i) {
      const IAlgorithmVariant& variant = offered[i]->getAlgorithmVariant();
      if (wanted->second != std::make_pair(variant.getImplementation(), variant.getTactic())) continue;
      selection[0] = i;
      return 1;
    }
    ++missing;
    return 0;
  }
  int missing = 0;

 private:
  const Choices& wanted_;
};

void build(Recorder& selector) {
  Program program;
  ITensor* x = program.network->addInput("x", DataType::kFLOAT, Dims2(16, 64));
  ITensor* hidden = program.dense(*x, 64, 64, 1);
  ISoftMaxLayer* softmax = program.network->addSoftMax(*hidden);
  softmax->setAxes(1U << 1);
  program.output(*program.dense(*softmax->getOutput(0), 64, 32, 2), "y");
  program.config->setAlgorithmSelector(&selector);
  program.build();
}

}  // namespace

int main() {
  return run("algorithm_selection", [] {
    Recorder first;
    build(first);
    check(!first.choices.empty() && first.sound, "the first build reports its choices");
    Replay second(first.choices);
    build(second);
    check(second.missing == 0, "all recorded algorithms are offered again");
    check(second.choices == first.choices, "the second build makes the choices of the first");
    for (const auto& choice : first.choices) std::printf("%s: implementation %lld, tactic %lld\n", choice.first.c_str(), static_cast<long long>(choice.second.first), static_cast<long long>(choice.second.second));
  });
}
