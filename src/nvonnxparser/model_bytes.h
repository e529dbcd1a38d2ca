#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace tenon::adapter {

/// A serialized model and where its external weights lie.
struct ModelBytes {
  std::shared_ptr<const void> owner;
  std::span<const std::byte> bytes;
  std::string folder;
};
/// Copies: callers may free their buffer before the network is built. `path` may be null: weights are then looked up
/// beneath the working directory. Fails for null bytes.
ModelBytes copy_model(const void* bytes, size_t size, const char* path);
/// Maps the file. Fails with its name in front.
ModelBytes map_model(const char* path);

}  // namespace tenon::adapter
