/** Dark or light: the system's choice unless the reader made one. */

export type Theme = "dark" | "light";

export function chosenTheme(): Theme | null {
  return (document.documentElement.dataset["theme"] as Theme | undefined) ?? null;
}

/** For this visit: a link must not change what the reader chose. */
export function showTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
}

export function chooseTheme(theme: Theme): void {
  showTheme(theme);
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // A browser that keeps nothing still shows the theme.
  }
}

/** What was chosen on an earlier visit. */
export function recallTheme(): void {
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset["theme"] = theme;
  } catch {
    // A browser that keeps nothing follows the system.
  }
}
