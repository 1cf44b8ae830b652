/** Colours and borders of level vectors: what agrees looks alike. */

/** The three directions of largest variance of some vectors, by power iteration. */
export function principal(vectors: Float64Array[], length: number): { mean: Float64Array; axes: Float64Array[] } {
  const mean = new Float64Array(length);
  for (const v of vectors) v.forEach((x, c) => (mean[c]! += x / vectors.length));
  const covariance = new Float64Array(length * length);
  for (const v of vectors) {
    for (let a = 0; a < length; a++) {
      for (let b = 0; b < length; b++) covariance[a * length + b]! += (v[a]! - mean[a]!) * (v[b]! - mean[b]!);
    }
  }
  const axes: Float64Array[] = [];
  for (let n = 0; n < Math.min(3, length); n++) {
    let axis = Float64Array.from({ length }, (_, c) => Math.cos(1 + c * (n + 1)));
    for (let round = 0; round < 40; round++) {
      const next = new Float64Array(length);
      for (let a = 0; a < length; a++) {
        for (let b = 0; b < length; b++) next[a]! += covariance[a * length + b]! * axis[b]!;
      }
      for (const other of axes) {
        const along = next.reduce((sum, x, c) => sum + x * other[c]!, 0);
        other.forEach((x, c) => (next[c]! -= along * x));
      }
      const size = Math.sqrt(next.reduce((sum, x) => sum + x * x, 0));
      if (!(size > 1e-12)) break;
      axis = next.map((x) => x / size);
    }
    axes.push(axis);
  }
  return { mean, axes };
}

/** Cosine of the angle between two vectors; 1 where both are nothing. */
export function agreement(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (let c = 0; c < a.length; c++) {
    ab += a[c]! * b[c]!;
    aa += a[c]! * a[c]!;
    bb += b[c]! * b[c]!;
  }
  return aa * bb > 1e-18 ? ab / Math.sqrt(aa * bb) : 1;
}

/** Regions of sites connected by neighbours that agree: the number of each site, and how many. */
export function islands(
  rows: number,
  cols: number,
  agrees: (a: number, b: number) => boolean,
): { label: Int32Array; count: number } {
  const label = new Int32Array(rows * cols).fill(-1);
  let count = 0;
  for (let start = 0; start < rows * cols; start++) {
    if (label[start]! >= 0) continue;
    const stack = [start];
    label[start] = count;
    while (stack.length) {
      const site = stack.pop()!;
      const [i, j] = [Math.floor(site / cols), site % cols];
      for (const [di, dj] of [[0, 1], [1, 0], [0, -1], [-1, 0]] as const) {
        const [a, b] = [i + di, j + dj];
        if (a < 0 || b < 0 || a >= rows || b >= cols) continue;
        const other = a * cols + b;
        if (label[other]! < 0 && agrees(site, other)) {
          label[other] = count;
          stack.push(other);
        }
      }
    }
    count++;
  }
  return { label, count };
}
