# Finds libtorch's headers and its CPU libraries as the target Torch::Cpu.
#
# The wheel's own CMake package asks for the CUDA toolkit when it is a CUDA build; Cohort links libtorch_cpu and libc10
# and needs no more. COHORT_TORCH (CMake or environment) names another libtorch; the default is the project's .venv.

if(NOT COHORT_TORCH AND DEFINED ENV{COHORT_TORCH})
  set(COHORT_TORCH $ENV{COHORT_TORCH})
endif()
if(NOT COHORT_TORCH)
  file(GLOB COHORT_TORCH ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch)
endif()

find_path(Torch_INCLUDE_DIR ATen/ATen.h PATHS ${COHORT_TORCH}/include NO_DEFAULT_PATH)
find_library(Torch_CPU_LIBRARY torch_cpu PATHS ${COHORT_TORCH}/lib NO_DEFAULT_PATH)
find_library(Torch_C10_LIBRARY c10 PATHS ${COHORT_TORCH}/lib NO_DEFAULT_PATH)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Torch
  REQUIRED_VARS Torch_INCLUDE_DIR Torch_CPU_LIBRARY Torch_C10_LIBRARY
  REASON_FAILURE_MESSAGE "run `make setup`, or set COHORT_TORCH to a libtorch folder")

if(Torch_FOUND AND NOT TARGET Torch::Cpu)
  add_library(Torch::Cpu INTERFACE IMPORTED)
  target_include_directories(Torch::Cpu SYSTEM INTERFACE
    ${Torch_INCLUDE_DIR} ${Torch_INCLUDE_DIR}/torch/csrc/api/include)
  target_link_libraries(Torch::Cpu INTERFACE ${Torch_CPU_LIBRARY} ${Torch_C10_LIBRARY})
  get_filename_component(Torch_LIBRARY_DIR ${Torch_CPU_LIBRARY} DIRECTORY)
  target_link_options(Torch::Cpu INTERFACE -Wl,-rpath,${Torch_LIBRARY_DIR})
endif()
