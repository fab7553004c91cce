/** A track, and the side track beside it. */
import { LabIcon } from '@jupyterlab/ui-components';

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" stroke="#616161" stroke-width="2.2" stroke-linecap="round" style="fill:none">
    <path d="M7.5 21V3"/>
    <path d="M7.5 19c0-6.5 9-4.5 9-11"/>
  </g>
  <circle class="jp-icon3" fill="#616161" cx="16.5" cy="5" r="2.6"/>
</svg>`;

export const tracksideIcon = new LabIcon({ name: 'trackside:icon', svgstr: SVG });
