// An ONNX file to a plan file, and the plan to an engine that runs. `onnx_to_engine model.onnx` takes a model of yours;
// without arguments a small one is written first.
#include "NvOnnxParser.h"
#include "common.h"

using namespace sample;

namespace {

/// The fields of a protobuf message: just enough of the format to write a model with one node.
std::string varint(uint64_t v) {
  std::string bytes;
  for (; v > 127; v >>= 7) bytes.push_back(static_cast<char>(v | 128));
  bytes.push_back(static_cast<char>(v));
  return bytes;
}
std::string number(int field, uint64_t v) { return varint(static_cast<uint64_t>(field) << 3) + varint(v); }
std::string text(int field, const std::string& bytes) { return varint(static_cast<uint64_t>(field) << 3 | 2) + varint(bytes.size()) + bytes; }

/// A float tensor [1, 4].
std::string value(const std::string& name) {
  const std::string shape = text(1, number(1, 1)) + text(1, number(1, 4));
  return text(1, name) + text(2, text(1, number(1, 1) + text(2, shape)));
}

void write_model(const std::string& path) {
  const std::string node = text(1, "x") + text(2, "y") + text(3, "the_only_node") + text(4, "Abs");
  const std::string graph = text(1, node) + text(2, "graph") + text(11, value("x")) + text(12, value("y"));
  const std::string model = number(1, 8) + text(7, graph) + text(8, number(2, 17));
  std::ofstream(path, std::ios::binary) << model;
}

void build(const std::string& model, const std::string& plan_path) {
  Program program;
  const auto parser = owned(nvonnxparser::createParser(*program.network, logger()), "createParser");
  if (!parser->parseFromFile(model.c_str(), static_cast<int>(ILogger::Severity::kWARNING))) {
    for (int i = 0; i < parser->getNbErrors(); ++i) std::fprintf(stderr, "%s\n", parser->getError(i)->desc());
    check(false, "parseFromFile");
  }
  const auto plan = owned(program.builder->buildSerializedNetwork(*program.network, *program.config), "buildSerializedNetwork");
  std::ofstream(plan_path, std::ios::binary).write(static_cast<const char*>(plan->data()), static_cast<std::streamsize>(plan->size()));
}

int64_t elements(const Dims& dims) {
  int64_t count = 1;
  for (int i = 0; i < dims.nbDims; ++i) count *= dims.d[i];
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  return run("onnx_to_engine", [&] {
    const std::string model = argc > 1 ? argv[1] : "onnx_to_engine.onnx", plan_path = "onnx_to_engine.plan";
    if (argc < 2) write_model(model);
    build(model, plan_path);

    std::ifstream file(plan_path, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const auto runtime = owned(createInferRuntime(logger()), "createInferRuntime");
    const auto engine = owned(runtime->deserializeCudaEngine(bytes.data(), bytes.size()), "deserializeCudaEngine");
    const auto context = make_context(*engine);
    std::vector<std::unique_ptr<Floats>> values;
    for (int i = 0; i < engine->getNbIOTensors(); ++i) {
      const char* name = engine->getIOTensorName(i);
      check(engine->getTensorDataType(name) == DataType::kFLOAT, "tensors of floats; this sample has no others");
      values.push_back(std::make_unique<Floats>(numbers(static_cast<size_t>(elements(engine->getTensorShape(name))), static_cast<unsigned>(i))));
      check(context->setTensorAddress(name, values.back()->data()), "setTensorAddress");
    }
    const Stream stream;
    check(context->enqueueV3(stream), "enqueueV3");
    stream.wait();
    if (argc < 2)
      for (size_t i = 0; i < 4; ++i) check((*values[1])[i] == std::abs((*values[0])[i]), "the absolute value of each input");
  });
}
