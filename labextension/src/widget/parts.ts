/** What a job's panel shows by `later`, and the rules of the style sheet that it alone needs. */
import { Artifacts } from '../run/Artifacts';
import { Media } from '../run/Media';
import { MetricsSection } from '../run/MetricsSection';
import { Outputs } from '../run/Outputs';
import { Results } from '../run/Results';
import { SearchBar } from '../run/SearchBar';
import { Usage } from '../run/Usage';

export { default as style } from 'panel-style';
export const parts = { Artifacts, Media, MetricsSection, Outputs, Results, SearchBar, Usage };
