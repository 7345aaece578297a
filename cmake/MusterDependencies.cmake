# The packaged libraries that muster stands on, each as one imported target.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(URING REQUIRED IMPORTED_TARGET liburing)
pkg_check_modules(EXPAT REQUIRED IMPORTED_TARGET expat)
pkg_check_modules(MSGPACK REQUIRED IMPORTED_TARGET msgpack)
# 7.87: CURLOPT_QUICK_EXIT, and one copy of the CAs for all connections
pkg_check_modules(CURL REQUIRED libcurl>=7.87)
add_library(muster_curl_headers INTERFACE) # io/http/libcurl.c loads the library itself
target_include_directories(muster_curl_headers INTERFACE ${CURL_INCLUDE_DIRS})
target_link_libraries(muster_curl_headers INTERFACE ${CMAKE_DL_LIBS})
if(MUSTER_TESTS)
  find_package(OpenSSL 3.0 REQUIRED COMPONENTS SSL) # servers of tests
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()
