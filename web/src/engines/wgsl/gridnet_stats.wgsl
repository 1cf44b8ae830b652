// Mean and 1 / (sd + eps) of each block's window: its cells as they are now, the stale shell, and
// zeros outside the lattice. One thread per block.
struct Shape {
  size: vec4<u32>,
  block: vec4<u32>,
  flags: vec4<u32>,
  numbers: vec4<f32>,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> stale: array<f32>;
@group(0) @binding(2) var<storage, read> now: array<f32>;
@group(0) @binding(3) var<storage, read_write> stats: array<vec2<f32>>;

fn value(q: vec3<i32>, home: vec3<i32>, block: vec3<i32>, size: vec3<i32>) -> f32 {
  if (any(q < vec3<i32>(0)) || any(q >= size)) { return 0.0; }
  let n = (q.x * size.y + q.y) * size.z + q.z;
  if (all(q / block == home)) { return now[n]; }
  return stale[n];
}

@compute @workgroup_size(16)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let size = vec3<i32>(shape.size.xyz);
  let block = vec3<i32>(shape.block.xyz);
  let count = size / block;
  let n = i32(id.x);
  if (n >= count.x * count.y * count.z) { return; }
  let home = vec3<i32>(n / (count.y * count.z), (n / count.z) % count.y, n % count.z);
  let window = block + vec3<i32>(2);
  let total = window.x * window.y * window.z;
  let corner = home * block - vec3<i32>(1);
  var mean = 0.0;
  for (var i = 0; i < total; i++) {
    let q = corner + vec3<i32>(i / (window.y * window.z), (i / window.z) % window.y, i % window.z);
    mean += value(q, home, block, size);
  }
  mean /= f32(total);
  var square = 0.0;
  for (var i = 0; i < total; i++) {
    let q = corner + vec3<i32>(i / (window.y * window.z), (i / window.z) % window.y, i % window.z);
    let v = value(q, home, block, size) - mean;
    square += v * v;
  }
  let sd = sqrt(square / f32(total)) + shape.numbers.x;
  stats[n] = vec2<f32>(mean, select(0.0, 1.0 / sd, sd > 0.0));
}
