/** What the network says: a digit, how sure it is, and the score of every class. */

import { softmax } from "../engines/leaky.ts";
import { firstMaximum } from "../engines/leakyTrainer.ts";
import { byId, make } from "./dom.ts";

export class Scores {
  private readonly rows: { row: HTMLLIElement; bar: HTMLElement; value: HTMLElement }[] = [];
  private shown = "";

  constructor() {
    const list = byId("scores");
    for (let c = 0; c < 10; c++) {
      const bar = make("i");
      const value = make("span");
      const row = make("li", {}, make("span", { textContent: String(c) }), make("span", { className: "bar" }, bar), value);
      list.append(row);
      this.rows.push({ row, bar, value });
    }
  }

  /** Scores of all classes; with `isVote` they are numbers of sites. */
  show(scores: Float64Array | null, isFinal: boolean, label: number | null, isVote = false): void {
    const key = scores ? `${Array.from(scores, (s) => s.toFixed(3))}${isFinal}${label}${isVote}` : "";
    if (key === this.shown) return;
    this.shown = key;
    const isBlank = !scores || scores.every((s) => s === 0);
    const best = isBlank ? -1 : firstMaximum(scores);
    const low = isBlank ? 0 : Math.min(...scores, 0);
    const high = isBlank ? 1 : Math.max(...scores, low + 1e-9);
    this.rows.forEach(({ row, bar, value }, c) => {
      row.classList.toggle("best", c === best);
      bar.style.width = isBlank ? "0" : `${(100 * (scores[c]! - low)) / (high - low)}%`;
      value.textContent = isBlank ? "" : scores[c]!.toFixed(isVote ? 0 : 2);
    });
    byId("answer").textContent = best < 0 ? "–" : String(best);
    byId("answer").parentElement!.classList.toggle("right", isFinal && best === label);
    const sure = isBlank ? "" : isVote ? votes(scores, best) : `${Math.round(100 * softmax(scores)[best]!)} % sure`;
    byId("sure").textContent = best < 0 ? "" : isFinal ? verdict(best, label, sure) : "so far";
  }
}

function votes(scores: Float64Array, best: number): string {
  return `${scores[best]} of ${scores.reduce((sum, s) => sum + s, 0)} sites`;
}

function verdict(best: number, label: number | null, sure: string): string {
  if (label === null) return sure;
  return best === label ? `right, ${sure}` : `it is a ${label}`;
}
