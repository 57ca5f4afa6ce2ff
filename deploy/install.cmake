# Where programs find libtorch, and what `cmake --install` copies. The root
# list includes this file before any target and calls phosphene_install() after
# the last. The build tree has the installed shape, so that programs run from
# either, for every user who may read it:
#
#   bin/{phosphened,phosphene}
#   lib/phosphene/               libtorch and what it needs, nothing else's
#   share/phosphene/proto/       the API, for clients in other languages
#   share/doc/phosphene/         docs and licences

# Fixed, not GNUInstallDirs: `bin` and `lib/phosphene` must keep their distance.
set(PHOSPHENE_PRIVATE_LIBRARIES lib/phosphene)
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${PHOSPHENE_PRIVATE_LIBRARIES}")
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)

# What the loader asks for; libtorch_cpu of the wheel needs cudart and cupti even
# without a GPU. Their own run path, $ORIGIN, holds in one flat folder.
set(PHOSPHENE_LIBTORCH_LIBRARIES
  ${PHOSPHENE_LIBTORCH}/torch/lib/libc10.so
  ${PHOSPHENE_LIBTORCH}/torch/lib/libgomp.so.1
  ${PHOSPHENE_LIBTORCH}/torch/lib/libtorch_cpu.so
  ${PHOSPHENE_LIBTORCH}/nvidia/cu13/lib/libcudart.so.13
  ${PHOSPHENE_LIBTORCH}/nvidia/cu13/lib/libcupti.so.13)

# __FILE__ in messages names the source, not the machine that built it.
add_compile_options("-fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=" "-fmacro-prefix-map=${CMAKE_BINARY_DIR}/=")
if(PHOSPHENE_LIBTORCH)
  add_compile_options("-fmacro-prefix-map=${PHOSPHENE_LIBTORCH}/=libtorch/")
endif()

# Links, or copies from another file system, libtorch into the build tree. The
# cache it comes from lies in a home that others may not enter.
function(phosphene_stage_libtorch)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/${PHOSPHENE_PRIVATE_LIBRARIES})
  foreach(library ${PHOSPHENE_LIBTORCH_LIBRARIES})
    get_filename_component(name ${library} NAME)
    set(staged ${CMAKE_BINARY_DIR}/${PHOSPHENE_PRIVATE_LIBRARIES}/${name})
    if(NOT EXISTS ${staged} OR NOT ${staged} IS_NEWER_THAN ${library})
      # Renamed into place: programs that run meanwhile see a whole file.
      file(CREATE_LINK ${library} ${staged}.new COPY_ON_ERROR)
      file(RENAME ${staged}.new ${staged})
    endif()
  endforeach()
endfunction()

function(phosphene_install)
  # Names of symbols and sources are of use where the sources are: in the build tree.
  install(CODE "set(CMAKE_INSTALL_DO_STRIP TRUE)")
  install(TARGETS phosphene RUNTIME DESTINATION bin)
  set(doc share/doc/phosphene)
  install(DIRECTORY proto/ DESTINATION share/phosphene/proto FILES_MATCHING PATTERN "*.proto")
  install(DIRECTORY docs/ DESTINATION ${doc} FILES_MATCHING PATTERN "*.md" PATTERN "*.textproto"
    PATTERN pictures EXCLUDE)
  install(FILES LICENSE DESTINATION ${doc})
  # Header-only libraries end up inside the programs; Debian has their licences.
  foreach(package libcli11-dev nlohmann-json3-dev)
    install(FILES /usr/share/doc/${package}/copyright DESTINATION ${doc}/licenses
      RENAME ${package}.txt OPTIONAL)
  endforeach()
  if(NOT PHOSPHENE_TORCH)
    return()
  endif()
  phosphene_stage_libtorch()
  if(PHOSPHENE_CUDA)
    install(CODE "message(FATAL_ERROR \"the cuda preset runs from its build tree, for the user \"
      \"whose cache holds libtorch; its CUDA libraries are not installed yet\")")
    return()
  endif()
  install(TARGETS phosphened RUNTIME DESTINATION bin)
  install(FILES ${PHOSPHENE_LIBTORCH_LIBRARIES} DESTINATION ${PHOSPHENE_PRIVATE_LIBRARIES})
  file(GLOB libtorch_license ${PHOSPHENE_LIBTORCH}/torch-*.dist-info/licenses/LICENSE)
  file(GLOB cuda_license ${PHOSPHENE_LIBTORCH}/nvidia_cuda_runtime-*.dist-info/licenses/License.txt)
  if(NOT libtorch_license OR NOT cuda_license)
    message(FATAL_ERROR "${PHOSPHENE_LIBTORCH} lacks the licences of libtorch or of the CUDA runtime; "
      "run deploy/fetch_libtorch.sh")
  endif()
  install(FILES ${libtorch_license} DESTINATION ${doc}/licenses RENAME libtorch.txt)
  install(FILES ${cuda_license} DESTINATION ${doc}/licenses RENAME nvidia-cuda.txt)
  install(FILES /usr/share/doc/libgomp1/copyright DESTINATION ${doc}/licenses
    RENAME libgomp.txt OPTIONAL)
endfunction()
