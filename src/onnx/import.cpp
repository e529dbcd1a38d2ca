#include "onnx/import.h"

#include <new>

#include "onnx/import_state.h"

namespace tenon::core {
namespace {

constexpr int kNewestOpset = 28;

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == path.npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void check_opsets(const Opsets& opsets) {
  const auto it = opsets.find("");
  if (it == opsets.end()) return;
  if (it->second > kNewestOpset)
    fail(ErrorCode::unsupported_operator,
         "the model uses opset {}; the newest one known is {}: export it with that opset or an older one", it->second,
         kNewestOpset);
  if (it->second < 1)
    fail(ErrorCode::invalid_model, "the model says opset {}; 1 to {} were expected", it->second, kNewestOpset);
}

void check_declared_dims(const OnnxModel& model, TensorSource& tensors) {
  ImportedModel declared;
  ModelImporter(model, tensors, {}, nullptr).run(declared);
}

ImportedModel import_bytes(std::shared_ptr<const void> owner, std::span<const std::byte> bytes,
                           const std::string& folder, const ImportOptions& options, std::vector<NodeReport>* reports) {
  try {
    const OnnxModel model = read_model(as_text(bytes));
    check_opsets(model.opsets);
    TensorSource tensors(std::move(owner), folder);
    ImportedModel result;
    result.opsets = model.opsets;
    result.ir_version = model.ir_version;
    result.producer = std::string(model.producer);
    result.node_count = model.node_count;
    result.parameter_count = count_parameters(model);
    ModelImporter importer(model, tensors, options, reports);
    importer.run(result);
    if (importer.opened()) check_declared_dims(model, tensors);
    return result;
  } catch (const std::bad_alloc&) {
    fail(ErrorCode::out_of_memory, "no memory left while reading the model");
  }
}

ImportedModel import_file(const std::string& path, const ImportOptions& options, std::vector<NodeReport>* reports) {
  const auto file = MappedFile::open(path);
  return with_context(path, [&] { return import_bytes(file, file->bytes(), folder_of(path), options, reports); });
}

}  // namespace

ImportedModel import_onnx(const std::string& path, const ImportOptions& options) {
  return import_file(path, options, nullptr);
}

ImportedModel import_onnx_bytes(std::shared_ptr<const void> owner, std::span<const std::byte> bytes,
                                const std::string& folder, const ImportOptions& options) {
  return import_bytes(std::move(owner), bytes, folder, options, nullptr);
}

std::vector<NodeReport> check_onnx_bytes(std::shared_ptr<const void> owner, std::span<const std::byte> bytes,
                                         const std::string& folder, const ImportOptions& options) {
  std::vector<NodeReport> reports;
  import_bytes(std::move(owner), bytes, folder, options, &reports);
  return reports;
}

std::vector<NodeReport> check_onnx(const std::string& path, const ImportOptions& options) {
  std::vector<NodeReport> reports;
  import_file(path, options, &reports);
  return reports;
}

}  // namespace tenon::core
