#include "cuda/cudnn_graph.h"

#include <algorithm>
#include <set>

namespace tenon::core::cuda::cudnn {

cudnnDataType_t data_type(DType d) {
  if (d == DType::f16) return CUDNN_DATA_HALF;
  if (d == DType::bf16) return CUDNN_DATA_BFLOAT16;
  return CUDNN_DATA_FLOAT;
}

int GraphSpec::memory(Dims dims, Dims strides, cudnnDataType_t type) {
  tensors_.push_back({std::move(dims), std::move(strides), type, false, {}});
  return static_cast<int>(tensors_.size()) - 1;
}

int GraphSpec::intermediate(Dims dims, Dims strides) {
  tensors_.push_back({std::move(dims), std::move(strides), CUDNN_DATA_FLOAT, true, {}});
  return static_cast<int>(tensors_.size()) - 1;
}

int GraphSpec::scalar(float value, size_t rank) {
  tensors_.push_back({Dims(rank, 1), Dims(rank, 1), CUDNN_DATA_FLOAT, false, value});
  return static_cast<int>(tensors_.size()) - 1;
}

int GraphSpec::convolve(GraphOp::Kind kind, int x, int w, Dims y_dims, Dims y_strides, GraphOp op) {
  op.kind = kind;
  op.x = x;
  op.b = w;
  op.y = intermediate(std::move(y_dims), std::move(y_strides));
  ops_.push_back(std::move(op));
  return ops_.back().y;
}

int GraphSpec::matmul(int a, int b) {
  const Dims &x = tensors_[static_cast<size_t>(a)].dims, &z = tensors_[static_cast<size_t>(b)].dims;
  Dims dims(x.size()), strides(x.size());
  for (size_t i = 0; i < x.size(); ++i) dims[i] = std::max(x[i], z[i]);
  dims[x.size() - 2] = x[x.size() - 2];
  dims[x.size() - 1] = z[z.size() - 1];
  int64_t stride = 1;
  for (size_t i = x.size(); i-- > 0; stride *= dims[i]) strides[i] = stride;
  GraphOp op;
  op.kind = GraphOp::Kind::matmul;
  op.x = a;
  op.b = b;
  op.y = intermediate(std::move(dims), std::move(strides));
  ops_.push_back(std::move(op));
  return ops_.back().y;
}

int GraphSpec::pointwise(cudnnPointwiseMode_t mode, int x, int b, GraphOp op) {
  op.kind = GraphOp::Kind::pointwise;
  op.mode = mode;
  op.x = x;
  op.b = b;
  const GraphTensor from = tensors_[static_cast<size_t>(x)];
  op.y = intermediate(from.dims, from.strides);
  ops_.push_back(std::move(op));
  return ops_.back().y;
}

int GraphSpec::select(int condition, int if_true, int if_false) {
  GraphOp op;
  op.t = condition;
  return pointwise(CUDNN_POINTWISE_BINARY_SELECT, if_true, if_false, std::move(op));
}

int GraphSpec::reduce(cudnnReduceTensorOp_t reduction, int x, Dims dims) {
  GraphOp op;
  op.kind = GraphOp::Kind::reduce;
  op.reduction = reduction;
  op.x = x;
  Dims strides(dims.size());
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0; stride *= dims[i]) strides[i] = stride;
  op.y = intermediate(std::move(dims), std::move(strides));
  ops_.push_back(std::move(op));
  return ops_.back().y;
}

void GraphSpec::store(int t, cudnnDataType_t type) {
  GraphTensor& tensor = tensors_[static_cast<size_t>(t)];
  tensor.is_virtual = false;
  tensor.type = type;
}

void GraphSpec::store(int t, cudnnDataType_t type, Dims strides) {
  store(t, type);
  tensors_[static_cast<size_t>(t)].strides = std::move(strides);
}

std::string GraphSpec::text() const {
  std::string s;
  for (const GraphTensor& t : tensors_) {
    s += fmt::format("{}/{}:{}{}", dims_to_string(t.dims), dims_to_string(t.strides), static_cast<int>(t.type),
                     t.is_virtual ? "v" : "");
    if (t.value) s += fmt::format("={}", *t.value);
    s += ' ';
  }
  for (const GraphOp& op : ops_)
    s += fmt::format("|{} {} {} {}>{} {}{}{}{} {} {} {} {} {} {} {}", static_cast<int>(op.kind), op.x, op.b, op.t, op.y,
                     dims_to_string(op.strides), dims_to_string(op.dilations), dims_to_string(op.pre),
                     dims_to_string(op.post), static_cast<int>(op.mode), op.low, op.high, op.slope, op.alpha, op.axis,
                     static_cast<int>(op.reduction));
  return s;
}

namespace {

constexpr int64_t kAlignment = 16;  // of every tensor in memory, in bytes
constexpr int64_t kAsked = 12;      // engines asked for per kind of heuristic
constexpr size_t kEnough = 4;       // of the first kind: then the other kind is not asked

/// Makes the descriptors of a graph, each after those it refers to.
class Describer {
 public:
  Describer(const Library& lib, const GraphSpec& spec) : lib_(lib), spec_(spec) {
    const auto& tensors = spec.tensors();
    for (size_t i = 0; i < tensors.size(); ++i) parts_.push_back(tensor(tensors[i], static_cast<int64_t>(i)));
    for (const GraphOp& op : spec.ops()) ops_.push_back(operation(op));
  }

  std::vector<Descriptor> take_parts() { return std::move(parts_); }
  std::vector<Descriptor> take_ops() { return std::move(ops_); }

 private:
  Descriptor tensor(const GraphTensor& t, int64_t number) {
    Descriptor d(lib_, CUDNN_BACKEND_TENSOR_DESCRIPTOR, "a tensor");
    d.set_int(CUDNN_ATTR_TENSOR_UNIQUE_ID, number + 1);
    d.set_type(CUDNN_ATTR_TENSOR_DATA_TYPE, t.type);
    d.set_ints(CUDNN_ATTR_TENSOR_DIMENSIONS, t.dims);
    d.set_ints(CUDNN_ATTR_TENSOR_STRIDES, t.strides);
    d.set_int(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, t.value ? 4 : kAlignment);
    if (t.is_virtual) d.set_bool(CUDNN_ATTR_TENSOR_IS_VIRTUAL, true);
    if (t.value) d.set_bool(CUDNN_ATTR_TENSOR_IS_BY_VALUE, true);
    d.finalize();
    return d;
  }

  const Descriptor& at(int number) const { return parts_[static_cast<size_t>(number)]; }

  /// Keeps a descriptor that an operation refers to.
  const Descriptor& keep(Descriptor d) {
    d.finalize();
    parts_.push_back(std::move(d));
    return parts_.back();
  }

  Descriptor operation(const GraphOp& op) {
    switch (op.kind) {
      case GraphOp::Kind::conv:
      case GraphOp::Kind::conv_transpose:
        return convolution(op);
      case GraphOp::Kind::matmul:
        return matmul(op);
      case GraphOp::Kind::reduce:
        return reduction(op);
      default:
        return pointwise(op);
    }
  }

  Descriptor convolution(const GraphOp& op) {
    Descriptor how(lib_, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, "a convolution");
    const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    how.set_type(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT);
    how.set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
    how.set_int(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, static_cast<int64_t>(op.strides.size()));
    how.set_ints(CUDNN_ATTR_CONVOLUTION_DILATIONS, op.dilations);
    how.set_ints(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, op.strides);
    how.set_ints(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, op.pre);
    how.set_ints(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, op.post);
    const Descriptor& kept = keep(std::move(how));
    if (op.kind == GraphOp::Kind::conv) {
      Descriptor d(lib_, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR, "a convolution");
      d.set_descriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, kept);
      d.set_descriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, at(op.x));
      d.set_descriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, at(op.b));
      d.set_descriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, at(op.y));
      d.set_float(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, 1);
      d.set_float(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, 0);
      d.finalize();
      return d;
    }
    Descriptor d(lib_, CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR, "a transposed convolution");
    d.set_descriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, kept);
    d.set_descriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, at(op.x));
    d.set_descriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, at(op.b));
    d.set_descriptor(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, at(op.y));
    d.set_float(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, 1);
    d.set_float(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA, 0);
    d.finalize();
    return d;
  }

  Descriptor matmul(const GraphOp& op) {
    Descriptor how(lib_, CUDNN_BACKEND_MATMUL_DESCRIPTOR, "a matrix product");
    how.set_type(CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_DATA_FLOAT);
    const Descriptor& kept = keep(std::move(how));
    Descriptor d(lib_, CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR, "a matrix product");
    d.set_descriptor(CUDNN_ATTR_OPERATION_MATMUL_ADESC, at(op.x));
    d.set_descriptor(CUDNN_ATTR_OPERATION_MATMUL_BDESC, at(op.b));
    d.set_descriptor(CUDNN_ATTR_OPERATION_MATMUL_CDESC, at(op.y));
    d.set_descriptor(CUDNN_ATTR_OPERATION_MATMUL_DESC, kept);
    d.finalize();
    return d;
  }

  Descriptor reduction(const GraphOp& op) {
    Descriptor how(lib_, CUDNN_BACKEND_REDUCTION_DESCRIPTOR, "a reduction");
    how.set_type(CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_DATA_FLOAT);
    how.set(CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, 1, &op.reduction);
    const Descriptor& kept = keep(std::move(how));
    Descriptor d(lib_, CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR, "a reduction");
    d.set_descriptor(CUDNN_ATTR_OPERATION_REDUCTION_DESC, kept);
    d.set_descriptor(CUDNN_ATTR_OPERATION_REDUCTION_XDESC, at(op.x));
    d.set_descriptor(CUDNN_ATTR_OPERATION_REDUCTION_YDESC, at(op.y));
    d.finalize();
    return d;
  }

  Descriptor pointwise(const GraphOp& op) {
    Descriptor how(lib_, CUDNN_BACKEND_POINTWISE_DESCRIPTOR, "a pointwise operation");
    how.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &op.mode);
    how.set_type(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT);
    if (op.mode == CUDNN_POINTWISE_RELU_FWD) {
      how.set_double(CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP, op.low);
      how.set_double(CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP, op.high);
      how.set_double(CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, op.slope);
    }
    if (op.mode == CUDNN_POINTWISE_ELU_FWD) how.set_double(CUDNN_ATTR_POINTWISE_ELU_ALPHA, op.alpha);
    if (op.mode == CUDNN_POINTWISE_SWISH_FWD) how.set_double(CUDNN_ATTR_POINTWISE_SWISH_BETA, op.alpha);
    if (op.mode == CUDNN_POINTWISE_SOFTPLUS_FWD) how.set_double(CUDNN_ATTR_POINTWISE_SOFTPLUS_BETA, 1);
    if (op.mode == CUDNN_POINTWISE_GEN_INDEX) how.set_int(CUDNN_ATTR_POINTWISE_AXIS, op.axis);
    const Descriptor& kept = keep(std::move(how));
    Descriptor d(lib_, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, "a pointwise operation");
    d.set_descriptor(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, kept);
    d.set_descriptor(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, at(op.x));
    if (op.b >= 0) d.set_descriptor(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, at(op.b));
    if (op.t >= 0) d.set_descriptor(CUDNN_ATTR_OPERATION_POINTWISE_TDESC, at(op.t));
    d.set_descriptor(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, at(op.y));
    d.finalize();
    return d;
  }

  const Library& lib_;
  const GraphSpec& spec_;
  std::vector<Descriptor> parts_, ops_;
};

struct EngineFacts {
  EngineChoice choice;
  std::string name;
  std::vector<cudnnBackendNumericalNote_t> notes;
  bool generated = false;
};

EngineFacts facts_of(const Descriptor& config) {
  const auto engines = config.get_descriptors(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR, 1);
  const auto index = engines.at(0).get<int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1);
  EngineFacts facts{{index.at(0), {}}, fmt::format("cudnn:engine {}", index.at(0)), {}};
  facts.notes = engines[0].get<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                                            CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
  const auto behaviour = engines[0].get<cudnnBackendBehaviorNote_t>(CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE,
                                                                   CUDNN_BEHAVIOR_NOTE_TYPE_COUNT);
  facts.generated = std::find(behaviour.begin(), behaviour.end(), CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION) != behaviour.end();
  const auto knobs = config.get_descriptors(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR,
                                            CUDNN_KNOB_TYPE_COUNTS);
  for (const Descriptor& knob : knobs) {
    const auto type = knob.get<cudnnBackendKnobType_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1);
    const auto value = knob.get<int64_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, 1);
    facts.choice.knobs[static_cast<int64_t>(type.at(0))] = value.at(0);
    facts.name += fmt::format(" {}={}", static_cast<int>(type.at(0)), value.at(0));
  }
  if (std::find(facts.notes.begin(), facts.notes.end(), CUDNN_NUMERICAL_NOTE_TENSOR_CORE) != facts.notes.end()) facts.name += " tensor cores";
  return facts;
}

bool allowed(const EngineFacts& facts, bool f32, const EngineRules& rules) {
  const auto has = [&](cudnnBackendNumericalNote_t note) {
    return std::find(facts.notes.begin(), facts.notes.end(), note) != facts.notes.end();
  };
  if (has(CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC) || has(CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION)) return false;
  if (!f32 || rules.tf32) return true;
  return !has(CUDNN_NUMERICAL_NOTE_TENSOR_CORE) && !has(CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS);
}

}  // namespace

Graph::Graph(const Library& lib, const GraphSpec& spec, const Target& target)
    : lib_(lib),
      target_(target),
      f32_(spec.tensors().at(0).type == CUDNN_DATA_FLOAT),
      graph_(lib, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, "an operation graph") {
  Describer describer(lib, spec);
  parts_ = describer.take_parts();
  ops_ = describer.take_ops();
  graph_.set_descriptors(CUDNN_ATTR_OPERATIONGRAPH_OPS, ops_);
  if (target.handle) graph_.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &target.handle);
  graph_.finalize();
}

std::vector<Descriptor> Graph::results(cudnnBackendHeurMode_t mode) const {
  Descriptor heuristic(lib_, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, "a list of engines");
  heuristic.set_descriptor(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph_);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
  if (target_.properties) heuristic.set_descriptor(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, *target_.properties);
  heuristic.finalize();
  return heuristic.get_descriptors(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, kAsked);
}

std::vector<Engine> Graph::engines(const EngineRules& rules) const {
  std::vector<Engine> list;
  std::set<std::string> seen;
  std::string refusal;
  for (auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    if (list.size() >= kEnough) break;
    try {
      for (Descriptor& config : results(mode)) {
        EngineFacts facts = facts_of(config);
        if (allowed(facts, f32_, rules) && seen.insert(facts.name).second) list.push_back({std::move(config), std::move(facts.choice), std::move(facts.name), facts.generated});
      }
    } catch (const Refused& r) {
      refusal = r.why;
    }
  }
  if (list.empty()) throw Refused{refusal.empty() ? lib_.version_text() + " has no engine for this graph" : refusal};
  std::vector<Engine> ordered;
  for (const bool generated : {false, true})
    for (Engine& e : list)
      if (e.generated == generated) ordered.push_back(std::move(e));
  return ordered;
}

Engine Graph::engine(const EngineChoice& choice, const EngineRules& rules) const {
  Descriptor engine(lib_, CUDNN_BACKEND_ENGINE_DESCRIPTOR, "the kept engine");
  engine.set_descriptor(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph_);
  engine.set_int(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, choice.engine);
  if (target_.properties) engine.set_descriptor(CUDNN_ATTR_ENGINE_DEVICEPROP, *target_.properties);
  engine.finalize();
  std::vector<Descriptor> knobs;
  for (const auto& [number, value] : choice.knobs) {
    const auto type = static_cast<cudnnBackendKnobType_t>(number);
    Descriptor& knob = knobs.emplace_back(lib_, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, "a knob of the kept engine");
    knob.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &type);
    knob.set_int(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, value);
    knob.finalize();
  }
  Descriptor config(lib_, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, "the kept engine with its knobs");
  config.set_descriptor(CUDNN_ATTR_ENGINECFG_ENGINE, engine);
  if (!knobs.empty()) config.set_descriptors(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, knobs);
  config.finalize();
  EngineFacts facts = facts_of(config);
  if (!allowed(facts, f32_, rules)) throw Refused{fmt::format("{}: engine {} rounds more than is allowed, or not the same in each run", lib_.version_text(), choice.engine)};
  return {std::move(config), std::move(facts.choice), std::move(facts.name), facts.generated};
}

Descriptor compile(const Library& lib, const Engine& engine, const Target& target) {
  Descriptor plan(lib, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, "an execution plan");
  plan.set_descriptor(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, engine.config);
  if (target.handle) plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &target.handle);
  if (target.properties) plan.set_descriptor(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, *target.properties);
  plan.finalize();
  return plan;
}

int64_t workspace_of(const Descriptor& plan) {
  return plan.get<int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1).at(0);
}

}  // namespace tenon::core::cuda::cudnn
