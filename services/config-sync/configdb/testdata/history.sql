CREATE TABLE cfg_hist_log (entry_dbid numeric(10,0) NOT NULL PRIMARY KEY, object_type integer, object_dbid numeric(10,0), operation integer, changed_at timestamp);
INSERT INTO cfg_hist_log(entry_dbid,object_type,object_dbid,operation,changed_at) VALUES (1,2,201,1,'2026-01-02 03:04:05');
INSERT INTO cfg_hist_log(entry_dbid,object_type,object_dbid,operation,changed_at) VALUES (2,2,201,2,'2026-11-20 08:15:30');
INSERT INTO cfg_hist_log(entry_dbid,object_type,object_dbid,operation,changed_at) VALUES (3,3,202,2,'2026-11-20 09:00:00');
