# Finds the language detector CLD2 as the target Cld2::Cld2: its Debian package has neither a CMake package nor a
# pkg-config file.

find_path(Cld2_INCLUDE_DIR cld2/public/compact_lang_det.h)
find_library(Cld2_LIBRARY cld2)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Cld2
  REQUIRED_VARS Cld2_LIBRARY Cld2_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run `make setup`, or install libcld2-dev")

if(Cld2_FOUND AND NOT TARGET Cld2::Cld2)
  add_library(Cld2::Cld2 INTERFACE IMPORTED)
  target_include_directories(Cld2::Cld2 SYSTEM INTERFACE ${Cld2_INCLUDE_DIR})
  target_link_libraries(Cld2::Cld2 INTERFACE ${Cld2_LIBRARY})
endif()
