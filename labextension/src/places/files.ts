/** “Submit as job” for scripts and notebooks in the file browser. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import type { IFileBrowserFactory } from '@jupyterlab/filebrowser';

import { fieldsOfFile, fieldsOfOptions } from '../model/submitting';
import { told } from '../panel/actions';
import { tracksideIcon } from '../panel/icon';
import type { Surroundings } from '../run/surroundings';
import { say } from '../words';

export const SUBMIT_FILE = 'trackside:submit-file';

/** Add the command, for the files that are chosen in the file browser in front. */
export function addSubmitFile(app: JupyterFrontEnd, browsers: IFileBrowserFactory, here: Surroundings): void {
  const chosen = () => [...(browsers.tracker.currentWidget?.selectedItems() ?? [])].map(({ path }) => path);
  app.commands.addCommand(SUBMIT_FILE, {
    label: say('Submit as Job'),
    caption: say('Run the file as a job, in its own folder, with the Python of this server'),
    icon: tracksideIcon,
    isEnabled: () => chosen().some(path => fieldsOfFile('', path) !== null),
    execute: async () => {
      for (const path of chosen()) {
        await submit(here, path);
      }
    }
  });
}

async function submit({ trackside, actions, preferences }: Surroundings, path: string): Promise<void> {
  const fields = fieldsOfFile(PageConfig.getOption('serverRoot'), path.replace(/^[^/:]*:/, ''));
  if (fields === null) {
    return;
  }
  await told(async () => {
    const job = await trackside.rest.submit({ ...fieldsOfOptions(preferences.get().submit), ...fields });
    const open = { label: say('Open'), callback: () => actions.open(job.run_id, job.name) };
    Notification.info(say('%1 is %2.', path, job.id), { actions: [open], autoClose: 10_000 });
  });
}
