/** The theme's colours as a canvas needs them. */

export const COLORS = 8;

export interface Palette {
  readonly lines: readonly string[];
  readonly text: string;
  readonly grid: string;
  readonly mark: string;
  readonly font: string;
}

/** Resolve the style sheet's variables where `host` stands. */
export function palette(host: HTMLElement): Palette {
  const probe = document.createElement('span');
  probe.style.display = 'none';
  host.appendChild(probe);
  const resolve = (variable: string) => {
    probe.style.color = `var(${variable})`;
    return getComputedStyle(probe).color;
  };
  const lines = Array.from({ length: COLORS }, (_, index) => resolve(`--ts-c${index + 1}`));
  const [text, grid, mark] = [resolve('--ts-fg3'), resolve('--ts-line2'), resolve('--ts-bad')];
  const font = `10px ${getComputedStyle(host).fontFamily}`;
  probe.remove();
  return { lines, text, grid, mark, font };
}

const THEME_MARKS = ['data-jp-theme-name', 'data-jp-theme-light', 'data-vscode-theme-id'];

/** Tell when the theme changes: JupyterLab's, VS Code's, or the system's. */
export function onTheme(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.body, { attributeFilter: THEME_MARKS });
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', listener);
  return () => {
    observer.disconnect();
    system.removeEventListener('change', listener);
  };
}
