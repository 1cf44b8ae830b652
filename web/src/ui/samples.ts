/** Digits to pick from: ten at a time, one of each class. */

import type { Probe } from "../model/manifest.ts";
import { PIXELS } from "../model/manifest.ts";
import { isRecord } from "../model/safetensors.ts";
import { byId, make, thumbnail } from "./dom.ts";

export interface Sample {
  readonly image: Uint8Array;
  readonly label: number;
}

export class Samples {
  private all: Sample[] = [];
  private page = 0;

  constructor(private readonly onPick: (sample: Sample) => void) {
    byId("more").onclick = () => this.turn();
  }

  /** From the server; where it has none, the probes of the model serve. */
  async load(probes: readonly Probe[]): Promise<void> {
    let [dataset, notice] = ["", ""];
    try {
      const answer: unknown = await (await fetch("samples.json")).json();
      if (isRecord(answer)) {
        this.all = read(answer);
        [dataset, notice] = [String(answer["dataset"]), String(answer["notice"])];
      }
    } catch {
      this.all = [];
    }
    if (!this.all.length) this.all = probes.map(({ image, label }) => ({ image, label }));
    byId("dataset").textContent = dataset;
    byId("dataset").title = notice;
    byId("more").hidden = this.all.length <= 10;
    this.draw();
  }

  turn(): void {
    this.page++;
    this.draw();
  }

  ofClass(label: number): Sample | null {
    const those = this.all.filter((sample) => sample.label === label);
    return those.length ? those[this.page % those.length]! : null;
  }

  draw(): void {
    const ink = getComputedStyle(document.documentElement).getPropertyValue("--ink");
    const shown = Array.from({ length: 10 }, (_, c) => this.ofClass(c)).filter((s) => s !== null);
    byId("samples").replaceChildren(
      ...shown.map((sample) => {
        const button = make("button", { title: `a ${sample.label}` }, thumbnail(sample.image, ink));
        button.setAttribute("role", "option");
        button.setAttribute("aria-label", `a ${sample.label}`);
        button.onclick = () => this.onPick(sample);
        return button;
      }),
    );
  }
}

function read(answer: Record<string, unknown>): Sample[] {
  const { labels, images } = answer;
  if (!Array.isArray(labels) || typeof images !== "string") return [];
  const bytes = Uint8Array.from(atob(images), (ch) => ch.charCodeAt(0));
  if (bytes.length !== labels.length * PIXELS) return [];
  return labels.map((label, n) => ({
    label: Number(label),
    image: bytes.slice(n * PIXELS, (n + 1) * PIXELS),
  }));
}
