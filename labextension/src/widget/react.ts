/** The part of React that panels use, over Preact: in the widget's build this file stands for the package `react`. */
import { Fragment, createContext, createElement, options } from 'preact';
import type { VNode } from 'preact';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';

export { Fragment, createContext, createElement };
export { useCallback, useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

/** Follow a value that lives outside of components. */
export function useSyncExternalStore<T>(subscribe: (changed: () => void) => () => void, read: () => T): T {
  const value = read();
  const [{ held }, renew] = useState({ held: { value } });
  useLayoutEffect(() => {
    held.value = value;
  });
  useEffect(() => {
    const changed = () => {
      if (!Object.is(held.value, read())) {
        renew({ held });
      }
    };
    changed();
    return subscribe(changed);
  }, [subscribe]);
  return value;
}

/** React calls `onChange` of a text field at each letter, a browser when it is left. */
const before = options.vnode;
options.vnode = (node: VNode) => {
  const props = node.props as Record<string, unknown>;
  const typed =
    node.type === 'textarea' || (node.type === 'input' && !/^(checkbox|radio|file)$/.test(String(props['type'])));
  if (typed && props['onChange'] !== undefined) {
    props['onInput'] = props['onChange'];
    delete props['onChange'];
  }
  before?.(node);
};
