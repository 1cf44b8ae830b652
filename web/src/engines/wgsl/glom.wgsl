// One synchronous step of all columns, one thread per site and level: what each net that writes the
// level says, added to the vector or averaged with it. Snapshots are added by combine.wgsl.
const MOST: u32 = 32u;

struct Shape {
  size: vec4<u32>,     // rows, columns, levels, length of a vector
  rule: vec4<u32>,     // nets, average, refeed, alive mask in use
  numbers: vec4<f32>,  // scale of what the nets say
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> nets: array<vec2<u32>>;  // level read, level written
@group(0) @binding(2) var<storage, read> weights: array<f32>;     // net: W1, b1, W2, b2, W3, b3, place
@group(0) @binding(3) var<storage, read> bottom: array<f32>;      // [channel, site], then alive [site]
@group(0) @binding(4) var<storage, read> now: array<f32>;         // [level, channel, site]
@group(0) @binding(5) var<storage, read_write> next: array<f32>;

fn squash(h: f32) -> f32 { return tanh(clamp(h, -15.0, 15.0)); }

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let rows = shape.size.x;
  let cols = shape.size.y;
  let d = shape.size.w;
  let sites = rows * cols;
  if (id.x >= sites * shape.size.z) { return; }
  let level = id.x / sites;
  let site = id.x % sites;
  let home = level * d * sites + site;
  let is_dead = shape.rule.w == 1u && bottom[d * sites + site] == 0.0;
  if (level == 0u && shape.rule.z == 1u) {
    for (var c = 0u; c < d; c++) { next[home + c * sites] = bottom[c * sites + site]; }
    return;
  }
  var said: array<f32, MOST>;
  for (var c = 0u; c < d; c++) { said[c] = 0.0; }
  var writers = 0.0;
  let width = d * 9u * d + d + 2u * (d * d + d) + 2u * d;
  let row = site / cols;
  let col = site % cols;
  let y = select(-1.0, 2.0 * f32(row) / f32(max(rows, 2u) - 1u) - 1.0, rows > 1u);
  let x = select(-1.0, 2.0 * f32(col) / f32(max(cols, 2u) - 1u) - 1.0, cols > 1u);
  for (var n = 0u; n < shape.rule.x; n++) {
    if (nets[n].y != level || is_dead) { continue; }
    writers += 1.0;
    let plane = nets[n].x * d * sites;
    let w1 = n * width;
    let b1 = w1 + d * 9u * d;
    let w2 = b1 + d;
    let b2 = w2 + d * d;
    let w3 = b2 + d;
    let b3 = w3 + d * d;
    let place = b3 + d;
    var q: array<f32, MOST>;
    var k: array<f32, MOST>;
    for (var c = 0u; c < d; c++) {
      q[c] = weights[b1 + c] + weights[place + 2u * c] * y + weights[place + 2u * c + 1u] * x;
    }
    for (var block = 0u; block < 9u; block++) {
      // The site (i - sy, j - sx) of the torus.
      let i = (row + rows + 1u - block / 3u) % rows;
      let j = (col + cols + 1u - block % 3u) % cols;
      for (var e = 0u; e < d; e++) {
        let value = now[plane + e * sites + i * cols + j];
        for (var c = 0u; c < d; c++) { q[c] += weights[w1 + c * 9u * d + block * d + e] * value; }
      }
    }
    for (var c = 0u; c < d; c++) { q[c] = squash(q[c]); }
    for (var c = 0u; c < d; c++) {
      var h = weights[b2 + c];
      for (var e = 0u; e < d; e++) { h += weights[w2 + c * d + e] * q[e]; }
      k[c] = squash(h) + q[c];
    }
    for (var c = 0u; c < d; c++) {
      var h = weights[b3 + c];
      for (var e = 0u; e < d; e++) { h += weights[w3 + c * d + e] * k[e]; }
      said[c] += shape.numbers.x * (squash(h) + q[c] + k[c]);
    }
  }
  var share = 1.0;
  if (shape.rule.y == 1u && level > 0u && !is_dead) { share = 1.0 / (1.0 + writers); }
  for (var c = 0u; c < d; c++) { next[home + c * sites] = share * (now[home + c * sites] + said[c]); }
}
