// One tick of the skewed wavefront: cell k does its step t = tick - depth(k), so everything that
// it reads was written in earlier ticks and no barrier is needed.
struct Shape { cells: u32, slots: u32, channels: u32, steps: u32 }

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> numbers: array<f32>;   // cell: decay, bias, weight per slot
@group(0) @binding(2) var<storage, read> tables: array<i32>;    // cell: depth, pred and channel per slot
@group(0) @binding(3) var<storage, read> inputs: array<f32>;    // [step, channel]
@group(0) @binding(4) var<storage, read_write> state: array<f32>;    // [step, cell]
@group(0) @binding(5) var<storage, read_write> outputs: array<f32>;  // [step, cell]
@group(0) @binding(6) var<uniform> tick: vec4<u32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let k = id.x;
  if (k >= shape.cells) { return; }
  let slots = shape.slots;
  let table = k * (1u + 2u * slots);
  let depth = u32(tables[table]);
  if (tick.x < depth || tick.x - depth >= shape.steps) { return; }
  let t = tick.x - depth;
  let at = k * (2u + slots);
  var drive = 0.0;
  for (var f = 0u; f < slots; f++) {
    let p = tables[table + 1u + f];
    let c = tables[table + 1u + slots + f];
    var value = 0.0;
    if (p >= 0) { value = outputs[t * shape.cells + u32(p)]; }
    else if (c >= 0) { value = inputs[t * shape.channels + u32(c)]; }
    drive += numbers[at + 2u + f] * value;
  }
  let a = numbers[at];
  var before = 0.0;
  if (t > 0u) { before = state[(t - 1u) * shape.cells + k]; }
  let now = a * before + (1.0 - a) * drive;
  state[t * shape.cells + k] = now;
  // tanh of large arguments overflows on some implementations; at 15 it is 1 in float32.
  outputs[t * shape.cells + k] = tanh(clamp(now + numbers[at + 1u], -15.0, 15.0));
}
