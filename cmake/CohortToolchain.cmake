# Compiler settings and the libraries that Cohort stands on.

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "build type" FORCE)
endif()
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
add_compile_options(-Wall -Wextra -Wno-unused-parameter -Werror=return-type -Werror=unused-result)

find_program(COHORT_CCACHE ccache)
if(COHORT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${COHORT_CCACHE})
endif()

set(COHORT_SANITIZE "" CACHE STRING "sanitizers, for example address,undefined or thread")
if(COHORT_SANITIZE)
  add_compile_options(-fsanitize=${COHORT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${COHORT_SANITIZE})
endif()

option(COHORT_TORCH_FREE "leave out every target that needs libtorch, and its tests" OFF)
option(COHORT_FUZZ "make the fuzz targets programs of libFuzzer; needs clang" OFF)

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(GTest REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CapnProto REQUIRED)
find_package(prometheus-cpp REQUIRED)
pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq)
pkg_check_modules(PCRE2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)
find_package(Calcium MODULE REQUIRED)
pkg_check_modules(ICU REQUIRED IMPORTED_TARGET icu-uc)
pkg_check_modules(GIT2 REQUIRED IMPORTED_TARGET libgit2)
find_package(Cld2 MODULE REQUIRED)
if(NOT COHORT_TORCH_FREE)
  find_package(Torch MODULE REQUIRED)
endif()
