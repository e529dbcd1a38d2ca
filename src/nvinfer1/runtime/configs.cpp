#include "nvinfer1/runtime/configs.h"

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

 private:
  Reporter report_;
  ExecutionContextAllocationStrategy strategy_ = ExecutionContextAllocationStrategy::kSTATIC;
};

}  // namespace

ISerializationConfig* make_serialization_config(const Reporter& maker) { return new SerializationConfig(maker); }
IRuntimeConfig* make_runtime_config(const Reporter& maker) { return new RuntimeConfig(maker); }

}  // namespace tenon::adapter
