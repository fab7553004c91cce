/** A card of the launcher, which shows the panel. */
import type { ILauncher } from '@jupyterlab/launcher';

import { COMMANDS } from '../panel/commands';
import { say } from '../words';

/** Add the card. */
export function addToLauncher(launcher: ILauncher): void {
  launcher.add({ command: COMMANDS.showPanel, category: say('Other'), rank: 10, args: { isLauncher: true } });
}
