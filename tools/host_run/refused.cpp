// The calls that the stand-in does not have. Each takes what it is given and fails with cudaErrorNotSupported.
#include "calls.h"

using namespace tenon::host_run;

namespace {

constexpr const char* kKernel = "the program launches a kernel of its own, and kernels run on a GPU only";
constexpr const char* kOther = "the stand-in for the CUDA runtime does not have this call; the program needs a GPU";

}  // namespace

#define REFUSE(call, why) \
  extern "C" int call() { return refuse(#call, why); }
#define NO(call) REFUSE(call, kOther)
#define NO_TOO(call, suffix) REFUSE(call, kOther) TENON_PER_THREAD(call, suffix);

REFUSE(cudaLaunchKernel, kKernel)
REFUSE(__cudaLaunchKernel, kKernel)
REFUSE(cudaLaunchKernelExC, kKernel)
REFUSE(cudaLaunchCooperativeKernel, kKernel)
REFUSE(cudaLaunchCooperativeKernelMultiDevice, kKernel)
TENON_PER_THREAD(cudaLaunchKernel, _ptsz);
TENON_PER_THREAD(__cudaLaunchKernel, _ptsz);
TENON_PER_THREAD(cudaLaunchKernelExC, _ptsz);
TENON_PER_THREAD(cudaLaunchCooperativeKernel, _ptsz);

NO(cudaArrayGetInfo) NO(cudaArrayGetMemoryRequirements) NO(cudaArrayGetPlane) NO(cudaArrayGetSparseProperties)
NO(cudaBindSurfaceToArray) NO(cudaBindTexture) NO(cudaBindTexture2D) NO(cudaBindTextureToArray)
NO(cudaBindTextureToMipmappedArray) NO(cudaCreateSurfaceObject) NO(cudaCreateTextureObject)
NO(cudaCreateTextureObject_v2) NO(cudaDestroyExternalMemory) NO(cudaDestroyExternalSemaphore)
NO(cudaDestroySurfaceObject) NO(cudaDestroyTextureObject) NO(cudaDeviceDisablePeerAccess)
NO(cudaDeviceEnablePeerAccess) NO(cudaDeviceFlushGPUDirectRDMAWrites) NO(cudaDeviceGetByPCIBusId)
NO(cudaDeviceGetCacheConfig) NO(cudaDeviceGetDefaultMemPool) NO(cudaDeviceGetGraphMemAttribute)
NO(cudaDeviceGetHostAtomicCapabilities) NO(cudaDeviceGetMemPool) NO(cudaDeviceGetP2PAtomicCapabilities)
NO(cudaDeviceGetP2PAttribute) NO(cudaDeviceGetSharedMemConfig) NO(cudaDeviceGetTexture1DLinearMaxWidth)
NO(cudaDeviceGraphMemTrim) NO(cudaDeviceRegisterAsyncNotification) NO(cudaDeviceSetGraphMemAttribute)
NO(cudaDeviceSetMemPool) NO(cudaDeviceSetSharedMemConfig) NO(cudaDeviceUnregisterAsyncNotification)
NO(cudaExternalMemoryGetMappedBuffer) NO(cudaExternalMemoryGetMappedMipmappedArray) NO(cudaFreeArray)
NO(cudaFreeMipmappedArray) NO(cudaFuncGetAttributes) NO(cudaFuncGetName) NO(cudaFuncGetParamInfo)
NO(cudaFuncSetAttribute) NO(cudaFuncSetCacheConfig) NO(cudaFuncSetSharedMemConfig) NO(cudaGetChannelDesc)
NO(cudaGetFuncBySymbol) NO(cudaGetKernel) NO(cudaGetMipmappedArrayLevel) NO(cudaGetSurfaceObjectResourceDesc)
NO(cudaGetSurfaceReference) NO(cudaGetSymbolAddress) NO(cudaGetSymbolSize) NO(cudaGetTextureAlignmentOffset)
NO(cudaGetTextureObjectResourceDesc) NO(cudaGetTextureObjectResourceViewDesc) NO(cudaGetTextureObjectTextureDesc)
NO(cudaGetTextureObjectTextureDesc_v2) NO(cudaGetTextureReference) NO(cudaGraphAddChildGraphNode)
NO(cudaGraphAddDependencies) NO(cudaGraphAddDependencies_v2) NO(cudaGraphAddEmptyNode) NO(cudaGraphAddEventRecordNode)
NO(cudaGraphAddEventWaitNode) NO(cudaGraphAddExternalSemaphoresSignalNode) NO(cudaGraphAddExternalSemaphoresWaitNode)
NO(cudaGraphAddHostNode) NO(cudaGraphAddKernelNode) NO(cudaGraphAddMemAllocNode) NO(cudaGraphAddMemFreeNode)
NO(cudaGraphAddMemcpyNode) NO(cudaGraphAddMemcpyNode1D) NO(cudaGraphAddMemcpyNodeFromSymbol)
NO(cudaGraphAddMemcpyNodeToSymbol) NO(cudaGraphAddMemsetNode) NO(cudaGraphAddNode) NO(cudaGraphAddNode_v2)
NO(cudaGraphChildGraphNodeGetGraph) NO(cudaGraphClone) NO(cudaGraphConditionalHandleCreate) NO(cudaGraphCreate)
NO(cudaGraphDebugDotPrint) NO(cudaGraphDestroy) NO(cudaGraphDestroyNode) NO(cudaGraphEventRecordNodeGetEvent)
NO(cudaGraphEventRecordNodeSetEvent) NO(cudaGraphEventWaitNodeGetEvent) NO(cudaGraphEventWaitNodeSetEvent)
NO(cudaGraphExecChildGraphNodeSetParams) NO(cudaGraphExecDestroy) NO(cudaGraphExecEventRecordNodeSetEvent)
NO(cudaGraphExecEventWaitNodeSetEvent) NO(cudaGraphExecExternalSemaphoresSignalNodeSetParams)
NO(cudaGraphExecExternalSemaphoresWaitNodeSetParams) NO(cudaGraphExecGetFlags) NO(cudaGraphExecHostNodeSetParams)
NO(cudaGraphExecKernelNodeSetParams) NO(cudaGraphExecMemcpyNodeSetParams) NO(cudaGraphExecMemcpyNodeSetParams1D)
NO(cudaGraphExecMemcpyNodeSetParamsFromSymbol) NO(cudaGraphExecMemcpyNodeSetParamsToSymbol)
NO(cudaGraphExecMemsetNodeSetParams) NO(cudaGraphExecNodeSetParams) NO(cudaGraphExecUpdate)
NO(cudaGraphExternalSemaphoresSignalNodeGetParams) NO(cudaGraphExternalSemaphoresSignalNodeSetParams)
NO(cudaGraphExternalSemaphoresWaitNodeGetParams) NO(cudaGraphExternalSemaphoresWaitNodeSetParams)
NO(cudaGraphGetEdges) NO(cudaGraphGetEdges_v2) NO(cudaGraphGetNodes) NO(cudaGraphGetRootNodes)
NO(cudaGraphHostNodeGetParams) NO(cudaGraphHostNodeSetParams) NO(cudaGraphInstantiate)
NO(cudaGraphInstantiateWithFlags) NO(cudaGraphKernelNodeCopyAttributes) NO(cudaGraphKernelNodeGetAttribute)
NO(cudaGraphKernelNodeGetParams) NO(cudaGraphKernelNodeSetAttribute) NO(cudaGraphKernelNodeSetParams)
NO(cudaGraphMemAllocNodeGetParams) NO(cudaGraphMemFreeNodeGetParams) NO(cudaGraphMemcpyNodeGetParams)
NO(cudaGraphMemcpyNodeSetParams) NO(cudaGraphMemcpyNodeSetParams1D) NO(cudaGraphMemcpyNodeSetParamsFromSymbol)
NO(cudaGraphMemcpyNodeSetParamsToSymbol) NO(cudaGraphMemsetNodeGetParams) NO(cudaGraphMemsetNodeSetParams)
NO(cudaGraphNodeFindInClone) NO(cudaGraphNodeGetDependencies) NO(cudaGraphNodeGetDependencies_v2)
NO(cudaGraphNodeGetDependentNodes) NO(cudaGraphNodeGetDependentNodes_v2) NO(cudaGraphNodeGetEnabled)
NO(cudaGraphNodeGetType) NO(cudaGraphNodeSetEnabled) NO(cudaGraphNodeSetParams) NO(cudaGraphReleaseUserObject)
NO(cudaGraphRemoveDependencies) NO(cudaGraphRemoveDependencies_v2) NO(cudaGraphRetainUserObject) NO(cudaHostGetFlags)
NO(cudaImportExternalMemory) NO(cudaImportExternalSemaphore) NO(cudaIpcCloseMemHandle) NO(cudaIpcGetEventHandle)
NO(cudaIpcGetMemHandle) NO(cudaIpcOpenEventHandle) NO(cudaIpcOpenMemHandle) NO(cudaKernelSetAttributeForDevice)
NO(cudaLibraryEnumerateKernels) NO(cudaLibraryGetGlobal) NO(cudaLibraryGetKernel) NO(cudaLibraryGetKernelCount)
NO(cudaLibraryGetManaged) NO(cudaLibraryGetUnifiedFunction) NO(cudaLibraryLoadData) NO(cudaLibraryLoadFromFile)
NO(cudaLibraryUnload) NO(cudaLogsCurrent) NO(cudaLogsDumpToFile) NO(cudaLogsDumpToMemory) NO(cudaLogsRegisterCallback)
NO(cudaLogsUnregisterCallback) NO(cudaMalloc3D) NO(cudaMalloc3DArray) NO(cudaMallocArray) NO(cudaMallocMipmappedArray)
NO(cudaMemGetDefaultMemPool) NO(cudaMemGetMemPool) NO(cudaMemPoolCreate) NO(cudaMemPoolDestroy)
NO(cudaMemPoolExportPointer) NO(cudaMemPoolExportToShareableHandle) NO(cudaMemPoolGetAccess)
NO(cudaMemPoolGetAttribute) NO(cudaMemPoolImportFromShareableHandle) NO(cudaMemPoolImportPointer)
NO(cudaMemPoolSetAccess) NO(cudaMemPoolSetAttribute) NO(cudaMemPoolTrimTo) NO(cudaMemRangeGetAttribute)
NO(cudaMemRangeGetAttributes) NO(cudaMemSetMemPool) NO(cudaMemcpyPeer) NO(cudaMemcpyPeerAsync)
NO(cudaMipmappedArrayGetMemoryRequirements) NO(cudaMipmappedArrayGetSparseProperties)
NO(cudaOccupancyAvailableDynamicSMemPerBlock) NO(cudaOccupancyMaxActiveBlocksPerMultiprocessor)
NO(cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags) NO(cudaOccupancyMaxActiveClusters)
NO(cudaOccupancyMaxPotentialClusterSize) NO(cudaProfilerInitialize) NO(cudaThreadGetCacheConfig)
NO(cudaThreadGetLimit) NO(cudaThreadSetCacheConfig) NO(cudaThreadSetLimit) NO(cudaUnbindTexture)
NO(cudaUserObjectCreate) NO(cudaUserObjectRelease) NO(cudaUserObjectRetain)
NO_TOO(cudaGetDriverEntryPoint, _ptsz) NO_TOO(cudaGetDriverEntryPointByVersion, _ptsz)
NO_TOO(cudaGraphInstantiateWithParams, _ptsz) NO_TOO(cudaGraphLaunch, _ptsz) NO_TOO(cudaGraphUpload, _ptsz)
NO_TOO(cudaMallocFromPoolAsync, _ptsz) NO_TOO(cudaMemDiscardAndPrefetchBatchAsync, _ptsz)
NO_TOO(cudaMemDiscardBatchAsync, _ptsz) NO_TOO(cudaMemPrefetchBatchAsync, _ptsz)
NO_TOO(cudaMemcpy2DFromArrayAsync, _ptsz) NO_TOO(cudaMemcpy2DToArrayAsync, _ptsz) NO_TOO(cudaMemcpy3DAsync, _ptsz)
NO_TOO(cudaMemcpy3DBatchAsync, _ptsz) NO_TOO(cudaMemcpy3DPeerAsync, _ptsz) NO_TOO(cudaMemcpyBatchAsync, _ptsz)
NO_TOO(cudaMemcpyFromArrayAsync, _ptsz) NO_TOO(cudaMemcpyFromSymbolAsync, _ptsz) NO_TOO(cudaMemcpyToArrayAsync, _ptsz)
NO_TOO(cudaMemcpyToSymbolAsync, _ptsz) NO_TOO(cudaMemset3DAsync, _ptsz)
NO_TOO(cudaSignalExternalSemaphoresAsync, _ptsz) NO_TOO(cudaSignalExternalSemaphoresAsync_v2, _ptsz)
NO_TOO(cudaStreamBeginCaptureToGraph, _ptsz) NO_TOO(cudaStreamCopyAttributes, _ptsz)
NO_TOO(cudaStreamEndCapture, _ptsz) NO_TOO(cudaStreamGetAttribute, _ptsz) NO_TOO(cudaStreamSetAttribute, _ptsz)
NO_TOO(cudaStreamUpdateCaptureDependencies, _ptsz) NO_TOO(cudaStreamUpdateCaptureDependencies_v2, _ptsz)
NO_TOO(cudaWaitExternalSemaphoresAsync, _ptsz) NO_TOO(cudaWaitExternalSemaphoresAsync_v2, _ptsz)
NO_TOO(cudaMemcpy2DArrayToArray, _ptds) NO_TOO(cudaMemcpy2DFromArray, _ptds) NO_TOO(cudaMemcpy2DToArray, _ptds)
NO_TOO(cudaMemcpy3D, _ptds) NO_TOO(cudaMemcpy3DPeer, _ptds) NO_TOO(cudaMemcpyArrayToArray, _ptds)
NO_TOO(cudaMemcpyFromArray, _ptds) NO_TOO(cudaMemcpyFromSymbol, _ptds) NO_TOO(cudaMemcpyToArray, _ptds)
NO_TOO(cudaMemcpyToSymbol, _ptds) NO_TOO(cudaMemset3D, _ptds)

// What nvcc's objects call as they are loaded: programs that hold kernels start, and fail when they launch one.
extern "C" {

void** __cudaRegisterFatBinary(void*) {
  static void* handle = nullptr;
  return &handle;
}
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
void __cudaRegisterFunction() {}
void __cudaRegisterVar() {}
void __cudaRegisterHostVar() {}
void __cudaRegisterManagedVar() {}
void __cudaRegisterSurface() {}
void __cudaRegisterTexture() {}
char __cudaInitModule(void**) { return 1; }
unsigned __cudaPushCallConfiguration() { return ok; }
int __cudaPopCallConfiguration() { return ok; }
int __cudaGetKernel() { return ok; }

}  // extern "C"
