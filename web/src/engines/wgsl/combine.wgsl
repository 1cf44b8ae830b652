// y = a + factor (b - c) elementwise; where b and c are the same buffer, y = a.
struct Shape { count: u32, factor_b: f32, factor_c: f32, unused: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> c: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= shape.count) { return; }
  y[id.x] = a[id.x] + shape.factor_b * b[id.x] + shape.factor_c * c[id.x];
}
