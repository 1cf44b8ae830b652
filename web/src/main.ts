/** Start the page, and show its insides to whoever tests it. */

import { App } from "./app.ts";
import { recallTheme } from "./ui/theme.ts";

declare global {
  interface Window {
    latticework: App;
  }
}

recallTheme();
window.latticework = new App();
await window.latticework.start();
