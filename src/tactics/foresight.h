#pragma once
#include "tactics/tactic.h"

namespace tenon::core {

/// What a tactic is besides when its preparation has to wait for something (a kernel to be compiled): a build that measures
/// one offer after the other lets threads work ahead.
class Foresight {
 public:
  virtual ~Foresight() = default;
  /// Does what `prepare` would wait for with these arguments. Called by several threads; says nothing of failures, which
  /// `prepare` meets again.
  virtual void work_ahead(const PrepareContext&) const = 0;
};

}  // namespace tenon::core
