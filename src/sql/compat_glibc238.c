/* SPDX-License-Identifier: Apache-2.0
 *
 * Two functions of glibc 2.38 that Debian 12 (glibc 2.36) lacks and that libpg_query's static library of version 18,
 * built on a newer Debian, refers to. CMakeLists.txt compiles this file only where the C library has not got them;
 * they are weak, so that a C library which does have them wins all the same.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

unsigned long __isoc23_strtoul(const char* text, char** end, int base);
size_t strlcpy(char* target, const char* source, size_t size);

/* C23's strtoul differs from C99's in reading "0b" in bases 0 and 2 only; PostgreSQL's scanner, the one caller, asks
 * for bases 8 and 16. */
__attribute__((weak)) unsigned long __isoc23_strtoul(const char* text, char** end, int base) {
  return strtoul(text, end, base);
}

__attribute__((weak)) size_t strlcpy(char* target, const char* source, size_t size) {
  const size_t length = strlen(source);
  if (size > 0) {
    const size_t copied = length < size ? length : size - 1;
    memcpy(target, source, copied);
    target[copied] = '\0';
  }
  return length;
}
