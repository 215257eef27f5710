-- A store.db as version 2 of its tables was written by the code of that day. Never changed.
BEGIN TRANSACTION;
CREATE TABLE session (
    session_id TEXT PRIMARY KEY,
    site TEXT NOT NULL, hub TEXT NOT NULL, child_id TEXT NOT NULL, tool_id TEXT NOT NULL,
    tool_kind TEXT NOT NULL, hand TEXT NOT NULL, source TEXT NOT NULL, unit TEXT NOT NULL,
    started_at INTEGER NOT NULL, -- µs since 1970 UTC, like all times here
    goal INTEGER NOT NULL,
    ended_at INTEGER,            -- this and all below: null until the session has ended
    ended_by TEXT, squeezes INTEGER, doubtful INTEGER, peak REAL, median_peak REAL,
    first_index INTEGER, end_index INTEGER, received INTEGER, lost INTEGER,
    counts INTEGER NOT NULL DEFAULT 1, stored INTEGER NOT NULL DEFAULT 0,
    time_known INTEGER NOT NULL DEFAULT 1, firmware TEXT NOT NULL DEFAULT '',
    calibration_id TEXT, calibration_overdue INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "session" VALUES('6f1f0a0e-8a51-4d6c-9d0b-2f5a6a1c0b11','home','hub','c-4f21','ball3f2a','ball','left','real','kPa',1772467500123456,15,1772467503123456,'idle',1,1,10.5,10.5,0,3,3,0,1,0,1,'1.4.0',NULL,0);
CREATE TABLE squeeze (
    event_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    measured_at INTEGER NOT NULL,
    number INTEGER NOT NULL, onset_s REAL NOT NULL, peak_s REAL NOT NULL, offset_s REAL NOT NULL,
    decided_s REAL NOT NULL,
    peak REAL NOT NULL, rest REAL NOT NULL, impulse REAL NOT NULL, ended_by TEXT NOT NULL,
    doubtful TEXT NOT NULL       -- JSON array of reasons
);
INSERT INTO "squeeze" VALUES('3f4388ab-08e7-5464-8da6-c78cad5f9508','6f1f0a0e-8a51-4d6c-9d0b-2f5a6a1c0b11',1772467501423456,1,1.3,1.5,1.9,2.2,10.5,0.1,3.0,'release','["weak"]');
CREATE TABLE waveform (
    event_id TEXT PRIMARY KEY,
    session_id TEXT NOT NULL,
    measured_at INTEGER NOT NULL,
    first_index INTEGER NOT NULL, start_s REAL NOT NULL,
    samples INTEGER NOT NULL, data TEXT NOT NULL
);
INSERT INTO "waveform" VALUES('4d57884b-f0a6-5f65-ac93-8f87cc1f675c','6f1f0a0e-8a51-4d6c-9d0b-2f5a6a1c0b11',1772467500123456,0,0.0,3,'AwAAAHicY2CAgBfM2GmJP/9BYP8RTjDXAQCxpQqd');
CREATE INDEX session_of_child ON session (child_id, started_at);
CREATE INDEX squeeze_of_session ON squeeze (session_id, onset_s);
CREATE INDEX waveform_of_session ON waveform (session_id, first_index);
COMMIT;
PRAGMA user_version = 2;
