CREATE TABLE cfg_audit_trail (entry_dbid numeric(10,0) NOT NULL PRIMARY KEY, obj_kind integer, obj_ref numeric(10,0), operation integer, event_time integer);
INSERT INTO cfg_audit_trail(entry_dbid,obj_kind,obj_ref,operation,event_time) VALUES (1,2,201,1,1767323045);
INSERT INTO cfg_audit_trail(entry_dbid,obj_kind,obj_ref,operation,event_time) VALUES (2,2,201,2,1795162530);
INSERT INTO cfg_audit_trail(entry_dbid,obj_kind,obj_ref,operation,event_time) VALUES (3,3,202,2,1795165200);
CREATE TABLE cfg_hist_purge (obj_kind integer, obj_ref numeric(10,0), purge_time integer);
CREATE TABLE cfg_folder_perm (folder_dbid numeric(10,0), object_dbid numeric(10,0), object_type integer, rights integer);
INSERT INTO cfg_folder_perm(folder_dbid,object_dbid,object_type,rights) VALUES (601,9991,3,7);
INSERT INTO cfg_folder_perm(folder_dbid,object_dbid,object_type,rights) VALUES (602,9992,3,7);
