#include "nvinfer1/builder/algorithms.h"

#include <algorithm>
#include <deque>

#include "base/error.h"
#include "plan/knobs.h"
#include "base/hash.h"
#include "build/workspace_limit.h"
#include "runtime/check_shapes.h"
#include "runtime/program.h"
#include "select/measure.h"

namespace tenon::adapter {

using Code = nv::ErrorCode;

namespace {

/// A stable positive number for a name.
int64_t number_of(const std::string& name) { return static_cast<int64_t>(core::hash_text(name).low >> 1); }

class IoInfo final : public nv::IAlgorithmIOInfo, public nv::apiv::VAlgorithmIOInfo {
 public:
  IoInfo(const core::Type& type, const core::Format& format, const core::Dims& dims) : type_(static_cast<nv::DataType>(api_type(format.storage == DType::none ? type.dtype : format.storage))) {
    mImpl = this;
    channels_last_ = dims.size() == 4 && format.layout.order.size() == 4 && format.layout.order[3] == 1;
    std::vector<int64_t> strides(dims.size(), 1);
    int64_t step = 1;
    for (size_t i = dims.size(); i-- > 0;) {
      const size_t axis = format.layout.order.size() == dims.size() ? static_cast<size_t>(format.layout.order[i]) : i;
      strides[axis] = step;
      step *= std::max<int64_t>(dims[axis], 1);
    }
    strides_ = strides.size() > nv::Dims::MAX_DIMS ? nv::Dims{-1, {}} : to_dims(strides);
  }
  nv::TensorFormat getTensorFormat() const noexcept override { return channels_last_ ? nv::TensorFormat::kHWC : nv::TensorFormat::kLINEAR; }
  nv::DataType getDataType() const noexcept override { return type_; }
  nv::Dims getStrides() const noexcept override { return strides_; }
  int64_t getVectorizedDim() const noexcept override { return -1; }
  int64_t getComponentsPerElement() const noexcept override { return 1; }

 private:
  nv::DataType type_;
  bool channels_last_ = false;
  nv::Dims strides_;
};

class Variant final : public nv::IAlgorithmVariant, public nv::apiv::VAlgorithmVariant {
 public:
  explicit Variant(const core::Offer& offer) : implementation_(number_of(offer.tactic)), tactic_(number_of(offer.str())) { mImpl = this; }
  int64_t getImplementation() const noexcept override { return implementation_; }
  int64_t getTactic() const noexcept override { return tactic_; }

 private:
  int64_t implementation_, tactic_;
};

/// Valid as long as the build and the dims it was made from.
class Algorithm final : public nv::IAlgorithm, public nv::apiv::VAlgorithm {
 public:
  Algorithm(const core::Built& built, core::NodeId id, const core::Offer& offer, const core::NodeShapes& shapes, double us)
      : built_(built), id_(id), offer_(offer), shapes_(shapes), variant_(offer), us_(us) {
    mImpl = this;
    const core::Graph& g = built.data.graph;
    const core::Node& node = g.node(id);
    for (size_t i = 0; i < offer.in.size() && i < node.inputs.size(); ++i) io_.emplace_back(g.fact(node.inputs[i]).type, offer.in[i], i < shapes.in.size() ? shapes.in[i] : core::Dims{});
    for (size_t i = 0; i < offer.out.size() && i < node.outputs.size(); ++i) io_.emplace_back(node.outputs[i].type, offer.out[i], i < shapes.out.size() ? shapes.out[i] : core::Dims{});
  }
  nv::IAlgorithmIOInfo const& getAlgorithmIOInfo(int32_t index) const noexcept override {
    const nv::IAlgorithmIOInfo* info = getAlgorithmIOInfoByIndex(index);
    return info ? *info : io_.front();
  }
  nv::IAlgorithmVariant const& getAlgorithmVariant() const noexcept override { return variant_; }
  float getTimingMSec() const noexcept override { return static_cast<float>(us_ / 1000); }
  std::size_t getWorkspaceSize() const noexcept override { return static_cast<std::size_t>(core::workspace_bytes(built_, id_, offer_, shapes_)); }
  nv::IAlgorithmIOInfo const* getAlgorithmIOInfoByIndex(int32_t index) const noexcept override {
    return index < 0 || index >= static_cast<int32_t>(io_.size()) ? nullptr : &io_[static_cast<size_t>(index)];
  }

 private:
  const core::Built& built_;
  core::NodeId id_;
  core::Offer offer_;
  core::NodeShapes shapes_;
  Variant variant_;
  double us_;
  std::deque<IoInfo> io_;
};

class LayerContext final : public nv::IAlgorithmContext, public nv::apiv::VAlgorithmContext {
 public:
  LayerContext(const core::Built& built, core::NodeId id) : name_(built.data.graph.display_name(id)) {
    mImpl = this;
    const core::Graph& g = built.data.graph;
    const core::Node& node = g.node(id);
    inputs_ = static_cast<int32_t>(node.inputs.size());
    for (core::Value v : node.inputs) add(g.fact(v).type, built.data.profile, g.ranges);
    for (const core::Fact& f : node.outputs) add(f.type, built.data.profile, g.ranges);
  }
  char const* getName() const noexcept override { return name_.c_str(); }
  nv::Dims getDimensions(int32_t index, nv::OptProfileSelector select) const noexcept override {
    const auto kind = static_cast<size_t>(select);
    return index < 0 || index >= static_cast<int32_t>(dims_.size()) || kind > 2 ? nv::Dims{-1, {}} : dims_[static_cast<size_t>(index)][kind];
  }
  int32_t getNbInputs() const noexcept override { return inputs_; }
  int32_t getNbOutputs() const noexcept override { return static_cast<int32_t>(dims_.size()) - inputs_; }

 private:
  void add(const core::Type& type, const core::Profile& profile, const core::Ranges& ranges) {
    std::array<nv::Dims, 3> kinds{nv::Dims{-1, {}}, nv::Dims{-1, {}}, nv::Dims{-1, {}}};
    if (type.is_tensor() && type.ranked && type.rank() <= nv::Dims::MAX_DIMS) {
      std::vector<int64_t> by_kind[3];
      for (const core::Dim& d : type.shape) {
        const core::Interval bounds = d.bounds(ranges);
        by_kind[0].push_back(bounds.low);
        by_kind[2].push_back(bounds.high);
        try {
          by_kind[1].push_back(d.evaluate(profile.opt));
        } catch (const Error&) {
          by_kind[1].push_back(-1);
        }
      }
      for (size_t k = 0; k < 3; ++k) kinds[k] = to_dims(by_kind[k]);
    }
    dims_.push_back(kinds);
  }
  std::string name_;
  int32_t inputs_ = 0;
  std::vector<std::array<nv::Dims, 3>> dims_;
};

core::NodeShapes shapes_of(const core::Built& built, core::NodeId id) { return core::shapes_at(built.data.graph, id, built.data.profile.opt); }

double measured_us(const core::Built& built, core::NodeId id, const core::Offer& offer, const core::NodeShapes& shapes, const core::TimingCache& cache) {
  const core::Problem problem{built.data.graph, id, built.data.device, built.data.options};
  const core::CostRecord* record = cache.cost(core::problem_hash(problem, shapes), offer.str());
  return record && record->rejection.empty() ? record->us : 0;
}

/// One layer: keeps what the client selects. True when that is not all.
bool offer_layer(nv::IAlgorithmSelector& selector, core::Built& built, core::NodeId id, const core::TimingCache& cache, bool reject_empty) {
  auto& offers = built.candidates.offers[static_cast<size_t>(id)];
  const LayerContext context(built, id);
  const auto shapes = shapes_of(built, id);
  std::vector<std::unique_ptr<Algorithm>> algorithms;
  std::vector<const nv::IAlgorithm*> choices;
  for (const core::Offer& offer : offers) {
    algorithms.push_back(std::make_unique<Algorithm>(built, id, offer, shapes, measured_us(built, id, offer, shapes, cache)));
    choices.push_back(algorithms.back().get());
  }
  std::vector<int32_t> selection(choices.size(), -1);
  const int32_t count = selector.selectAlgorithms(context, choices.data(), static_cast<int32_t>(choices.size()), selection.data());
  if (count < 0 || count > static_cast<int32_t>(choices.size()))
    refuse(Code::kINVALID_ARGUMENT, "the algorithm selector selected {} of {} algorithms of '{}'", count, choices.size(), context.getName());
  if (count == 0) {
    if (reject_empty) refuse(Code::kINVALID_CONFIG, "the algorithm selector selected no algorithm for '{}', and kREJECT_EMPTY_ALGORITHMS is set", context.getName());
    return false;
  }
  std::vector<core::Offer> kept;
  for (int32_t i = 0; i < count; ++i) {
    const int32_t at = selection[static_cast<size_t>(i)];
    if (at < 0 || at >= static_cast<int32_t>(offers.size())) refuse(Code::kINVALID_ARGUMENT, "the algorithm selector selected algorithm {} of '{}', which has {}", at, context.getName(), offers.size());
    kept.push_back(offers[static_cast<size_t>(at)]);
  }
  const bool fewer = kept.size() < offers.size();
  offers = std::move(kept);
  return fewer;
}

void report_all(nv::IAlgorithmSelector& selector, const core::Built& built, const core::TimingCache& cache) {
  std::vector<std::unique_ptr<LayerContext>> contexts;
  std::vector<std::unique_ptr<Algorithm>> algorithms;
  std::vector<const nv::IAlgorithmContext*> context_list;
  std::vector<const nv::IAlgorithm*> algorithm_list;
  for (core::NodeId id = 0; id < built.data.graph.capacity(); ++id) {
    if (built.candidates.offers[static_cast<size_t>(id)].empty()) continue;
    core::Offer offer = built.data.choices.offers[static_cast<size_t>(id)];
    offer.config = core::without_knobs(offer.config);  // as it was measured
    const auto shapes = shapes_of(built, id);
    contexts.push_back(std::make_unique<LayerContext>(built, id));
    algorithms.push_back(std::make_unique<Algorithm>(built, id, offer, shapes, measured_us(built, id, offer, shapes, cache)));
    context_list.push_back(contexts.back().get());
    algorithm_list.push_back(algorithms.back().get());
  }
  selector.reportAlgorithms(context_list.data(), algorithm_list.data(), static_cast<int32_t>(context_list.size()));
}

}  // namespace

bool select_algorithms(nv::IAlgorithmSelector& selector, core::Built& built, const core::TimingCache& cache, bool final, bool reject_empty) {
  if (final) return report_all(selector, built, cache), false;
  bool fewer = false;
  for (core::NodeId id = 0; id < built.data.graph.capacity(); ++id)
    if (!built.candidates.offers[static_cast<size_t>(id)].empty()) fewer = offer_layer(selector, built, id, cache, reject_empty) || fewer;
  return fewer;
}

}  // namespace tenon::adapter
