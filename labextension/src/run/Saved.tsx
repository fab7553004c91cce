/** What the notebook holds of a job; and what is said where a panel cannot be loaded. */
import * as React from 'react';

import { say } from '../words';

/** The picture or the text that lies in the notebook. */
export function Saved({ words, picture, text }: { words: string; picture: string | null; text: string }): JSX.Element {
  return (
    <section className="ts-saved" data-trackside="saved">
      {words && <p className="ts-note ts-flush">{words}</p>}
      {picture === null ? <pre>{text}</pre> : <img src={`data:image/png;base64,${picture}`} alt={text} />}
    </section>
  );
}

/** Said when parts of this page are no longer on the server, as after an update of the extension. */
export function outdatedWords(): string {
  return say('Trackside changed on the server, or cannot be reached. Reload the page to see this live.');
}
