#pragma once
#include <cudnn.h>

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"

namespace tenon::core::cuda::cudnn {

/// cuDNN 9, opened at run time.
class Library {
 public:
  /// Null, with a sentence, when the library is missing or of another major version.
  static const Library* get(std::string& why);
  /// Of the library that was found, which may be older than the headers: 91400.
  int64_t version() const { return version_; }
  /// "cuDNN 9.14.0".
  std::string version_text() const;
  /// "CUDNN_STATUS_NOT_SUPPORTED", with what the library said last on this thread.
  std::string describe(cudnnStatus_t) const;

  decltype(&cudnnGetVersion) get_version = nullptr;
  decltype(&cudnnGetErrorString) error_string = nullptr;
  decltype(&cudnnGetLastErrorString) last_error = nullptr;
  decltype(&cudnnCreate) create = nullptr;
  decltype(&cudnnSetStream) set_stream = nullptr;
  decltype(&cudnnBackendCreateDescriptor) create_descriptor = nullptr;
  decltype(&cudnnBackendDestroyDescriptor) destroy_descriptor = nullptr;
  decltype(&cudnnBackendSetAttribute) set_attribute = nullptr;
  decltype(&cudnnBackendGetAttribute) get_attribute = nullptr;
  decltype(&cudnnBackendFinalize) finalize = nullptr;
  decltype(&cudnnBackendExecute) execute = nullptr;

 private:
  Library();
  std::string why_;
  int64_t version_ = 0;
};

/// Thrown while something is described that cuDNN does not take: a reason to use another kernel, not an error.
struct Refused {
  std::string why;
};

/// One descriptor of the back end. Every call throws Refused when cuDNN declines.
class Descriptor {
 public:
  Descriptor(const Library&, cudnnBackendDescriptorType_t, const char* what);
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();

  void set(cudnnBackendAttributeName_t, cudnnBackendAttributeType_t, int64_t count, const void* values);
  void set_ints(cudnnBackendAttributeName_t, std::span<const int64_t>);
  void set_int(cudnnBackendAttributeName_t name, int64_t value) { set_ints(name, {&value, 1}); }
  void set_bool(cudnnBackendAttributeName_t, bool);
  void set_float(cudnnBackendAttributeName_t, float);
  void set_double(cudnnBackendAttributeName_t, double);
  void set_type(cudnnBackendAttributeName_t, cudnnDataType_t);
  void set_descriptor(cudnnBackendAttributeName_t, const Descriptor&);
  void set_descriptors(cudnnBackendAttributeName_t, std::span<const Descriptor>);
  void finalize();

  /// As many values as the attribute has, at most `most`.
  template <class T>
  std::vector<T> get(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t most) const {
    std::vector<T> values(static_cast<size_t>(most));
    values.resize(static_cast<size_t>(read(name, type, most, values.data())));
    return values;
  }
  /// Descriptors of this attribute, each of the given type.
  std::vector<Descriptor> get_descriptors(cudnnBackendAttributeName_t, cudnnBackendDescriptorType_t, int64_t most) const;
  cudnnBackendDescriptor_t raw() const { return descriptor_; }

 private:
  int64_t read(cudnnBackendAttributeName_t, cudnnBackendAttributeType_t, int64_t most, void* into) const;
  void check(cudnnStatus_t, const char* verb, int attribute) const;
  const Library& lib_;
  const char* what_;
  cudnnBackendDescriptor_t descriptor_ = nullptr;
};

/// A handle of one device, for one thread at a time; taken from a pool and given back. The pool grows when all are in
/// use and lives as long as the process.
class Handle {
 public:
  Handle(const Library&, int device);
  ~Handle();
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  cudnnHandle_t raw() const { return handle_; }

 private:
  int device_;
  cudnnHandle_t handle_ = nullptr;
};

/// The handle that runs plans on one stream, for as long as this lives: one thread at a time. A handle never goes from one stream to
/// another: cuDNN then reaches for the stream that it had, which another thread may be recording (CUDA crashed as that recording ended).
class StreamHandle {
 public:
  StreamHandle(const Library&, int device, cudaStream_t);
  cudnnHandle_t raw() const { return kept_.handle.raw(); }

  struct Kept {
    Kept(const Library& lib, int device) : handle(lib, device) {}
    const Handle handle;
    std::mutex in_use;
  };

 private:
  Kept& kept_;
  const std::lock_guard<std::mutex> lock_;
};

}  // namespace tenon::core::cuda::cudnn
