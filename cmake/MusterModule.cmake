# Developers' builds are optimised, and keep their asserts.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")

add_library(muster_flags INTERFACE)
target_compile_definitions(muster_flags INTERFACE _GNU_SOURCE)
target_compile_options(muster_flags INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual
  -Wwrite-strings -Wvla -Wimplicit-fallthrough -Wundef -Wformat=2 -fno-common -fvisibility=hidden
  # Unlike gcc, clang asks a literal of a va_list function's caller too.
  $<$<C_COMPILER_ID:Clang>:-Wno-format-nonliteral>
  $<$<BOOL:${MUSTER_WERROR}>:-Werror>)
if(NOT MUSTER_SANITIZE)
  # It needs optimisation, and hides from sanitizers what they would see.
  target_compile_options(muster_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
else()
  add_compile_options(-fsanitize=${MUSTER_SANITIZE} -fno-omit-frame-pointer)
  # Instrumented code hides ranges from gcc: it then warns of what cannot be.
  target_compile_options(muster_flags INTERFACE
    $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
  add_link_options(-fsanitize=${MUSTER_SANITIZE})
  if(MUSTER_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
if(MUSTER_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

set(MUSTER_FUZZ_SECONDS 10 CACHE STRING "how long each libFuzzer test looks for new inputs")

# What a test says when it cannot run here: it prints "SKIP: <reason>" and returns this.
set(MUSTER_SKIP_RETURN_CODE 77)
# No finding of a sanitizer may pass unseen, and each shows where it happened.
set(MUSTER_TEST_ENVIRONMENT
  "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1"
  "TSAN_OPTIONS=second_deadlock_stack=1:atexit_sleep_ms=10"
  "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1")

# `fuzzers` builds every libFuzzer program and nothing else.
add_custom_target(fuzzers)

# muster_module(<name> SOURCES <c>... [DEPENDS <target>...] [TESTS <c>...])
# One call is one module: its library, the modules it may use, its unit tests. A test file
# tests/<layer>/<module>/x_test.c makes the test `x_test`.
function(muster_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;TESTS")
  add_library(${name} STATIC ${arg_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(${name} PUBLIC ${arg_DEPENDS} PRIVATE muster_flags)
  if(MUSTER_TESTS)
    foreach(source IN LISTS arg_TESTS)
      muster_test(${source} DEPENDS ${name})
    endforeach()
  endif()
endfunction()

# muster_test(<c> DEPENDS <target>... [LABEL unit|thread|integration|slow] [TIMEOUT s] [ARGS ...])
# `slow` runs only when asked for. Tests of the pure layers get the label `pure` too: they have no
# threads, so ThreadSanitizer leaves them out.
function(muster_test source)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL;TIMEOUT" "DEPENDS;ARGS")
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 600) # a busy machine under ThreadSanitizer is ten times slower
  endif()
  if(source MATCHES "/tests/(artifact|planners)/" AND arg_LABEL STREQUAL "unit")
    list(APPEND arg_LABEL pure)
  endif()
  cmake_path(GET source STEM test)
  add_executable(${test} ${source})
  target_link_libraries(${test} PRIVATE ${arg_DEPENDS} muster_test_support muster_flags)
  # Take the wrapped malloc even if only a library that is linked after it calls it.
  target_link_options(${test} PRIVATE -Wl,--undefined=__wrap_malloc)
  add_test(NAME ${test} COMMAND ${test} ${arg_ARGS})
  set_tests_properties(${test} PROPERTIES LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT}
    SKIP_RETURN_CODE ${MUSTER_SKIP_RETURN_CODE} ENVIRONMENT "${MUSTER_TEST_ENVIRONMENT}")
endfunction()

# muster_fuzz(<name> <c> DEPENDS <target>...)
# With MUSTER_FUZZ a libFuzzer program; always a test that replays tests/fuzz/corpus/<name>/.
function(muster_fuzz name source)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "" "DEPENDS")
  if(NOT MUSTER_TESTS)
    return()
  endif()
  set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
  if(MUSTER_FUZZ)
    # libFuzzer writes new inputs into its first directory and reads all: the first is scratch,
    # so the source tree stays as it is. It runs every input of both before it invents one.
    set(scratch ${PROJECT_BINARY_DIR}/fuzz/${name})
    file(MAKE_DIRECTORY ${scratch} ${PROJECT_BINARY_DIR}/fuzz/findings)
    add_executable(${name} ${source})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${name} PRIVATE ${arg_DEPENDS} muster_flags)
    add_dependencies(fuzzers ${name})
    add_test(NAME ${name} COMMAND ${name} -max_total_time=${MUSTER_FUZZ_SECONDS} -max_len=65536
      -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -error_exitcode=1 -timeout_exitcode=1
      -artifact_prefix=${PROJECT_BINARY_DIR}/fuzz/findings/${name}- ${scratch} ${corpus})
    math(EXPR timeout "${MUSTER_FUZZ_SECONDS} + 120")
  else()
    add_executable(${name} ${source} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c)
    target_link_libraries(${name} PRIVATE ${arg_DEPENDS} muster_flags)
    add_test(NAME ${name} COMMAND ${name} ${corpus})
    set(timeout 120)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT ${timeout}
    ENVIRONMENT "${MUSTER_TEST_ENVIRONMENT}")
endfunction()
