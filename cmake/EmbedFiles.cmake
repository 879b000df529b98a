# SPDX-License-Identifier: Apache-2.0
# Writes the files of a folder into a C++ source. Run at build time:
#   cmake -DFOLDER=<folder> -DNAME=<its name> -DFUNCTION=<of the source> -DLIST=<file with one path a line, relative to it>
#     -DTEMPLATE=… -DOUTPUT=… -P EmbedFiles.cmake

file(STRINGS "${LIST}" paths ENCODING UTF-8)
list(LENGTH paths COUNT)
set(ENTRIES "")
foreach(path IN LISTS paths)
  file(READ "${FOLDER}/${path}" contents)
  string(APPEND ENTRIES "    {\"${path}\"sv, R\"pgsluice(${contents})pgsluice\"sv},\n")
endforeach()
configure_file("${TEMPLATE}" "${OUTPUT}" @ONLY)
# An unchanged file that was merely touched must not make the build rule run for ever.
file(TOUCH "${OUTPUT}")
