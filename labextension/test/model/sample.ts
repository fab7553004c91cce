/** A job and a run as the server would answer them, to be changed where a test needs it. */
import type { Job, JobSpec, RunInfo } from '../../src/api/types';

type Changes = Omit<Partial<Job>, 'spec'> & { spec?: Partial<JobSpec> };

export function job({ spec = {}, ...changes }: Changes = {}): Job {
  return {
    id: 'job-1',
    uuid: 'u-1',
    home_id: 'h-1',
    run_id: changes.id ?? 'job-1',
    run_dir: '/home/runs/job-1',
    name: 'baseline',
    status: 'pending',
    reason: null,
    message: '',
    exit_code: null,
    created_at: '2026-11-22T07:00:00Z',
    started_at: null,
    finished_at: null,
    attempt: 1,
    executor: 'local',
    cancelling: false,
    gpus: [],
    limits: [],
    peak_memory: null,
    not_before: null,
    retried: 0,
    progress: null,
    gpu_hours: 0,
    cost_per_hour: null,
    cost: null,
    currency: '',
    ...changes,
    spec: spec as JobSpec
  };
}

export function run(changes: Partial<RunInfo> = {}): RunInfo {
  return {
    id: 'job-1',
    uuid: 'u-1',
    home_id: 'h-1',
    name: 'baseline',
    status: 'running',
    reason: null,
    run_dir: '/home/runs/job-1',
    job_id: 'job-1',
    tags: [],
    started_at: null,
    finished_at: null,
    duration_seconds: null,
    gpu_hours: 0,
    cost: null,
    summary: {},
    config: {},
    metrics: {},
    ...changes
  };
}
