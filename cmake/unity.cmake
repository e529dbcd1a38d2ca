# Files of one target are compiled together, a few at a time: headers are read and templates made once for all of them, which
# halves a build from nothing. A file's group depends on its name (and on how many files there are, at each doubling), so that a
# new file seldom moves another. Names in anonymous namespaces must differ within a group; a file that includes itself again
# (Highway), or the text of a CUDA kernel, is compiled alone. TENON_UNITY=OFF compiles each file alone.
option(TENON_UNITY "Compile several files of one folder together" ON)

# compile_together(target [ALONE regex]): groups of four to eight files; files that match are compiled alone.
function(compile_together target)
  cmake_parse_arguments(ARG "" "ALONE" "" ${ARGN})
  get_target_property(sources ${target} SOURCES)
  list(FILTER sources EXCLUDE REGEX "TARGET_OBJECTS")
  list(LENGTH sources count)
  if(NOT TENON_UNITY OR count LESS 4)
    return()
  endif()
  set(groups 1)
  while(count GREATER 8)
    math(EXPR groups "${groups} * 2")
    math(EXPR count "(${count} + 1) / 2")
  endwhile()
  foreach(source ${sources})
    if(NOT EXISTS ${source} OR (ARG_ALONE AND source MATCHES "${ARG_ALONE}"))
      continue()
    endif()
    file(READ ${source} text)
    if(text MATCHES "foreach_target\\.h|emulate\\.h")
      continue()
    endif()
    get_filename_component(name ${source} NAME_WE)
    string(MD5 digest ${name})
    string(SUBSTRING ${digest} 0 4 digest)
    math(EXPR group "0x${digest} % ${groups}")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP together_${group})
  endforeach()
  # GCC takes a class with members of an anonymous namespace in an included file for a mistake, and inlines more, after which
  # version 12 warns of copies inside std::vector that never happen.
  target_compile_options(${target} PRIVATE
    "$<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage;-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread>")
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

# compile_lightly(target): for tests, whose time is the compiler's: no optimization, and no counting of branches for fuzzers.
function(compile_lightly target)
  target_compile_options(${target} PRIVATE -O0)
  set_target_properties(${target} PROPERTIES TENON_NOT_FUZZED ON)
endfunction()
