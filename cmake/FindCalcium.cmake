# Calcium::calcium: Calcium with what it stands on, Arb and FLINT. Debian ships no pkg-config files for them.
find_path(CALCIUM_INCLUDE_DIR calcium/qqbar.h)
find_library(CALCIUM_LIBRARY calcium)
find_library(ARB_LIBRARY NAMES flint-arb arb)
find_library(FLINT_LIBRARY flint)
find_library(GMP_LIBRARY gmp)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Calcium
  REQUIRED_VARS CALCIUM_LIBRARY ARB_LIBRARY FLINT_LIBRARY GMP_LIBRARY CALCIUM_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "scripts/setup.sh installs libcalcium-dev, libflint-arb-dev and libflint-dev")

if(Calcium_FOUND AND NOT TARGET Calcium::calcium)
  add_library(Calcium::calcium INTERFACE IMPORTED)
  target_include_directories(Calcium::calcium INTERFACE ${CALCIUM_INCLUDE_DIR})
  target_link_libraries(Calcium::calcium INTERFACE
    ${CALCIUM_LIBRARY} ${ARB_LIBRARY} ${FLINT_LIBRARY} ${GMP_LIBRARY})
endif()
