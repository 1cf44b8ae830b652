// One wave of one column in two dispatches, and of a buffer in one. A train is a word, bit t for
// step t; trains lie as [wave, unit], units of all populations side by side.
struct Wave {
  at: vec4<u32>,       // wave, units in all, steps of a wave, one past the last step seen
  column: vec4<u32>,   // first unit, size, winners (0: all), links
  rule: vec4<u32>,     // waves are separate; of a buffer: first unit of its source
  numbers: vec4<f32>,  // threshold
}
struct Link { first: u32, size: u32, weight: u32, height: f32 }

@group(0) @binding(0) var<uniform> wave: Wave;
@group(0) @binding(1) var<storage, read> links: array<Link>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;            // [source, target] of each link
@group(0) @binding(3) var<storage, read_write> trains: array<u32>;      // [wave, unit]
@group(0) @binding(4) var<storage, read_write> times: array<u32>;       // [unit], 0xffff: never
@group(0) @binding(5) var<storage, read_write> drives: array<f32>;      // [wave, unit]

fn shown(unit: u32) -> u32 {
  let full = (1u << wave.at.z) - 1u;
  var carried = 0u;
  if (wave.rule.x == 0u && wave.at.x > 0u) {
    carried = (trains[(wave.at.x - 1u) * wave.at.y + unit] >> (wave.at.z - 1u)) & 1u;
  }
  return ((trains[wave.at.x * wave.at.y + unit] << 1u) & full) | carried;
}

@compute @workgroup_size(64)
fn cross(@builtin(global_invocation_id) id: vec3<u32>) {
  let j = id.x;
  if (j >= wave.column.y) { return; }
  var first = 0xffffu;
  var drive = 0.0;
  for (var t = 0u; t < wave.at.z; t++) {
    drive = 0.0;
    for (var n = 0u; n < wave.column.w; n++) {
      let link = links[n];
      for (var i = 0u; i < link.size; i++) {
        if (((shown(link.first + i) >> t) & 1u) == 1u) {
          drive += link.height * weight[link.weight + i * wave.column.y + j];
        }
      }
    }
    if (drive >= wave.numbers.x && first == 0xffffu) { first = t; }
  }
  times[wave.column.x + j] = first;
  drives[wave.at.x * wave.at.y + wave.column.x + j] = drive;
}

// The earliest win, the first in the column on ties.
@compute @workgroup_size(64)
fn win(@builtin(global_invocation_id) id: vec3<u32>) {
  let j = id.x;
  if (j >= wave.column.y) { return; }
  let own = times[wave.column.x + j];
  var place = 0u;
  for (var i = 0u; i < wave.column.y; i++) {
    let other = times[wave.column.x + i];
    if (other < own || (other == own && i < j)) { place++; }
  }
  let fires = own < wave.at.w && (wave.column.z == 0u || place < wave.column.z);
  let full = (1u << wave.at.w) - 1u;
  trains[wave.at.x * wave.at.y + wave.column.x + j] = select(0u, (full << own) & full, fires);
}

// What a buffer shows in the next wave.
@compute @workgroup_size(64)
fn keep(@builtin(global_invocation_id) id: vec3<u32>) {
  let j = id.x;
  if (j >= wave.column.y) { return; }
  let next = (wave.at.x + 1u) * wave.at.y + wave.column.x + j;
  trains[next] = shown(wave.rule.y + j);
}
