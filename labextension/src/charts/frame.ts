/** Work that the screen needs at most once a frame. */

const waiting = new Set<() => void>();
let asked = false;

/** Run an action before the next frame; asked twice, it runs once. In a hidden tab it runs within a second. */
export function onFrame(action: () => void): void {
  waiting.add(action);
  if (!asked) {
    asked = true;
    if (document.hidden) {
      setTimeout(flush, 1000);
    } else {
      requestAnimationFrame(flush);
    }
  }
}

function flush(): void {
  asked = false;
  const actions = [...waiting];
  waiting.clear();
  for (const action of actions) {
    action();
  }
}
