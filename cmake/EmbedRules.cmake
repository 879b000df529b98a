# SPDX-License-Identifier: Apache-2.0
# Writes the rule files into a C++ source. Run at build time:
#   cmake -DRULES=<rules/> -DLIST=<file with one path a line, relative to rules/> -DTEMPLATE=… -DOUTPUT=… -P EmbedRules.cmake

file(STRINGS "${LIST}" paths ENCODING UTF-8)
list(LENGTH paths COUNT)
set(ENTRIES "")
foreach(path IN LISTS paths)
  file(READ "${RULES}/${path}" contents)
  string(APPEND ENTRIES "    {\"${path}\"sv, R\"pgsluice(${contents})pgsluice\"sv},\n")
endforeach()
configure_file("${TEMPLATE}" "${OUTPUT}" @ONLY)
# An unchanged rule file that was merely touched must not make the build rule run for ever.
file(TOUCH "${OUTPUT}")
