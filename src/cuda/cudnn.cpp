#include "cuda/cudnn.h"

#include <map>
#include <mutex>
#include <utility>

#include "cuda/check.h"
#include "cuda/library.h"

namespace tenon::core::cuda::cudnn {

Library::Library() {
  static const cuda::Library library{"libcudnn.so.9"};
  const Functions functions(library, "cuDNN", "9", why_);
  functions.load(get_version, "cudnnGetVersion");
  functions.load(error_string, "cudnnGetErrorString");
  functions.load(last_error, "cudnnGetLastErrorString");
  functions.load(create, "cudnnCreate");
  functions.load(set_stream, "cudnnSetStream");
  functions.load(create_descriptor, "cudnnBackendCreateDescriptor");
  functions.load(destroy_descriptor, "cudnnBackendDestroyDescriptor");
  functions.load(set_attribute, "cudnnBackendSetAttribute");
  functions.load(get_attribute, "cudnnBackendGetAttribute");
  functions.load(finalize, "cudnnBackendFinalize");
  functions.load(execute, "cudnnBackendExecute");
  if (why_.empty()) version_ = static_cast<int64_t>(get_version());
}

const Library* Library::get(std::string& why) {
  static const Library library;
  if (library.why_.empty()) return &library;
  why = library.why_;
  return nullptr;
}

std::string Library::version_text() const {
  return fmt::format("cuDNN {}.{}.{}", version_ / 10000, version_ / 100 % 100, version_ % 100);
}

std::string Library::describe(cudnnStatus_t status) const {
  char message[512] = "";
  last_error(message, sizeof message);
  std::string text = error_string(status);
  return message[0] ? text + ", " + message : text;
}

Descriptor::Descriptor(const Library& lib, cudnnBackendDescriptorType_t type, const char* what) : lib_(lib), what_(what) {
  check(lib.create_descriptor(type, &descriptor_), "making", -1);
}

Descriptor::Descriptor(Descriptor&& other) noexcept
    : lib_(other.lib_), what_(other.what_), descriptor_(std::exchange(other.descriptor_, nullptr)) {}

Descriptor::~Descriptor() {
  if (descriptor_) lib_.destroy_descriptor(descriptor_);
}

void Descriptor::check(cudnnStatus_t status, const char* verb, int attribute) const {
  if (status == CUDNN_STATUS_SUCCESS) return;
  const std::string where = attribute < 0 ? "" : fmt::format(" (attribute {})", attribute);
  throw Refused{fmt::format("{}, {} {}{}: {}", lib_.version_text(), verb, what_, where, lib_.describe(status))};
}

void Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count, const void* values) {
  check(lib_.set_attribute(descriptor_, name, type, count, values), "describing", name);
}

void Descriptor::set_ints(cudnnBackendAttributeName_t name, std::span<const int64_t> values) {
  set(name, CUDNN_TYPE_INT64, static_cast<int64_t>(values.size()), values.data());
}

void Descriptor::set_bool(cudnnBackendAttributeName_t name, bool value) { set(name, CUDNN_TYPE_BOOLEAN, 1, &value); }
void Descriptor::set_float(cudnnBackendAttributeName_t name, float value) { set(name, CUDNN_TYPE_FLOAT, 1, &value); }
void Descriptor::set_double(cudnnBackendAttributeName_t name, double value) { set(name, CUDNN_TYPE_DOUBLE, 1, &value); }

void Descriptor::set_type(cudnnBackendAttributeName_t name, cudnnDataType_t value) {
  set(name, CUDNN_TYPE_DATA_TYPE, 1, &value);
}

void Descriptor::set_descriptor(cudnnBackendAttributeName_t name, const Descriptor& value) {
  set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value.descriptor_);
}

void Descriptor::set_descriptors(cudnnBackendAttributeName_t name, std::span<const Descriptor> values) {
  std::vector<cudnnBackendDescriptor_t> raw;
  for (const Descriptor& d : values) raw.push_back(d.descriptor_);
  set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, static_cast<int64_t>(raw.size()), raw.data());
}

void Descriptor::finalize() { check(lib_.finalize(descriptor_), "completing", -1); }

int64_t Descriptor::read(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t most, void* into) const {
  int64_t count = 0;
  check(lib_.get_attribute(descriptor_, name, type, most, &count, into), "asking", name);
  return std::min(count, most);
}

std::vector<Descriptor> Descriptor::get_descriptors(cudnnBackendAttributeName_t name, cudnnBackendDescriptorType_t type,
                                                    int64_t most) const {
  std::vector<Descriptor> made;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (int64_t i = 0; i < most; ++i) raw.push_back(made.emplace_back(lib_, type, "a result").raw());
  const int64_t count = read(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, most, raw.data());
  while (static_cast<int64_t>(made.size()) > count) made.pop_back();
  return made;
}

namespace {

struct Pool {
  std::mutex mutex;
  std::map<int, std::vector<cudnnHandle_t>> idle;
  static Pool& instance() {
    static Pool& pool = *new Pool;  // a driver that is shutting down must not be called
    return pool;
  }
};

/// While it lives, calls that a capture on another stream would not allow do not break that capture.
class RelaxedCapture {
 public:
  RelaxedCapture() { cudaThreadExchangeStreamCaptureMode(&mode_); }
  ~RelaxedCapture() { cudaThreadExchangeStreamCaptureMode(&mode_); }
  RelaxedCapture(const RelaxedCapture&) = delete;
  RelaxedCapture& operator=(const RelaxedCapture&) = delete;

 private:
  cudaStreamCaptureMode mode_ = cudaStreamCaptureModeRelaxed;
};

}  // namespace

Handle::Handle(const Library& lib, int device) : device_(device) {
  {
    Pool& pool = Pool::instance();
    const std::lock_guard lock(pool.mutex);
    auto& idle = pool.idle[device];
    if (!idle.empty()) {
      handle_ = idle.back();
      idle.pop_back();
      return;
    }
  }
  const CurrentDevice current(device);
  const RelaxedCapture relaxed;
  const cudnnStatus_t status = lib.create(&handle_);
  if (status != CUDNN_STATUS_SUCCESS)
    fail(ErrorCode::device_failed,
         "{} cannot be used on GPU {}: {}; without the tactic source CUDNN (bit 4) it is not used", lib.version_text(),
         device, lib.describe(status));
}

Handle::~Handle() {
  Pool& pool = Pool::instance();
  const std::lock_guard lock(pool.mutex);
  pool.idle[device_].push_back(handle_);
}

namespace {

/// Our own streams live as long as the process, and of a caller's stream that is gone the address comes again.
StreamHandle::Kept& kept_handle(const Library& lib, int device, cudaStream_t stream) {
  static std::mutex mutex;
  static auto& handles = *new std::map<std::pair<int, cudaStream_t>, std::unique_ptr<StreamHandle::Kept>>;
  const std::lock_guard lock(mutex);
  auto& kept = handles[{device, stream}];
  if (!kept) kept = std::make_unique<StreamHandle::Kept>(lib, device);
  return *kept;
}

}  // namespace

StreamHandle::StreamHandle(const Library& lib, int device, cudaStream_t stream) : kept_(kept_handle(lib, device, stream)), lock_(kept_.in_use) {}

}  // namespace tenon::core::cuda::cudnn
