#pragma once
#include <cstddef>
#include <cstdint>

#include "NvInferVersion.h"

#if defined(__has_include)
#if __has_include(<cuda_runtime_api.h>)
#include <cuda_runtime_api.h>
#define TENON_HAS_CUDA_RUNTIME_API 1
#endif
#endif
#ifndef TENON_HAS_CUDA_RUNTIME_API
typedef struct CUstream_st* cudaStream_t;
typedef struct CUevent_st* cudaEvent_t;
#endif

#define TRT_DEPRECATED [[deprecated]]
#define TRT_DEPRECATED_BECAUSE(text) [[deprecated(text)]]
#define TRT_DEPRECATED_ENUM TRT_DEPRECATED
#define TRT_DEPRECATED_API __attribute__((deprecated, visibility("default")))
#define TENSORRTAPI __attribute__((visibility("default")))
/// Overrides of clients may have it or not.
#define TRTNOEXCEPT

#define NV_TENSORRT_VERSION (NV_TENSORRT_MAJOR * 1000 + NV_TENSORRT_MINOR * 100 + NV_TENSORRT_PATCH)

/// Interfaces that clients implement carry no `noexcept`, so that overrides without it compile; what they throw is
/// caught.
namespace nvinfer1 {

using char_t = char;
using AsciiChar = char_t;

namespace impl {
template <typename T>
struct EnumMaxImpl;
}  // namespace impl

/// The number of values of an enum.
template <typename T>
constexpr int32_t EnumMax() noexcept {
  return impl::EnumMaxImpl<T>::kVALUE;
}

enum class DataType : int32_t {
  kFLOAT = 0,
  kHALF = 1,
  kINT8 = 2,
  kINT32 = 3,
  kBOOL = 4,
  kUINT8 = 5,
  kFP8 = 6,
  kBF16 = 7,
  kINT64 = 8,
  kINT4 = 9,
  kFP4 = 10,
  kE8M0 = 11,
};

/// A shape: -1 where a dim is not known. nbDims is -1 for "no such shape".
class Dims32 {
 public:
  static constexpr int32_t MAX_DIMS{8};
  int32_t nbDims;
  int32_t d[MAX_DIMS];
};
using Dims = Dims32;

/// How elements lie in memory.
enum class TensorFormat : int32_t {
  kLINEAR = 0,
  kCHW2 = 1,
  kHWC8 = 2,
  kCHW4 = 3,
  kCHW16 = 4,
  kCHW32 = 5,
  kDHWC8 = 6,
  kCDHW32 = 7,
  kHWC = 8,
  kDLA_LINEAR = 9,
  kDLA_HWC4 = 10,
  kHWC16 = 11,
  kDHWC = 12,
};

enum class TensorIOMode : int32_t { kNONE = 0, kINPUT = 1, kOUTPUT = 2 };

enum class APILanguage : int32_t { kCPP = 0, kPYTHON = 1 };

struct InterfaceInfo {
  AsciiChar const* kind;
  int32_t major;
  int32_t minor;
};

/// Interfaces that say their kind and version.
class IVersionedInterface {
 public:
  virtual ~IVersionedInterface() noexcept = default;
  virtual APILanguage getAPILanguage() const { return APILanguage::kCPP; }
  virtual InterfaceInfo getInterfaceInfo() const = 0;
};

enum class AllocatorFlag : int32_t { kRESIZABLE = 0 };
using AllocatorFlags = uint32_t;

/// Memory by the client. Return nullptr when there is none; `alignment` is 0 or a power of two.
class IGpuAllocator {
 public:
  virtual void* allocate(uint64_t const size, uint64_t const alignment, AllocatorFlags const flags) = 0;
  /// For clients of level 8 that have no `deallocate`.
  virtual void free(void* const memory) { static_cast<void>(memory); }
  virtual ~IGpuAllocator() = default;
  IGpuAllocator() = default;
  /// Resizes memory that was allocated with kRESIZABLE; nullptr when it can't.
  virtual void* reallocate(void* baseAddr, uint64_t alignment, uint64_t newSize) {
    return static_cast<void>(baseAddr), static_cast<void>(alignment), static_cast<void>(newSize), nullptr;
  }
  virtual bool deallocate(void* const memory) {
    this->free(memory);
    return true;
  }
  /// In the order of `stream`.
  virtual void* allocateAsync(uint64_t const size, uint64_t const alignment, AllocatorFlags const flags,
                              cudaStream_t stream) {
    static_cast<void>(stream);
    return allocate(size, alignment, flags);
  }
  virtual bool deallocateAsync(void* const memory, cudaStream_t stream) {
    static_cast<void>(stream);
    return deallocate(memory);
  }

 protected:
  IGpuAllocator(IGpuAllocator const&) = default;
  IGpuAllocator(IGpuAllocator&&) = default;
  IGpuAllocator& operator=(IGpuAllocator const&) & = default;
  IGpuAllocator& operator=(IGpuAllocator&&) & = default;
};

/// An allocator that works in the order of streams only.
class IGpuAsyncAllocator : public IGpuAllocator {
 public:
  void* allocateAsync(uint64_t const size, uint64_t const alignment, AllocatorFlags const flags,
                      cudaStream_t stream) override = 0;
  bool deallocateAsync(void* const memory, cudaStream_t stream) override = 0;
  void* allocate(uint64_t const size, uint64_t const alignment, AllocatorFlags const flags) override {
    return allocateAsync(size, alignment, flags, nullptr);
  }
  bool deallocate(void* const memory) override { return deallocateAsync(memory, nullptr); }
};

/// Receives all messages. May be called from any thread.
class ILogger {
 public:
  enum class Severity : int32_t { kINTERNAL_ERROR = 0, kERROR = 1, kWARNING = 2, kINFO = 3, kVERBOSE = 4 };
  virtual void log(Severity severity, AsciiChar const* msg) = 0;
  ILogger() = default;
  virtual ~ILogger() = default;

 protected:
  ILogger(ILogger const&) = default;
  ILogger(ILogger&&) = default;
  ILogger& operator=(ILogger const&) & = default;
  ILogger& operator=(ILogger&&) & = default;
};

enum class ErrorCode : int32_t {
  kSUCCESS = 0,
  kUNSPECIFIED_ERROR = 1,
  kINTERNAL_ERROR = 2,
  kINVALID_ARGUMENT = 3,
  kINVALID_CONFIG = 4,
  kFAILED_ALLOCATION = 5,
  kFAILED_INITIALIZATION = 6,
  kFAILED_EXECUTION = 7,
  kFAILED_COMPUTATION = 8,
  kINVALID_STATE = 9,
  kUNSUPPORTED_STATE = 10,
};

/// Keeps the errors of the objects it is given to. Counted by reference: the owner holds one count of its own.
class IErrorRecorder {
 public:
  using ErrorDesc = char const*;
  using RefCount = int32_t;
  /// Longer texts are cut.
  static constexpr size_t kMAX_DESC_LENGTH{127U};
  IErrorRecorder() = default;
  virtual ~IErrorRecorder() noexcept = default;
  virtual int32_t getNbErrors() const = 0;
  virtual ErrorCode getErrorCode(int32_t errorIdx) const = 0;
  virtual ErrorDesc getErrorDesc(int32_t errorIdx) const = 0;
  virtual bool hasOverflowed() const = 0;
  virtual void clear() = 0;
  /// Returns whether the error is fatal.
  virtual bool reportError(ErrorCode val, ErrorDesc desc) = 0;
  virtual RefCount incRefCount() = 0;
  virtual RefCount decRefCount() = 0;

 protected:
  IErrorRecorder(IErrorRecorder const&) = default;
  IErrorRecorder(IErrorRecorder&&) = default;
  IErrorRecorder& operator=(IErrorRecorder const&) & = default;
  IErrorRecorder& operator=(IErrorRecorder&&) & = default;
};

/// Reads an engine piece by piece.
class IStreamReader : public IVersionedInterface {
 public:
  /// Returns the bytes read: fewer than asked at the end, -1 on failure.
  virtual int64_t read(void* destination, int64_t nbBytes) = 0;
  InterfaceInfo getInterfaceInfo() const override { return InterfaceInfo{"IStreamReader", 1, 0}; }
};

enum class SeekPosition : int32_t { kSET = 0, kCUR = 1, kEND = 2 };

/// Reads an engine from any place of the stream, into host or device memory.
class IStreamReaderV2 : public IVersionedInterface {
 public:
  virtual int64_t read(void* destination, int64_t nbBytes, cudaStream_t stream) = 0;
  virtual bool seek(int64_t offset, SeekPosition where) = 0;
  InterfaceInfo getInterfaceInfo() const override { return InterfaceInfo{"IStreamReaderV2", 1, 0}; }
};

/// Takes an engine piece by piece. Returns the bytes taken, -1 on failure.
class IStreamWriter : public IVersionedInterface {
 public:
  virtual int64_t write(void const* data, int64_t nbBytes) = 0;
  InterfaceInfo getInterfaceInfo() const override { return InterfaceInfo{"IStreamWriter", 1, 0}; }
};

namespace impl {
template <>
struct EnumMaxImpl<DataType> {
  static constexpr int32_t kVALUE = 12;
};
template <>
struct EnumMaxImpl<TensorFormat> {
  static constexpr int32_t kVALUE = 13;
};
template <>
struct EnumMaxImpl<TensorIOMode> {
  static constexpr int32_t kVALUE = 3;
};
template <>
struct EnumMaxImpl<AllocatorFlag> {
  static constexpr int32_t kVALUE = 1;
};
template <>
struct EnumMaxImpl<ILogger::Severity> {
  static constexpr int32_t kVALUE = 5;
};
template <>
struct EnumMaxImpl<ErrorCode> {
  static constexpr int32_t kVALUE = 11;
};
}  // namespace impl

}  // namespace nvinfer1

/// The version of the library: major * 1000 + minor * 100 + patch.
extern "C" TENSORRTAPI int32_t getInferLibVersion() noexcept;
extern "C" TENSORRTAPI int32_t getInferLibMajorVersion() noexcept;
extern "C" TENSORRTAPI int32_t getInferLibMinorVersion() noexcept;
extern "C" TENSORRTAPI int32_t getInferLibPatchVersion() noexcept;
extern "C" TENSORRTAPI int32_t getInferLibBuildVersion() noexcept;
