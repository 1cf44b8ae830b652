/** Dark or light: the system's choice unless the reader made one. */

export type Theme = "dark" | "light";

export function chosenTheme(): Theme | null {
  return (document.documentElement.dataset["theme"] as Theme | undefined) ?? null;
}

export function chooseTheme(theme: Theme): void {
  document.documentElement.dataset["theme"] = theme;
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
