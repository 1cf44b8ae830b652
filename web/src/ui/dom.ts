/** The little that is needed of the document. */

export function byId<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found as T;
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

export function context2d(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser draws no 2-D canvas");
  return context;
}

/** A 28x28 image as a picture in ink. */
export function thumbnail(image: Uint8Array, ink: string): HTMLCanvasElement {
  const canvas = make("canvas", { width: 28, height: 28 });
  const context = context2d(canvas);
  context.fillStyle = ink;
  for (let i = 0; i < 784; i++) {
    if (!image[i]) continue;
    context.globalAlpha = image[i]! / 255;
    context.fillRect(i % 28, Math.floor(i / 28), 1, 1);
  }
  return canvas;
}
