// One inner step of a blocked lattice: a cell sees its block's present values and, elsewhere, the
// stale ones of the start of the sweep. One thread per cell, buffers in turn, no barrier.
struct Shape {
  size: vec4<u32>,     // rows, columns, layers, cells
  block: vec4<u32>,    // the same of a block; w: activation (0 silu, 1 relu, 2 leaky_relu, 3 tanh)
  flags: vec4<u32>,    // gated, block_norm, offset of the set of weights, offset of its biases
  numbers: vec4<f32>,  // eps of the block's normalisation
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> weight: array<f32>;   // [set, slot, channel, cell]
@group(0) @binding(2) var<storage, read> bias: array<f32>;     // [set, channel, cell]; then scales
@group(0) @binding(3) var<storage, read> stale: array<f32>;
@group(0) @binding(4) var<storage, read> now: array<f32>;
@group(0) @binding(5) var<storage, read_write> next: array<f32>;
@group(0) @binding(6) var<storage, read> stats: array<vec2<f32>>;  // mean and gain of each block

fn phi(h: f32) -> f32 {
  switch (shape.block.w) {
    case 0u: { return h / (1.0 + exp(-h)); }
    case 1u: { return max(h, 0.0); }
    case 2u: { return select(0.01 * h, h, h > 0.0); }
    default: { return tanh(clamp(h, -15.0, 15.0)); }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let p = id.x;
  let cells = shape.size.w;
  if (p >= cells) { return; }
  let size = vec3<i32>(shape.size.xyz);
  let block = vec3<i32>(shape.block.xyz);
  let at = vec3<i32>(i32(p) / (size.y * size.z), (i32(p) / size.z) % size.y, i32(p) % size.z);
  let home = at / block;
  var moment = vec2<f32>(0.0, 1.0);
  if (shape.flags.y == 1u) {
    let count = size / block;
    moment = stats[(home.x * count.y + home.y) * count.z + home.z];
  }
  let channels = 1u + shape.flags.x;
  var h = vec2<f32>(0.0, 0.0);
  for (var d = 0; d < 27; d++) {
    let q = at + vec3<i32>(d / 9 - 1, (d / 3) % 3 - 1, d % 3 - 1);
    var z = 0.0;
    if (all(q >= vec3<i32>(0)) && all(q < size)) {
      let n = (q.x * size.y + q.y) * size.z + q.z;
      if (all(q / block == home)) { z = now[n]; } else { z = stale[n]; }
    }
    z = (z - moment.x) * moment.y;
    let w = shape.flags.z + u32(d) * channels * cells + p;
    h.x += weight[w] * z;
    if (channels == 2u) { h.y += weight[w + cells] * z; }
  }
  let b = shape.flags.w + p;
  let u = now[p];
  if (channels == 2u) {
    let g = 1.0 / (1.0 + exp(-(h.y + bias[b + cells])));
    next[p] = g * u + (1.0 - g) * phi(h.x + bias[b]);
  } else {
    next[p] = u + bias[b + cells] * phi(h.x + bias[b]);
  }
}
