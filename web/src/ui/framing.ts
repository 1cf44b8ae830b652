/** A drawing brought to the frame in which MNIST shows its digits; the equation stands in tasks/framing.py. */

const [SIDE, INK, FULL, BOX, MIDDLE] = [28, 32, 0.4, 20, 14];

interface Span { first: number; last: number; mass: number }

/** Scaled so that the ink fits a box of 20 pixels, its centre of mass in the middle, and of full brightness. */
export function centred(image: Uint8Array): Uint8Array {
  const [rows, cols] = [span(image, (r, i) => r * SIDE + i), span(image, (c, i) => i * SIDE + c)];
  if (rows === null || cols === null) return new Uint8Array(SIDE * SIDE);
  const side = Math.max(rows.last - rows.first, cols.last - cols.first) + 1;
  const isFramed = [rows, cols].every(({ mass }) => Math.abs(mass - MIDDLE) <= 1);
  if (isFramed && Math.abs(side - BOX) <= 1) return image.slice();
  const [down, across] = [weights(rows, side / BOX), weights(cols, side / BOX)];
  const half = product(image, across, (out, r, c, i) => out[c]![i]! * image[r * SIDE + i]!);
  return fullyBright(product(half, down, (out, r, c, i) => out[r]![i]! * half[i * SIDE + c]!));
}

/** First and last row (or column) that has ink, and where the middle of the whole drawing lies. */
function span(image: Uint8Array, place: (line: number, i: number) => number): Span | null {
  let [first, last, mass, moment] = [SIDE, -1, 0, 0];
  for (let line = 0; line < SIDE; line++) {
    for (let i = 0; i < SIDE; i++) {
      const value = image[place(line, i)]!;
      mass += value;
      moment += value * line;
      if (value < INK) continue;
      first = Math.min(first, line);
      last = line;
    }
  }
  return last < 0 ? null : { first, last, mass: moment / mass };
}

/** What each line of the drawing counts in each of the frame. */
function weights({ first, mass }: Span, scale: number): number[][] {
  const edge = first - 0.5;
  const begins = Math.floor(MIDDLE - (mass - edge) / scale + 1);
  const width = Math.max(scale, 1);
  return Array.from({ length: SIDE }, (_, out) => {
    const centre = edge + (out - begins + 0.5) * scale;
    return Array.from({ length: SIDE }, (_, i) => {
      const end = Math.min(i + 0.5, centre + width / 2);
      return Math.max(0, end - Math.max(i - 0.5, centre - width / 2)) / width;
    });
  });
}

function product(
  image: ArrayLike<number>, by: number[][], term: (by: number[][], r: number, c: number, i: number) => number,
): Float64Array {
  return Float64Array.from({ length: image.length }, (_, at) => {
    let sum = 0;
    for (let i = 0; i < SIDE; i++) sum += term(by, Math.floor(at / SIDE), at % SIDE, i);
    return sum;
  });
}

function fullyBright(image: Float64Array): Uint8Array {
  const ink = image.filter((value) => value >= INK).sort();
  const full = ink.length ? ink[Math.floor((1 - FULL) * (ink.length - 1))]! : 255;
  return Uint8Array.from(image, (value) => Math.floor(Math.min(value * (255 / full), 255) + 0.5));
}
