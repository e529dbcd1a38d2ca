# libtenon_cuda.so: the folders named cuda under src/. Loaded at run time, so that one build runs with and without a
# GPU. It links the CUDA runtime statically and opens the driver, NVRTC, cuBLASLt and cuDNN by itself; only their headers are
# needed here. Kernels are text (src/kernels/cuda/*.cu), compiled on the machine that runs them.
find_package(CUDAToolkit 12.0 QUIET)
find_path(CUDNN_INCLUDE cudnn_backend.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
if(TENON_SANITIZE OR TENON_TSAN OR NOT TARGET CUDA::cudart_static OR NOT CUDNN_INCLUDE)
  message(STATUS "CUDA: not built (a CUDA toolkit 12 or newer and cuDNN 9 headers are needed)")
  set(TENON_HAS_CUDA OFF)
  return()
endif()
set(TENON_HAS_CUDA ON)

# Each kernel file becomes one string: `kernel_text_softmax` of softmax.cu.
set(texts "")
file(GLOB kernels CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/kernels/cuda/*.cu)
foreach(kernel ${kernels})
  get_filename_component(name ${kernel} NAME_WE)
  set(text ${CMAKE_BINARY_DIR}/kernel_text/${name}.cpp)
  add_custom_command(OUTPUT ${text} DEPENDS ${kernel} ${CMAKE_SOURCE_DIR}/cmake/kernel_text.cmake
    COMMAND ${CMAKE_COMMAND} -DIN=${kernel} -DOUT=${text} -DNAME=${name} -P ${CMAKE_SOURCE_DIR}/cmake/kernel_text.cmake)
  list(APPEND texts ${text})
endforeach()

file(GLOB cuda_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/cuda/*.cpp ${CMAKE_SOURCE_DIR}/src/*/cuda/*.cpp)
add_library(tenon_cuda SHARED ${cuda_sources} ${texts})
compile_together(tenon_cuda ALONE "/device_[^/]*$")
target_include_directories(tenon_cuda SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS} ${CUDNN_INCLUDE})
target_link_libraries(tenon_cuda PRIVATE tenon CUDA::cudart_static ${CMAKE_DL_LIBS})
