/** What a job takes, in words: money where the site has prices, hours of GPUs. */
import type { Job } from '../api/types';
import { number, say, seconds } from '../words';

const LEAST_HOURS = 0.01;

/** `"2.50 EUR an hour · 5.00 EUR · 2 GPU-hours so far"`; empty where it takes nothing that is counted. */
export function costPhrase(job: Job, now: number): string {
  const { cost_per_hour: perHour, currency } = job;
  if (job.gpu_hours === undefined) {
    return ''; // an older server says nothing of it
  }
  const running = job.status === 'running';
  const hours = running ? (seconds(job.started_at, null, now) ?? 0) / 3600 : 0;
  const gpus = job.gpus.length > 0 ? (job.spec.gpus?.count ?? 0) : 0;
  // What the server said is of then: what runs took more since.
  const gpuHours = Math.max(job.gpu_hours, hours * gpus);
  const cost = perHour === null ? job.cost : Math.max(job.cost ?? 0, hours * perHour);
  const taken = [
    cost === null ? '' : money(cost, currency),
    gpuHours < LEAST_HOURS ? '' : gpuHours === 1 ? say('1 GPU-hour') : say('%1 GPU-hours', number(gpuHours))
  ].filter(Boolean);
  const all = taken.join(' · ');
  const price = running && perHour !== null ? say('%1 an hour', money(perHour, currency)) : '';
  return [price, running && all ? say('%1 so far', all) : all].filter(Boolean).join(' · ');
}

/** `"2.50 EUR"`, and `"$2.50"` where the currency is a sign. */
function money(amount: number, currency: string): string {
  const text = amount.toFixed(2);
  return /^\p{L}*$/u.test(currency) ? `${text} ${currency}`.trimEnd() : currency + text;
}
