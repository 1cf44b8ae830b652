// LayerNorm over all cells in three dispatches: partial sums, partial squares about the mean, and
// the affine map. Each thread of the last two adds up the few partial sums by itself.
struct Shape { cells: u32, chunk: u32, parts: u32, eps: f32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;     // [parts]
@group(0) @binding(3) var<storage, read_write> squares: array<f32>;  // [parts]
@group(0) @binding(4) var<storage, read> affine: array<f32>;         // weights, then biases
@group(0) @binding(5) var<storage, read_write> y: array<f32>;

fn mean() -> f32 {
  var total = 0.0;
  for (var i = 0u; i < shape.parts; i++) { total += sums[i]; }
  return total / f32(shape.cells);
}

@compute @workgroup_size(64)
fn add(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= shape.parts) { return; }
  let end = min((id.x + 1u) * shape.chunk, shape.cells);
  var total = 0.0;
  for (var p = id.x * shape.chunk; p < end; p++) { total += x[p]; }
  sums[id.x] = total;
}

@compute @workgroup_size(64)
fn spread(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= shape.parts) { return; }
  let centre = mean();
  let end = min((id.x + 1u) * shape.chunk, shape.cells);
  var total = 0.0;
  for (var p = id.x * shape.chunk; p < end; p++) {
    let v = x[p] - centre;
    total += v * v;
  }
  squares[id.x] = total;
}

@compute @workgroup_size(64)
fn scale(@builtin(global_invocation_id) id: vec3<u32>) {
  let p = id.x;
  if (p >= shape.cells) { return; }
  var total = 0.0;
  for (var i = 0u; i < shape.parts; i++) { total += squares[i]; }
  let gain = inverseSqrt(total / f32(shape.cells) + shape.eps);
  y[p] = (x[p] - mean()) * gain * affine[p] + affine[shape.cells + p];
}
