-- A store of revision 0001, as the first release wrote it. Never edit it: it must be read for ever.
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE counters (
	name VARCHAR NOT NULL, 
	value BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "counters" VALUES('job',3);
CREATE TABLE events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at BIGINT NOT NULL, 
	kind VARCHAR NOT NULL, 
	seq INTEGER, 
	payload TEXT NOT NULL
);
INSERT INTO "events" VALUES(1,1795339800123456,'job',1,'{"seq":1,"uuid":"0b8f6a1e5c1f4f6f9a3a2f0f2d3c4b5a","name":"first","status":"pending","created_at":"2026-11-22T09:30:00.123456Z","attempt":0,"executor":"local","priority":0,"tags":["vision"],"run_dir":"/home/a/trackside/runs/job-1"}');
INSERT INTO "events" VALUES(2,1795339800123456,'job',1,'{"seq":1,"uuid":"0b8f6a1e5c1f4f6f9a3a2f0f2d3c4b5a","name":"first","status":"failed","reason":{"code":"exit_code","message":"It ended with exit code 3."},"exit_code":3,"created_at":"2026-11-22T09:30:00.123456Z","started_at":"2026-11-22T09:30:00.123456Z","finished_at":"2026-11-22T09:30:05.123456Z","attempt":1,"executor":"local","priority":0,"tags":["vision"],"gpus":["GPU-1","GPU-2"],"peak_memory":123456789,"run_dir":"/home/a/trackside/runs/job-1"}');
INSERT INTO "events" VALUES(3,1795339800123456,'job',2,'{"seq":2,"uuid":"1b8f6a1e5c1f4f6f9a3a2f0f2d3c4b5b","name":"second","status":"pending","created_at":"2026-11-22T09:30:00.123456Z","attempt":0,"executor":"local","priority":5,"run_dir":"/home/a/trackside/runs/job-2"}');
INSERT INTO "events" VALUES(4,1795339800123456,'job',2,'{"seq":2,"uuid":"1b8f6a1e5c1f4f6f9a3a2f0f2d3c4b5b","name":"second","status":"running","created_at":"2026-11-22T09:30:00.123456Z","started_at":"2026-11-22T09:30:00.123456Z","attempt":1,"executor":"local","priority":5,"cancel_requested":{"code":"cancelled_by_user","message":"Cancelled."},"limits":[{"name":"memory","value":8589934592.0,"enforced":true,"by":"cgroup"}],"run_dir":"/home/a/trackside/runs/job-2"}');
INSERT INTO "events" VALUES(5,1795339800123456,'run',NULL,'local-20261122-093000-k3f9x2');
CREATE TABLE job_counts (
	status VARCHAR NOT NULL, 
	count INTEGER NOT NULL, 
	PRIMARY KEY (status)
);
INSERT INTO "job_counts" VALUES('scheduled',0);
INSERT INTO "job_counts" VALUES('pending',0);
INSERT INTO "job_counts" VALUES('running',1);
INSERT INTO "job_counts" VALUES('completed',0);
INSERT INTO "job_counts" VALUES('failed',1);
INSERT INTO "job_counts" VALUES('cancelled',0);
CREATE TABLE job_secrets (
	seq INTEGER NOT NULL, 
	sealed BLOB NOT NULL, 
	PRIMARY KEY (seq), 
	FOREIGN KEY(seq) REFERENCES jobs (seq) ON DELETE CASCADE
);
INSERT INTO "job_secrets" VALUES(1,X'317365616C6564');
CREATE TABLE job_specs (
	seq INTEGER NOT NULL, 
	spec TEXT NOT NULL, 
	PRIMARY KEY (seq)
);
INSERT INTO "job_specs" VALUES(1,'{"cell":"history = train(lr=0.1)","name":"first","tags":["vision"],"config":{"lr":0.1},"gpus":{"count":2,"type":"a100"},"memory":8589934592,"time":7200.0,"environment":["HOME","PATH"],"secrets":["TOKEN"],"outputs":["history"]}');
INSERT INTO "job_specs" VALUES(2,'{"command":["python","train.py"],"name":"second"}');
CREATE TABLE job_tags (
	tag VARCHAR NOT NULL, 
	seq INTEGER NOT NULL, 
	PRIMARY KEY (tag, seq), 
	FOREIGN KEY(seq) REFERENCES jobs (seq) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "job_tags" VALUES('vision',1);
CREATE TABLE jobs (
	seq INTEGER NOT NULL, 
	uuid VARCHAR NOT NULL, 
	name VARCHAR, 
	status VARCHAR NOT NULL, 
	facts TEXT NOT NULL, 
	PRIMARY KEY (seq), 
	UNIQUE (uuid)
);
INSERT INTO "jobs" VALUES(1,'0b8f6a1e5c1f4f6f9a3a2f0f2d3c4b5a','first','failed','{"seq":1,"uuid":"0b8f6a1e5c1f4f6f9a3a2f0f2d3c4b5a","name":"first","status":"failed","reason":{"code":"exit_code","message":"It ended with exit code 3."},"exit_code":3,"created_at":"2026-11-22T09:30:00.123456Z","started_at":"2026-11-22T09:30:00.123456Z","finished_at":"2026-11-22T09:30:05.123456Z","attempt":1,"executor":"local","priority":0,"tags":["vision"],"gpus":["GPU-1","GPU-2"],"peak_memory":123456789,"run_dir":"/home/a/trackside/runs/job-1"}');
INSERT INTO "jobs" VALUES(2,'1b8f6a1e5c1f4f6f9a3a2f0f2d3c4b5b','second','running','{"seq":2,"uuid":"1b8f6a1e5c1f4f6f9a3a2f0f2d3c4b5b","name":"second","status":"running","created_at":"2026-11-22T09:30:00.123456Z","started_at":"2026-11-22T09:30:00.123456Z","attempt":1,"executor":"local","priority":5,"cancel_requested":{"code":"cancelled_by_user","message":"Cancelled."},"limits":[{"name":"memory","value":8589934592.0,"enforced":true,"by":"cgroup"}],"run_dir":"/home/a/trackside/runs/job-2"}');
CREATE TABLE run_tags (
	tag VARCHAR NOT NULL, 
	run_id VARCHAR NOT NULL, 
	PRIMARY KEY (tag, run_id), 
	FOREIGN KEY(run_id) REFERENCES runs (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "run_tags" VALUES('vision','local-20261122-093000-k3f9x2');
CREATE TABLE runs (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	status VARCHAR NOT NULL, 
	created_at BIGINT NOT NULL, 
	facts TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES('local-20261122-093000-k3f9x2','baseline','completed',1795339800123456,'{"id":"local-20261122-093000-k3f9x2","uuid":"2b8f6a1e5c1f4f6f9a3a2f0f2d3c4b5c","name":"baseline","status":"completed","run_dir":"/home/a/trackside/runs/local-20261122-093000-k3f9x2","tags":["vision"],"created_at":"2026-11-22T09:30:00.123456Z","started_at":"2026-11-22T09:30:00.123456Z","finished_at":"2026-11-22T09:30:00.123456Z","duration_seconds":0.0,"summary":{"loss":"NaN"},"config":{"lr":0.1},"meta_mtime_ns":5}');
CREATE TABLE submissions (
	"key" VARCHAR NOT NULL, 
	jobs TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY ("key")
);
INSERT INTO "submissions" VALUES('key-1','["job-1","job-2"]',1795339800123456);
CREATE INDEX jobs_by_status ON jobs (status, seq);
CREATE INDEX jobs_by_name ON jobs (name, seq);
CREATE INDEX submissions_by_time ON submissions (at);
CREATE INDEX events_by_job ON events (seq);
CREATE INDEX runs_by_status ON runs (status, created_at, id);
CREATE INDEX runs_by_time ON runs (created_at, id);
CREATE INDEX runs_by_name ON runs (name);
CREATE INDEX job_tags_by_job ON job_tags (seq);
CREATE INDEX run_tags_by_run ON run_tags (run_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',5);
COMMIT;
