#include "nvinfer1/runtime/configs.h"

#include "tenon/nvinfer1.h"

namespace tenon::adapter {

using namespace nvinfer1;
using Code = nvinfer1::ErrorCode;

namespace {

class SerializationConfig final : public ISerializationConfig, public apiv::VSerializationConfig {
 public:
  explicit SerializationConfig(const Reporter& maker) : report_(maker) { ISerializationConfig::mImpl = this; }
  bool setFlags(SerializationFlags flags) noexcept override {
    return guarded(report_, "ISerializationConfig::setFlags", false, [&] {
      if (flags >> EnumMax<SerializationFlag>()) refuse(Code::kINVALID_ARGUMENT, "flags {:#x} has bits that mean nothing", flags);
      flags_ = flags;
      return true;
    });
  }
  SerializationFlags getFlags() const noexcept override { return flags_; }
  bool clearFlag(SerializationFlag flag) noexcept override { return setFlags(flags_ & ~bit(flag)); }
  bool setFlag(SerializationFlag flag) noexcept override { return setFlags(flags_ | bit(flag)); }
  bool getFlag(SerializationFlag flag) const noexcept override { return (flags_ & bit(flag)) != 0; }

 private:
  static SerializationFlags bit(SerializationFlag flag) { return SerializationFlags{1} << (static_cast<uint32_t>(flag) & 31U); }
  Reporter report_;
  SerializationFlags flags_ = 0;
};

class RuntimeConfig final : public IRuntimeConfig, public apiv::VRuntimeConfig {
 public:
  explicit RuntimeConfig(const Reporter& maker) : report_(maker) { IRuntimeConfig::mImpl = this; }
  void setExecutionContextAllocationStrategy(ExecutionContextAllocationStrategy strategy) noexcept override {
    guarded(report_, "IRuntimeConfig::setExecutionContextAllocationStrategy", [&] {
      if (static_cast<uint32_t>(strategy) >= static_cast<uint32_t>(EnumMax<ExecutionContextAllocationStrategy>()))
        refuse(Code::kINVALID_ARGUMENT, "there is no strategy {}", static_cast<int>(strategy));
      strategy_ = strategy;
    });
  }
  ExecutionContextAllocationStrategy getExecutionContextAllocationStrategy() const noexcept override { return strategy_; }
  /// The library makes every IRuntimeConfig as one of these.
  static RuntimeConfig& of(IRuntimeConfig& config) { return static_cast<RuntimeConfig&>(config); }
  static const RuntimeConfig& of(const IRuntimeConfig& config) { return static_cast<const RuntimeConfig&>(config); }
  bool specializes = false;

 private:
  Reporter report_;
  ExecutionContextAllocationStrategy strategy_ = ExecutionContextAllocationStrategy::kSTATIC;
};

}  // namespace

ISerializationConfig* make_serialization_config(const Reporter& maker) { return new SerializationConfig(maker); }
IRuntimeConfig* make_runtime_config(const Reporter& maker) { return new RuntimeConfig(maker); }

ContextSetup context_setup(const IRuntimeConfig& config) {
  const ContextSetup setup{config.getExecutionContextAllocationStrategy(), RuntimeConfig::of(config).specializes};
  if (setup.specializes && setup.strategy == ExecutionContextAllocationStrategy::kUSER_MANAGED)
    refuse(Code::kINVALID_ARGUMENT, "specialize_shapes and kUSER_MANAGED: other kernels may need more memory than getDeviceMemorySize says; use kSTATIC");
  return setup;
}

}  // namespace tenon::adapter

namespace tenon {

using adapter::RuntimeConfig;

void specialize_shapes(nvinfer1::IRuntimeConfig& config, bool on) noexcept { RuntimeConfig::of(config).specializes = on; }
bool specializes_shapes(nvinfer1::IRuntimeConfig const& config) noexcept { return RuntimeConfig::of(config).specializes; }

}  // namespace tenon
