/** The state of the page as the part of its address after "#": everything to see the same again. */

import { byId } from "./dom.ts";

export interface Shared {
  readonly model: string;
  readonly image: Uint8Array | null;
  readonly label: number | null;
  readonly clock: number | null;
  readonly display: string | null;
  readonly theme: "dark" | "light" | null;
}

/** Runs of zeros as (0, length), then base64url. */
export function packImage(image: Uint8Array): string {
  const bytes: number[] = [];
  for (let i = 0; i < image.length; i++) {
    bytes.push(image[i]!);
    if (image[i]) continue;
    let run = 1;
    while (run < 255 && image[i + run] === 0) run++;
    bytes.push(run);
    i += run - 1;
  }
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The image, or null where the text is not one. */
export function unpackImage(text: string): Uint8Array | null {
  const image = new Uint8Array(784);
  let bytes: string;
  try {
    bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return null;
  }
  let at = 0;
  for (let i = 0; i < bytes.length; i++) {
    const value = bytes.charCodeAt(i);
    if (value) {
      if (at >= 784) return null;
      image[at++] = value;
    } else {
      const run = bytes.charCodeAt(++i);
      if (!(run > 0) || at + run > 784) return null;
      at += run;
    }
  }
  return at === 784 ? image : null;
}

export function writeLink(state: Shared): string {
  const words = new URLSearchParams({ model: state.model });
  if (state.image) words.set("image", packImage(state.image));
  if (state.label !== null) words.set("label", String(state.label));
  if (state.clock !== null) words.set("t", state.clock.toFixed(2));
  if (state.display) words.set("show", state.display);
  if (state.theme) words.set("theme", state.theme);
  return `#${words}`;
}

export function readLink(hash: string): Shared {
  const words = new URLSearchParams(hash.slice(1));
  const whole = (name: string, most: number) => {
    const value = Number(words.get(name) ?? NaN);
    return value >= 0 && value <= most ? value : null;
  };
  const theme = words.get("theme");
  const packed = words.get("image");
  return {
    model: words.get("model") ?? "",
    image: packed && packed.length < 4000 ? unpackImage(packed) : null,
    label: whole("label", 9),
    clock: whole("t", 1e6),
    display: words.get("show"),
    theme: theme === "dark" || theme === "light" ? theme : null,
  };
}

/** Put the link into the address and, where the browser allows it, on the clipboard. */
export async function copyLink(state: Shared): Promise<void> {
  history.replaceState(null, "", writeLink(state));
  const button = byId("share");
  try {
    await navigator.clipboard.writeText(location.href);
    button.textContent = "Copied";
  } catch {
    button.textContent = "See address";
  }
  setTimeout(() => (button.textContent = "Copy link"), 1500);
}
