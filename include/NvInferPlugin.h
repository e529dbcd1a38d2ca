#pragma once
#include "NvInferPluginUtils.h"
#include "NvInferRuntime.h"

/// Registers the standard plugins under `libNamespace`. Returns whether all could be.
extern "C" TENSORRTAPI bool initLibNvInferPlugins(void* logger, char const* libNamespace);
