/** What the cells of a saved notebook show, in order; its scripts do not run. */
import * as React from 'react';

import { shownCells } from '../model/notebook';
import { count, say } from '../words';
import { OutputArea } from './Outputs';

const FIRST = 20;

export function NotebookOutputs({ text }: { text: string }): JSX.Element {
  const cells = React.useMemo(() => shownCells(text), [text]);
  const [shown, show] = React.useState(FIRST);
  if (cells === null || cells.length === 0) {
    return (
      <p className="ts-note ts-flush">
        {cells === null
          ? say('This is no notebook that can be read.')
          : say('No cell of this notebook shows anything.')}
      </p>
    );
  }
  const hidden = cells.length - shown;
  return (
    <div className="ts-notebook" data-trackside="notebook-outputs">
      {cells.slice(0, shown).map((cell, place) => (
        <div key={place} className="ts-notebook-cell">
          <code className="ts-notebook-source" title={cell.source}>
            <span className="ts-faint">[{cell.count ?? ' '}]</span> {cell.source.split('\n', 1)[0]}
          </code>
          <OutputArea outputs={cell.outputs} trusted={false} />
        </div>
      ))}
      {hidden > 0 && (
        <button type="button" className="ts-link" onClick={() => show(shown + FIRST)}>
          {count('Show %1 more', 'Show %1 more', Math.min(hidden, FIRST))}
        </button>
      )}
    </div>
  );
}
