#!/bin/sh
# Compiles the kernels for CUDA with nvcc alone: build.sh OUTPUT HEADERS
#
# HEADERS is what jax.ffi.include_dir() says. For the GPUs of this machine, or, where none is seen,
# for compute capability 9.0, and for others from 8.0 on by their driver.
set -e
output=$1 headers=$2
here=$(cd "$(dirname "$0")" && pwd)
nvcc=${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}
if nvidia-smi -L >/dev/null 2>&1; then
  machines="-arch=native"
else
  machines="-gencode=arch=compute_90,code=sm_90 -gencode=arch=compute_80,code=compute_80"
fi
# Beside the place and then moved: who uses the old file goes on doing so.
# shellcheck disable=SC2086
"$nvcc" -std=c++17 -O3 --threads 0 $machines --cudart static -shared \
  -Xcompiler -fPIC,-Wall,-Wextra,-Wno-unused-parameter,-fvisibility=hidden \
  -isystem "$headers" -I "$here" "$here/cube.cu" -o "$output.part"
mv "$output.part" "$output"
