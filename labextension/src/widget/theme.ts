/** Which colours a panel wears: JupyterLab's where they are, VS Code's, else light or dark as the system is. */
import style from 'panel-style';

/** Give the element its classes, and its document the style sheet of this kind of panel; the answer takes the classes away. */
export function dress(el: HTMLElement, kind: string): () => void {
  const classes = ['ts-rendered', 'ts-widget', ...missing(el)];
  el.classList.add(...classes);
  wear(el, `trackside-${kind}`, style);
  return () => el.classList.remove(...classes);
}

/** Put a style sheet where the element stands, once for all panels of a kind. */
export function wear(el: HTMLElement, name: string, sheet: string): void {
  const root = el.getRootNode();
  const place = root instanceof ShadowRoot ? root : document.head;
  if (place.querySelector(`style[data-name="${name}"]`) === null) {
    const element = document.createElement('style');
    element.dataset['name'] = name;
    element.textContent = sheet;
    place.appendChild(element);
  }
}

/** VS Code has a light set of JupyterLab's names for widgets, so its own are looked for first. */
function missing(el: HTMLElement): string[] {
  const has = (name: string) => getComputedStyle(el).getPropertyValue(name).trim() !== '';
  if (has('--vscode-foreground')) {
    return ['ts-code'];
  }
  return has('--jp-ui-font-color1') ? [] : ['ts-bare'];
}
